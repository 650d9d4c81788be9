"""Once as a person would with func-e: `func-e run -c envoy.yaml`."""

import pathlib

import pytest

import places

pytestmark = pytest.mark.func_e


@pytest.mark.skipif(not places.FUNC_E.exists(), reason="there is no Go here to install func-e with")
def test_serves_under_func_e(policy, clouds, envoy, start_gateway, tmp_path):
    environment = {"ENVOY_PATH": str(envoy), **clouds.aws_environment()}
    for kind in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"):
        environment[f"FUNC_E_{kind}"] = str(tmp_path / kind)
    gateway = start_gateway(policy, launcher=[places.FUNC_E, "run"], environment=environment)
    [envoy_pid] = children(gateway.process.pid)

    answer = gateway.ask("hi [[azure 429]]")

    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2)
    gateway.stop()
    assert not pathlib.Path(f"/proc/{envoy_pid}").exists(), "func-e leaves no Envoy behind"


def children(pid):
    """The processes that any thread of this one started."""
    found = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in found for child in file.read_text().split()]
