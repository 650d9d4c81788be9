"""Who may say which tenant asks, and bring its policy: trusted listeners and client certificates; within the ceiling, nowhere else."""

import base64
import json

import pytest

from harness import policies
from harness.certificates import Certificates
from harness.gateway import Gateway
from harness.records import DOWN_EVERYWHERE, endpoints, serving

GATEWAY, EDGE = "spiffe://contoso/gateway", "edge.contoso.test"


def policy_of(clouds, certificates):
    """Three listeners: `default` trusts everyone, `tls` clients with one of two names, `public` nobody."""
    policy = policies.base(clouds)
    policy["identity"] = {
        "trust": {"listeners": ["default"], "client_certificates": [GATEWAY, EDGE]},
        "policy": {"header": "x-tenant-policy", "ceiling": {
            "clouds": ["azure", "aws"], "residency": ["us"], "models": ["gpt-6*"], "targets": ["azure-*", "aws-use1", "aws-mantle"],
            "order": ["ordered", "cheapest"], "max_attempts": 2}},
    }
    policy["tenants"]["one-try"] = {"clouds": ["aws"], "residency": ["us"], "models": ["*"], "max_attempts": 1}
    policy["listeners"] = {"tls": {"tls": certificates.listener}}
    return policy


@pytest.fixture(scope="module")
def trusting(processes, the_clouds, envoy, certificates, tmp_path_factory):
    listeners = dict.fromkeys(("default", "tls", "public"), "127.0.0.1:0")
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    gateway = Gateway(processes, tmp_path_factory.mktemp("trusting"), envoy, policy_of(the_clouds, certificates), the_clouds,
                      secrets=secrets, listeners=listeners)
    gateway.await_serving(model="gpt-6.1-sol", headers={"x-tenant-policy": allowing(clouds=["azure"])}, tenant=None)
    yield gateway
    gateway.stop()


def allowing(**policy):
    everything = {"clouds": ["azure", "aws", "gcp"], "residency": ["us", "eu", "global"], "models": ["*"], "max_attempts": 32}
    return json.dumps(everything | policy)


def base64url(text, padding=True):
    encoded = base64.urlsafe_b64encode(text.encode()).decode()
    return encoded if padding else encoded.rstrip("=")


