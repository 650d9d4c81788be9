"""The recipes of `docs/deploy.md`, each as it stands there: what it says comes true in a real Envoy."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

import places
from harness import keys, own, policies
from harness.gateway import Gateway
from harness.records import serving

PAGE = (places.ROOT / "docs/deploy.md").read_text()
SHOP = "spiffe://contoso/shop"


def recipe(title, language):
    """The block of that language in the section of that title."""
    [_, section] = PAGE.split(f"\n### {title}\n")
    section = re.split(r"\n##+ ", section)[0]
    [block] = re.findall(rf"```{language}\n(.*?)```", section, re.S)
    return yaml.safe_load(block)


class Who:
    """A service that knows who has which password, as a hop's own would."""

    def __init__(self):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                tenant = {"Bearer alice": "acme", "Bearer eve": "nobody"}.get(self.headers.get("authorization"))
                self.send_response(200 if tenant else 403)
                if tenant:
                    self.send_header("x-tenant-id", tenant)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def who():
    service = Who()
    yield service
    service.stop()


def beside(processes, envoy, clouds, folder, policy, change):
    """An Envoy of somebody's own with the parts for a listener that the policy does not trust, and what `change` adds."""
    def edit(bootstrap):
        bootstrap.clear()
        bootstrap.update(own.bootstrap('{"keys": []}', {}))
        manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["http_filters"] = manager["http_filters"][-1:]
        manager["route_config"]["virtual_hosts"] = []
        parts = own.parts(folder, clouds["ca_file"], "--listen", "web=127.0.0.1:1")
        own.merge(bootstrap, parts)
        change(bootstrap, manager, parts)

    secrets = {**clouds.secrets(), "google-token": clouds.google_token()}
    return Gateway(processes, folder, envoy, policy, clouds, edit=edit, secrets=secrets)


def test_a_service_that_says_who_asks(who, processes, envoy, the_clouds, policy, clouds, tmp_path):
    asks = recipe("A service that says who asks", "json")

    def change(bootstrap, manager, parts):
        manager["http_filters"].insert(0, asks)
        bootstrap["static_resources"]["clusters"].append(own._cluster("who", who.server.server_address[1]))

    gateway = beside(processes, envoy, the_clouds, tmp_path / "asking", policy, change)
    try:
        for http in (1, 2):
            def asked(*headers, http=http):
                return gateway.ask(headers=[("host", own.OURS), *headers], tenant=None, http=http)

            alice = ("authorization", "Bearer alice")
            served = asked(alice, ("x-tenant-id", "europe"), ("x-tenant-policy", json.dumps({"clouds": ["gcp"]})))
            assert (served.status, served.target) == (200, "azure-eastus2"), served
            assert "alice" not in json.dumps(clouds.records())
            unknown = asked(("authorization", "Bearer eve"))
            assert (unknown.status, unknown.error["code"]) == (401, "unknown_tenant")
            for headers in ([], [("authorization", "Bearer mallory")], [("x-tenant-id", "acme")]):
                refused = asked(*headers)
                assert (refused.status, refused.error["code"]) == (403, "forbidden"), refused
        who.stop()
        closed = gateway.ask(headers=[("host", own.OURS), alice], tenant=None)
        assert (closed.status, closed.error["code"]) == (403, "forbidden")
    finally:
        gateway.stop()


def test_certificates_that_are_tenants(processes, envoy, the_clouds, policy, clouds, certificates, tmp_path):
    names = recipe("Certificates that are tenants", "json")
    policy["tenants"] = {SHOP: policy["tenants"]["acme"], "acme": policy["tenants"]["europe"]}

    def change(bootstrap, manager, parts):
        own.partners(bootstrap, certificates.listener, {**parts, "filters": {**parts["filters"], "http_filters": [
            names, *parts["filters"]["http_filters"]]}})

    gateway = beside(processes, envoy, the_clouds, tmp_path / "naming", policy, change)
    try:
        def asked(tls, *headers):
            return gateway.ask(headers=[("host", own.OURS), *headers], tenant=None, listener="partners", tls=tls)

        served = asked(certificates.client(uri=SHOP), ("x-tenant-id", "acme"))
        assert (served.status, served.target) == (200, "azure-eastus2"), served
        for tls in (certificates.client(uri="spiffe://contoso/other"), certificates.client()):
            refused = asked(tls, ("x-tenant-id", SHOP))
            assert (refused.status, refused.error["code"]) == (401, "unknown_tenant"), refused
    finally:
        gateway.stop()


def test_a_key_for_one_job(start_gateway, policy, clouds):
    wanted = recipe("A key for one job", "yaml")
    made = {}
    for tenant, entry in wanted["tenants"].items():
        made[tenant], line = keys.new(tenant, "--name", entry["keys"][0]["name"])
        entry["keys"] = [{**entry["keys"][0], "sha256": line["sha256"], **({"expires": keys.at(3600)} if tenant == "acme-ci" else {})}]
    # The accounts of the emulated clouds in place of those of the page.
    gateway = start_gateway({**policies.base(clouds), "tenants": wanted["tenants"], "identity": wanted["identity"]})

    def asked(tenant, **question):
        return gateway.ask(headers=[("authorization", f"Bearer {made[tenant]}")], tenant=None, **question)

    assert asked("acme").target == "azure-eastus2"
    assert asked("acme-ci", model="gpt-oss-120b").target == "aws-use1"
    dear = asked("acme-ci")
    assert (dear.status, dear.error["code"]) == (404, "model_not_found")
    clouds.clear()
    assert asked("acme-ci", text="[[aws 429]]", model="gpt-oss-120b").status == 429
    assert len(serving(clouds.records())) == 1
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    denied = asked("acme-ci", model="gpt-oss-120b", tools=[tool])
    assert (denied.status, denied.error["code"]) == (403, "feature_not_allowed")
