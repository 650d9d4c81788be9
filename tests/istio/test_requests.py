"""Our host at a gateway of Istio's: what a client with a token gets, and what the clouds receive."""

import json

import pytest

from harness.issuer import Issuer
from harness.records import CLOUDS, header
from mesh.gateway import OURS

# Who is asked, in which form, for which model, which target serves
SERVED = [
    ("only-azure", "chat", "gpt-6.1-sol", "azure-eastus2"),
    ("only-azure", "responses", "gpt-6.1-sol", "azure-eastus2"),
    ("europe", "chat", "gpt-6.1-sol", "azure-sweden"),
    ("only-aws", "chat", "gpt-6.1-sol", "aws-use1"),
    ("only-aws", "responses", "gpt-6.1-sol", "aws-use1"),
    ("only-gcp", "chat", "gpt-oss-120b", "gcp-us"),
    ("only-gcp", "responses", "gpt-6.1-sol", "gcp-us"),
    ("only-openai", "chat", "gpt-6.1-sol", "openai-eu"),
    ("only-openai", "responses", "gpt-6.1-sol", "openai-eu"),
]
assert {target.split("-")[0] for *_, target in SERVED} == set(CLOUDS)


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("tenant, form, model, target", SERVED)
def test_each_cloud_serves(tenant, form, model, target, stream, http, mesh):
    answer = mesh.ask("where?", tenant=tenant, form=form, model=model, stream=stream, http=http)
    assert (answer.status, answer.target, answer.attempts) == (200, target, 1), answer
    assert "where?" in answer.said
    [record] = answer.records
    # No token of ours, and no word of Istio's, reaches a cloud.
    assert mesh.issuer.name not in json.dumps(record) and "contoso.test" not in json.dumps(record["headers"])
    assert [name for name, _ in record["headers"] if name.startswith(("x-envoy", "x-forwarded", "x-b3", "x-tenant"))] == []


# What befalls the request of `acme`, in which form, who is asked one after the other, what comes of it
FAILOVER = [
    ("[[azure 429]]", "chat", ["azure", "aws"], 200),
    ("[[azure 503]]", "responses", ["azure", "aws"], 200),
    ("[[azure 503]] [[aws 429]]", "responses", ["azure", "aws", "aws"], 429),
    # A stream that is reset is tried once more, in case the connection was an old one.
    ("[[azure reset]]", "chat", ["azure", "azure", "aws"], 200),
    # Longer than the time to the first byte.
    ("[[azure hang]]", "chat", ["azure", "aws"], 200),
    # The client's own.
    ("[[azure 400]]", "chat", ["azure"], 400),
    ("[[azure 503]] [[aws 503]]", "chat", ["azure", "aws", "aws"], 503),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault, form, tried, status", FAILOVER)
def test_failover(fault, form, tried, status, stream, mesh):
    answer = mesh.ask(fault, form=form, stream=stream)
    assert (answer.status, answer.tried) == (status, tried), answer
    if status != 200:
        assert answer.error["type"], answer


def test_a_closed_port_is_failed_over(mesh, clouds):
    clouds.fault("azure", "refuse")
    answer = mesh.ask()
    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer


# What is asked beside a chat of `acme`, status, code
DENIED = [
    ({"model": "gpt-99"}, 404, "model_not_found"),
    ({"tenant": "europe", "model": "gpt-4o"}, 404, "model_not_found"),
    ({"tenant": "only-gcp", "model": "gpt-4o"}, 403, "no_target_allowed"),
    ({"headers": {"x-multihome-residency": "eu"}}, 403, "no_target_allowed"),
    ({"path": "/v1/nothing"}, 404, "unknown_url"),
    ({"tenant": "nobody"}, 401, "unknown_tenant"),
]


@pytest.mark.parametrize("asked, status, code", DENIED)
def test_policy_denies(asked, status, code, mesh):
    answer = mesh.ask(**asked)
    assert (answer.status, answer.error["code"]) == (status, code), answer
    assert answer.tried == []


def headers_with(which, mesh):
    good = {"sub": "client", "tenant": "acme"}
    stranger, other = Issuer(mesh.issuer.name), Issuer("https://issuer.fabrikam.test")
    brought = {
        "no JWT": "Bearer sk-0123456789",
        "expired": mesh.issuer.bearer(-100, **good),
        "of another's key": stranger.bearer(**good),
        "of another issuer": other.bearer(**good),
        # Istio knows a caller by issuer and subject.
        "without a subject": mesh.issuer.bearer(tenant="acme"),
        "without the claim": mesh.issuer.bearer(sub="client"),
    }
    return {"authorization": brought[which]} if which in brought else {}


# What a client brings in place of a good token, status
TOKENS = [("nothing", 403), ("no JWT", 401), ("expired", 401), ("of another's key", 401), ("of another issuer", 401),
          ("without a subject", 403), ("without the claim", 401)]


@pytest.mark.parametrize("which, status", TOKENS)
@pytest.mark.parametrize("forged", [False, True], ids=["", "forged header"])
def test_who_has_no_token_is_refused_in_the_apis_words(which, status, forged, mesh):
    headers = headers_with(which, mesh)
    if forged:
        headers = {**headers, "x-tenant-id": "acme"}
    answer = mesh.ask(tenant=None, headers=headers)
    assert answer.status == status, answer
    assert answer.error.get("message") and answer.error.get("code"), answer
    # How the mesh is built is no client's business.
    assert "policy" not in answer.text and "ns[" not in answer.text, answer
    assert answer.tried == []


# Headers that say another tenant than the token does, as a client may send them
FORGED = [
    [("x-tenant-id", "only-gcp")],
    [("x-tenant-id", "only-gcp"), ("x-tenant-id", "only-aws")],
    [("X-Tenant-Id", "only-gcp")],
    [("x-tenant-policy", '{"clouds": ["gcp"], "models": ["*"]}')],
    [("x-tenant-id", "only-gcp"), ("connection", "x-tenant-id")],
]


@pytest.mark.parametrize("forged", FORGED)
def test_the_tokens_tenant_holds_against_a_forged_header(forged, mesh):
    answer = mesh.ask(tenant="europe", headers=forged)
    assert (answer.status, answer.target) == (200, "azure-sweden"), answer
    assert [header(record, name) for record in answer.records for name, _ in forged if name != "connection"] == [[]] * len(
        [name for name, _ in forged if name != "connection"])


def test_probes_and_models_are_answered(mesh):
    for path, text in (("/healthz", "alive\n"), ("/readyz", "ready\n")):
        answer = mesh.request("GET", path, tenant=None)
        assert (answer.status, answer.text) == (200, text), answer
    models = mesh.request("GET", "/v1/models")
    assert models.status == 200 and {model["id"] for model in models.json["data"]} >= {"gpt-6.1-sol", "gpt-4o"}, models


def test_a_host_with_a_port_is_ours_too(mesh):
    answer = mesh.ask(headers={"host": f"{OURS}:{mesh.port}"})
    assert (answer.status, answer.target) == (200, "azure-eastus2"), answer


def test_a_large_body_is_failed_over_whole(mesh):
    answer = mesh.ask("[[azure 503]] " + "x" * (3 << 20))
    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer
