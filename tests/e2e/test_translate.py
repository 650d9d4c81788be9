"""A client of one API on a target that speaks the other: whole and streamed, with tools, after a failure and before one."""

import json

import pytest

CHAT, RESPONSES = "chat", "responses"


@pytest.fixture
def translating(policy, start_gateway):
    """Google speaks Responses only for one model, chat only for the other."""
    gateway = start_gateway(policy)
    gateway.await_serving(only="gcp-us", form=RESPONSES)
    return gateway


WEATHER = {"name": "weather", "description": "The weather of a place.",
           "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"],
                          "additionalProperties": False}}
TOOLS = {CHAT: [{"type": "function", "function": WEATHER}], RESPONSES: [{"type": "function", "strict": False, **WEATHER}]}
# What a target of the other API could not keep.
STATELESS = {CHAT: {}, RESPONSES: {"store": False}}
# What the client speaks, the model, and the path on which Google serves it.
WAYS = [(CHAT, "gpt-6.1-sol", "/responses"), (RESPONSES, "gpt-oss-120b", "/chat/completions")]


def texts_of(form, answer):
    """What a client of that API reads as text, whole or streamed."""
    if answer["content-type"].startswith("text/event-stream"):
        assert answer.text.count("[DONE]") == (1 if form == CHAT else 0), answer.text
    if answer["content-type"].startswith("text/event-stream") and form == RESPONSES:
        assert [event["sequence_number"] for event in answer.events] == list(range(len(answer.events)))
        assert answer.events[-1]["type"] == "response.completed", answer.text
    return answer.said


def test_serves_what_the_client_speaks(translating):
    for form, model, path in WAYS:
        for stream in False, True:
            for http in 1, 2:
                answer = translating.ask("hi there", model=model, form=form, stream=stream, only="gcp-us", http=http, **STATELESS[form])
                assert answer.status == 200, (form, stream, answer.text)
                [record] = answer.records
                assert record["path"].endswith(path), record["path"]
                assert texts_of(form, answer), answer.text
                [line] = translating.access(answer, 1)
                api, spoken = (CHAT, "openai.responses") if form == CHAT else (RESPONSES, "openai.chat")
                assert f" api={api} form={spoken} " in line["record"] and " usage=" in line["record"], line


def test_carries_tools(translating):
    for form, model, _ in WAYS:
        for stream in False, True:
            answer = translating.ask("call weather", model=model, form=form, stream=stream, only="gcp-us", **STATELESS[form],
                                     tools=TOOLS[form])
            assert answer.status == 200, answer.text
            assert '"weather"' in answer.text, answer.text


def test_moves_on_to_a_translation_and_on_from_one(translating):
    order = [("x-multihome-clouds", "azure, gcp")]
    answer = translating.ask("[[azure 429]] hi", headers=order)
    assert answer.status == 200 and answer["x-multihome-target"] == "gcp-us", answer.text
    assert [record["path"].rsplit("/", 1)[-1] for record in answer.records] == ["completions", "responses"]
    # Here Google comes first, for whom the request is translated; then it goes as it came.
    answer = translating.ask("[[gcp 503]] hi", tenant="gcp-first")
    assert answer.status == 200 and answer["x-multihome-cloud"] == "aws", answer.text
    assert json.loads(answer.records[-1]["body"])["messages"], answer.records[-1]


def test_says_what_cannot_be_translated(translating):
    answer = translating.ask("hi", only="gcp-us", n=2, logit_bias={"1": 2})
    assert answer.status == 400 and not answer.records
    assert answer.error["code"] == "unsupported_feature"
    assert answer.error["message"].endswith("cannot be translated for gcp-us: n, logit_bias."), answer.error
