"""Agents over several turns, while the first cloud fails: OpenAI's Agents SDK and the Codex CLI as they are.

The emulated clouds follow the script of a prompt, and refuse what another account encrypted. A tool of the agent's breaks the
first cloud, so that it fails in mid-session."""

import asyncio
import json
from dataclasses import replace

import openai
import pytest
from agents import (Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel, RunConfig, Runner, SQLiteSession,
                    function_tool)
from openai.types.shared import Reasoning

from harness import policies
from harness.clients import Clients
from harness.gateway import Gateway, Question
from harness.records import CLOUDS, endpoints

FIRST = ["azure-eastus2", "aws-mantle", "aws-use1", "gcp-us", "openai-global"]


def policy_of(clouds):
    """Models whose targets speak both APIs, and one alone; a tenant for each first target, with and without `drop`."""
    policy = policies.base(clouds)
    both = policy["models"]["gpt-6.1-sol"]
    chat = policy["models"]["gpt-oss-120b"]
    policy["models"] = {
        "gpt-6.1-sol": [{**target, "form": policies.RESPONSES} for target in both],
        # Codex offers its tools to models with names that it knows.
        "gpt-6.1-sol-as-chat": [{**target, "form": policies.CHAT, "translate": True} for target in chat],
        "gpt-6.1-sol-as-responses": [{**target, "form": policies.RESPONSES, "translate": True} for target in both],
        "gpt-oss-120b": chat,
    }
    policy["tenants"] = {
        f"{first}-{foreign}": {"clouds": clouds_from(policy["endpoints"][first]["cloud"]), "residency": ["us", "global"],
                               "models": ["*"], "targets": targets_from(first), "foreign_reasoning": foreign}
        for first in FIRST for foreign in ("keep", "drop")
    }
    policy["timeouts"] = {"connect": "2s", "first_byte": "10s", "whole": "10s", "idle": "20s"}
    return policy


def clouds_from(first):
    return [first, *(cloud for cloud in CLOUDS if cloud != first)]


def targets_from(first):
    """The first, and of the others one a cloud."""
    others = [name for name in FIRST if name != "aws-use1" and name.split("-")[0] != first.split("-")[0]]
    return [first, *others]


class Place:
    """The gateway, and how an agent reaches it."""

    def __init__(self, processes, folder, envoy, clouds):
        self.policy = policy_of(clouds)
        secrets = {**clouds.secrets(), "google-token": clouds.google_token()}
        self.gateway = Gateway(processes, folder, envoy, self.policy, clouds, secrets=secrets)
        self.clouds = clouds
        self.at = f"http://{self.gateway.addresses['default']}/v1"

    def host(self, first):
        """What a fault is set on: of two surfaces of one cloud the one alone."""
        return {"aws-mantle": "aws_mantle", "aws-use1": "aws_runtime"}.get(first, first.split("-")[0])

    def asked(self, mark):
        """The endpoints that were asked, in order, each once for all its requests in a row."""
        all_of_them = endpoints(self.clouds.records(mark), self.policy)
        return [name for at, name in enumerate(all_of_them) if at == 0 or all_of_them[at - 1] != name]


@pytest.fixture(scope="module")
def place(processes, the_clouds, envoy, tmp_path_factory):
    place = Place(processes, tmp_path_factory.mktemp("agents"), envoy, the_clouds)
    place.gateway.await_serving(form="responses", tenant="gcp-us-keep")
    yield place
    place.gateway.stop()


@pytest.fixture(scope="module")
def loop():
    """One for all: the SDK keeps its connections."""
    with asyncio.Runner() as runner:
        yield runner


SETTINGS = {
    "responses": ModelSettings(store=False, response_include=["reasoning.encrypted_content"], reasoning=Reasoning(summary="auto")),
    "chat": ModelSettings(),
}


class Desk:
    """Agents of the SDK that edit a file, and the tools that they have: one of them lets the first cloud fail."""

    def __init__(self, place, loop, tenant, folder, api="responses", model="gpt-6.1-sol", settings=None, retries=0):
        self.place, self.loop = place, loop
        self.file = folder / "a.txt"
        self.file.write_text("one\n")
        self.fault = None
        client = openai.AsyncOpenAI(base_url=place.at, api_key="none", default_headers={"x-tenant-id": tenant}, max_retries=retries)
        kind = OpenAIResponsesModel if api == "responses" else OpenAIChatCompletionsModel
        model = kind(model=model, openai_client=client)
        settings = settings or SETTINGS[api]
        self.notes = []

        @function_tool
        def read() -> str:
            """Reads the file."""
            if self.fault:
                place.clouds.fault(**self.fault)
            return self.file.read_text()

        @function_tool
        def note(text: str) -> str:
            """Notes something."""
            self.notes.append(text)
            return "noted"

        @function_tool
        def add(line: str) -> str:
            """Adds a line to the file."""
            with self.file.open("a") as file:
                file.write(f"{line}\n")
            return "added"

        self.editor = Agent(name="Editor", model=model, model_settings=settings, tools=[add, read, note])
        self.reader = Agent(name="Reader", model=model, model_settings=settings, tools=[read, note], handoffs=[self.editor])
        self.session = SQLiteSession("one")

    def ask(self, text, stream=False, agent=None, **options):
        return self.loop.run(self._ask(text, stream, agent or self.reader, options))

    async def _ask(self, text, stream, agent, options):
        config = RunConfig(tracing_disabled=True)
        options.setdefault("session", self.session)
        if not stream:
            return await Runner.run(agent, text, run_config=config, **options)
        streamed = Runner.run_streamed(agent, text, run_config=config, **options)
        async for _ in streamed.stream_events():
            pass
        return streamed


