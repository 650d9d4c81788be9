"""Every cloud that the tool knows is emulated, has an endpoint in the harness, and a row in the tables that have one for each."""

import json
import runpy
import subprocess

import pytest

import errors
import places
import test_credentials
import test_forms
import test_smoke
from harness import policies
from harness.records import CLOUDS

SCHEMA = json.loads(subprocess.run([places.CLI, "schema"], capture_output=True, check=True).stdout)
KNOWN = SCHEMA["$defs"]["endpoint"]["properties"]["cloud"]["enum"]

# What each cloud has a row in, and the endpoints that stand there
TABLES = {
    "test_smoke.py, ROWS": [row[0] for row in test_smoke.ROWS],
    "test_forms.py, FORMS": [row[0] for row in test_forms.FORMS],
    "test_credentials.py, CREDENTIALS": [row[0] for row in test_credentials.CREDENTIALS],
    "errors.py, ROWS": [row[0][0] for row in errors.ROWS],
    "demo/rows.py, ROWS": [row.target for row in runpy.run_path(places.ROOT / "tests/e2e/demo/rows.py")["ROWS"]],
}


def test_the_harness_knows_every_cloud():
    assert sorted(CLOUDS) == sorted(KNOWN), "CLOUDS in harness/records.py"


@pytest.mark.parametrize("cloud", KNOWN)
def test_every_cloud_is_emulated(cloud, gateway, clouds):
    own = [name for name, endpoint in policies.base(clouds)["endpoints"].items() if endpoint["cloud"] == cloud]
    assert own, f"harness/policies.py has no endpoint of {cloud}"
    for endpoint in own:
        assert endpoint.startswith(f"{cloud}-"), "tables tell the cloud by the endpoint's name"
        served = gateway.ask(only=endpoint, form="responses")
        assert (served.status, served.cloud, served.tried) == (200, cloud, [cloud]), served
        failed = gateway.ask(f"[[{cloud} 429]]", only=endpoint, form="responses")
        assert (failed.status, failed.target) == (429, endpoint), failed


@pytest.mark.parametrize("cloud", KNOWN)
def test_a_policy_of_ones_own_can_have_every_cloud(cloud, policy, clouds):
    """`make run POLICY=FILE`, whose accounts the emulator stands for."""
    move = runpy.run_path(places.ROOT / "tests/e2e/demo/own.py")["move"]
    for name, endpoint in policy["endpoints"].items():
        if endpoint["cloud"] == cloud:
            address = endpoint.pop("address")
            secrets = move(name, endpoint, clouds)
            assert endpoint["address"] == address and all(secrets.values()), "demo/own.py"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("cloud", KNOWN)
def test_every_cloud_has_its_rows(cloud, table):
    assert any(endpoint.startswith(f"{cloud}-") for endpoint in TABLES[table]), f"{table} has no row of {cloud}"
