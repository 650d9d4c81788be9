"""`make demo` and `make run`, as they are called by the Makefile once everything is built."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import places
from harness.demo import DEMO, staying
from harness.process import Processes, until
from harness.records import CLOUDS

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
        yield staying(processes, demo, environment, tmp_path)


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


def test_run_says_how_to_try_it(running, envoy):
    """The lines to copy do what they promise, as they stand."""
    _, shown, addresses = running
    python = re.search(r"^from openai import OpenAI.*?^print\(\)$", shown, re.MULTILINE | re.DOTALL)[0]
    azure = re.search(r"^from openai import AzureOpenAI.*?content\)$", shown, re.MULTILINE | re.DOTALL)[0]
    for example in (python, azure):
        said = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=30)
        assert said.stdout.startswith("azure contoso-eastus2 gpt6sol-prod: Where do you run?"), said

    curl = re.search(r"^curl .*?\}'$", shown, re.MULTILINE | re.DOTALL)[0]
    fault = re.search(r"^curl \S+/faults -d .*$", shown, re.MULTILINE)[0]
    mend = re.search(r"curl -X DELETE \S+/faults(?=`)", shown)[0]
    if shutil.which("curl"):
        assert "x-multihome-attempts: 2" in bash(curl) and "aws us-east-1" in bash(curl)
        bash(fault)
        healthy = curl.replace(" [[azure 429]]", "")
        assert "x-multihome-attempts: 2" in bash(healthy)
        bash(mend)
        assert "x-multihome-attempts: 1" in bash(healthy)
    assert addresses["openai_base_url"] in python and addresses["openai_base_url"] in curl

    # The real func-e runs it in test_func_e.py, where it can be built.
    func_e = re.search(r"^cd .* && func-e run -c .*$", shown, re.MULTILINE)[0]
    said = bash(func_e.replace("func-e run", str(envoy)) + " --mode validate")
    assert "OK" in said, "what func-e is told to run is a configuration that Envoy takes"


def test_the_standing_faults_of_the_page_work(running):
    """CONTRIBUTING's lines, on the emulated clouds of this run."""
    _, _, addresses = running
    page = (places.ROOT / "CONTRIBUTING.md").read_text()
    block = next(block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "/faults" in block)
    lines = [line for line in block.splitlines() if line.startswith("curl ")]
    assert len(lines) == 6
    if shutil.which("curl"):
        said = [bash(f"CLOUDS={addresses['clouds_admin']}; {line.replace('curl ', 'curl -sf ', 1)}") for line in lines]
        assert '"503"' in said[2] and '"429"' in said[2], said


def bash(line):
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, cwd=places.ROOT)
    assert ran.returncode == 0, ran
    return ran.stdout + ran.stderr


# Every kind of credential and surface, custom hosts, a header of its own, listeners with files that are not here.
OWN = """
endpoints:
  az-key: {cloud: azure, resource: fabrikam, residency: us, auth: {api_key: {sds: fabrikam}}, host: ai.fabrikam.example, path_prefix: /ai}
  az-entra:
    cloud: azure
    resource: fabrikam-eu
    region: swedencentral
    residency: eu
    auth: {entra: {tenant: my-directory, client_id: my-app, client_secret: {sds: app}}}
    tls: {ca_file: /etc/own-ca.pem, sni: fabrikam.privatelink.openai.azure.com}
    address: 10.0.0.7:443
  runtime: {cloud: aws, region: us-west-2, surface: runtime, residency: us, auth: sigv4}
  mantle: {cloud: aws, region: us-east-2, surface: mantle, residency: us, auth: {api_key: {sds: bedrock}}}
  google: {cloud: gcp, project: fabrikam-ai, location: us, residency: us, auth: metadata}
  google-token: {cloud: gcp, project: fabrikam-ai, location: us-east4, residency: us, auth: {token: {sds: token}}}
models:
  sol:
    - {endpoint: az-key, id: my-deployment, form: [openai.chat, openai.responses]}
    - {endpoint: az-entra, id: my-deployment, form: openai.chat, api_version: "2024-10-21"}
    - {endpoint: mantle, id: openai.gpt-6.1-terra, form: openai.responses}
    - {endpoint: google, id: gpt-6.1-sol, form: openai.responses}
  open:
    - {endpoint: runtime, id: openai.gpt-oss-20b-1:0, form: openai.chat}
    - {endpoint: google-token, id: openai/gpt-oss-20b-maas, form: openai.chat}
tenants:
  all: {clouds: [azure, aws, gcp], residency: [us, eu], models: ["*"], order: weighted}
  eu: {clouds: [azure], residency: [eu], models: [sol]}
  mantle: {clouds: [aws], residency: [us], models: ["*"]}
  google: {clouds: [gcp], residency: [us], models: ["*"]}
identity: {header: x-team, trust: {listeners: [inside]}}
listeners: {inside: {tls: {certificate_file: /nowhere.pem, key_file: /nowhere.key}}}
"""


def test_run_takes_ones_own_policy(demo, environment, tmp_path):
    """Each tenant, model and API comes out as `explain` says, and the printed examples ask what the policy has."""
    policy = tmp_path / "own.yaml"
    policy.write_text(OWN)
    with Processes() as processes:
        _, shown, _ = staying(processes, [*demo, "--policy", policy], environment, tmp_path)
        assert "16 of 16 requests as `multihome explain` says." in shown, shown
        rows = {line.split()[4] for line in shown.splitlines() if "  200  " in line}
        assert rows == {"az-key", "az-entra", "runtime", "mantle", "google", "google-token"}, shown
        curl = re.search(r"^curl .*?\}'$", shown, re.MULTILINE | re.DOTALL)[0]
        assert "x-team: " in curl
        if shutil.which("curl"):
            assert "HTTP/1.1 200 OK" in bash(curl)
    assert "no account is asked" in shown


def test_run_refuses_a_policy_with_faults(demo, environment, tmp_path):
    policy = tmp_path / "own.yaml"
    policy.write_text(OWN.replace("surface: runtime", "surface: runtine"))
    ran = subprocess.run([*demo, "--policy", policy], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert "endpoints.runtime.surface: unknown surface `runtine`" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


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
