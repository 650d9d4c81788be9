"""`make demo` and `make run`, as they are called by the Makefile once everything is built."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import places
from harness.process import Processes, until
from harness.records import CLOUDS

DEMO = [sys.executable, places.ROOT / "tests" / "e2e" / "demo"]


@pytest.fixture
def demo(tmp_path):
    """In a folder of its own: somebody may be at work in target/run."""
    return [*DEMO, "--folder", tmp_path]


@pytest.fixture
def environment(envoy):
    return {**os.environ, "ENVOY_PATH": str(envoy)}


def test_demo_ends_well_and_shows_each_cloud(demo, environment):
    ran = subprocess.run(demo, env=environment, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stderr
    served = [line.split() for line in ran.stdout.splitlines() if " 200 " in line]
    assert {cloud for line in served for cloud in CLOUDS if cloud in line} == set(CLOUDS)
    assert "azure → aws" in ran.stdout and "denied:" in ran.stdout


@pytest.fixture
def running(demo, environment, tmp_path):
    with Processes() as processes:
        process = processes.start(
            [*demo, "--stay"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        shown = []
        for line in process.stdout:
            shown.append(line)
            if "addresses.json" in line:
                break
        yield process, "".join(shown), json.loads((tmp_path / "addresses.json").read_text())


# How it is ended, and the code that it ends with.
ENDS = [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -signal.SIGKILL)]


@pytest.mark.parametrize("number, code", ENDS, ids=lambda value: getattr(value, "name", None))
def test_run_leaves_nothing_running(number, code, running):
    process, _, addresses = running
    started = [pid for pid in addresses["processes"].values()]
    assert all(map(alive, started))

    process.send_signal(number)

    assert process.wait(15) == code
    until(lambda: not any(map(alive, started)), f"the end of {started}", 5)


def test_run_says_how_to_try_it(running):
    """The lines to copy do what they promise, as they stand."""
    _, shown, addresses = running
    python = re.search(r"^from openai.*?^print\(\)$", shown, re.MULTILINE | re.DOTALL)[0]
    said = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True, timeout=30)
    assert said.stdout.startswith("azure contoso-eastus2 gpt6sol-prod: Where do you run?"), said

    curl = re.search(r"^curl .*?\}'$", shown, re.MULTILINE | re.DOTALL)[0]
    if shutil.which("curl"):
        said = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=30)
        assert "x-multihome-attempts: 2" in said.stdout and "aws us-east-1" in said.stdout, said
    assert addresses["openai_base_url"] in python and addresses["openai_base_url"] in curl


def test_a_port_that_is_taken_is_said(demo, environment):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        began = time.monotonic()
        ran = subprocess.run([*demo, "--port", str(port)], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1 and f"PORT {port}" in ran.stderr and "Traceback" not in ran.stderr
    assert time.monotonic() - began < 10


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
