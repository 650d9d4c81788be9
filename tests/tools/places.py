"""Where things are: the sources, what is built from them, and what a run leaves behind."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Everything that is fetched or written by a run; nothing is installed anywhere else.
TARGET = ROOT / "target"
VENV = TARGET / "venv"
TOOLS = TARGET / "tools"
RUN = TARGET / "run"

# What cargo builds.
BUILD = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()
CLI = BUILD / "debug" / "multihome"
CLOUDS = BUILD / "debug" / "multihome-clouds"
MODULE = BUILD / "wasm32-wasip1" / "release" / "multihome.wasm"
# The same with what tests need: a way to make it trap, and to ask how many requests a worker knows. A folder of its own: in one, cargo would link both anew at each change between them.
BUILD_FOR_TESTS = BUILD / "for-tests"
MODULE_FOR_TESTS = BUILD_FOR_TESTS / "wasm32-wasip1" / "release" / "multihome.wasm"

REQUIREMENTS = ROOT / "tests" / "e2e" / "requirements.txt"
PYTHON = VENV / "bin" / "python"
# What is not Python: packages of npm, and beside them copies of what is written for them.
CLIENTS_SOURCE = ROOT / "tests" / "e2e" / "clients"
CLIENTS = TARGET / "clients"
FUNC_E = TOOLS / "bin" / "func-e"

# istiod's push code and istioctl's commands (tests/istio), with the modules and the build cache of Go.
ISTIO_BUILD = TARGET / "istio"
ISTIO = ISTIO_BUILD / "istio"


def say(text):
    """Progress, for people: never on the standard output, which may be read by a program."""
    print(text, file=sys.stderr, flush=True)
