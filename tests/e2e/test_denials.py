"""Requests that are refused: with which status, in which words, and naming the rule; nothing of it reaches a cloud."""

import json

import pytest

from harness import policies
from demo.own import targets_of
from harness.records import host_of, serving

INVALID, AUTHENTICATION, PERMISSION = "invalid_request_error", "authentication_error", "permission_error"
CLOUDS, RESIDENCY = "x-multihome-clouds", "x-multihome-residency"
ORDER, ATTEMPTS = "x-multihome-order", "x-multihome-max-attempts"


def carrying(**policy):
    """A policy that allows everything but what is said here."""
    allowed = {"clouds": ["azure", "aws", "gcp"], "residency": ["us", "eu", "global"], "models": ["*"]}
    return {"tenant": None, "headers": {"x-tenant-policy": json.dumps(allowed | policy)}}


def header(name, *values):
    return {"headers": [(name, value) for value in values]}


# what is asked beside a chat with gpt-6.1-sol by acme, status, type, code, param, what the message says
DENIED = [
    # Who asks
    ({"tenant": "nobody"}, 401, AUTHENTICATION, "unknown_tenant", None, "tenant"),
    ({"tenant": None}, 401, AUTHENTICATION, "unknown_tenant", None, "tenant"),
    (header("x-tenant-id", "acme", "acme"), 400, INVALID, "invalid_header", "x-tenant-id", "`x-tenant-id` stands more than once"),
    # Which model
    ({"model": "gpt-99"}, 404, INVALID, "model_not_found", "model", "`gpt-99` does not exist"),
    ({"model": "GPT-6-SOL"}, 404, INVALID, "model_not_found", "model", "`GPT-6-SOL`"),
    ({"model": "gpt-6*"}, 404, INVALID, "model_not_found", "model", "`gpt-6*`"),
    ({"model": ""}, 404, INVALID, "model_not_found", "model", "``"),
    ({"model": None}, 400, INVALID, "missing_required_parameter", "model", "set `model`"),
    ({"model": ["gpt-6.1-sol"]}, 400, INVALID, "invalid_type", "model", "`model` has to be a string"),
    ({"tenant": "europe", "model": "gpt-4o"}, 404, INVALID, "model_not_found", "model", "this tenant may not use it"),
    ({"tenant": "aws-only"}, 404, INVALID, "model_not_found", "model", "this tenant may not use it"),
    (carrying(models=["gpt-4*"]), 404, INVALID, "model_not_found", "model", "this tenant may not use it"),
    (carrying(models=[]), 404, INVALID, "model_not_found", "model", "this tenant may not use it"),
    # Which targets
    (carrying(clouds=["gcp"]) | {"model": "gpt-4o"}, 403, PERMISSION, "no_target_allowed", "clouds", "Rule `clouds`"),
    (carrying(clouds=[]), 403, PERMISSION, "no_target_allowed", "clouds", "Rule `clouds`"),
    (carrying(residency=["eu"]) | {"model": "gpt-4o"}, 403, PERMISSION, "no_target_allowed", "residency", "Rule `residency`"),
    (carrying(residency=["mars"]), 403, PERMISSION, "no_target_allowed", "residency", "Rule `residency`"),
    (carrying(targets=["aws-*"]) | {"model": "gpt-4o"}, 403, PERMISSION, "no_target_allowed", "targets", "Rule `targets`"),
    (carrying(targets=[]), 403, PERMISSION, "no_target_allowed", "targets", "Rule `targets`"),
    ({"model": "gpt-4o", **header(CLOUDS, "gcp")}, 403, PERMISSION, "no_target_allowed", CLOUDS, f"Rule `{CLOUDS}`"),
    ({"tenant": "europe", **header(CLOUDS, "gcp")}, 403, PERMISSION, "no_target_allowed", CLOUDS, f"Rule `{CLOUDS}`"),
    (header(RESIDENCY, "eu"), 403, PERMISSION, "no_target_allowed", RESIDENCY, f"Rule `{RESIDENCY}`"),
    ({"tenant": "europe", **header(ORDER, "cheapest")}, 403, PERMISSION, "order_not_allowed", ORDER, "rule `order`"),
    # Headers that make no sense
    (header(CLOUDS, "azur"), 400, INVALID, "invalid_header", CLOUDS, "`azur`"),
    (header(CLOUDS, "azure;aws"), 400, INVALID, "invalid_header", CLOUDS, "`azure;aws`"),
    (header(CLOUDS, "azure,,aws"), 400, INVALID, "invalid_header", CLOUDS, "empty word"),
    (header(CLOUDS, ""), 400, INVALID, "invalid_header", CLOUDS, "empty word"),
    (header(CLOUDS, "*"), 400, INVALID, "invalid_header", CLOUDS, "`*`"),
    (header(CLOUDS, "azure", "aws"), 400, INVALID, "invalid_header", CLOUDS, "more than once"),
    (header(CLOUDS, b"\xff\xfe"), 400, INVALID, "invalid_header", CLOUDS, "UTF-8"),
    (header(RESIDENCY, "mars"), 403, PERMISSION, "no_target_allowed", RESIDENCY, "leaves no target"),
    (header(RESIDENCY, "us,"), 400, INVALID, "invalid_header", RESIDENCY, "empty word"),
    (header(RESIDENCY, b"\xff\xfe"), 400, INVALID, "invalid_header", RESIDENCY, "UTF-8"),
    (header(ORDER, "fastest"), 400, INVALID, "invalid_header", ORDER, "ordered, weighted or cheapest"),
    (header(ORDER, ""), 400, INVALID, "invalid_header", ORDER, "ordered, weighted or cheapest"),
    (header(ORDER, "ordered", "ordered"), 400, INVALID, "invalid_header", ORDER, "more than once"),
    (header(ORDER, b"\xff\xfe"), 400, INVALID, "invalid_header", ORDER, "UTF-8"),
    *[(header(ATTEMPTS, value), 400, INVALID, "invalid_header", ATTEMPTS, "whole number from 1")
      for value in ("0", "-1", "1.5", "two", "", "99999999999", "1,2")],
    (header(ATTEMPTS, b"\xff\xfe"), 400, INVALID, "invalid_header", ATTEMPTS, "UTF-8"),
    # What a body is sent as
    (header("content-type", "text/plain"), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-type", ""), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-type", "application/jsonl"), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-type", "multipart/form-data; boundary=x"), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-type", b"\xff\xfe"), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-type", "application/json", "text/plain"), 415, INVALID, "unsupported_media_type", "content-type", "application/json"),
    (header("content-encoding", "gzip"), 415, INVALID, "unsupported_content_encoding", "content-encoding", "compressed"),
    (header("content-encoding", "br"), 415, INVALID, "unsupported_content_encoding", "content-encoding", "compressed"),
    (header("content-encoding", "identity, gzip"), 415, INVALID, "unsupported_content_encoding", "content-encoding", "compressed"),
    (header("content-encoding", "identity", "gzip"), 415, INVALID, "unsupported_content_encoding", "content-encoding", "compressed"),
    ({"model": "gpt-4o", **header("content-encoding", "gzip")}, 415, INVALID, "unsupported_content_encoding",
     "content-encoding", "compressed"),
    ({"text": "x" * (8 << 20)}, 413, INVALID, "request_too_large", None, "8388608 bytes"),
    # What no target can do
    ({"model": "gpt-4o", "form": "responses"}, 400, INVALID, "unsupported_operation", "model", "/v1/chat/completions"),
    (carrying(targets=["aws-use1", "gcp-us"]) | {"form": "responses", "background": True}, 400, INVALID, "unsupported_feature", None,
     "background"),
    ({"form": "responses", "background": "true"}, 400, INVALID, "invalid_type", "background", "a boolean"),
    (carrying(targets=["aws-use1"]) | {"form": "responses", "tools": [{"type": "web_search"}]}, 400, INVALID,
     "unsupported_feature", None, "web_search"),
    (carrying(targets=["aws-*"]) | {"form": "responses", "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
     400, INVALID, "unsupported_feature", None, "code_interpreter"),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("asked, status, kind, code, param, says", DENIED, ids=lambda value: None if value is None else str(value)[:50])
def test_says_why(asked, status, kind, code, param, says, http, gateway, clouds):
    answer = gateway.ask(**{"http": http, **asked})

    assert answer.status == status, answer
    error = answer.error
    assert (error["type"], error["code"], error["param"]) == (kind, code, param)
    assert says in error["message"]
    assert answer["content-type"] == "application/json" and answer["x-request-id"]
    assert answer.target is None and answer.attempts == 0
    assert serving(clouds.records()) == [], "a request that is refused goes nowhere"
    told = secrets_in(answer, asked, policies.base(clouds))
    if code == "unsupported_feature":
        # Which of the targets that policy allows it lack what it uses.
        told = [name for name in told if name not in policies.base(clouds)["endpoints"]]
    assert not told, "it is told nothing that it did not say itself"


def secrets_in(answer, asked, policy):
    """The names of tenants, endpoints, hosts and deployments that an answer tells, but for those of the request."""
    names = [*policy["tenants"], *policy["endpoints"], *map(host_of, policy["endpoints"].values())]
    names += [target["id"] for targets in policy["models"].values() for target in targets_of(targets)]
    told = answer.text + str(answer.headers)
    own = {str(asked.get("tenant", "acme")), str(asked.get("model", "gpt-6.1-sol"))}
    return [name for name in names if name not in own and name in told]
