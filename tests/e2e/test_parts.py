"""The parts in an Envoy that has other routes and filters: they serve and speak for our virtual host alone."""

import base64
import json
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import places
from harness import policies
from harness.gateway import Gateway, Question

TYPE = "type.googleapis.com/envoy.extensions.filters.http"
OURS, OTHERS = "llm.contoso.test", "shop.contoso.test"


class Issuer:
    """Signs tokens for `jwt_authn`."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
        key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": encoded(modulus), "e": encoded(exponent)}
        self.keys = json.dumps({"keys": [key]})

    def token(self, seconds):
        """One that ends in so many."""
        parts = {"alg": "RS256", "kid": "1"}, {"iss": "contoso", "exp": int(time.time()) + seconds}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{encoded(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def shared(processes, the_clouds, envoy, issuer, tmp_path_factory):
    """An operator's Envoy: filters of its own, a virtual host for all names, and ours beside it."""
    folder = tmp_path_factory.mktemp("parts")

    def part(name, *options):
        command = [places.CLI, "render", "envoy", folder / "policy.yaml", "--wasm", places.MODULE, "--part", name,
                   "--format", "json", "--sds-dir", folder / "secrets", "--ca-file", the_clouds["ca_file"], *options]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    def put_parts(bootstrap):
        manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        filters = part("filters")
        for key in [*manager]:
            if key not in ("@type", "stat_prefix", "codec_type", "access_log", "always_set_request_id_in_response", "http_filters"):
                del manager[key]
        router = manager["http_filters"][-1]
        manager.update(filters)
        manager["http_filters"] = [*own_filters(issuer), *filters["http_filters"], router]
        [ours] = part("route", "--domain", OURS)["virtual_hosts"]
        manager["route_config"] = {"name": "own", "virtual_hosts": [own_host(), ours]}
        static = bootstrap["static_resources"]
        static["listeners"] = static["listeners"][:1]
        static["clusters"] = [*part("clusters")["clusters"], {"name": "empty", "type": "STATIC"}]

    gateway = Gateway(processes, folder, envoy, policies.base(the_clouds), the_clouds, edit=put_parts,
                      secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})
    yield gateway
    gateway.stop()


def own_filters(issuer):
    needed = {"match": {"prefix": "/", "headers": [{"name": "x-needs-a-token", "present_match": True}]},
              "requires": {"provider_name": "contoso"}}
    provider = {"issuer": "contoso", "local_jwks": {"inline_string": issuer.keys}}
    fault = {"abort": {"http_status": 503, "percentage": {"numerator": 100}},
             "headers": [{"name": "x-fault", "present_match": True}]}
    return [
        {"name": "jwt", "typed_config": {"@type": f"{TYPE}.jwt_authn.v3.JwtAuthentication",
                                         "providers": {"contoso": provider}, "rules": [needed]}},
        {"name": "fault", "typed_config": {"@type": f"{TYPE}.fault.v3.HTTPFault", **fault}},
    ]


def own_host():
    def direct(path, body):
        return {"match": {"path": path}, "direct_response": {"status": 200, "body": {"inline_string": body}}}

    return {"name": "shop", "domains": ["*"], "routes": [
        direct("/", "shop"), direct("/v1/models", "other models"), direct("/readyz", "shop is ready"),
        {"match": {"prefix": "/down"}, "route": {"cluster": "empty"}},
    ]}


# Host, path, headers, status, what the body is
OF_OTHERS = [
    ("/", {}, 200, "shop"),
    ("/v1/models", {}, 200, "other models"),
    ("/readyz", {}, 200, "shop is ready"),
    ("/nothing", {}, 404, ""),
    ("/down", {}, 503, "no healthy upstream"),
    ("/", {"x-fault": "1"}, 503, "fault filter abort"),
    ("/", {"x-needs-a-token": "1"}, 401, "Jwt is missing"),
]


@pytest.mark.parametrize("path, headers, status, body", OF_OTHERS)
def test_other_routes_are_as_they_were(path, headers, status, body, shared):
    answer = shared.request("GET", path, {"host": OTHERS, **headers})
    assert (answer.status, answer.text) == (status, body)


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_ours_serves(form, shared, clouds):
    answer = shared.ask("[[azure 429]]", headers={"host": OURS}, form=form)
    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer


# Path, headers, status, code, what the message holds
OF_OURS = [
    ("/nothing", {}, 404, "unknown_url", "/nothing"),
    ("/v1/models", {"x-tenant-id": "nobody"}, 401, "unknown_tenant", "tenant"),
    ("/v1/models", {"x-fault": "1"}, 503, "gateway_unavailable", "fault filter abort"),
    ("/v1/models", {"x-needs-a-token": "1"}, 401, "unauthorized", "Jwt is missing"),
    ("/v1/models", {"x-needs-a-token": "1", "authorization": "expired"}, 401, "unauthorized", "Jwt is expired"),
]


@pytest.mark.parametrize("path, headers, status, code, says", OF_OURS)
def test_every_error_of_ours_has_the_apis_shape(path, headers, status, code, says, shared, issuer):
    if "authorization" in headers:
        headers = {**headers, "authorization": f"Bearer {issuer.token(-100)}"}
    answer = shared.request("GET", path, {"host": OURS, **headers})
    assert (answer.status, answer.error["code"]) == (status, code), answer
    assert says in answer.error["message"]


def test_probes_of_ours_are_answered(shared):
    answers = [shared.request("GET", path, {"host": OURS}) for path in ("/healthz", "/readyz")]
    assert [(answer.status, answer.text) for answer in answers] == [(200, "alive\n"), (200, "ready\n")]


def test_draining_is_said_by_ours_alone(shared):
    def ready(host):
        return shared.request("GET", "/readyz", {"host": host}).status

    assert shared.manage("/healthcheck/fail", "POST").status == 200
    try:
        assert (ready(OURS), ready(OTHERS)) == (503, 200)
    finally:
        assert shared.manage("/healthcheck/ok", "POST").status == 200
    assert (ready(OURS), ready(OTHERS)) == (200, 200)
