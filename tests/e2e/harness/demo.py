"""`make demo` and `make run`, as they are called by the Makefile once everything is built."""

import json
import subprocess
import sys

import places

DEMO = [sys.executable, places.ROOT / "tests" / "e2e" / "demo"]


def staying(processes, command, environment, folder):
    """Started with --stay: the process, what it has shown, its addresses."""
    process = processes.start(
        [*command, "--stay"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    shown = []
    for line in process.stdout:
        shown.append(line)
        if "addresses.json" in line:
            break
    return process, "".join(shown), json.loads((folder / "addresses.json").read_text())
