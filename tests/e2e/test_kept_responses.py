"""What an account keeps: responses are fetched, deleted, cancelled, listed and resumed where they were made; those in the
background too. Conversations are made shorter, and tokens counted, where a target has it."""

import json

import openai
import pytest

from harness import policies, sdk
from harness.gateway import Gateway
from harness.records import serving
from harness.tags import VARIABLE, KEY, Tags, untagged

TAGS = Tags()


def policy_of(clouds):
    """`both` stands at three accounts, which tag what they make; `dated` and `shared` at one each, of which `alone` has the first
    for itself."""
    base = policies.base(clouds)
    azure = base["endpoints"]["azure-eastus2"]
    endpoints = {name: base["endpoints"][name] for name in ("azure-eastus2", "aws-mantle", "aws-use1", "openai-eu", "gcp-global")}
    endpoints["azure-dated"] = {**azure, "resource": "contoso-dated", "residency": "dated"}
    endpoints["azure-shared"] = {**azure, "resource": "contoso-shared", "residency": "shared"}
    target = policies.target
    both = [target("azure-eastus2", "gpt6sol-prod", policies.BOTH, 2.0, 10.0),
            target("openai-eu", "gpt-6.1-sol", policies.BOTH, 2.0, 10.0),
            target("aws-mantle", "openai.gpt-6.1-sol", policies.RESPONSES, 2.0, 10.0)]
    allowed = {"clouds": ["azure", "openai", "aws", "gcp"], "residency": ["us", "eu", "global"], "models": ["*"]}
    return {**base, "endpoints": endpoints, "models": {
        "both": both,
        "keeps-nothing": [target("aws-use1", "us.openai.gpt-6.1-sol", policies.BOTH, 2.0, 10.0),
                          target("gcp-global", "gpt-6.1-sol", policies.RESPONSES, 2.0, 10.0)],
        "google": [target("gcp-global", "gpt-6.1-sol", policies.RESPONSES, 2.0, 10.0)],
        "dated": [{**target("azure-dated", "gpt6sol-prod", policies.RESPONSES, 2.0, 10.0), "api_version": "2025-04-01-preview"}],
        "shared": [target("azure-shared", "gpt6sol-prod", policies.BOTH, 2.0, 10.0)],
    }, "tenants": {
        "acme": allowed, "rival": allowed,
        "eu-only": {**allowed, "residency": ["eu"]},
        "alone": {"clouds": ["azure"], "residency": ["dated"], "models": ["dated"]},
        "one": {"clouds": ["azure"], "residency": ["shared"], "models": ["shared"]},
        "two": {"clouds": ["azure"], "residency": ["shared"], "models": ["shared"]},
    }, "identity": {"header": "x-tenant-id", "trust": {"listeners": ["default"]}}, "sessions": {"tag_keys": [VARIABLE]}}