# What a request brings as its policy, the tenant that it names, form, every endpoint of the plan
CARRIED = [
    # All that the ceiling allows, in the order of the policy's own clouds, and no more of it
    (allowing(), None, "responses", ["azure-eastus2", "aws-use1"]),
    (allowing(clouds=["aws", "azure"]), None, "responses", ["aws-use1", "aws-mantle"]),
    (allowing(clouds=["gcp", "aws"]), None, "responses", ["aws-use1", "aws-mantle"]),
    (allowing(clouds=["azure"]), None, "responses", ["azure-eastus2"]),
    (allowing(targets=["*-mantle"]), None, "responses", ["aws-mantle"]),
    (allowing(max_attempts=1), None, "responses", ["azure-eastus2"]),
    (allowing(order="cheapest"), None, "responses", ["azure-eastus2", "aws-use1"]),
    (allowing(order=["weighted", "ordered"]), None, "responses", ["azure-eastus2", "aws-use1"]),
    (allowing(order=["cheapest", "ordered"], clouds=["aws", "azure"]), None, "chat", ["azure-eastus2", "aws-use1"]),
    # Encoded
    (base64url(allowing(clouds=["azure"])), None, "chat", ["azure-eastus2"]),
    (base64url(allowing(clouds=["azure"]), padding=False), None, "chat", ["azure-eastus2"]),
    (base64url(allowing(clouds=["aws"], models=["gpt-6*", "é?>"])), None, "chat", ["aws-use1", "aws-mantle"]),
    ("  " + allowing(clouds=["azure"]) + " ", None, "chat", ["azure-eastus2"]),
    # Names that the file does not know match nothing.
    (allowing(targets=["nowhere", "aws-use1"]), None, "responses", ["aws-use1"]),
    # A tenant that is listed stays within its entry; one that is not needs none.
    (allowing(), "one-try", "responses", ["aws-use1"]),
    (allowing(clouds=["azure", "aws"]), "one-try", "responses", ["aws-use1"]),
    (allowing(), "of-another-file", "responses", ["azure-eastus2", "aws-use1"]),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("carried, tenant, form, plan", CARRIED)
def test_a_policy_that_a_request_brings_holds_within_the_ceiling(carried, tenant, form, plan, http, trusting, clouds):
    answer = trusting.ask(DOWN_EVERYWHERE, form=form, headers={"x-tenant-policy": carried}, tenant=tenant, http=http)

    assert endpoints(answer.records, policies.base(clouds)) == plan, answer


# What a request brings, the tenant, model, status, code, param
BEYOND = [
    (allowing(clouds=["gcp"]), None, "gpt-6.1-sol", 403, "no_target_allowed", "clouds"),
    (allowing(residency=["eu"]), None, "gpt-6.1-sol", 403, "no_target_allowed", "residency"),
    (allowing(targets=["aws-mantle-key"]), None, "gpt-6.1-sol", 403, "no_target_allowed", "targets"),
    (allowing(), None, "gpt-4o", 404, "model_not_found", "model"),
    (allowing(models=["gpt-4o"]), None, "gpt-6.1-sol", 404, "model_not_found", "model"),
    (allowing(order="weighted"), None, "gpt-6.1-sol", 403, "order_not_allowed", "order"),
    (allowing(), None, "gpt-99", 404, "model_not_found", "model"),
    (allowing(), "europe", "gpt-6.1-sol", 403, "no_target_allowed", "residency"),
    # Not a policy
    ("{", None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ("", "acme", "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ("{}", "acme", "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ("[]", None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ("acme", None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ("!!", None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (base64url("acme"), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (base64.b64encode(b"\xff" * 9).decode(), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(clouds=["ibm"]), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(clouds="azure"), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(order="fastest"), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(max_attempts=0), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(max_attempts=33), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    (allowing(cloud=["azure"]), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
    ('{"clouds":["azure"],"clouds":["gcp"],"residency":["us"],"models":["*"]}', None, "gpt-6.1-sol", 400, "invalid_header",
     "x-tenant-policy"),
    (allowing(models=["x" * 17_000]), None, "gpt-6.1-sol", 400, "invalid_header", "x-tenant-policy"),
]


@pytest.mark.parametrize("carried, tenant, model, status, code, param", BEYOND, ids=lambda value: str(value)[:40])
def test_nothing_lies_beyond_the_ceiling(carried, tenant, model, status, code, param, trusting, clouds):
    answer = trusting.ask(headers={"x-tenant-policy": carried}, tenant=tenant, model=model)

    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param), answer
    assert serving(clouds.records()) == []


def test_a_policy_that_stands_twice_is_none(trusting):
    headers = [("x-tenant-policy", allowing()), ("x-tenant-policy", allowing(clouds=["azure"]))]
    answer = trusting.ask(headers=headers, tenant=None)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_header", "x-tenant-policy")


def test_a_policy_that_has_to_be_carried_cannot_be_taken_away(policy, start_gateway):
    """A client's `Connection` header makes proxies drop what it names, also what a trusted hop wrote."""
    away = [("connection", "x-tenant-policy"), ("x-tenant-policy", allowing(clouds=["aws"]))]
    lax = start_gateway(policy).ask(headers=away)
    assert (lax.status, lax.cloud) == (200, "azure"), "the tenant's own entry holds"

    policy["identity"]["policy"]["required"] = True
    strict = start_gateway(policy)
    refused = strict.ask(headers=away)
    assert (refused.status, refused.error["code"]) == (403, "policy_required")
    assert strict.ask(headers=away[1:]).cloud == "aws"


# The certificate's names (None: no certificate), whether it is trusted
CERTIFICATES = [
    ({"uri": GATEWAY}, True),
    ({"dns": EDGE}, True),
    ({"uri": "spiffe://contoso/other", "dns": EDGE}, True),
    ({"uri": GATEWAY, "dns": "other.contoso.test"}, True),
    (None, False),
    ({"uri": "spiffe://contoso/other"}, False),
    ({"uri": f"{GATEWAY}/sub"}, False),
    ({"uri": GATEWAY.upper()}, False),
    ({"uri": f"spiffe://contoso/other,{GATEWAY}"}, False),
    ({"dns": f"x.{EDGE}"}, False),
    ({"dns": "*.contoso.test"}, False),
]
# How a request comes. One with trailers that is let through passes the listener inside Envoy too, which trusts everyone.
WAYS = {"http": 1}, {"http": 2}, {"http": 2, "trailers": [("x-tenant-id", "acme")]}
SAYING = [{"x-tenant-id": "acme"}, {"x-tenant-policy": allowing()}, {"x-tenant-id": "acme", "x-tenant-policy": "nonsense"}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("names, trusted", CERTIFICATES)
def test_a_name_of_the_clients_certificate_may_be_trusted(names, trusted, way, trusting, certificates):
    tls = certificates.client(**(names or {}))
    if way["http"] == 2:
        tls.set_alpn_protocols(["h2"])
    statuses = [trusting.ask(headers=headers, tenant=None, listener="tls", tls=tls, **way).status for headers in SAYING]
    assert statuses == ([200, 200, 400] if trusted else [401, 401, 401])


def test_a_certificate_of_another_authority_is_refused(trusting, certificates, tmp_path):
    """Its holder does not even get a connection."""
    stranger = Certificates(tmp_path).client(uri=GATEWAY)
    stranger.load_verify_locations(certificates.ca_file)
    with pytest.raises(OSError):
        trusting.ask(listener="tls", tls=stranger)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("headers", [
    *SAYING,
    {"X-Tenant-Id": "acme"},
    {"x-tenant-id": "acme", "x-forwarded-client-cert": f"By=x;URI={GATEWAY}", "x-forwarded-for": "127.0.0.1"},
    {"x-tenant-id": "acme", "x-envoy-internal": "true", "x-multihome-ticket": "1"},
], ids=lambda headers: "+".join(headers))
def test_where_nobody_is_trusted_the_headers_have_no_effect(headers, way, trusting, clouds):
    if way["http"] == 2:
        headers = {name.lower(): value for name, value in headers.items()}
    for method, path, body in [("POST", "/v1/chat/completions", {"model": "gpt-6.1-sol"}), ("GET", "/v1/models", None)]:
        answer = trusting.request(method, path, headers, body, tenant=None, listener="public", **way)
        assert (answer.status, answer.error["code"]) == (401, "unknown_tenant")
    assert serving(clouds.records()) == []


def test_where_the_file_lets_no_policy_be_carried_it_has_no_effect(policy, start_gateway):
    """Neither a policy that would allow more, nor one that would allow less, nor one that is none."""
    del policy["identity"]["policy"]
    alone = start_gateway(policy)
    for carried in (allowing(), allowing(clouds=["gcp"]), "nonsense"):
        answer = alone.ask(headers={"x-tenant-policy": carried})
        assert (answer.status, answer.target) == (200, "azure-eastus2"), carried
        assert alone.ask(headers={"x-tenant-policy": carried}, tenant=None).status == 401
