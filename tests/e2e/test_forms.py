"""What a cloud gets and what comes back, byte for byte: each cloud and surface, in each form of the API, whole and streamed."""

import json

import pytest

from harness import policies
from harness.direct import ask as ask_directly
from harness.gateway import PATHS, Question, permits_only
from harness.plans import permit
from harness.records import DOWN_EVERYWHERE, endpoints, header
from harness.tags import cloud_s_own

CHAT, RESPONSES = "chat", "responses"
GOOGLE = "/v1/projects/acme-ai/locations"
DATED = "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21"

# endpoint, form, model, the id that the cloud is asked for (None: the body is left as it is), host, path
FORMS = [
    ("azure-eastus2", CHAT, "gpt-6.1-sol", "gpt6sol-prod", "contoso-eastus2.openai.azure.com", "/openai/v1/chat/completions"),
    ("azure-eastus2", RESPONSES, "gpt-6.1-sol", "gpt6sol-prod", "contoso-eastus2.openai.azure.com", "/openai/v1/responses"),
    ("azure-eastus2", CHAT, "gpt-oss-120b", None, "contoso-eastus2.openai.azure.com", "/openai/v1/chat/completions"),
    ("azure-eastus2", CHAT, "gpt-4o", None, "contoso-eastus2.openai.azure.com", DATED),
    ("azure-sweden", CHAT, "gpt-6.1-sol", "gpt6sol-prod", "contoso-sweden.openai.azure.com", "/openai/v1/chat/completions"),
    ("azure-sweden", RESPONSES, "gpt-6.1-sol", "gpt6sol-prod", "contoso-sweden.openai.azure.com", "/openai/v1/responses"),
    ("aws-use1", CHAT, "gpt-6.1-sol", "us.openai.gpt-6.1-sol", "bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1/chat/completions"),
    ("aws-use1", RESPONSES, "gpt-6.1-sol", "us.openai.gpt-6.1-sol", "bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1/responses"),
    ("aws-use1", CHAT, "gpt-oss-120b", "openai.gpt-oss-120b-1:0", "bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1/chat/completions"),
    ("aws-euw1", CHAT, "gpt-6.1-sol", "eu.openai.gpt-6.1-sol", "bedrock-runtime.eu-west-1.amazonaws.com", "/openai/v1/chat/completions"),
    ("aws-euw1", RESPONSES, "gpt-6.1-sol", "eu.openai.gpt-6.1-sol", "bedrock-runtime.eu-west-1.amazonaws.com", "/openai/v1/responses"),
    ("aws-mantle", RESPONSES, "gpt-6.1-sol", "openai.gpt-6.1-sol", "bedrock-mantle.us-east-1.api.aws", "/openai/v1/responses"),
    ("aws-mantle", CHAT, "gpt-oss-120b", "openai.gpt-oss-120b", "bedrock-mantle.us-east-1.api.aws", "/v1/chat/completions"),
    ("aws-mantle", RESPONSES, "gpt-oss-120b", "openai.gpt-oss-120b", "bedrock-mantle.us-east-1.api.aws", "/v1/responses"),
    ("aws-mantle-key", RESPONSES, "gpt-6.1-sol", "openai.gpt-6.1-sol", "bedrock-mantle.us-west-2.api.aws", "/openai/v1/responses"),
    ("gcp-us", RESPONSES, "gpt-6.1-sol", None, "aiplatform.us.rep.googleapis.com", f"{GOOGLE}/us/publishers/openai/v1/responses"),
    ("gcp-us", CHAT, "gpt-oss-120b", "openai/gpt-oss-120b-maas", "aiplatform.us.rep.googleapis.com",
     f"{GOOGLE}/us/endpoints/openapi/chat/completions"),
    ("gcp-global", RESPONSES, "gpt-6.1-sol", None, "aiplatform.googleapis.com", f"{GOOGLE}/global/publishers/openai/v1/responses"),
    ("gcp-global", CHAT, "gpt-oss-120b", "openai/gpt-oss-120b-maas", "aiplatform.googleapis.com",
     f"{GOOGLE}/global/endpoints/openapi/chat/completions"),
    ("openai-eu", CHAT, "gpt-6.1-sol", None, "eu.api.openai.com", "/v1/chat/completions"),
    ("openai-eu", RESPONSES, "gpt-6.1-sol", None, "eu.api.openai.com", "/v1/responses"),
    ("openai-global", RESPONSES, "gpt-6.1-sol", None, "api.openai.com", "/v1/responses"),
]