@pytest.fixture(scope="module")
def the_keeper(processes, the_clouds, envoy, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    environment = {**the_clouds.aws_environment(), VARIABLE: KEY}
    return Gateway(processes, tmp_path_factory.mktemp("keeper"), envoy, policy_of(the_clouds), the_clouds,
                   secrets=secrets, environment=environment)


@pytest.fixture
def keeper(the_keeper, clouds):
    return the_keeper


@pytest.fixture
def asks(keeper):
    """The official client: asks(tenant, azure=True, only="aws")."""
    with sdk.Clients() as clients:
        def make(tenant="acme", azure=False, only=None):
            headers = {"x-multihome-clouds": only} if only else {}
            return (clients.azure if azure else clients.openai)(keeper, tenant=tenant, headers=headers)
        yield make


ACCOUNTS = {"azure": "azure-eastus2", "openai": "openai-eu", "aws": "aws-mantle"}


def asked(clouds, what):
    """What a cloud received whose path holds it: `METHOD host path`."""
    return [f"{record['method']} {record['path']}" for record in serving(clouds.records(what))]


@pytest.mark.parametrize("azure", [False, True], ids=["openai", "azure"])
@pytest.mark.parametrize("cloud", ACCOUNTS)
def test_a_response_is_found_where_it_was_made(cloud, azure, asks, clouds):
    made = asks(only=cloud, azure=azure).responses.create(model="both", input="Where do you run?")
    # Whoever asks for it says no cloud and no model.
    client, id, plain = asks(azure=azure), made.id, untagged(made.id)
    assert id == TAGS.id("acme", ACCOUNTS[cloud], plain)
    found = client.responses.retrieve(id, include=["reasoning.encrypted_content"])
    assert (found.id, found.output_text, found.output[0].id) == (id, made.output_text, made.output[0].id)
    items = client.responses.input_items.list(id, limit=1, order="asc").data
    assert items[0].content[0].text == "Where do you run?"
    assert items[0].id != untagged(items[0].id)
    assert client.responses.input_items.list(id, after=items[0].id, order="asc").data == []
    client.responses.delete(id)
    with pytest.raises(openai.NotFoundError) as gone:
        client.responses.retrieve(id)
    assert f"Response with id '{plain}' not found." in gone.value.message
    path = {"azure": "/openai/v1", "aws": "/openai/v1", "openai": "/v1"}[cloud] + f"/responses/{plain}"
    item = untagged(items[0].id)
    assert asked(clouds, plain) == [
        f"GET {path}?include%5B%5D=reasoning.encrypted_content", f"GET {path}/input_items?limit=1&order=asc",
        f"GET {path}/input_items?order=asc&after={item}", f"DELETE {path}", f"GET {path}"]


def test_a_response_in_the_background_is_polled_and_cancelled(asks):
    client = asks()
    made = client.responses.create(model="both", input="hi", background=True)
    assert made.status == "queued"
    id = made.id
    assert [client.responses.retrieve(id).status for _ in range(2)] == ["in_progress", "completed"]
    made = client.responses.create(model="both", input="something else", background=True)
    assert client.responses.cancel(made.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        synchronous = client.responses.create(model="both", input="hi")
        client.responses.cancel(synchronous.id)


@pytest.mark.parametrize("cloud", ACCOUNTS)
def test_a_stream_in_the_background_is_resumed(cloud, asks):
    begun = []
    with asks(only=cloud).responses.create(model="both", input="one two three", background=True, stream=True) as stream:
        for event in stream:
            begun.append(event)
            if len(begun) == 6:
                break
    id = begun[0].response.id
    rest = list(asks().responses.retrieve(id, stream=True, starting_after=begun[-1].sequence_number))
    assert {event.response.id for event in begun + rest if hasattr(event, "response")} == {id}
    numbers = [event.sequence_number for event in begun + rest]
    assert numbers == list(range(len(numbers))) and rest[-1].type == "response.completed"
    assert "one two three" in rest[-1].response.output_text


def test_conversations_are_compacted_and_tokens_counted(asks, clouds):
    client = asks(azure=False)
    compacted = client.responses.compact(model="both", input="Remember: the word is teal.")
    assert compacted.object == "response.compaction"
    counted = client.responses.input_tokens.count(model="both", input="How many?")
    assert counted.input_tokens > 0
    assert asked(clouds, "responses/") == ["POST /openai/v1/responses/compact", "POST /openai/v1/responses/input_tokens"]
    assert asks().responses.compact(model="google", input="x").object == "response.compaction"


# tenant, model, what is asked, fields, status, code, what the message holds
REFUSED_BODIES = [
    ("acme", "keeps-nothing", "input_tokens", {}, 400, "unsupported_feature", "input_tokens"),
    ("alone", "dated", "compact", {}, 400, "unsupported_feature", "compact"),
    ("acme", "keeps-nothing", "", {"background": True}, 400, "unsupported_feature", "background"),
    ("one", "shared", "", {"background": True}, 400, "unsupported_feature", "`sessions`"),
    ("acme", "both", "compact", {"model": None}, 400, "missing_required_parameter", "model"),
]


@pytest.mark.parametrize("tenant, model, what, fields, status, code, holds", REFUSED_BODIES)
def test_what_no_target_has_is_refused(tenant, model, what, fields, status, code, holds, keeper, clouds):
    body = {"model": model, "input": "x", **fields}
    answer = keeper.request("POST", f"/v1/responses/{what}".rstrip("/"), body=body, tenant=tenant)
    assert (answer.status, answer.error["code"]) == (status, code) and holds in answer.error["message"]
    assert serving(clouds.records()) == []


def test_a_tenant_that_has_an_account_for_itself_needs_no_tag(asks, clouds):
    client = asks("alone")
    made = client.responses.create(model="dated", input="hi", background=True)
    assert client.responses.retrieve(untagged(made.id)).status == "in_progress"
    [record] = serving(clouds.records(untagged(made.id)))
    assert record["path"] == f"/openai/responses/{untagged(made.id)}?api-version=2025-04-01-preview"


# who asks, whose it is, at which account, what is done to the id, status, code
FOREIGN = [
    ("rival", "acme", "azure-eastus2", None, 404, "not_found"),
    ("acme", "acme", "azure-shared", None, 403, "origin_not_allowed"),
    ("acme", "acme", None, None, 404, "not_found"),
    ("acme", "acme", "azure-eastus2", lambda id: id + "0", 404, "not_found"),
    ("acme", "acme", "azure-eastus2", lambda id: id.replace("_X", "_X0", 1), 404, "not_found"),
    ("one", "one", None, None, 404, "not_found"),
    ("eu-only", "eu-only", "azure-eastus2", None, 403, "origin_not_allowed"),
    ("acme", "acme", "azure-eastus2", lambda id: id + "%2F..%2Fx", 404, "unknown_url"),
    ("acme", "acme", "azure-eastus2", lambda id: id + "%3Fx", 404, "not_found"),
]


@pytest.mark.parametrize("tenant, whose, account, change, status, code", FOREIGN)
@pytest.mark.parametrize("method, end", [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")])
def test_no_cloud_is_asked_for_what_is_not_the_tenants(method, end, tenant, whose, account, change, status, code, keeper,
                                                       clouds):
    id = TAGS.id(whose, account, "resp_0a1b") if account else "resp_0a1b"
    answer = keeper.request(method, f"/v1/responses/{change(id) if change else id}{end}", tenant=tenant)
    assert (answer.status, answer.error["code"]) == (status, code), answer.text
    assert answer.cloud is None and serving(clouds.records()) == []


# the fault at the origin, status, code
DOWN = [("503", 503, "origin_unavailable"), ("reset", 503, "origin_unavailable"), ("hang", 504, "origin_unavailable"),
        ("429", 429, "rate_limit_exceeded")]


@pytest.mark.parametrize("fault, status, code", DOWN)
def test_an_account_that_is_down_has_the_client_come_back(fault, status, code, keeper, clouds):
    clouds.fault("azure", fault)
    answer = keeper.request("GET", f"/v1/responses/{TAGS.id('acme', 'azure-eastus2', 'resp_0a1b')}")
    assert (answer.status, answer.error["code"]) == (status, code), answer.text
    assert answer["retry-after"] and answer["x-should-retry"] != "false"
    hosts = {record["host"] for record in serving(clouds.records("resp_0a1b"))}
    assert hosts == {"contoso-eastus2.openai.azure.com"}


@pytest.mark.parametrize("http", [1, 2])
def test_nothing_of_the_clients_goes_with_it_but_known_parameters(http, keeper, clouds):
    id = TAGS.id("acme", "aws-mantle", "resp_0a1b")
    headers = [("authorization", "Bearer of-the-client"), ("cookie", "a=b"), ("x-custom", "y"), ("accept", "text/html")]
    answer = keeper.request("GET", f"/v1/responses/{id}?include[]=a.b&x=y&starting_after=3&limit=2", headers,
                            body=b'{"model": "both"}', http=http)
    # Its signature held, or it were a 403.
    assert answer.status == 404 and "not found" in answer.error["message"], answer.text
    [record] = serving(clouds.records("resp_0a1b"))
    assert (record["method"], record["body"]) == ("GET", "")
    assert record["path"] == "/openai/v1/responses/resp_0a1b?include%5B%5D=a.b&starting_after=3"
    sent = dict(record["headers"])
    assert not {"cookie", "x-custom", "x-tenant-id", "content-type"} & set(sent)
    assert "of-the-client" not in json.dumps(record)


@pytest.mark.parametrize("path, method, status", [
    ("/v1/responses/compact", "GET", 405), ("/v1/responses/resp_1", "POST", 405), ("/v1/responses/resp_1/x", "GET", 404),
])
def test_other_methods_and_paths_are_none(path, method, status, keeper):
    answer = keeper.request(method, path, body={} if method == "POST" else None)
    assert answer.status == status
    assert (answer["allow"] is not None) == (status == 405)


def test_a_stream_in_the_background_begins_before_there_is_output(keeper, clouds):
    # Two events, and then nothing: the client has its id long before any target would be given up.
    body = {"model": "both", "input": "hi", "background": True, "stream": True}
    clouds.fault("azure", "stall", after=2)
    with keeper.connect() as connection:
        connection.send("POST", "/v1/responses", *keeper.prepared([], body, "acme"))
        assert connection.head().cloud == "azure"
        begun = connection.events()
        assert [next(begun)["type"] for _ in range(2)] == ["response.created", "response.queued"]
    assert [record["host"] for record in serving(clouds.records('"background"'))] == ["contoso-eastus2.openai.azure.com"]


def test_the_record_says_what_was_asked(keeper):
    id = TAGS.id("acme", "openai-eu", "resp_0a1b")
    answer = keeper.request("DELETE", f"/v1/responses/{id}")
    [line] = keeper.access(answer, 1)
    assert " by=header api=responses op=delete form=openai.responses policy=" in line["record"]
    assert line["record"].endswith(" tries=openai-eu:404 origin=openai-eu")
