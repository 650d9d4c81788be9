"""A client of one API on a target that speaks the other: whole and streamed, with tools, after a failure and before one."""

import json

from harness.gateway import PATHS, Question

CHAT, RESPONSES = "chat", "responses"


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


def test_serves_what_the_client_speaks(gateway):
    for form, model, path in WAYS:
        for stream in False, True:
            for http in 1, 2:
                answer = gateway.ask("hi there", model=model, form=form, stream=stream, only="gcp-us", http=http, **STATELESS[form])
                assert answer.status == 200, (form, stream, answer.text)
                [record] = answer.records
                assert record["path"].endswith(path), record["path"]
                assert texts_of(form, answer), answer.text
                [line] = gateway.access(answer, 1)
                api, spoken = (CHAT, "openai.responses") if form == CHAT else (RESPONSES, "openai.chat")
                assert f" api={api} form={spoken} " in line["record"] and " usage=" in line["record"], line


def test_carries_tools(gateway):
    for form, model, _ in WAYS:
        for stream in False, True:
            answer = gateway.ask("call weather", model=model, form=form, stream=stream, only="gcp-us", **STATELESS[form],
                                     tools=TOOLS[form])
            assert answer.status == 200, answer.text
            assert '"weather"' in answer.text, answer.text


def test_moves_on_to_a_translation_and_on_from_one(gateway):
    order = [("x-multihome-clouds", "azure, gcp")]
    answer = gateway.ask("[[azure 429]] hi", headers=order)
    assert answer.status == 200 and answer["x-multihome-target"] == "gcp-us", answer.text
    assert [record["path"].rsplit("/", 1)[-1] for record in answer.records] == ["completions", "responses"]
    # Here Google comes first, for whom the request is translated; then it goes as it came.
    answer = gateway.ask("[[gcp 503]] hi", tenant="gcp-first")
    assert answer.status == 200 and answer["x-multihome-cloud"] == "aws", answer.text
    assert json.loads(answer.records[-1]["body"])["messages"], answer.records[-1]


def test_says_what_cannot_be_translated(gateway):
    answer = gateway.ask("hi", only="gcp-us", n=2, logit_bias={"1": 2})
    assert answer.status == 400 and not answer.records
    assert answer.error["code"] == "unsupported_feature"
    assert answer.error["message"].endswith("cannot be translated for gcp-us: n, logit_bias."), answer.error


# A client's form, a model, a tenant, what is tried: first a target that is translated for, or one that speaks the form
MOVES = [
    (CHAT, "gpt-6.1-sol", "gcp-first", ["gcp", "aws"]),
    (RESPONSES, "gpt-oss-120b", "gcp-first", ["gcp", "aws"]),
    (CHAT, "gpt-6.1-sol", "acme", ["azure", "aws"]),
    (RESPONSES, "gpt-6.1-sol", "acme", ["azure", "aws"]),
]


def test_an_error_inside_a_200_moves_on(gateway):
    for form, model, tenant, tried in MOVES:
        for fault in "error-first", "error-created", "failed", "stall":
            for stream in False, True:
                text = f"[[{tried[0]} {fault}]] hi"
                answer = gateway.ask(text, model=model, form=form, stream=stream, tenant=tenant, **STATELESS[form])
                if (form, tenant, stream) == (CHAT, "acme", True) and fault in ("error-created", "failed"):
                    # A chunk with a choice stands before the error, if one without a word: it has been passed on.
                    assert (answer.status, answer.tried) == (200, tried[:1]) and "[DONE]" not in answer.text, answer.text
                    continue
                assert (answer.status, answer.tried) == (200, tried), (form, tenant, fault, stream, answer.text)
                assert texts_of(form, answer), answer.text
                [line] = gateway.access(answer, 1)
                assert ":200!" in line["record"], (fault, line)


def test_an_error_after_output_is_told_in_the_clients_api(gateway):
    for form, model, tenant, tried in MOVES:
        for fault in "error-output after=2", "failed-output after=2":
            answer = gateway.ask(f"[[{tried[0]} {fault}]] hi", model=model, form=form, stream=True, tenant=tenant, **STATELESS[form])
            assert (answer.status, answer.tried) == (200, tried[:1]), (form, tenant, fault, answer.text)
            assert "[DONE]" not in answer.text, answer.text
            last = answer.events[-1]
            told = last.get("error") if form == CHAT else last["type"] in ("error", "response.failed")
            assert told, (form, tenant, fault, answer.text)


def test_a_client_that_leaves_while_a_response_is_held_ends_it_at_the_cloud(gateway, clouds):
    for form, model, _ in WAYS:
        mark = Question().mark
        text = f"[[gcp stall after=1]] {mark}"
        asked = {"messages": [{"role": "user", "content": text}]} if form == CHAT else {"input": text, **STATELESS[form]}
        connection = gateway.connect(http=2)
        connection.send("POST", PATHS[form], [("x-tenant-id", "gcp-first"), ("content-type", "application/json")],
                        json.dumps({"model": model, "stream": True, **asked}).encode())
        clouds.await_records(bool, mark)
        connection.close()
        [record] = clouds.await_records(lambda records: any(record["disconnected"] for record in records), mark)
        assert record["cloud"] == "gcp", "nobody waits for another target's"