# What the answer is made to hold; "" is the plain one
ANSWERS = ["", "padded", "filtered"]


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda answers: answers or "plain")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("row", FORMS, ids=lambda row: "-".join(row[:3]))
def test_both_ways_byte_for_byte(row, stream, answers, gateway, clouds):
    endpoint, form, model, id, host, path = row
    marker = f"[[{endpoint.split('-')[0]} {answers}]] " if answers else ""
    question = Question(f"{marker}[[events 7]] Grüße 😀", model, form, stream)
    body = json.dumps(question.body, ensure_ascii=False).encode()

    answer = gateway.request("POST", PATHS[form], [("x-tenant-policy", permits_only(endpoint))], body, tenant=None)

    [record] = clouds.records(question.mark)
    assert (record["host"], record["sni"], record["path"]) == (host, host, path)
    assert record["body"].encode() == (body if id is None else body.replace(b'"%s"' % model.encode(), b'"%s"' % id.encode(), 1))
    assert header(record, "content-length") == [str(len(record["body"].encode()))]
    expected = ask_directly(clouds, record)
    assert answer.status == expected.status == 200, answer
    # What a Responses client may bring back has a tag.
    said = cloud_s_own(answer.body) if form == RESPONSES else answer.body
    assert said == expected.body, "what the cloud says is what the client gets"
    assert answer["content-type"] == expected["content-type"]
    assert answer["content-length"] == (None if stream else str(len(answer.body)))


ASKED = '"messages":[{"role":"user","content":"MARK"}]'

# How a client writes its body, MODEL for the model's value, MARK for a mark in the text
BODIES = [
    ("the model first", '{"model":MODEL,' + ASKED + "}"),
    ("the model last", "{" + ASKED + ',"model":MODEL}'),
    ("spread out", '\n{\t"model" \r\n:  MODEL  ,\n ' + ASKED + "\n}\r\n "),
    ("an escaped key", r'{"mod\u0065l":MODEL,' + ASKED + "}"),
    ("nothing but the needed, in one line with spaces", '{ "model" : MODEL , ' + ASKED + " }"),
    ("the word in other places", '{"metadata":{"model":"gpt-6.1-sol"},"model":MODEL,"user":"model","messages":'
     '[{"role":"user","content":"\\"model\\":\\"gpt-6.1-sol\\" MARK","model":"gpt-6.1-sol"}]}'),
    ("numbers of many kinds", '{"model":MODEL,"seed":-0,"temperature":1.00e0,"max_completion_tokens":100,' + ASKED + "}"),
    ("escapes and letters of many kinds", '{"model":MODEL,"user":"\\u00e9\\/\\"\\\\é😀\\ud83d\\ude00\\u0000",' + ASKED + "}"),
    ("fields that the cloud does not know", '{"x_first":[1, 2.50,1e2],"model":MODEL,"x_last":{"a":null},' + ASKED + "}"),
    ("fields of a message that nobody knows", '{"model":MODEL,"messages":[{"x_cache":{"ttl":"5m"},"role":"user","content":"MARK"}]}'),
    ("two keys that nobody reads", '{"model":MODEL,"user":"a","user":"b",' + ASKED + "}"),
    ("a hundred and twenty levels", '{"model":MODEL,"x_deep":' + "[" * 120 + "]" * 120 + "," + ASKED + "}"),
    ("no value", '{"model":MODEL,"stop":null,"tools":null,"stream":null,"n":null,' + ASKED + "}"),
]