SCRIPT = """[[reasoning]] [[script [
  {"call": "read"},
  [{"call": "note", "arguments": {"text": "here"}}, {"call": "note", "arguments": {"text": "there"}}],
  {"call": "transfer_to_editor"},
  {"call": "add", "arguments": {"line": "two"}},
  "The file has two lines."
]]]"""
AGAIN = """[[reasoning]] [[script [{"call": "add", "arguments": {"line": "three"}}, "The file has three lines."]]]"""
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
FIRSTS = pytest.mark.parametrize("first", FIRST)


def prompt(text):
    mark = Question().mark
    return f"{text} {mark}", mark


@STREAMED
@FIRSTS
def test_a_session_goes_on_elsewhere_without_its_reasoning(first, stream, place, loop, clouds, tmp_path):
    desk = Desk(place, loop, f"{first}-drop", tmp_path)
    desk.fault = {"on": place.host(first), "fault": "503"}
    text, mark = prompt(SCRIPT)

    assert desk.ask(text, stream).final_output == "The file has two lines."
    second = place.asked(mark)[-1]
    assert second != first and desk.notes == ["here", "there"]
    clouds.clear()
    text, again = prompt(AGAIN)
    assert desk.ask(text, stream, desk.editor).final_output == "The file has three lines."

    assert desk.file.read_text() == "one\ntwo\nthree\n"
    # It is back, but the conversation's cache is there.
    assert place.asked(again) == [second]


@STREAMED
@FIRSTS
def test_a_session_waits_for_the_account_that_can_read_it(first, stream, place, loop, clouds, tmp_path):
    desk = Desk(place, loop, f"{first}-keep", tmp_path)
    desk.fault = {"on": place.host(first), "fault": "429", "retry_after": 7}
    text, mark = prompt(SCRIPT)

    with pytest.raises(openai.RateLimitError) as refused:
        desk.ask(text, stream)
    assert refused.value.response.headers["retry-after"] == "7"
    clouds.admin("DELETE", "/faults")
    desk.fault = None
    assert "Go on." in desk.ask("Go on.", stream).final_output

    assert desk.file.read_text() == "one\ntwo\n" and desk.notes == ["here", "there"]
    assert place.asked(mark) == [first]


# What only its account can make sense of, the first target, the settings of the agent, of its runs
KEPT = [
    ("responses by id", first, ModelSettings(), {"session": None, "auto_previous_response_id": True})
    for first in ("azure-eastus2", "aws-mantle", "openai-global")
] + [
    ("a compaction", first, replace(SETTINGS["responses"], context_management=[{"type": "compaction", "compact_threshold": 1000}]), {})
    for first in ("azure-eastus2", "openai-global")
]


@pytest.mark.parametrize("what, first, settings, options", KEPT, ids=[f"{row[0]}-{row[1]}" for row in KEPT])
def test_what_cannot_be_left_out_keeps_a_session_where_it_is(what, first, settings, options, place, loop, clouds, tmp_path):
    desk = Desk(place, loop, f"{first}-drop", tmp_path, settings=settings)
    desk.fault = {"on": place.host(first), "fault": "503"}
    text, mark = prompt(SCRIPT + "word " * 1000)

    with pytest.raises(openai.InternalServerError) as refused:
        desk.ask(text, **options)

    assert refused.value.status_code == 503 and desk.notes == []
    asked = endpoints(clouds.records(), place.policy)
    assert set(asked) == {first} and len(asked) == 2


# The API that the agent speaks, the model whose targets speak the other alone
TRANSLATED = [("responses", "gpt-6.1-sol-as-chat"), ("chat", "gpt-6.1-sol-as-responses"), ("chat", "gpt-oss-120b")]


@STREAMED
@pytest.mark.parametrize("api, model, first", [
    (api, model, first) for api, model in TRANSLATED for first in ["azure-eastus2", "aws-mantle", "aws-use1", "gcp-us"]
    # Bedrock's runtime counts calls anew in each completion; where it passes untouched, the SDK takes the second for the first.
    if (model, first) != ("gpt-oss-120b", "aws-use1")])
