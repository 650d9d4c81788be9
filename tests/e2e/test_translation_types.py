"""What translations make is what OpenAI's own package takes: bodies by its types, streams by its client.

The rows are those of `tests/convert/cases`; that the module makes what stands there, its own tests show."""

import copy
import json
import pkgutil
import types
from collections.abc import Iterable
from importlib import import_module

import httpx2
import openai
import openai.types
import places
import pydantic
import pytest
import typing_extensions
from harness.clients import Clients
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming, ResponseCreateParamsStreaming

CASES = places.ROOT / "tests" / "convert" / "cases"


def forbid_unknown_members():
    """The package's types of requests let unknown members pass, unless they are told not to before they are used."""
    for module in pkgutil.walk_packages(openai.types.__path__, "openai.types."):
        for value in vars(import_module(module.name)).values():
            if typing_extensions.is_typeddict(value):
                value.__pydantic_config__ = {"extra": "forbid"}


forbid_unknown_members()
REQUESTS = {
    "responses/request": {
        False: pydantic.TypeAdapter(ResponseCreateParamsNonStreaming),
        True: pydantic.TypeAdapter(ResponseCreateParamsStreaming),
    },
    "chat/request": {
        False: pydantic.TypeAdapter(CompletionCreateParamsNonStreaming),
        True: pydantic.TypeAdapter(CompletionCreateParamsStreaming),
    },
}
REPLIES = {"responses/reply": ChatCompletion, "chat/reply": Response}


def rows(direction):
    """The rows of a file: what each shows, and what comes out; those that are refused left out."""
    read = []
    for line in (CASES / f"{direction}.txt").read_text().splitlines():
        if line.startswith("# "):
            read.append(types.SimpleNamespace(name=line[2:], out=[], refused=False))
        elif line.startswith("> "):
            read[-1].out.append(line[2:])
        elif line.startswith("! "):
            read[-1].refused = True
    assert len(read) > 20, f"only {len(read)} rows in {direction}"
    return read


def parameters(directions, refused=False):
    return [pytest.param(direction, row, id=f"{direction}: {row.name}")
            for direction in directions for row in rows(direction) if row.refused == refused and row.out]