@pytest.mark.parametrize("endpoint, id", [("azure-eastus2", "gpt6sol-prod"), ("aws-use1", "us.openai.gpt-6.1-sol")])
@pytest.mark.parametrize("model", ['"gpt-6.1-sol"', r'"gpt\u002d6.1-s\u006Fl"'], ids=["plain", "escaped"])
@pytest.mark.parametrize("what, template", BODIES, ids=[row[0] for row in BODIES])
def test_nothing_of_a_body_but_the_model_changes(what, template, model, endpoint, id, gateway, clouds):
    mark = Question().mark
    template = template.replace("MARK", mark)

    gateway.request("POST", PATHS[CHAT], [("x-tenant-policy", permits_only(endpoint))],
                    template.replace("MODEL", model).encode(), tenant=None)

    # Whether the cloud likes it is the cloud's affair.
    [record] = clouds.records(mark)
    assert record["body"] == template.replace("MODEL", f'"{id}"')
    assert header(record, "content-length") == [str(len(record["body"].encode()))]


@pytest.mark.parametrize("model", ['"gpt-oss-120b"', r'"gpt-oss\u002d120b"'], ids=["plain", "escaped"])
@pytest.mark.parametrize("what, template", BODIES, ids=[row[0] for row in BODIES])
def test_a_body_that_is_right_already_is_left_alone(what, template, model, gateway, clouds):
    mark = Question().mark
    template = template.replace("MARK", mark).replace("MODEL", model)

    gateway.request("POST", PATHS[CHAT], [("x-tenant-policy", permits_only("azure-eastus2"))], template.encode(), tenant=None)

    [record] = clouds.records(mark)
    assert record["body"] == template


# The body where the path names the model, and what azure and aws get
UNNAMED = [
    ("{%s}", '{"model":"%s",%s}'),
    (" { %s}", ' {"model":"%s", %s}'),
    ('{%s,"model":"gpt-6.1-sol"}', None),
    ('{%s,"model":"something else"}', None),
    # LangChain's client for Azure
    ('{%s,"model":null}', None),
]


@pytest.mark.parametrize("template, named", UNNAMED)
def test_a_model_that_stands_in_the_path_is_put_into_the_body(template, named, gateway, clouds):
    question = Question("[[azure 429]]")
    asked = json.dumps({"messages": question.body["messages"]})[1:-1]

    answer = gateway.request("POST", "/openai/deployments/gpt-6.1-sol/chat/completions", body=(template % asked).encode())

    assert (answer.status, answer.target) == (200, "aws-use1"), answer
    for record, id in zip(clouds.records(question.mark), ["gpt6sol-prod", "us.openai.gpt-6.1-sol"], strict=True):
        written = template[: template.rindex(":") + 1] % asked + f'"{id}"}}' if named is None else named % (id, asked)
        assert record["body"] == written
        assert header(record, "content-length") == [str(len(written))]


# form, model, targets that fail before the last, what each gets: an id, or None for the client's own bytes
IN_TURN = [
    (RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "aws-use1", "gcp-us"], ["gpt6sol-prod", "us.openai.gpt-6.1-sol", None]),
    (RESPONSES, "gpt-6.1-sol", ["azure-eastus2", "gcp-global"], ["gpt6sol-prod", None]),
    (RESPONSES, "gpt-6.1-sol", ["gcp-global", "azure-eastus2"], [None, "gpt6sol-prod"]),
    (RESPONSES, "gpt-6.1-sol", ["gcp-us", "aws-mantle"], [None, "openai.gpt-6.1-sol"]),
    (CHAT, "gpt-oss-120b", ["azure-eastus2", "aws-use1"], [None, "openai.gpt-oss-120b-1:0"]),
    (CHAT, "gpt-oss-120b", ["aws-use1", "azure-eastus2"], ["openai.gpt-oss-120b-1:0", None]),
    (CHAT, "gpt-oss-120b", ["gcp-global", "aws-mantle", "azure-eastus2"], ["openai/gpt-oss-120b-maas", "openai.gpt-oss-120b", None]),
    (CHAT, "gpt-6.1-sol", ["azure-eastus2", "azure-sweden"], ["gpt6sol-prod", "gpt6sol-prod"]),
    (CHAT, "gpt-6.1-sol", ["openai-eu", "azure-sweden"], [None, "gpt6sol-prod"]),
    (RESPONSES, "gpt-6.1-sol", ["azure-sweden", "openai-eu", "openai-global"], ["gpt6sol-prod", None, None]),
]


