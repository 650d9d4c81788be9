"""Once as a person would with func-e: the line `func-e run -c …` that `make run` prints, as it stands."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

import places
from harness import http1
from harness.demo import DEMO, staying
from harness.process import Processes, until

HEADERS = [("x-tenant-id", "acme"), ("content-type", "application/json")]
BODY = json.dumps({"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": "hi [[azure 429]]"}]}).encode()

pytestmark = pytest.mark.func_e


@pytest.mark.skipif(not places.FUNC_E.exists(), reason="there is no Go here to install func-e with")
def test_serves_under_func_e(envoy, tmp_path):
    environment = {**os.environ, "ENVOY_PATH": str(envoy), "PATH": f"{places.FUNC_E.parent}:{os.environ['PATH']}"}
    for kind in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"):
        environment[f"FUNC_E_{kind}"] = str(tmp_path / kind)
    run = tmp_path / "run"
    with Processes() as processes:
        _, shown, _ = staying(processes, [*DEMO, "--folder", run], environment, run)
        line = re.search(r"^cd .* && func-e run -c .*$", shown, re.MULTILINE)[0]
        admin_file = tmp_path / "admin.txt"

        shell = processes.start(
            ["bash", "-c", f"{line} --admin-address-path {admin_file}"], env=environment, cwd=places.ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        admin = until(lambda: admin_file.exists() and admin_file.read_text().strip(), "func-e's Envoy", alive=shell)
        until(lambda: http1.request(admin, "GET", "/ready").text.strip() == "LIVE", "func-e's Envoy", alive=shell)
        started = descendants(shell.pid)
        assert started, "func-e has started an Envoy"

        # At a free port of its own, as the demo was given none.
        [at] = re.findall(r"^default::(.+)$", http1.request(admin, "GET", "/listeners").text, re.MULTILINE)
        answer = http1.request(at, "POST", "/v1/chat/completions", HEADERS, BODY)
        assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer

        # As Ctrl-C does: the whole group.
        os.killpg(shell.pid, signal.SIGINT)
        shell.wait(20)
        assert not [pid for pid in started if pathlib.Path(f"/proc/{pid}").exists()], "func-e leaves no Envoy behind"


def descendants(pid):
    """The processes that any thread of this one started, and theirs."""
    found = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in found for child in file.read_text().split()]
    return children + [pid for child in children for pid in descendants(child)]