def test_an_agent_is_served_by_targets_that_speak_otherwise(api, model, first, stream, place, loop, clouds, tmp_path):
    desk = Desk(place, loop, f"{first}-keep", tmp_path, api, model)
    desk.fault = {"on": place.host(first), "fault": "503"}
    text, mark = prompt(SCRIPT)

    # Open models of Bedrock's runtime say what they think before it.
    assert desk.ask(text, stream).final_output.endswith("The file has two lines.")
    clouds.admin("DELETE", "/faults")
    text, _ = prompt(AGAIN)
    assert desk.ask(text, stream, desk.editor).final_output.endswith("The file has three lines.")

    assert desk.file.read_text() == "one\ntwo\nthree\n" and desk.notes == ["here", "there"]
    assert place.asked(mark)[0] == first and len(set(place.asked(mark))) == 2


@pytest.fixture(scope="module")
def clients(processes, tmp_path_factory):
    with Clients(processes, tmp_path_factory.mktemp("codex")) as clients:
        yield clients


CODEX = """
model = "MODEL"
model_provider = "multihome"
features.plugins = false
analytics.enabled = false

[model_providers.multihome]
name = "Multihome"
base_url = "ADDRESS"
wire_api = "responses"
http_headers = { "x-tenant-id" = "TENANT" }
request_max_retries = 0
stream_max_retries = 0
"""
# It runs what the script says, in a folder of this test.
UNHINDERED = "--dangerously-bypass-approvals-and-sandbox"


# In chat completions the namespace of a tool is a part of its name.
EXEC = "exec|functions__exec"


def runs(command):
    return {"custom": EXEC, "input": f"text(await tools.exec_command({json.dumps({'cmd': command})}))"}


def adds(line, behind):
    patch = f"*** Begin Patch\n*** Update File: a.txt\n@@\n {behind}\n+{line}\n*** End Patch\n"
    return {"custom": EXEC, "input": f"text(await tools.apply_patch({json.dumps(patch)}))"}


def script(*steps):
    return f"[[reasoning]] [[script {json.dumps(steps)}]]"


def codex(place, clients, tenant, model="gpt-6.1-sol"):
    config = CODEX.replace("MODEL", model).replace("ADDRESS", place.at).replace("TENANT", tenant)
    session = clients.codex_session(config)
    (session.folder / "a.txt").write_text("one\n")
    return session


def breaks(place, first, **fault):
    """A command that lets a cloud fail from now on."""
    order = json.dumps({"on": place.host(first), **fault})
    return runs(f"curl -s --noproxy '*' -d '{order}' http://{place.clouds['admin']}/faults")


# Codex' tools are custom ones, which no model takes that these clouds serve by chat completions alone.
@pytest.mark.parametrize("first", ["azure-eastus2", "aws-mantle", "gcp-us"])
def test_codex_goes_on_elsewhere(first, place, clients, clouds):
    model = "gpt-6.1-sol"
    session = codex(place, clients, f"{first}-drop", model)
    text, mark = prompt(script(runs("cat a.txt"), breaks(place, first, fault="503"), adds("two", "one"), "The file has two lines."))

    run = session.run(text, UNHINDERED)
    assert (run.returncode, run.stdout.strip()) == (0, "The file has two lines."), run.stderr
    clouds.admin("DELETE", "/faults")
    text, again = prompt(script(adds("three", "two"), "The file has three lines."))
    run = session.resume(text, UNHINDERED)
    assert (run.returncode, run.stdout.strip()) == (0, "The file has three lines."), run.stderr

    assert (session.folder / "a.txt").read_text() == "one\ntwo\nthree\n"
    asked = place.asked(mark)
    assert asked[0] == first and len(set(asked)) == 2
    if model == "gpt-6.1-sol":
        assert place.asked(again) == [asked[-1]]


@pytest.mark.parametrize("first", ["azure-eastus2", "aws-mantle", "gcp-us"])
def test_codex_waits_for_the_account_that_can_read_its_session(first, place, clients, clouds):
    session = codex(place, clients, f"{first}-keep")
    text, mark = prompt(script(runs("cat a.txt"), breaks(place, first, fault="503"), adds("two", "one"), "The file has two lines."))

    run = session.run(text, UNHINDERED)
    assert run.returncode == 1 and (session.folder / "a.txt").read_text() == "one\n", run
    clouds.admin("DELETE", "/faults")
    run = session.resume("Go on.", UNHINDERED)

    assert run.returncode == 0 and "Go on." in run.stdout, run.stderr
    assert (session.folder / "a.txt").read_text() == "one\ntwo\n"
    assert place.asked(mark) == [first]
