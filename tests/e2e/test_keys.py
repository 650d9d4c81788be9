"""API keys: a client with a base URL and a key and nothing else is its tenant, and its key goes nowhere."""

import itertools
import json
import random
import re
import socket
import statistics
import subprocess
import time

import openai
import pytest

import places
from harness import keys, policies
from harness.gateway import Gateway
from harness.process import until

LISTENERS = {"default": "127.0.0.1:0", "public": "127.0.0.1:0"}


class Held:
    """Keys by what they are for, and a policy that knows them."""

    def __init__(self, clouds):
        self.acme, acme = keys.new("acme")
        self.ci, ci = keys.new("acme", "--name", "ci", "--expires", keys.at(3600))
        self.europe, europe = keys.new("europe", "--name", "web")
        self.in_file, in_file = keys.new("aws-only")
        self.nobodys, _ = keys.new("acme")
        self.expired, expired = keys.new("acme")
        expired["expires"] = keys.at(-1)
        self.file = {"tenants": {"aws-only": [in_file]}}
        self.policy = policies.base(clouds)
        self.policy["tenants"]["acme"]["keys"] = [acme, ci, expired]
        self.policy["tenants"]["europe"]["keys"] = [europe]
        header = self.policy["identity"]
        self.policy["identity"] = [{"keys": {"file": "keys.json"}}, header]
        self.policy["listeners"] = {"public": {"cors": {"allow_origins": ["https://chat.example.test"]}}}

    def all(self):
        return [self.acme, self.ci, self.europe, self.in_file, self.nobodys, self.expired]


@pytest.fixture(scope="module")
def held(the_clouds):
    return Held(the_clouds)


