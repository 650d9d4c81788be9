"""What a client of the Responses API and a target that speaks chat completions get of each other is what OpenAI's own
package takes: bodies by its types, streams by its client and its stream helper.

The rows are those of `tests/convert/cases/chat`; `test_translation_types.py` sees to the other direction."""

import copy
import json

import pydantic
import pytest
from openai.types.chat import completion_create_params as params
from openai.types.responses import Response
from openai.types.responses.response_stream_event import ResponseStreamEvent
from test_translation_types import client_of, parameters, rows, spoilt, unknown_members, whole

REQUEST = {False: pydantic.TypeAdapter(params.CompletionCreateParamsNonStreaming),
           True: pydantic.TypeAdapter(params.CompletionCreateParamsStreaming)}
EVENT = pydantic.TypeAdapter(ResponseStreamEvent)
ASK = {"model": "m", "input": "Hi"}


def check_request(body):
    whole(REQUEST[bool(body.get("stream"))].validate_python(body))
    # What types do not say.
    assert "max_tokens" not in body and 0 <= body.get("top_logprobs", 0) <= 20
    assert "tools" in body or not {"parallel_tool_calls"} & set(body)
    assert not body.get("stream") or body["stream_options"] == {"include_usage": True}
    open_calls = []
    for message in body["messages"]:
        role = message["role"]
        assert role in ("system", "user", "assistant", "tool")
        if role == "tool" and open_calls:
            # The results follow their calls.
            open_calls.remove(message["tool_call_id"])
        elif role != "tool":
            open_calls = [call["id"] for call in message.get("tool_calls", [])]
        assert role != "user" or isinstance(message["content"], str) or message["content"]
        assert message["content"] is not None or role == "assistant" and {"tool_calls", "refusal"} & set(message)
        for call in message.get("tool_calls", []):
            assert 0 < len(call["id"]) <= 64 and len(call) == 3 and call["type"] in call
            assert call["type"] == "custom" or json.loads(call["function"]["arguments"]) is not None
    for tool in body.get("tools", []):
        assert set(tool) == {"type", tool["type"]} and len(tool[tool["type"]]["name"]) <= 64
    choice = body.get("tool_choice", "")
    for tool in [] if isinstance(choice, str) else choice.get("allowed_tools", {}).get("tools", []):
        assert tool["type"] in ("function", "custom") and set(tool) == {"type", tool["type"]}
        assert set(tool[tool["type"]]) == {"name"}


@pytest.mark.parametrize("direction, row", parameters(["chat/request"]))
def test_a_request_is_one(direction, row):
    [body] = map(json.loads, row.out)
    check_request(body)


def test_a_request_with_one_fault_is_none():
    refused, passed = 0, []
    for row in rows("chat/request"):
        for place, body in [] if row.refused else spoilt("chat/request", json.loads(row.out[0])):
            try:
                check_request(copy.deepcopy(body))
                passed.append(f"{row.name}: {place}")
            except (pydantic.ValidationError, AssertionError, KeyError, ValueError, TypeError):
                refused += 1
    assert not passed, passed
    assert refused >= 60


@pytest.mark.parametrize("direction, row", parameters(["chat/reply"]))
def test_a_response_is_one(direction, row):
    [body] = row.out
    response = Response.model_validate_json(body)
    # The API says whether a response is kept, and how far a call of a custom tool is; the package's types do not.
    is_custom = lambda item: item.type == "custom_tool_call"
    custom = [f".output[{index}].status" for index, item in enumerate(response.output) if is_custom(item)]
    assert list(unknown_members(response)) in ([".store", *custom], [*custom, ".store"])


@pytest.mark.parametrize("direction, row", parameters(["chat/events"]))
def test_a_stream_is_read_by_the_official_client(direction, row):
    for number, event in enumerate(map(json.loads, row.out)):
        EVENT.validate_python(event)
        assert event["sequence_number"] == number
    events = list(client_of(row).responses.create(**ASK, stream=True))
    last = events[-1]
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert last.type in ("response.completed", "response.incomplete")

    # Each item is told as it is in the end, each text as its pieces are.
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert sorted(done, key=lambda item: item.id[-4:]) == last.response.output
    added = {event.item.id for event in events if event.type == "response.output_item.added"}
    assert added == {item.id for item in done}
    pieces = {}
    for event in events:
        if event.type.endswith(".delta"):
            place = event.item_id, getattr(event, "content_index", None)
            pieces[place] = pieces.get(place, "") + event.delta
    for item in last.response.output:
        if item.type == "message":
            texts = [getattr(part, "text", None) or getattr(part, "refusal", "") for part in item.content]
            assert texts == [pieces.get((item.id, index), "") for index in range(len(texts))]
        elif item.type == "reasoning":
            assert [part.text for part in item.content] == [pieces[item.id, 0]]
        else:
            assert getattr(item, "arguments", None) or item.input == pieces[item.id, None]

    with client_of(row).responses.stream(**ASK) as helper:
        final = helper.get_final_response() if last.type == "response.completed" else None
    assert final is None or final.output_text == last.response.output_text


@pytest.mark.parametrize("direction, row", parameters(["chat/events"], refused=True))
def test_a_stream_that_failed_never_completes(direction, row):
    events = [json.loads(event) for event in row.out]
    assert not [event for event in events if event["type"] == "response.completed"]
    list(map(EVENT.validate_python, events))