@pytest.mark.parametrize("extra", [[], [("user-agent", "x")], [("x-anything", "else")]], ids=["bare", "a known header", "another header"])
@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("form, model, targets, ids", IN_TURN)
def test_each_target_gets_its_own_form_of_the_same_body(form, model, targets, ids, http, extra, gateway, clouds):
    question = Question(DOWN_EVERYWHERE, model, form)
    body = json.dumps(question.body)
    order = list(dict.fromkeys(target.split("-")[0] for target in targets))
    headers = [permit(targets, order), ("content-length", str(len(body))), *extra]

    answer = gateway.request("POST", PATHS[form], headers, body.encode(), http=http, tenant=None)

    assert answer.status == 503, answer
    records = clouds.records(question.mark)
    assert endpoints(records, policies.base(clouds)) == targets
    for record, id in zip(records, ids, strict=True):
        written = body if id is None else body.replace(f'"{model}"', f'"{id}"', 1)
        assert (record["status"], record["body"]) == (503, written)
        assert header(record, "content-length") == [str(len(written))]


# A client's form, the targets that are permitted, which of them are asked
SPOKEN = [
    (CHAT, ["gcp-us", "gcp-global", "aws-mantle", "aws-use1"], ["aws-use1"]),
    (CHAT, ["gcp-us", "azure-eastus2", "aws-mantle-key"], ["azure-eastus2"]),
    (RESPONSES, ["gcp-us", "gcp-global", "aws-mantle"], ["aws-mantle", "gcp-us", "gcp-global"]),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("form, targets, asked", SPOKEN)
def test_without_translation_no_target_is_asked_in_a_form_that_it_does_not_speak(form, targets, asked, stream, gateway, clouds):
    headers = [permit(targets, translate=False)]
    answer = gateway.ask(DOWN_EVERYWHERE, form=form, stream=stream, tenant=None, headers=headers)

    assert answer.status == 503
    assert endpoints(answer.records, policies.base(clouds)) == asked


# A client's form, a model that has targets in the other form only, where the client is sent
UNSPOKEN = [
    (CHAT, "responses-only", "/v1/responses"),
    (RESPONSES, "chat-only", "/v1/chat/completions"),
    (RESPONSES, "gpt-4o", "/v1/chat/completions"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_model_of_the_other_form_is_refused(stream, policy, start_gateway, clouds):
    """Where the model, or the target, must not be translated for."""
    responses_only = policies.target("gcp-us", "gpt-6.1-sol", "openai.responses", 1, 1)
    policy["models"]["responses-only"] = {"translate": False, "targets": [responses_only]}
    policy["models"]["chat-only"] = [{**policies.target("azure-eastus2", "gpt6sol-prod", "openai.chat", 1, 1), "translate": False}]
    alone = start_gateway(policy)
    for form, model, elsewhere in UNSPOKEN:
        answer = alone.ask(model=model, form=form, stream=stream)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "unsupported_operation", "model")
        assert elsewhere in answer.error["message"]
        assert answer.records == []


def test_the_quirks_of_azures_streams_come_through(gateway):
    """Its first chunk has no choices, and its filter speaks after the end, without a delta."""
    events = gateway.ask("hi", model="gpt-4o", stream=True).events
    assert events[0]["choices"] == [] and events[0]["prompt_filter_results"]
    assert events[-1] == "[DONE]"
    assert "delta" not in events[-2]["choices"][0] and events[-2]["choices"][0]["content_filter_offsets"]


def test_events_that_nobody_knows_come_through(gateway):
    answer = gateway.ask("[[azure padded]]", form=RESPONSES, stream=True)
    assert 'event: response.vendor_note\ndata: {"type":"response.vendor_note","note":[1, 2.50]}\n\n' in answer.text
    assert answer.text.count(": ping\n\n") > 5
    assert '"numbers":[1, 2.50,1e2],"text":"\\u00e9\\/"' in answer.text
