"""What a prompt has the clouds say, on every surface: each event and each whole answer is what the types of the official
package say, and its stream helpers make of the events what the whole answer is. `tests/clouds/README.md` has the markers."""

from typing import get_args

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import ValidationError

from harness.gateway import Question

pytestmark = pytest.mark.sdk

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
CHAT_TOOLS = [{"type": "function", "function": FUNCTION}]
TOOLS = [{"type": "function", **FUNCTION}, {"type": "custom", "name": "exec"}]
THINKS = {"include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}

# The type of each event, by its name.
EVENTS = {get_args(event.model_fields["type"].annotation)[0]: event for event in get_args(get_args(ResponseStreamEvent)[0])}

# What the types require and some clouds leave out, as recordings of theirs show.
LEFT_OUT = {"cache_write_tokens"}


def faults(kind, body):
    """Where a body is not what a type of the package says."""
    try:
        kind.model_validate(body)
    except ValidationError as error:
        return [(*fault["loc"], fault["msg"]) for fault in error.errors() if fault["loc"][-1] not in LEFT_OUT]
    return []


# endpoint, model
RESPONDING = [
    ("azure-eastus2", "gpt-6.1-sol"), ("aws-use1", "gpt-6.1-sol"), ("aws-mantle", "gpt-6.1-sol"),
    ("aws-mantle", "gpt-oss-120b"), ("gcp-us", "gpt-6.1-sol"), ("openai-global", "gpt-6.1-sol"),
]
CHATTING = [
    ("azure-eastus2", "gpt-4o"), ("azure-eastus2", "gpt-oss-120b"), ("aws-use1", "gpt-oss-120b"),
    ("aws-mantle", "gpt-oss-120b"), ("gcp-us", "gpt-oss-120b"), ("openai-global", "gpt-6.1-sol"),
]

# what the prompt asks for, the types of the items, the response's status, more fields
SAID = [
    ("hi", ["message"], "completed", {}),
    ("[[reasoning]] hi", ["reasoning", "message"], "completed", THINKS),
    ("[[refusal]]", ["message"], "completed", {}),
    ("[[finish=length]] hi", ["message"], "incomplete", {}),
    ('[[call f {"n": 1}]] [[call f {"n": 2}]]', ["function_call"] * 2, "completed", {"tools": TOOLS[:1]}),
    ('[[interleaved]] [[call f {"n": 1}]] [[call f {"n": 2}]]', ["function_call"] * 2, "completed", {"tools": TOOLS[:1]}),
    ('[[done-only]] [[call f {"n": 1}]]', ["function_call"], "completed", {"tools": TOOLS[:1]}),
    ('[[reasoning]] [[script ["Look.", {"custom": "exec", "input": "ls"}]]]', ["reasoning", "message"], "completed", {"tools": TOOLS}),
    ('[[script [["Look.", {"custom": "exec", "input": "ls"}, {"call": "f", "arguments": "{"}]]]]',
     ["message", "custom_tool_call", "function_call"], "completed", {"tools": TOOLS}),
]


@pytest.mark.parametrize("endpoint, model", RESPONDING, ids="-".join)
@pytest.mark.parametrize("text, items, status, fields", SAID, ids=[row[0] for row in SAID])
def test_a_response_is_what_the_types_say(text, items, status, fields, endpoint, model, gateway):
    asked = {"only": endpoint, "model": model, "form": "responses", **fields}

    whole = gateway.ask(text, **asked)
    streamed = gateway.ask(text, stream=True, **asked)

    assert (whole.status, streamed.status) == (200, 200), (whole, streamed)
    for event in streamed.events:
        assert not faults(EVENTS[event["type"]], event)
    assert [event["sequence_number"] for event in streamed.events] == list(range(len(streamed.events)))
    last = streamed.events[-1]
    assert last["type"] == f"response.{status}"
    for body in (whole.json, last["response"]):
        assert not faults(Response, body)
        assert ([item["type"] for item in body["output"]], body["status"]) == (items, status)
        assert body["usage"]["total_tokens"] == body["usage"]["input_tokens"] + body["usage"]["output_tokens"]


@pytest.mark.parametrize("endpoint, model", RESPONDING, ids="-".join)
@pytest.mark.parametrize("text, items, status, fields", SAID[:7], ids=[row[0] for row in SAID[:7]])
def test_the_stream_helper_makes_a_response_of_it(text, items, status, fields, endpoint, model, client):
    question = Question(text, model=model, form="responses")

    with client(only=endpoint).responses.stream(model=model, input=question.body["input"], **fields) as stream:
        pieces = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response() if status == "completed" else None

    if final is not None:
        assert [item.type for item in final.output] == items
        assert final.output_text == pieces


# what the prompt asks for, the finish reason, whether there are calls
CHATTED = [
    ("hi", "stop", 0), ("[[refusal]]", "stop", 0), ("[[finish=length]] hi", "length", 0),
    ('[[call f {"n": 1}]] [[call f {"n": 2}]]', "tool_calls", 2),
    ('[[interleaved]] [[call f {"n": 1}]] [[call f {"n": 2}]]', "tool_calls", 2),
    ('[[script [["Look.", {"call": "f", "arguments": {"n": 1}}]]]]', "tool_calls", 1),
]


@pytest.mark.parametrize("endpoint, model", CHATTING, ids="-".join)
@pytest.mark.parametrize("text, finish, calls", CHATTED, ids=[row[0] for row in CHATTED])
def test_a_chat_completion_is_what_the_types_say(text, finish, calls, endpoint, model, gateway):
    asked = {"only": endpoint, "model": model}
    if calls:
        asked["tools"] = CHAT_TOOLS
        if model.startswith("gpt-6"):
            asked["reasoning_effort"] = "none"

    whole = gateway.ask(text, **asked)
    streamed = gateway.ask(text, stream=True, stream_options={"include_usage": True}, **asked)

    assert (whole.status, streamed.status) == (200, 200), (whole, streamed)
    [choice] = ChatCompletion.model_validate(whole.json).choices
    assert (choice.finish_reason, len(choice.message.tool_calls or [])) == (finish, calls)
    *chunks, done = streamed.events
    assert done == "[DONE]"
    # Azure's filters have chunks of their own, which name no model.
    chunks = [ChatCompletionChunk.model_validate(chunk) for chunk in chunks if chunk["model"]]
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert (reasons, chunks[-1].choices) == ([finish], [])
    said = {}
    for chunk in chunks:
        for call in [call for choice in chunk.choices for call in choice.delta.tool_calls or []]:
            said[call.index] = said.get(call.index, "") + call.function.arguments
    assert [said[index] for index in range(calls)] == [call.function.arguments for call in choice.message.tool_calls or []]