@pytest.fixture(scope="module")
def keyed(processes, the_clouds, envoy, held, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keyed")
    (folder / "keys.json").write_text(json.dumps(held.file))
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    gateway = Gateway(processes, folder, envoy, held.policy, the_clouds, secrets=secrets, listeners=LISTENERS)
    yield gateway
    gateway.stop()


def ask(gateway, key, how="bearer", **more):
    name, value = {"bearer": ("authorization", f"Bearer {key}"), "api-key": ("api-key", key)}[how]
    more.setdefault("listener", "public")
    return gateway.ask(headers=[(name, value), *more.pop("headers", [])], tenant=None, **more)


def record(gateway, answer):
    [line] = gateway.access(answer, 1)
    return dict(word.split("=", 1) for word in line["record"].split(" "))


# The key, its tenant, what the record says of it, the cloud that comes first
HOLDERS = [
    ("acme", "acme", "key", "azure-eastus2"),
    ("ci", "acme", "key:ci", "azure-eastus2"),
    ("europe", "europe", "key:web", "azure-sweden"),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("how", ["bearer", "api-key"])
@pytest.mark.parametrize("key, tenant, by, target", HOLDERS)
def test_a_key_is_its_tenant_on_any_listener(key, tenant, by, target, how, http, keyed, held, clouds):
    for listener in LISTENERS:
        answer = ask(keyed, getattr(held, key), how, http=http, listener=listener)
        assert (answer.status, answer.target) == (200, target), answer
        found = record(keyed, answer)
        assert (found["tenant"], found["by"]) == (tenant, by)


def test_a_key_may_stand_in_a_file_of_its_own(keyed, held, clouds):
    answer = ask(keyed, held.in_file, model="gpt-oss-120b")
    assert (answer.status, answer.target) == (200, "aws-use1")


def test_the_official_clients_need_a_key_and_nothing_else(keyed, held, clouds):
    address = f"http://{keyed.addresses['public']}"
    messages = [{"role": "user", "content": "hi"}]
    clients = [openai.OpenAI(base_url=f"{address}/v1", api_key=held.acme, max_retries=0),
               openai.AzureOpenAI(azure_endpoint=address, api_version="2024-10-21", api_key=held.acme, max_retries=0)]
    for client in clients:
        with client:
            said = client.chat.completions.create(model="gpt-6.1-sol", messages=messages)
            assert said.choices[0].message.content
            streamed = client.chat.completions.create(model="gpt-6.1-sol", messages=messages, stream=True)
            assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices)
            assert client.responses.create(model="gpt-6.1-sol", input="hi").output_text
            assert "gpt-6.1-sol" in [model.id for model in client.models.list()]
    assert all(held.acme not in json.dumps(each) for each in clouds.records())


@pytest.mark.parametrize("key, code", [("nobodys", "invalid_api_key"), ("expired", "expired_api_key")])
def test_the_official_client_gets_its_own_exception(key, code, keyed, held, clouds):
    key = getattr(held, key)
    with openai.OpenAI(base_url=f"http://{keyed.addresses['public']}/v1", api_key=key, max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.models.list()
    assert (refused.value.status_code, refused.value.code) == (401, code)
    assert key not in str(refused.value)


def test_a_401_says_what_there_is_to_bring(keyed, clouds):
    answer = keyed.ask(tenant=None, listener="public")
    message = ("This endpoint takes the tenant from an API key (`Authorization: Bearer KEY` or `api-key: KEY`), or from "
               "header `x-tenant-id`, set by a trusted hop; the request has neither.")
    assert (answer.status, answer.error["code"], answer.error["message"]) == (401, "unknown_tenant", message)
    assert (answer.error["type"], answer.error["param"]) == ("authentication_error", None)


@pytest.mark.parametrize("http", [1, 2])
def test_health_readiness_and_preflights_need_no_key(http, keyed, clouds):
    for path in ("/healthz", "/readyz"):
        assert keyed.request("GET", path, tenant=None, listener="public", http=http).status == 200, path
    asked = [("origin", "https://chat.example.test"), ("access-control-request-method", "POST"),
             ("access-control-request-headers", "authorization, api-key, content-type")]
    preflight = keyed.request("OPTIONS", "/v1/chat/completions", asked, tenant=None, listener="public", http=http)
    assert preflight.status == 200 and preflight["access-control-allow-origin"] == "https://chat.example.test"
    assert {"authorization", "api-key"} <= set(preflight["access-control-allow-headers"].split(", "))


# How a request goes, so that each way to a cloud is one: which cloud, of which form, by retry, by the detour for trailers.
WAYS = [
    {"only": "azure-eastus2"}, {"only": "azure-sweden"}, {"only": "aws-use1"}, {"only": "aws-euw1"},
    {"only": "aws-mantle", "form": "responses"}, {"only": "aws-mantle-key", "form": "responses"},
    {"only": "gcp-us", "form": "responses"}, {"only": "gcp-global", "form": "responses"},
    {"only": "openai-eu"}, {"only": "openai-global"},
    {"text": "[[azure 429]]"}, {"text": "[[azure reset]]"}, {"model": "gpt-4o"}, {"http": 2, "trailers": [("x", "y")]},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("how", ["bearer", "api-key"])
def test_no_cloud_log_or_statistic_has_a_key(how, way, keyed, held, clouds):
    more = dict(way)
    only = more.pop("only", None)
    key = "a-customer's-own-secret-token"
    if only:
        # A policy of a trusted hop allows just this endpoint; the credential is the client's, and nobody's here.
        name, value = ("authorization", f"Bearer {key}") if how == "bearer" else ("api-key", key)
        answer = until(lambda: (found := keyed.ask(only=only, headers=[(name, value)], **more)).status == 200 and found, str(way))
    else:
        key = held.ci
        answer = ask(keyed, key, how, **more)
    assert answer.status == 200, answer
    assert answer.records and all(key not in json.dumps(each) for each in answer.records)
    keyed.access(answer, 1 if "trailers" not in way else 2)
    assert key not in keyed.access_log.read_text() and key not in keyed.log_text()


def test_no_dump_has_a_key(keyed, held, clouds):
    for key in held.all():
        ask(keyed, key)
    told = [keyed.manage(path).text for path in ("/config_dump", "/stats", "/clusters", "/listeners?format=json")]
    told += [keyed.access_log.read_text(), keyed.log_text(), keyed.config.read_text()]
    for key in held.all():
        assert all(key not in text for text in told)
        # Nor a part that would help to guess it.
        assert all(key[3:20] not in text for text in told)
    assert re.search(r"sha256", told[0]), "the dump has digests"


# Of each kind
LOOKUPS = 10_000


@pytest.mark.timeout(240)
def test_a_near_miss_takes_as_long_as_a_miss(keyed, held, clouds):
    """As its client sees it: no kind differs from `miss` by more than four standard errors, nor does another miss."""
    def raw(key):
        return f"GET /v1/models HTTP/1.1\r\nhost: llm\r\nauthorization: Bearer {key}\r\n\r\n".encode()

    kinds = {
        "miss": lambda: keys.nearly(held.nobodys, next(numbers) % 43),
        "other miss": lambda: keys.nearly(held.nobodys, next(numbers) % 43),
        "all but the last letter": lambda: keys.nearly(held.acme, -1),
        "all but the first letter": lambda: keys.nearly(held.acme, 0),
        "all but one letter": lambda: keys.nearly(held.europe, next(numbers) % 43),
    }
    numbers = itertools.count()
    host, port = keyed.addresses["public"].rsplit(":", 1)
    seen = []
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def lookup(key):
            request = raw(key)
            began = time.perf_counter_ns()
            connection.sendall(request)
            answer = connection.recv(65536)
            took = time.perf_counter_ns() - began
            assert answer.startswith(b"HTTP/1.1 401 ") and b"No tenant of this endpoint has this API key" in answer, answer
            return took

        # Noise is not the same twice; a difference that the keys make is.
        for _ in range(3):
            times = {kind: [] for kind in kinds}
            for _ in range(LOOKUPS):
                # Each once a round, in any order: what the machine does befalls all of them, and what came before too.
                for kind in random.sample(list(kinds), len(kinds)):
                    times[kind].append(lookup(kinds[kind]()))
            whole, beyond = statistics.median(times["miss"]), []
            for kind, took in times.items():
                differences = [one - other for one, other in zip(took, times["miss"])]
                middle = statistics.median(differences)
                # The standard error of a median, by the middle of what lies how far from it.
                error = 1.2533 * 1.4826 * statistics.median(abs(each - middle) for each in differences) / LOOKUPS ** 0.5
                seen.append(f"{kind} {middle / 1000:+.2f} ± {error / 1000:.2f} of {whole / 1000:.0f} µs")
                if abs(middle) > max(4 * error, 0.002 * whole):
                    beyond.append(kind)
            if not beyond:
                break
    print(*seen, sep="\n")
    assert not beyond, seen


def test_the_tool_says_whose_a_key_is_and_never_prints_it(keyed, held, clouds):
    policy = next(keyed.directory.glob("policy.*"))
    for key, code, said in [(held.acme, 0, "tenant acme ("), (held.ci, 0, "tenant acme, key ci ("),
                            (held.in_file, 0, "keys.json"), (held.expired, 1, "expired: tenant acme"),
                            (held.nobodys, 1, "nobody's"), (held.acme[:-1], 1, "check digits"), ("", 2, "no key")]:
        run = subprocess.run([places.CLI, "key", "check", "--policy", policy], input=key + "\n", capture_output=True, text=True)
        told = run.stdout + run.stderr
        assert run.returncode == code and said in told, (run.returncode, told)
        assert not key or key not in told