def whole(value):
    """Lists are checked when they are read."""
    if isinstance(value, dict):
        return {key: whole(member) for key, member in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [whole(element) for element in value]
    return value


def check_request(direction, body):
    whole(REQUESTS[direction][bool(body.get("stream"))].validate_python(body))
    # What types do not say.
    if direction == "chat/request":
        assert body.get("n", 1) == 1
        choice = body.get("tool_choice", "")
        for tool in [] if isinstance(choice, str) else choice.get("allowed_tools", {}).get("tools", []):
            assert tool["type"] in ("function", "custom") and set(tool) == {"type", tool["type"]}
            assert set(tool[tool["type"]]) == {"name"}
        assert all("content" in message or message.get("tool_calls") for message in body["messages"])
        return
    assert body.get("max_output_tokens", 16) >= 16 and 0 <= body.get("top_logprobs", 0) <= 20
    assert body["store"] is False
    for tool in [] if isinstance(choice := body.get("tool_choice", ""), str) else choice.get("tools", []):
        assert set(tool) == {"type", "name"} and tool["type"] in ("function", "custom")
    for item in body["input"]:
        assert item.get("type", "message") == "message" or 0 < len(item.get("call_id", "")) <= 64
        # Azure refuses parts in an assistant's message without an id.
        assert item.get("role") != "assistant" or isinstance(item["content"], str)


@pytest.mark.parametrize("direction, row", parameters(REQUESTS))
def test_a_request_is_one(direction, row):
    [body] = map(json.loads, row.out)
    check_request(direction, body)


# Members whose value is the client's own, whatever it is.
FREE = {"parameters", "schema", "metadata"}


def spoilt(direction, value, place=""):
    """The same value with one fault each: a member that nobody knows, a word that is none, a member that is missing."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            for at, fault in spoilt(direction, element, f"{place}[{index}]"):
                yield at, [*value[:index], fault, *value[index + 1:]]
    if isinstance(value, dict):
        yield f"{place}.unknown", {**value, "unknown": 1}
        for key, member in value.items():
            if key in ("type", "role", "mode", "syntax", "effort", "verbosity", "detail", "service_tier"):
                yield f"{place}.{key}", {**value, key: "nonsense"}
            if key == "content" and value.get("tool_calls") or key == "strict" and direction == "chat/request":
                continue
            if key in ("call_id", "tool_call_id", "arguments", "output", "content") or key == "strict" and "tools" in place:
                yield f"{place}.{key} is missing", {name: other for name, other in value.items() if name != key}
            if key not in FREE:
                for at, fault in spoilt(direction, member, f"{place}.{key}"):
                    yield at, {**value, key: fault}


@pytest.mark.parametrize("direction", REQUESTS)
def test_a_request_with_one_fault_is_none(direction):
    refused, passed = 0, []
    for row in rows(direction):
        if row.refused:
            continue
        for place, body in spoilt(direction, json.loads(row.out[0])):
            try:
                check_request(direction, copy.deepcopy(body))
                passed.append(f"{row.name}: {place}")
            except (pydantic.ValidationError, AssertionError):
                refused += 1
    assert not passed, passed
    assert refused >= 60


def unknown_members(model, place=""):
    if isinstance(model, pydantic.BaseModel):
        yield from (f"{place}.{name}" for name in model.model_extra or {})
        for name in type(model).model_fields:
            yield from unknown_members(getattr(model, name), f"{place}.{name}")
    elif isinstance(model, list):
        for index, element in enumerate(model):
            yield from unknown_members(element, f"{place}[{index}]")


@pytest.mark.parametrize("direction, row", parameters(REPLIES))
def test_a_response_is_one(direction, row):
    [body] = map(json.loads, row.out)
    # What a `Response` repeats of its request, of which a row has none.
    echo = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []} if direction == "chat/reply" else {}
    response = REPLIES[direction].model_validate({**echo, **body})
    # OpenAI's own calls of custom tools have a `status`, and its responses say whether they are stored: its types do not.
    assert [member for member in unknown_members(response) if not member.endswith((".status", ".store"))] == []


def stream_of(row):
    return "".join(f"data: {event}\n\n" for event in row.out)


def client_of(row):
    """OpenAI's client, whose server responds with the row's events."""
    respond = lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=stream_of(row))
    transport = httpx2.MockTransport(respond)
    return openai.OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=transport))


ASK = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("direction, row", parameters(["responses/events"]))
def test_a_stream_is_read_by_the_official_client(direction, row):
    chunks = list(client_of(row).chat.completions.create(**ASK, stream=True))
    assert row.out[-1] == "[DONE]" and len(chunks) == len(row.out) - 1
    assert {(chunk.id, chunk.object, chunk.created, chunk.model) for chunk in chunks} == {
        (chunks[0].id, "chat.completion.chunk", chunks[0].created, chunks[0].model)}
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert choices[0].delta.role == "assistant" and {choice.index for choice in choices} == {0}
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == [choices[-1].finish_reason]

    # The package's types know no streamed call of a custom tool, though OpenAI streams them like this.
    custom = any('"type":"custom"' in event for event in row.out)
    with client_of(row).chat.completions.stream(**ASK) as helper:
        try:
            completion = helper.get_final_completion()
        except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            assert choices[-1].finish_reason in ("length", "content_filter")
            return
        except AttributeError:
            assert custom
            return
    [choice] = completion.choices
    assert (choice.message.content or "") == "".join(choice.delta.content or "" for choice in choices)
    assert (choice.message.refusal or "") == "".join(choice.delta.refusal or "" for choice in choices)
    for call in choice.message.tool_calls or []:
        json.loads(call.function.arguments)
    assert bool(choice.message.tool_calls) == (choice.finish_reason == "tool_calls")


@pytest.fixture(scope="module")
def clients(processes, tmp_path_factory):
    with Clients(processes, tmp_path_factory.mktemp("translation-clients")) as clients:
        yield clients


@pytest.mark.parametrize("direction, row", parameters(["responses/events"]))
def test_a_stream_is_read_by_the_official_helper_of_node(direction, row, clients):
    choice = clients.ask("chat_streams.mjs", stream=stream_of(row))["text"]
    deltas = [part["delta"] for event in row.out[:-1] for part in json.loads(event)["choices"]]
    for name in ("content", "refusal"):
        assert (choice["message"][name] or "") == "".join(delta.get(name) or "" for delta in deltas)
    pieces = [call for delta in deltas for call in delta.get("tool_calls", [])]
    for index, call in enumerate(choice["message"].get("tool_calls") or []):
        kind, given = ("function", "arguments") if call["type"] == "function" else ("custom", "input")
        assert call[kind][given] == "".join(piece[kind][given] for piece in pieces if piece["index"] == index)
    assert len(choice["message"].get("tool_calls") or []) == len({piece["index"] for piece in pieces})


@pytest.mark.parametrize("direction, row", parameters(["responses/events"], refused=True))
def test_a_stream_that_failed_is_an_error_to_the_official_client(direction, row):
    # Of an error that the cloud tells, the module tells its own.
    told = row.out[-1].startswith('{"error"')
    row.out += [] if told else ['{"error":{"message":"x","type":"server_error","param":null,"code":null}}']
    with pytest.raises(openai.APIError):
        list(client_of(row).chat.completions.create(**ASK, stream=True))
