"""What a cloud lacks: a request that needs it goes past that cloud to one that has it, and is served."""

import pytest

from harness.plans import ask

RUNTIME, MANTLE, AZURE = "aws-use1", "aws-mantle", "azure-eastus2"
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def tool(kind, **more):
    return {"tools": [{"type": kind, **more}]}


def item(**fields):
    return {"input": [fields, {"role": "user", "content": "go on"}]}


def part(**fields):
    return item(role="user", content=[fields])


def output(part):
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    return {"input": [call, {"type": "function_call_output", "call_id": "call_1", "output": [part]}]}


SCREEN = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AA=="}

# what it needs, fields of a Responses request, which of Amazon's surfaces have it
NEEDS = [
    ("code_interpreter", tool("code_interpreter", container={"type": "auto"}), []),
    ("file_search", tool("file_search", vector_store_ids=["vs_1"]), []),
    ("image_generation", tool("image_generation"), []),
    ("shell", tool("shell"), []),
    ("local_shell", tool("local_shell"), []),
    ("mcp", tool("mcp", server_label="s", server_url="https://mcp.example.com"), [RUNTIME, MANTLE]),
    ("web_search", tool("web_search"), [MANTLE]),
    ("computer", tool("computer"), [RUNTIME]),
    ("apply_patch", tool("apply_patch"), [RUNTIME]),
    ("functions", tool("namespace", name="n", description="d", tools=[FUNCTION]), [RUNTIME, MANTLE]),
    ("a tool in an item", item(type="additional_tools", role="developer", **tool("image_generation")), []),
    ("a tool in a namespace", item(type="additional_tools", role="developer", tools=[{"type": "namespace", **tool("shell")}]), []),
    ("a function in an item", item(type="additional_tools", role="developer", tools=[FUNCTION]), [RUNTIME, MANTLE]),
    ("agent_message", item(type="agent_message", content=[]), []),
    ("context_compaction", item(type="context_compaction"), []),
    ("local_shell_call", item(type="local_shell_call", call_id="call_1", action={}), []),
    ("an image that a tool put out", output({"type": "input_image", "image_url": "data:image/png;base64,AA=="}), []),
    ("text that a tool put out", output({"type": "input_text", "text": "5"}), [RUNTIME, MANTLE]),
    ("a screenshot", item(type="computer_call_output", call_id="call_1", output=SCREEN), [RUNTIME, MANTLE]),
    ("a screenshot that is fetched", item(type="computer_call_output", call_id="call_1", output={**SCREEN, "image_url": "https://x/y"}),
     [MANTLE]),
    ("an image that is fetched", part(type="input_image", image_url="https://example.com/a.png", detail="auto"), [MANTLE]),
    ("an image in S3", part(type="input_image", image_url="s3://bucket/a.png", detail="auto"), [RUNTIME, MANTLE]),
    ("an image", part(type="input_image", image_url="data:image/png;base64,AA==", detail="auto"), [RUNTIME, MANTLE]),
    ("a file that is fetched", part(type="input_file", file_url="https://example.com/a.pdf"), []),
    ("a file", part(type="input_file", filename="a.pdf", file_data="data:application/pdf;base64,AA=="), [RUNTIME, MANTLE]),
    ("a tier of service", {"service_tier": "flex"}, [RUNTIME]),
    ("the usual tier of service", {"service_tier": "auto"}, [RUNTIME, MANTLE]),
    ("a detailed summary", {"reasoning": {"summary": "detailed"}}, [RUNTIME]),
    ("a summary", {"reasoning": {"summary": "auto"}}, [RUNTIME, MANTLE]),
    ("Codex's words about itself", {"client_metadata": {"turn": "1"}}, [RUNTIME, MANTLE]),
]


@pytest.mark.parametrize("surface", [RUNTIME, MANTLE])
@pytest.mark.parametrize("fields, having", [row[1:] for row in NEEDS], ids=[row[0] for row in NEEDS])
def test_what_a_surface_lacks_is_not_asked_of_it(fields, having, surface, gateway):
    answer = ask(gateway, targets=[surface, AZURE], clouds=["aws", "azure"], form="responses", **fields)

    # The emulated clouds refuse what the real ones lack: a 200 says that the right one was asked.
    assert (answer.status, answer.target, answer.attempts) == (200, surface if surface in having else AZURE, 1), answer


S3 = part(type="input_image", image_url="s3://bucket/a.png", detail="auto")


@pytest.mark.parametrize("first", [AZURE, "gcp-us", "openai-global"])
@pytest.mark.parametrize("then", [RUNTIME, MANTLE])
def test_what_is_amazons_own_goes_past_the_other_clouds(first, then, gateway):
    answer = ask(gateway, targets=[first, then], clouds=["azure", "gcp", "openai", "aws"], form="responses", **S3)

    assert (answer.status, answer.target, answer.attempts) == (200, then, 1), answer


# An image in S3 where only Azure may serve: the model, by Azure's own path, who refuses it
S3_CHAT = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "s3://b/a.png"}}]}]}
REFUSALS = [
    ("gpt-6.1-sol", None, "unsupported_feature", []),
    # Nothing in the body could change the plan, so that it is not read.
    ("gpt-4o", "/openai/deployments/gpt-4o/chat/completions", "invalid_value", ["azure"]),
]


@pytest.mark.parametrize("model, path, code, tried", REFUSALS)
def test_who_refuses_what_is_amazons_own(model, path, code, tried, gateway, clouds):
    answer = ask(gateway, targets=[AZURE], model=model, path=path, **S3_CHAT)

    assert (answer.status, answer.error["code"]) == (400, code), answer
    assert [record["cloud"] for record in clouds.records()] == tried


# what it needs, fields of a chat
CHATS = [
    ("data_sources", {"data_sources": [{"type": "azure_search", "parameters": {}}]}, AZURE),
    ("an image that is fetched", {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}, AZURE),
    ("an image in S3", {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "s3://b/a.png"}}]}]},
     RUNTIME),
]


@pytest.mark.parametrize("fields, target", [row[1:] for row in CHATS], ids=[row[0] for row in CHATS])
def test_what_a_chat_needs_is_not_asked_of_a_surface_that_lacks_it(fields, target, gateway):
    answer = ask(gateway, targets=[RUNTIME, AZURE], clouds=["aws", "azure"], **fields)

    assert (answer.status, answer.target, answer.attempts) == (200, target, 1), answer
