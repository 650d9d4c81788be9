"""Another team's host at the same gateway: all that is there for ours leaves it as it was."""

import pytest

from mesh.gateway import SHOP

UNTOUCHED = {"x-tenant-policy": "{}", "x-stainless-lang": "python", "x-multihome-clouds": "azure",
             "api-key": "of-the-shop", "cookie": "basket=1"}


def received(answer, *names):
    headers = dict(map(tuple, answer.json["headers"]))
    return {name: headers.get(name) for name in names}


# Method, path, body
REQUESTS = [
    ("GET", "/", None), ("GET", "/v1/models", None), ("GET", "/healthz", None), ("GET", "/readyz", None),
    ("POST", "/v1/chat/completions", {"model": "gpt-6.1-sol", "messages": []}), ("PUT", "/basket", "two shoes"),
    ("DELETE", "/basket", None),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("method, path, body", REQUESTS)
def test_requests_and_responses_pass_unchanged(method, path, body, http, mesh):
    answer = mesh.of_shop(method, path, UNTOUCHED, body, http=http)
    assert (answer.status, answer.json["service"], answer.json["path"]) == (200, "shop", path), answer
    assert received(answer, *UNTOUCHED) == UNTOUCHED
    assert [name for name, _ in answer.headers if name.startswith("x-multihome")] == []
    assert answer["server"] == "istio-envoy" and answer["x-envoy-upstream-service-time"], answer


def test_what_tokens_do_to_every_host(mesh, policy, start_mesh):
    """Istio checks tokens for all hosts of a gateway, and takes away the header that a claim is to fill. The manifests say
    so; without tokens nothing of it is there."""
    named = {"x-tenant-id": "theirs", "authorization": "Bearer of-the-shop"}
    assert mesh.of_shop("GET", "/", named).status == 401
    del named["authorization"]
    assert received(mesh.of_shop("GET", "/", named), *named) == {"x-tenant-id": None}
    named = {"x-tenant-id": "theirs", "authorization": "Bearer of-the-shop"}
    assert received(start_mesh(policy, issuer=None).of_shop("GET", "/", named), *named) == named


def test_its_bare_tcp_is_no_matter_of_ours(mesh):
    answer = mesh.of_shop("GET", "/till", listener="till")
    assert (answer.status, answer.json["path"]) == (200, "/till"), answer


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_its_errors_are_its_own(status, mesh):
    answer = mesh.of_shop("POST", "/", {"x-say": str(status)}, "pay")
    assert (answer.status, answer.json["body"]) == (status, "pay"), answer


def test_a_request_without_a_token_is_no_matter_of_ours(mesh):
    answer = mesh.of_shop("GET", "/")
    assert (answer.status, received(answer, "x-tenant-id")) == (200, {"x-tenant-id": None})


def test_a_body_larger_than_ours_may_be_passes(mesh):
    """Our limit is on our routes alone."""
    answer = mesh.of_shop("POST", "/photo", {}, b"x" * (12 << 20))
    assert (answer.status, len(answer.json["body"])) == (200, 12 << 20)


def test_no_request_to_another_host_meets_the_module(mesh):
    before = mesh.stats(r"wasm.*(created|active)$"), mesh.stats(r"cluster\.multihome.*upstream_rq_total")
    for _ in range(5):
        assert mesh.of_shop("POST", "/v1/chat/completions", {}, {"model": "gpt-6.1-sol"}).status == 200
    # A name of nobody's: Envoy's own 404, not our words for it.
    nobody = mesh.request("GET", "/v1/models", {"host": "nobody.contoso.test"}, tenant=None)
    assert (nobody.status, nobody.text) == (404, ""), nobody
    assert before == (mesh.stats(r"wasm.*(created|active)$"), mesh.stats(r"cluster\.multihome.*upstream_rq_total"))


def test_its_local_replies_keep_istios_words(mesh, shop):
    """The backend is away: Envoy says so, as it did before we came."""
    answer = mesh.request("GET", "/", {"host": SHOP, "upgrade": "nothing", "content-length": "x"}, tenant=None)
    assert answer.status == 400 and "error" not in answer.text, answer
