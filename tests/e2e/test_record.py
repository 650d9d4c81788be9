"""What a line of the access log says of a request: one record, whatever became of it."""

import re
import subprocess

import pytest

import places
from harness.process import until

VERSION = re.compile(r"[0-9a-f]{16}")
USAGE = re.compile(r"\d+(/\d+){3}")


def record(gateway, answer):
    """The record of an answer, as a map; the policy's version is looked at and left out."""
    [line] = gateway.access(answer, 1)
    fields = dict(word.split("=", 1) for word in line["record"].split(" "))
    assert VERSION.fullmatch(fields.pop("policy")), line
    fields.pop("id")
    assert USAGE.fullmatch(fields.pop("usage", "0/0/0/0")), line
    return fields


SERVED = {"tenant": "acme", "by": "header", "model": "gpt-6.1-sol", "api": "chat", "form": "openai.chat"}

# The text, more of the request, and what the record says (of `unfit` the first)
ROWS = [
    ("hi", {}, {**SERVED, "tries": "azure-eastus2:200"}),
    ("hi", {"stream": True}, {**SERVED, "tries": "azure-eastus2:200"}),
    ("[[azure 429]]", {}, {**SERVED, "tries": "azure-eastus2:429>aws-use1:200"}),
    ("[[azure 429]]", {"http": 2, "stream": True}, {**SERVED, "tries": "azure-eastus2:429>aws-use1:200"}),
    ("[[azure reset]]", {}, {**SERVED, "tries": "azure-eastus2:reset>azure-eastus2:reset>aws-use1:200"}),
    ("[[azure 400]]", {}, {**SERVED, "tries": "azure-eastus2:400", "error": "BadRequest"}),
    ("[[azure 429]] [[aws 500]]", {"headers": [("x-multihome-max-attempts", "2")]},
     {**SERVED, "tries": "azure-eastus2:429>aws-use1:500", "error": "rate_limit_exceeded"}),
    ("hi", {"form": "responses", "only": "gcp-us"},
     {"by": "header", "model": "gpt-6.1-sol", "api": "responses", "form": "openai.responses", "tries": "gcp-us:200"}),
    ("hi", {"model": "gpt-oss-120b", "tenant": "europe"},
     {"tenant": "europe", "by": "header", "model": "gpt-oss-120b", "api": "chat", "error": "model_not_found", "rule": "models"}),
    ("hi", {"tenant": "europe", "headers": [("x-multihome-clouds", "gcp")]},
     {"tenant": "europe", "by": "header", "model": "gpt-6.1-sol", "api": "chat", "error": "no_target_allowed", "rule": "x-multihome-clouds"}),
    ("hi", {"tenant": "nobody"}, {"error": "unknown_tenant"}),
    ("hi", {"model": "a model\nthat forges=fields"}, {"tenant": "acme", "by": "header", "api": "chat", "error": "model_not_found"}),
]


@pytest.mark.parametrize("text, more, expected", ROWS)
def test_says_who_asked_what_was_tried_and_why_it_failed(text, more, expected, gateway):
    found = record(gateway, gateway.ask(text, **more))
    found.pop("unfit", None)
    assert found == expected


def usage_of(form, answer):
    """What an answer, whole or streamed, says that it took, as the record has it."""
    said = answer.json if answer["content-type"] == "application/json" else None
    for event in answer.events if said is None else ():
        if event == "[DONE]":
            continue
        said = event.get("response", event) if (event.get("response") or event).get("usage") else said
    usage = said["usage"]
    of, to = ("input", "output") if form == "responses" else ("prompt", "completion")
    details = [usage.get(f"{side}_tokens_details") or {} for side in (of, to)]
    counts = usage[f"{of}_tokens"], details[0].get("cached_tokens", 0), usage[f"{to}_tokens"], details[1].get("reasoning_tokens", 0)
    return "/".join(map(str, counts))


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize("more", [{}, {"stream": True}], ids=["whole", "stream"])
def test_says_what_a_completion_took(form, more, gateway):
    if more and form == "chat":
        more = {**more, "stream_options": {"include_usage": True}}
    answer = gateway.ask("hi", form=form, **more)
    [line] = gateway.access(answer, 1)
    assert f" usage={usage_of(form, answer)}" in line["record"], answer.text


def test_says_why_the_others_were_not_tried(gateway):
    unfit = record(gateway, gateway.ask())["unfit"].split(",")
    assert {"azure-sweden:residency", "aws-euw1:residency", "gcp-global:residency"} <= set(unfit)
    # A model that must not be translated for.
    assert record(gateway, gateway.ask(model="gpt-4o", form="responses"))["unfit"] == "azure-eastus2:form"


def test_names_the_policy_that_decided(gateway):
    [line] = gateway.access(gateway.ask(), 1)
    [other] = gateway.access(gateway.request("GET", "/v1/models"), 1)
    version = re.search(r"policy=(\S+)", line["record"])[1]
    assert version in other["record"]
    checked = subprocess.run([places.CLI, "check", gateway.directory / "policy.yaml"], capture_output=True, text=True)
    assert checked.stdout.endswith(f"; version {version}\n"), "`multihome check` prints the version of the same file"


def test_is_whole_where_the_client_leaves(gateway):
    """The client goes away while the cloud thinks: what was begun is there all the same."""
    connection = gateway.connect(http=2)
    question = b'{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"[[azure delay ms=5000]]"}]}'
    before = len(gateway.access_log.read_text().splitlines())
    connection.send("POST", "/v1/chat/completions", [("x-tenant-id", "acme"), ("content-type", "application/json")], question)
    until(lambda: gateway.clouds.records(), "the cloud to be asked")
    connection.close()
    [line] = until(lambda: gateway.access_log.read_text().splitlines()[before:], "the line")
    assert "tries=azure-eastus2:open" in line


def test_is_there_after_a_local_reply_in_mid_body(gateway):
    answer = gateway.request("POST", "/v1/chat/completions", body="x" * 9_000_000)
    assert record(gateway, answer)["error"] == "request_too_large"


def test_keeps_the_hops_id_beside_the_clouds(gateway):
    answer = gateway.ask(headers=[("x-request-id", "hop-4711")])
    assert answer["x-request-id"] != "hop-4711"
    [line] = gateway.access(answer, 1)
    assert line["record"].startswith("id=hop-4711 ")
    assert line["request_id"] == answer["x-request-id"]
