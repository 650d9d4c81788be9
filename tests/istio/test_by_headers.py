"""The form for an Istio before 1.31: a WasmPlugin that chooses by the headers. One request, one target."""

import pytest

from conftest import policy_of_mesh
from harness.process import until
from mesh.gateway import IstioGateway


@pytest.fixture(scope="module")
def by_headers(istio, processes, the_clouds, envoy, shop, issuer, tokens, tmp_path_factory):
    # Istio's own version, for which the whole form's patches would not hold.
    mesh = IstioGateway(processes, tmp_path_factory.mktemp("by-headers"), envoy, policy_of_mesh(the_clouds), the_clouds,
                        neighbour=shop, issuer=issuer, options=["--mode", "header", *tokens], version="1.30.2",
                        secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})
    mesh.await_serving(tenant="europe", headers={"x-multihome-model": "gpt-6.1-sol"})
    return mesh


# Who is asked, in which form, for which model, which target serves
SERVED = [
    ("only-azure", "chat", "gpt-6.1-sol", "azure-eastus2"),
    ("europe", "responses", "gpt-6.1-sol", "azure-sweden"),
    ("only-aws", "chat", "gpt-6.1-sol", "aws-use1"),
    ("only-gcp", "responses", "gpt-6.1-sol", "gcp-us"),
    ("only-openai", "chat", "gpt-6.1-sol", "openai-eu"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("tenant, form, model, target", SERVED)
def test_the_header_names_the_model(tenant, form, model, target, stream, by_headers):
    # The name that clients have for the model is replaced by the target's own, which is longer or shorter.
    answer = by_headers.ask("where?", tenant=tenant, form=form, model=model, stream=stream, headers={"x-multihome-model": model})
    assert (answer.status, answer.target, answer.attempts) == (200, target, 1), answer
    assert "where?" in answer.said and len(answer.records) == 1
    assert [name for name, _ in answer.records[0]["headers"] if name.startswith(("x-multihome", "x-tenant", "x-envoy", "x-b3"))] == []


# What is asked beside a chat of `acme`, status, code, who is asked
REFUSED = [
    ({}, 400, "missing_required_parameter", []),
    ({"headers": {"x-multihome-model": "gpt-99"}}, 404, "model_not_found", []),
    ({"headers": {"x-multihome-model": "gpt-4o"}}, 400, "invalid_header", []),
    ({"headers": {"x-multihome-model": "gpt-6.1-sol"}, "tenant": "nobody"}, 401, "unknown_tenant", []),
    # A client's own word for an endpoint is not taken, with a token or without.
    ({"headers": {"x-multihome-endpoint": "aws-use1"}}, 400, "missing_required_parameter", []),
    ({"headers": {"x-multihome-endpoint": "aws-use1"}, "tenant": None}, 403, "forbidden", []),
    ({"text": "[[azure 429]]", "headers": {"x-multihome-model": "gpt-6.1-sol"}}, 429, "rate_limit_exceeded", ["azure"]),
    ({"text": "[[azure 503]]", "headers": {"x-multihome-model": "gpt-6.1-sol"}}, 503, None, ["azure"]),
    ({"text": "[[azure 400]]", "headers": {"x-multihome-model": "gpt-6.1-sol"}}, 400, None, ["azure"]),
]


@pytest.mark.parametrize("asked, status, code, tried", REFUSED)
def test_what_it_cannot_do_is_refused(asked, status, code, tried, by_headers):
    answer = by_headers.ask(asked.pop("text", "hi"), **asked)
    assert (answer.status, answer.tried) == (status, tried), answer
    assert answer.error.get("message") and (code is None or answer.error["code"] == code), answer


def test_the_other_team_is_served_past_it(by_headers):
    headers = {"x-multihome-endpoint": "aws-use1", "x-multihome-model": "gpt-6.1-sol"}
    answer = by_headers.of_shop("POST", "/v1/chat/completions", headers, {"model": "gpt-6.1-sol"})
    assert (answer.status, answer.json["service"]) == (200, "shop"), answer
    assert {name: value for name, value in map(tuple, answer.json["headers"]) if name in headers} == headers


def test_without_the_plugin_no_request_leaves(start_mesh, policy, tokens):
    """Its routes and credentials are there, and a client says where to."""
    def without_plugin(objects):
        objects.pop("WasmPlugin policy", None)

    mesh = start_mesh(policy, options=["--mode", "header", *tokens], version="1.30.2", edit=without_plugin)
    until(lambda: mesh.ask().status == 503, "the host", 15)
    answer = mesh.ask(headers={"x-multihome-model": "gpt-6.1-sol", "x-multihome-endpoint": "aws-use1"})
    assert (answer.status, answer.error["code"], answer.tried) == (503, "gateway_unavailable", []), answer
