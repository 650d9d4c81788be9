"""The program that runs the core's tests as WebAssembly under Node, in the version that Cargo.lock asks for."""

import os
import pathlib
import re
import shutil
import subprocess

import places
from places import say

NAME = "wasm-bindgen-test-runner"
RUNNER = places.TOOLS / "bin" / NAME


class NoRunner(Exception):
    """It cannot be had, and why."""


def ensure():
    if not shutil.which("node"):
        raise NoRunner("there is no Node.js on the PATH")
    wanted = version_in_lock()
    if version_of(RUNNER) == wanted:
        return RUNNER
    say(f"Building {NAME} {wanted} into target/tools (a minute or two, once) …")
    # Not `--locked`: its lock names a crate that was yanked. A debug build starts tests as fast as a release build.
    command = ["cargo", "install", "wasm-bindgen-cli", "--version", wanted, "--bin", NAME, "--debug", "--quiet", "--force",
               "--root", places.TOOLS]
    # Its own folder for the build, so that neither cleans up after the other.
    environment = {**os.environ, "CARGO_TARGET_DIR": str(places.TOOLS / "build"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    if subprocess.run(command, env=environment, cwd=places.ROOT).returncode:
        raise NoRunner(f"cargo cannot install wasm-bindgen-cli {wanted}")
    shutil.rmtree(places.TOOLS / "build", ignore_errors=True)
    return RUNNER


def version_in_lock():
    """Tests and runner must be of one version of wasm-bindgen."""
    lock = (places.ROOT / "Cargo.lock").read_text()
    return re.search(r'^name = "wasm-bindgen"\nversion = "([^"]+)"', lock, re.MULTILINE)[1]


def version_of(runner):
    if not runner.exists():
        return None
    shown = subprocess.run([runner, "--version"], capture_output=True, text=True).stdout.split()
    return shown[-1] if shown else None


def tests_in_source(folder: pathlib.Path = places.ROOT / "src" / "core"):
    """How many tests there are to run: a runner that finds none is content with that."""
    attribute = re.compile(r"^\s*#\[wasm_bindgen_test\b", re.MULTILINE)
    return sum(len(attribute.findall(file.read_text())) for file in folder.rglob("*.rs"))
