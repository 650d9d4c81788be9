"""SDKs, frameworks and Codex as they are, with a base URL and an API key and nothing else."""

import json
import re

import pytest

import places
from harness import keys, policies
from harness.clients import Clients
from harness.gateway import Gateway, Question
from harness.records import header, serving

MODEL = "gpt-6.1-sol"


class Keyed:
    """An Envoy that knows tenants by their keys alone; a key, and one that it does not know."""

    def __init__(self, processes, folder, envoy, clouds):
        self.key, entry = keys.new("acme")
        self.nobodys, _ = keys.new("acme")
        policy = policies.base(clouds)
        policy["tenants"]["acme"]["keys"] = [entry]
        # Google speaks Responses alone for one model, chat completions alone for the other.
        self.googles, entry = keys.new("google")
        policy["tenants"]["google"] = {"clouds": ["gcp"], "residency": ["us"], "models": ["*"], "keys": [entry]}
        policy["identity"] = [{"keys": {}}]
        self.gateway = Gateway(processes, folder, envoy, policy, clouds)
        self.at = f"http://{self.gateway.addresses['default']}"

    def refused(self):
        """How many requests got a 4xx."""
        counted = self.gateway.stats(r"^http\..*\.downstream_rq_4xx$")
        return sum(value for name, value in counted.items() if not name.startswith("http.admin."))


@pytest.fixture(scope="module")
def keyed(processes, the_clouds, envoy, tmp_path_factory):
    keyed = Keyed(processes, tmp_path_factory.mktemp("clients-gateway"), envoy, the_clouds)
    yield keyed
    keyed.gateway.stop()


@pytest.fixture(scope="module")
def clients(processes, tmp_path_factory):
    with Clients(processes, tmp_path_factory.mktemp("clients")) as clients:
        yield clients


@pytest.fixture(autouse=True)
def nobody_else_is_asked(clients):
    """No client needs more than the gateway, and no test more than this machine."""
    yield
    asked = clients.elsewhere.take()
    assert not asked, asked


@pytest.mark.parametrize("language, source", [
    ("python", "import httpx; httpx.get('https://elsewhere.example')"), ("js", "await fetch('https://elsewhere.example')")])
def test_whom_else_a_client_asks_would_be_seen(language, source, clients):
    assert clients.run(language, source).returncode == 1
    assert clients.elsewhere.take() == ["CONNECT elsewhere.example:443 HTTP/1.1"]


def check_served(text, mark, fault, key, clouds):
    """The model's text came back, from the cloud that had to serve it, and no cloud got the client's key."""
    tried = ["azure", "aws"] if fault else ["azure"]
    assert text.startswith(f"{tried[-1]} ") and (not mark or mark in text), text
    records = serving(clouds.records(mark))
    assert [record["cloud"] for record in records] == tried
    assert header(records[0], "api-key") == [clouds["credentials"]["azure_api_key"]]
    assert all(key not in json.dumps(record) for record in records)
    return records


BOTH = ["chat", "responses"]
# The program, its client, the APIs that it speaks, how it takes a response, its error for a key that is nobody's
CLIENTS = [
    ("openai_client.py", "openai", BOTH, ["whole", "stream", "helper", "parsed"], "AuthenticationError"),
    ("openai_client.py", "azure", BOTH, ["whole", "stream", "helper", "parsed"], "AuthenticationError"),
    ("openai_client.mjs", "openai", BOTH, ["whole", "stream", "helper", "parsed"], "AuthenticationError"),
    ("openai_client.mjs", "azure", BOTH, ["whole", "stream", "helper", "parsed"], "AuthenticationError"),
    ("langchain_client.py", "openai", BOTH, ["whole", "stream", "parsed"], "AuthenticationError"),
    ("langchain_client.py", "azure", BOTH, ["whole", "stream", "parsed"], "AuthenticationError"),
    ("langchain_client.mjs", "openai", BOTH, ["whole", "stream", "parsed"], "AuthenticationError"),
    ("langchain_client.mjs", "azure", ["chat"], ["whole", "stream", "parsed"], "AuthenticationError"),
    ("vercel_client.mjs", "openai", BOTH, ["whole", "stream", "parsed"], "APICallError"),
    ("agents_client.py", "openai", BOTH, ["whole", "stream", "parsed"], "AuthenticationError"),
    ("agents_client.mjs", "openai", BOTH, ["whole", "stream", "parsed"], "AuthenticationError"),
]
ROWS = [(program, client, api, how) for program, client, apis, ways, _ in CLIENTS for api in apis for how in ways]
ENDS = {"chat": "/chat/completions", "responses": "/responses"}
STREAMED = {"stream", "helper"}
FAULTS = pytest.mark.parametrize("fault", ["", "[[azure 429]]"], ids=["served", "failed-over"])


@FAULTS
@pytest.mark.parametrize("program, client, api, how", ROWS)
def test_a_client_needs_a_base_url_and_a_key(program, client, api, how, fault, clients, keyed, clouds):
    mark = Question().mark
    told = clients.ask(program, client=client, at=keyed.at, key=keyed.key, api=api, how=how, model=MODEL, text=f"Where? {fault} {mark}")
    assert "text" in told, told
    for record in check_served(told["text"], mark, fault, keyed.key, clouds):
        assert record["path"].split("?")[0].endswith(ENDS[api]), record["path"]
        assert json.loads(record["body"]).get("stream", False) == (how in STREAMED)


