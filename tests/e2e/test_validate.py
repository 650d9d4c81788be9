"""What `multihome render envoy` writes is what a stock Envoy accepts."""

import json
import os
import re
import subprocess

import pytest

import places
from harness import policies
from harness.gateway import TAG_KEY, names_of_secrets, render, write_secret

ENVOY = places.ROOT / "envoy"

# The only source of Entra ID's tokens that Envoy has; it says of itself that it is new.
KNOWN = re.compile(r"injected_credentials\.oauth2\.v3\.OAuth2.* work-in-progress")


def minimal(clouds):
    endpoint = {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"}
    return {
        "endpoints": {"aws": endpoint},
        "models": {"m": [{"endpoint": "aws", "id": "openai.gpt-oss-120b-1:0", "form": "openai.chat"}]},
        "tenants": {"t": {"clouds": ["aws"], "residency": ["us"], "models": ["m"]}},
        "identity": {"trust": {"listeners": ["default"]}},
    }


def real_addresses(clouds):
    policy = policies.base(clouds)
    for endpoint in policy["endpoints"].values():
        del endpoint["address"]
    del policy["gcp"]
    del policy["endpoints"]["azure-sweden"]["auth"]["entra"]["token_endpoint"]
    return policy


def plain_http(clouds):
    policy = policies.base(clouds)
    for endpoint in policy["endpoints"].values():
        endpoint["tls"] = "off"
    return policy


def own_names(clouds):
    policy = policies.base(clouds)
    policy["endpoints"]["azure-eastus2"].update(
        host="private.contoso.example", address="10.1.2.3:8443", tls={"sni": "a.contoso.example", "san": "b.contoso.example"})
    policy["endpoints"]["aws-use1"].update(address="proxy.contoso.example:8080")
    return policy


def many_endpoints(clouds):
    policy = policies.base(clouds)
    for number in range(60):
        policy["endpoints"][f"azure-{number}"] = {**policy["endpoints"]["azure-eastus2"], "resource": f"contoso-{number}"}
        policy["models"][f"model-{number}"] = [{"endpoint": f"azure-{number}", "id": "gpt-6.1-sol", "form": "openai.chat"}]
    return policy


def long_waits(clouds):
    return {**policies.base(clouds), "timeouts": {"connect": "10s", "first_byte": "300s", "idle": "60s"},
            "limits": {"body_bytes": 16 << 20}}


ROWS = [policies.base, minimal, real_addresses, plain_http, own_names, many_endpoints, long_waits]


@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
def test_envoy_accepts(make, the_clouds, envoy, tmp_path):
    validate(envoy, rendered(tmp_path, make(the_clouds), the_clouds))


def test_envoy_accepts_listeners_with_tls(the_clouds, envoy, tmp_path, certificates):
    policy = policies.base(the_clouds)
    policy["identity"]["trust"]["client_certificates"] = ["spiffe://contoso/gateway", "gateway.contoso.example"]
    policy["listeners"] = {"public": {"tls": certificates.listener, "cors": {"allow_origins": ["https://a.example", "*"]}}}
    listeners = {"default": "127.0.0.1:0", "public": "127.0.0.1:0"}
    validate(envoy, rendered(tmp_path, policy, the_clouds, listeners))


EXAMPLES = sorted(path.relative_to(ENVOY).as_posix() for path in ENVOY.glob("*policy*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_envoy_accepts_the_example(example, the_clouds, envoy, tmp_path):
    policy = (ENVOY / example).read_text()
    # The secrets as in a file: every word after `sds:`.
    names = [word.rstrip("}").strip() for word in policy.replace("}", " } ").split("sds:")[1:] for word in word.split()[:1]]
    validate(envoy, rendered(tmp_path, policy, the_clouds, secrets=names))


def test_envoy_accepts_what_lies_in_the_folder(the_clouds, envoy, tmp_path):
    """envoy/envoy.yaml as it is committed, with the files of this run in place of those of a machine."""
    committed = (ENVOY / "envoy.yaml").read_text()
    for name in re.findall(r"/etc/multihome/secrets/([\w.-]+)\.yaml", committed):
        write_secret(tmp_path, name, "a-secret")
    for there, here in (("/etc/multihome/secrets", tmp_path), ("/etc/multihome/multihome.wasm", places.MODULE),
                        ("/etc/ssl/certs/ca-certificates.crt", the_clouds["ca_file"])):
        assert there in committed
        committed = committed.replace(there, str(here))
    config = tmp_path / "envoy.yaml"
    config.write_text(committed)
    validate(envoy, config)


@pytest.mark.parametrize("listener", ["default", "mutual", "public"])
def test_the_parts_fit_an_envoy_of_ones_own(listener, the_clouds, envoy, tmp_path, certificates):
    """A bootstrap written by hand that takes in the three parts as `--part` prints them, whoever is trusted there."""
    policy = policies.base(the_clouds)
    policy["identity"]["trust"]["client_certificates"] = ["spiffe://contoso/gateway"]
    policy["listeners"] = {"mutual": {"tls": certificates.listener}, "public": {"cors": {"allow_origins": ["https://a.example"]}}}
    rendered(tmp_path, policy, the_clouds, dict.fromkeys(("default", "mutual", "public"), "127.0.0.1:0"))
    parts = {part: part_of(tmp_path, part, the_clouds, listener) for part in ("filters", "route", "clusters")}
    router = {"name": "envoy.filters.http.router",
              "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
    http = parts["filters"]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "own", "route_config": {"name": "own", **parts["route"]}, **http,
        "http_filters": [*http["http_filters"], router],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    bootstrap = {
        "node": {"id": "own", "cluster": "own"},
        "static_resources": {"listeners": [{"name": "own", "address": address, "filter_chains": [chain]}], **parts["clusters"]},
    }
    config = tmp_path / "own.json"
    config.write_text(json.dumps(bootstrap))
    validate(envoy, config)


def test_an_old_envoy_is_refused(tmp_path):
    old = tmp_path / "envoy"
    old.write_text("#!/bin/sh\necho 'envoy  version: 0/1.38.2/Clean/RELEASE/BoringSSL'\n")
    old.chmod(0o755)
    asked = subprocess.run([places.CLI, "envoy-version", old], capture_output=True, text=True)
    assert asked.returncode == 1
    assert "1.38" in asked.stderr and "1.39" in asked.stderr


def rendered(folder, policy, clouds, listeners=None, secrets=None):
    secrets_folder = folder / "secrets"
    secrets_folder.mkdir()
    for name in names_of_secrets(policy) if secrets is None else secrets:
        write_secret(secrets_folder, name, "a-secret")
    listeners = listeners or {"default": "127.0.0.1:0"}
    return render(folder, policy, places.MODULE, listeners, "127.0.0.1:0", secrets_folder, clouds["ca_file"])


def part_of(folder, part, clouds, listener):
    command = [places.CLI, "render", "envoy", folder / "policy.yaml", "--wasm", places.MODULE, "--part", part, "--domain", "*", "--listen", f"{listener}=127.0.0.1:0", "--format", "json",
               "--sds-dir", folder / "secrets", "--ca-file", clouds["ca_file"]]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def validate(envoy, config):
    asked = subprocess.run([envoy, "--mode", "validate", "-c", config, "-l", "warning"], capture_output=True, text=True,
                           env={**os.environ, **TAG_KEY})
    assert asked.returncode == 0, asked.stderr[-3000:]
    # A warning is a field that will go, or a default that Envoy advises against.
    warnings = [line for line in asked.stderr.splitlines() if "[warning]" in line and not KNOWN.search(line)]
    assert not warnings, "\n".join(warnings)
