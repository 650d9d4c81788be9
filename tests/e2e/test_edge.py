"""What a client may ask for: operations by their paths, tenants, models, and headers that narrow what policy allows."""

import pytest

from harness import policies
from harness.gateway import Question
from harness.records import DOWN_EVERYWHERE, endpoints, serving

CHAT, RESPONSES = "chat", "responses"
DATED = "/openai/deployments/gpt-6.1-sol"

# path, form, model in the body (None: the path names it), where azure is asked
SERVED = [
    ("/v1/chat/completions", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/v1/responses", RESPONSES, "gpt-6.1-sol", "/openai/v1/responses"),
    ("/openai/v1/chat/completions", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/openai/v1/chat/completions?api-version=preview", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/openai/v1/responses?api-version=latest", RESPONSES, "gpt-6.1-sol", "/openai/v1/responses"),
    ("/openai/responses?api-version=2025-04-01-preview", RESPONSES, "gpt-6.1-sol", "/openai/v1/responses"),
    (f"{DATED}/chat/completions?api-version=2024-10-21", CHAT, None, "/openai/v1/chat/completions"),
    (f"{DATED}/chat/completions?api-version=2024-10-21", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    # Of two names the path's counts, as it does at Azure.
    (f"{DATED}/chat/completions?api-version=2024-10-21", CHAT, "gpt-oss-120b", "/openai/v1/chat/completions"),
    (f"{DATED}/responses", RESPONSES, None, "/openai/v1/responses"),
    ("/openai/deployments/gpt%2D6.1-sol/chat/completions", CHAT, None, "/openai/v1/chat/completions"),
    # The version is the target's, whatever the client writes; nothing of a query goes to a cloud.
    ("/openai/deployments/gpt-4o/chat/completions?api-version=2019-01-01&x=y", CHAT, None,
     "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21"),
    ("/v1/chat/completions", CHAT, "gpt-4o",
     "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21"),
    ("/v1/chat/completions?model=gpt-oss-120b", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/v1/chat/completions/", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/v1/responses/?a=b", RESPONSES, "gpt-6.1-sol", "/openai/v1/responses"),
    ("/v1/chat/completions//", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
    ("/v1/../v1//chat/./completions", CHAT, "gpt-6.1-sol", "/openai/v1/chat/completions"),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("path, form, model, asked_at", SERVED)
def test_serves_the_paths_of_openai_and_azure(path, form, model, asked_at, http, gateway, clouds):
    question = Question(form=form, model=model)
    body = {key: value for key, value in question.body.items() if value is not None}

    answer = gateway.request("POST", path, body=body, http=http)

    assert (answer.status, answer.target) == (200, "azure-eastus2"), answer
    [record] = clouds.records(question.mark)
    assert (record["path"], record["status"]) == (asked_at, 200)


# method, path, status, code, the method that it has
REFUSED = [
    ("GET", "/v1/chat/completions", 405, "method_not_allowed", "POST"),
    ("PUT", "/v1/responses", 405, "method_not_allowed", "POST"),
    ("DELETE", "/openai/deployments/gpt-6.1-sol/chat/completions", 405, "method_not_allowed", "POST"),
    ("PATCH", "/openai/v1/responses", 405, "method_not_allowed", "POST"),
    ("TRACE", "/v1/chat/completions", 405, "method_not_allowed", "POST"),
    ("OPTIONS", "/v1/chat/completions", 405, "method_not_allowed", "POST"),
    ("POST", "/v1/models", 405, "method_not_allowed", "GET"),
    ("HEAD", "/v1/models", 405, None, "GET"),
    ("DELETE", "/v1/models/gpt-6.1-sol", 405, "method_not_allowed", "GET"),
    ("GET", "/", 404, "unknown_url", None),
    ("POST", "/v1", 404, "unknown_url", None),
    ("POST", "/v1/embeddings", 404, "unknown_url", None),
    ("POST", "/V1/chat/completions", 404, "unknown_url", None),
    ("POST", "/chat/completions", 404, "unknown_url", None),
    ("POST", "/openai/chat/completions", 404, "unknown_url", None),
    ("POST", "/openai/deployments//chat/completions", 404, "unknown_url", None),
    ("POST", "/openai/deployments/gpt-6.1-sol/embeddings", 404, "unknown_url", None),
    ("POST", "/openai/deployments/..%2f..%2fv1/chat/completions", 404, "unknown_url", None),
    ("GET", "/v1/responses/resp_1/output", 404, "unknown_url", None),
    ("POST", "/v1/models/", 405, "method_not_allowed", "GET"),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("method, path, status, code, allow", REFUSED)
def test_refuses_what_is_no_operation(method, path, status, code, allow, http, gateway, clouds):
    answer = gateway.request(method, path, body=None if method in ("GET", "HEAD") else {}, http=http)

    assert (answer.status, answer["allow"]) == (status, allow), answer
    assert answer["content-type"] == "application/json" and answer["x-request-id"]
    if code:
        assert (answer.error["type"], answer.error["code"]) == ("invalid_request_error", code)
        assert path.split("?")[0].rstrip("/").rsplit("/", 1)[-1].split("%")[0] in answer.error["message"]
    assert serving(clouds.records()) == []


# the header's values, status, code
TENANTS = [
    (["acme"], 200, None),
    ([" acme\t"], 200, None),
    ([], 401, "unknown_tenant"),
    ([""], 401, "unknown_tenant"),
    (["nobody"], 401, "unknown_tenant"),
    (["ACME"], 401, "unknown_tenant"),
    (["acme,acme"], 401, "unknown_tenant"),
    (["*"], 401, "unknown_tenant"),
    ([b"\xff\xfe"], 401, "unknown_tenant"),
    (["a" * 2000], 401, "unknown_tenant"),
    (["acme", "acme"], 400, "invalid_header"),
    (["nobody", "acme"], 400, "invalid_header"),
]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-6.1-sol", "/v1/chat/completions"])
@pytest.mark.parametrize("values, status, code", TENANTS, ids=lambda value: repr(value)[:30])
def test_knows_its_tenants(values, status, code, path, gateway, clouds):
    headers = [("x-tenant-id", value) for value in values]
    body = {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": "hi"}]} if "chat" in path else None
    answer = gateway.request("POST" if body else "GET", path, headers, body, tenant=None)

    assert (answer.status, answer.error.get("code")) == (status, code), answer
    if status != 200:
        assert serving(clouds.records()) == []


# tenant, headers, the models that it is shown
MODELS = [
    ("acme", {}, ["gpt-4o", "gpt-6.1-sol", "gpt-oss-120b"]),
    ("gcp-first", {}, ["gpt-4o", "gpt-6.1-sol", "gpt-oss-120b"]),
    ("europe", {}, ["gpt-6.1-sol"]),
    ("azure-only", {}, ["gpt-4o", "gpt-6.1-sol", "gpt-oss-120b"]),
    ("aws-only", {}, ["gpt-oss-120b"]),
    ("acme", {"x-multihome-clouds": "gcp"}, ["gpt-6.1-sol", "gpt-oss-120b"]),
    ("acme", {"x-multihome-clouds": "azure"}, ["gpt-4o", "gpt-6.1-sol", "gpt-oss-120b"]),
    ("acme", {"x-multihome-residency": "eu"}, []),
    ("europe", {"x-multihome-clouds": "gcp"}, []),
]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/", "/openai/v1/models?api-version=preview", "/openai/models"])
@pytest.mark.parametrize("tenant, headers, models", MODELS)
def test_lists_the_models_of_a_tenant(tenant, headers, models, path, gateway):
    answer = gateway.request("GET", path, headers, tenant=tenant)

    assert answer.status == 200 and answer.json["object"] == "list"
    assert [model["id"] for model in answer.json["data"]] == models
    assert all(set(model) == {"id", "object", "created", "owned_by"} for model in answer.json["data"])


# tenant, headers, the path's last part, status, code
SHOWN = [
    ("acme", {}, "gpt-6.1-sol", 200, None),
    ("acme", {}, "gpt%2D6.1%2Dsol", 200, None),
    ("europe", {}, "gpt-6.1-sol", 200, None),
    ("europe", {}, "gpt-4o", 404, "model_not_found"),
    ("acme", {}, "gpt-99", 404, "model_not_found"),
    ("europe", {}, "gpt-99", 404, "model_not_found"),
    ("europe", {"x-multihome-clouds": "gcp"}, "gpt-6.1-sol", 404, "model_not_found"),
]


@pytest.mark.parametrize("tenant, headers, model, status, code", SHOWN)
def test_shows_a_model(tenant, headers, model, status, code, gateway):
    answer = gateway.request("GET", f"/v1/models/{model}", headers, tenant=tenant)

    assert (answer.status, answer.error.get("code")) == (status, code)
    if status == 200:
        assert answer.json == {"id": "gpt-6.1-sol", "object": "model", "created": 0, "owned_by": "multihome"}
    else:
        assert answer.error["param"] == "model"


CLOUDS, RESIDENCY = "x-multihome-clouds", "x-multihome-residency"
ORDER, ATTEMPTS = "x-multihome-order", "x-multihome-max-attempts"

# tenant, headers, form, model, every endpoint of the plan
PLANS = [
    ("acme", {}, CHAT, "gpt-6.1-sol", ["azure-eastus2", "aws-use1", "aws-mantle"]),
    ("acme", {}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "aws-use1", "aws-mantle"]),
    ("gcp-first", {}, CHAT, "gpt-6.1-sol", ["gcp-us", "aws-use1", "aws-mantle"]),
    ("gcp-first", {}, RESPONSES, "gpt-6.1-sol", ["gcp-us", "aws-use1", "aws-mantle"]),
    ("gcp-first", {}, RESPONSES, "gpt-oss-120b", ["gcp-us", "aws-mantle", "aws-use1"]),
    ("europe", {}, RESPONSES, "gpt-6.1-sol", ["azure-sweden", "aws-euw1"]),
    ("azure-only", {}, CHAT, "gpt-6.1-sol", ["azure-eastus2", "azure-sweden"]),
    ("aws-only", {}, CHAT, "gpt-oss-120b", ["aws-use1"]),
    # It narrows …
    ("acme", {CLOUDS: "aws"}, RESPONSES, "gpt-6.1-sol", ["aws-use1", "aws-mantle", "aws-mantle-key"]),
    ("acme", {CLOUDS: "gcp"}, RESPONSES, "gpt-6.1-sol", ["gcp-us"]),
    ("acme", {CLOUDS: "gcp,azure"}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "gcp-us"]),
    ("acme", {CLOUDS: " gcp , azure "}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "gcp-us"]),
    ("azure-only", {RESIDENCY: "eu"}, CHAT, "gpt-6.1-sol", ["azure-sweden"]),
    ("azure-only", {RESIDENCY: "us"}, CHAT, "gpt-6.1-sol", ["azure-eastus2"]),
    ("azure-only", {RESIDENCY: "eu,us"}, CHAT, "gpt-6.1-sol", ["azure-eastus2", "azure-sweden"]),
    ("acme", {ATTEMPTS: "1"}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2"]),
    ("acme", {ATTEMPTS: "2"}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "aws-use1"]),
    ("acme", {ORDER: "cheapest"}, RESPONSES, "gpt-6.1-sol", ["gcp-us", "azure-eastus2", "aws-use1"]),
    ("acme", {ORDER: "cheapest"}, CHAT, "gpt-oss-120b", ["gcp-us", "aws-use1", "aws-mantle"]),
    ("acme", {ORDER: "ordered"}, CHAT, "gpt-oss-120b", ["azure-eastus2", "aws-use1", "aws-mantle"]),
    ("acme", {ORDER: "cheapest", CLOUDS: "aws,azure", ATTEMPTS: "2"}, CHAT, "gpt-oss-120b", ["aws-use1", "aws-mantle"]),
    # … and never widens.
    ("europe", {CLOUDS: "azure,aws,gcp"}, RESPONSES, "gpt-6.1-sol", ["azure-sweden", "aws-euw1"]),
    ("europe", {RESIDENCY: "eu,us,global"}, RESPONSES, "gpt-6.1-sol", ["azure-sweden", "aws-euw1"]),
    ("aws-only", {CLOUDS: "aws,gcp"}, CHAT, "gpt-oss-120b", ["aws-use1"]),
    ("acme", {ATTEMPTS: "32"}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "aws-use1", "aws-mantle"]),
    ("acme", {ATTEMPTS: "4294967295"}, RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "aws-use1", "aws-mantle"]),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("tenant, headers, form, model, plan", PLANS)
def test_tries_what_policy_and_headers_leave(tenant, headers, form, model, plan, http, gateway, clouds):
    answer = gateway.ask(DOWN_EVERYWHERE, tenant=tenant, headers=headers, form=form, model=model, http=http)

    assert endpoints(answer.records, policies.base(clouds)) == plan, answer
    assert (answer.status, answer.attempts) == (503, len(plan))