# The model that Google has for clients of the API by translation alone, and on which path
OF_THE_OTHER_API = {"chat": ("gpt-6.1-sol", "/responses"), "responses": ("gpt-oss-120b", "/chat/completions")}


@pytest.mark.parametrize("program, client, api, how", ROWS)
def test_a_client_is_served_by_a_target_that_speaks_the_other_api(program, client, api, how, clients, keyed, clouds):
    mark, (model, path) = Question().mark, OF_THE_OTHER_API[api]
    keyed.gateway.await_serving(tenant=None, headers={"authorization": f"Bearer {keyed.googles}"})
    told = clients.ask(program, client=client, at=keyed.at, key=keyed.googles, api=api, how=how, model=model, text=f"Where? {mark}")
    assert "text" in told, told
    assert told["text"].startswith("gcp ") and mark in told["text"], told
    [record] = serving(clouds.records(mark))
    assert record["path"].split("?")[0].endswith(path), record["path"]


@pytest.mark.parametrize("program, client, api, how, error", [
    (program, client, api, how, error) for program, client, apis, ways, error in CLIENTS for api in apis for how in ways[:2]])
def test_a_wrong_key_is_the_clients_own_error_at_once(program, client, api, how, error, clients, keyed, clouds):
    before = keyed.refused()
    told = clients.ask(program, client=client, at=keyed.at, key=keyed.nobodys, api=api, how=how, model=MODEL, text="Where?")
    told = told["error"]
    assert error in told["kinds"] and (told["status"], told["code"]) == (401, "invalid_api_key"), told
    assert "No tenant of this endpoint has this API key." in told["message"] and keyed.nobodys not in told["message"]
    # Clients would repeat it after half a second, a second, two.
    assert keyed.refused() - before == 1


@pytest.mark.parametrize("client", ["openai", "azure"])
@pytest.mark.parametrize("program", ["openai_client.py", "openai_client.mjs"])
def test_a_client_lists_models(program, client, clients, keyed, clouds):
    told = clients.ask(program, client=client, at=keyed.at, key=keyed.key, api="models", how="whole", model=MODEL, text="")
    assert MODEL in told["text"].split()


PAGE = (places.ROOT / "docs" / "clients.md").read_text()
PROGRAMS = re.findall(r"```(python|js)\n(.*?)```", PAGE, re.DOTALL)
[CODEX] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ADDRESS = "https://llm.example.com"


@pytest.mark.parametrize("language, source", PROGRAMS, ids=[re.search(r"(\w+)\(", source)[1] for _, source in PROGRAMS])
def test_the_page_on_clients_says_what_works(language, source, clients, keyed, clouds):
    assert source.count(ADDRESS) == 1
    run = clients.run(language, source.replace(ADDRESS, keyed.at), MULTIHOME_API_KEY=keyed.key)
    assert run.returncode == 0, run.stderr
    check_served(run.stdout, "Where do you run?", "", keyed.key, clouds)


def test_the_variables_of_the_page_are_enough(clients, keyed, clouds):
    assert f'export OPENAI_BASE_URL={ADDRESS}/v1 OPENAI_API_KEY="$MULTIHOME_API_KEY"' in PAGE
    settings = {"OPENAI_BASE_URL": f"{keyed.at}/v1", "OPENAI_API_KEY": keyed.key}
    for language, source in [
        ("python", "import openai; print(openai.OpenAI().responses.create(model='gpt-6.1-sol', input='Where?').output_text)"),
        ("js", "import OpenAI from 'openai';"
               "console.log((await new OpenAI().responses.create({model: 'gpt-6.1-sol', input: 'Where?'})).output_text)"),
    ]:
        run = clients.run(language, source, **settings)
        assert run.returncode == 0 and run.stdout.startswith("azure "), run


# Codex itself asks others too, and takes a 401 for something that passes: see the page.
QUIET = ["features.plugins=false", "analytics.enabled=false"]


def test_codex_needs_no_file(clients, keyed, clouds):
    assert f'CODEX_API_KEY="$MULTIHOME_API_KEY" codex exec -c openai_base_url={ADDRESS}/v1 -m {MODEL} ' in PAGE
    mark = Question().mark
    settings = [*QUIET, f"openai_base_url={keyed.at}/v1", f"model={MODEL}"]
    run = clients.codex("", f"Where? {mark}", settings, CODEX_API_KEY=keyed.key)
    assert run.returncode == 0, run.stderr
    check_served(run.stdout, mark, "", keyed.key, clouds)


@FAULTS
def test_codex_needs_a_base_url_and_a_key(fault, clients, keyed, clouds):
    mark = Question().mark
    run = clients.codex(CODEX.replace(ADDRESS, keyed.at), f"Where? {fault} {mark}", QUIET, MULTIHOME_API_KEY=keyed.key)
    assert run.returncode == 0, run.stderr
    check_served(run.stdout, mark, fault, keyed.key, clouds)


def test_codex_says_that_a_key_is_wrong(clients, keyed, clouds):
    before = keyed.refused()
    settings = [*QUIET, "model_providers.multihome.stream_max_retries=0"]
    run = clients.codex(CODEX.replace(ADDRESS, keyed.at), "Where?", settings, MULTIHOME_API_KEY=keyed.nobodys)
    assert run.returncode == 1 and "401 Unauthorized: No tenant of this endpoint has this API key." in run.stderr, run
    assert keyed.nobodys not in run.stderr and keyed.refused() - before == 1
