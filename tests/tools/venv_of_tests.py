#!/usr/bin/env python3
"""Makes target/venv hold what tests/e2e/requirements.txt pins."""

import subprocess
import sys
import venv

sys.dont_write_bytecode = True
import places  # noqa: E402
from places import say  # noqa: E402


def ensure():
    wanted = places.REQUIREMENTS.read_text()
    stamp = places.VENV / "requirements.txt"
    if stamp.exists() and stamp.read_text() == wanted and places.PYTHON.exists():
        return
    say("Installing the tests' Python packages into target/venv (about half a minute) …")
    venv.create(places.VENV, with_pip=True, clear=True)
    pip = [places.PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", places.REQUIREMENTS], check=True, stdout=sys.stderr)
    stamp.write_text(wanted)


if __name__ == "__main__":
    try:
        ensure()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"pip cannot install the tests' packages (exit code {failed.returncode})")
