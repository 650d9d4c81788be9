"""Tokens and keys that the policy itself takes, at a gateway of Istio's: on our host alone, beside another team's."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import keys
from harness.issuer import Issuer

AUDIENCE = "llm"
CARRIED = {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-6*"]}


@pytest.fixture
def published(issuer):
    """The address where the issuer has its keys."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = issuer.keys.encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", [[], ["--mode", "header"]], ids=["gateway", "header"])
def test_tokens_and_keys_of_the_policy_count_on_our_host_alone(mode, published, issuer, start_mesh, policy, clouds):
    acme, of_acme = keys.new("acme")
    ceiling = {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]}
    policy["tenants"]["acme"]["keys"] = [of_acme]
    policy["identity"] = [{"keys": {}}, {"jwt": {
        "issuer": issuer.name, "audiences": [AUDIENCE], "jwks": published, "policy_claim": "multihome", "policy": {"ceiling": ceiling}}}]
    mesh = start_mesh(policy, options=mode)
    stranger = Issuer()

    def asked(credential, **more):
        headers = [("authorization", f"Bearer {credential}"), ("x-multihome-model", "gpt-6.1-sol"), *more.pop("headers", [])]
        return mesh.ask(headers=headers, tenant=None, **more)

    for http in (1, 2):
        assert asked(issuer.token(aud=AUDIENCE, tenant="acme"), http=http).target == "azure-eastus2"
        assert asked(issuer.token(aud=AUDIENCE, tenant="startup", multihome=CARRIED), http=http).target == "aws-use1"
        assert asked(acme, http=http).target == "azure-eastus2"
        claims = json.dumps({"iss": issuer.name, "aud": AUDIENCE, "tenant": "acme"})
        for token, code in ((stranger.token(aud=AUDIENCE, tenant="acme"), "invalid_token"),
                            (issuer.token(aud="shop", tenant="acme"), "invalid_token"),
                            (issuer.token(-600, aud=AUDIENCE, tenant="acme"), "expired_token"), ("sk-1", "invalid_api_key")):
            answer = asked(token, http=http, headers=[("x-multihome-claims", claims), ("x-tenant-id", "acme")])
            assert (answer.status, answer.error["code"]) == (401, code), answer
        # Another team's host takes what is no token of ours.
        for credential in ("sk-1", stranger.token(tenant="acme")):
            assert mesh.of_shop("GET", "/", {"authorization": f"Bearer {credential}"}, http=http).status == 200
