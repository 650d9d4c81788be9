"""What a client brings back of earlier responses finds the account that made it, by its tag alone: over several turns, by
id and by encrypted content, where the account is down, and never for another tenant."""

import json
import re

import openai
import pytest

from harness import policies
from harness.gateway import TAG_KEY, Gateway, Question
from harness.policies import RESPONSES, target
from harness.process import Failed
from harness.records import endpoints
from harness.sdk import Clients

pytestmark = pytest.mark.sdk

# A cloud, and its endpoint here. Azure is the first in everybody's order.
AT = {"azure": "azure-eastus2", "aws": "aws-mantle", "gcp": "gcp-us", "openai": "openai-global"}
# Google keeps no response.
KEEPS = ["azure", "aws", "openai"]
THINKS = {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}
# At one account that no other model shares; every cloud accepts this id.
ALONE = "eu.openai.gpt-6.1-sol"
TAG = re.compile(r"^([a-z]*_?)(X[A-Za-z0-9_-]{8})")
NEW_KEY = {"MULTIHOME_TAG_KEY_NEW": "0123456789abcdef" * 4}


def policy_of(clouds):
    policy = policies.base(clouds)
    policy["models"] = {
        "gpt-6.1-sol": [target(AT["azure"], "gpt6sol-prod", RESPONSES, 2.0, 10.0),
                        *(target(AT[cloud], "gpt-6.1-sol", RESPONSES, 2.0, 10.0) for cloud in ("gcp", "openai")),
                        target(AT["aws"], "openai.gpt-6.1-sol", RESPONSES, 2.0, 10.0)],
        ALONE: [target("openai-eu", ALONE, RESPONSES, 2.0, 10.0)],
    }
    entry = {"clouds": list(AT), "residency": ["us", "eu", "global"], "models": ["*"], "max_attempts": 4}
    policy["tenants"] = {"acme": entry, "globex": entry, "drops": {**entry, "foreign_reasoning": "drop"}}
    return policy


@pytest.fixture(scope="module")
def the_sessions(processes, the_clouds, envoy, tmp_path_factory):
    gateway = Gateway(processes, tmp_path_factory.mktemp("sessions"), envoy, policy_of(the_clouds), the_clouds)
    gateway.await_serving(form="responses", headers={"x-multihome-clouds": "gcp"})
    return gateway


@pytest.fixture
def sessions(the_sessions, clouds):
    return the_sessions


class Talk:
    """A client of one tenant. `turn` says something in the turn that `cloud` alone may serve, or any."""

    def __init__(self, gateway, client, streamed=False):
        self.gateway, self.client, self.streamed = gateway, client, streamed

    def turn(self, text, items=(), cloud=None, **fields):
        """The response, and the records of the clouds that got the request."""
        question = Question(text)
        words = question.body["messages"][0]["content"]
        asked = {"model": "gpt-6.1-sol", "input": [*items, {"role": "user", "content": words}],
                 "extra_headers": {"x-multihome-clouds": cloud} if cloud else {}, **fields}
        if self.streamed:
            with self.client.responses.stream(**asked) as stream:
                response = stream.get_final_response()
        else:
            response = self.client.responses.create(**asked)
        return response, self.gateway.clouds.records(question.mark)


@pytest.fixture
def talk(sessions):
    with Clients() as clients:
        yield lambda tenant="acme", streamed=False: Talk(sessions, clients.openai(sessions, tenant=tenant), streamed)


def at(talk, records):
    return endpoints(records, policy_of(talk.gateway.clouds))


def untagged(value):
    """What the cloud knows it by."""
    assert TAG.match(value), f"{value} has no tag"
    return TAG.sub(r"\1", value)


def items_of(response):
    return [item.model_dump(exclude_none=True) for item in response.output]


HOW = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@HOW
@pytest.mark.parametrize("cloud", KEEPS)
def test_a_response_is_gone_on_with_where_it_was_made(cloud, streamed, talk):
    talk = talk(streamed=streamed)
    response, _ = talk.turn("one", cloud=cloud)
    for text in ("two", "three"):
        before = response.id

        response, records = talk.turn(text, previous_response_id=before)

        assert at(talk, records) == [AT[cloud]]
        assert json.loads(records[0]["body"])["previous_response_id"] == untagged(before)
        assert response.previous_response_id == before


@HOW
@pytest.mark.parametrize("cloud", AT)
def test_reasoning_goes_back_to_the_account_that_can_read_it(cloud, streamed, talk):
    talk, items = talk(streamed=streamed), []
    for text, where in (("[[reasoning]] one", cloud), ("[[reasoning]] two", None), ("three", None)):
        response, records = talk.turn(text, items, where, **THINKS)

        assert at(talk, records) == [AT[cloud]]
        sent = [item for item in json.loads(records[0]["body"])["input"] if item.get("encrypted_content")]
        ours = [item for item in items if item.get("encrypted_content")]
        assert [item["encrypted_content"] for item in sent] == [untagged(item["encrypted_content"]) for item in ours]
        assert [item["id"] for item in sent] == [untagged(item["id"]) for item in ours]
        items += [{"role": "user", "content": text}, *items_of(response)]


@pytest.mark.parametrize("cloud", KEEPS)
def test_an_item_is_referred_to_where_it_was_made(cloud, talk):
    talk = talk()
    first, _ = talk.turn("one", cloud=cloud)
    reference = {"type": "item_reference", "id": first.output[0].id}

    _, records = talk.turn("two", [reference])

    assert at(talk, records) == [AT[cloud]]
    assert json.loads(records[0]["body"])["input"][0]["id"] == untagged(reference["id"])


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("cloud", AT)
def test_the_events_of_a_stream_agree_on_each_id(cloud, http, sessions):
    answer = sessions.ask("[[reasoning]] hi", form="responses", stream=True, http=http,
                          headers={"x-multihome-clouds": cloud}, **THINKS)
    events = answer.events
    last = events[-1]
    assert last["type"] == "response.completed", answer
    assert len({event["response"]["id"] for event in events if "response" in event}) == 1
    untagged(last["response"]["id"])
    for index, item in enumerate(last["response"]["output"]):
        of_item = [event for event in events if event.get("output_index") == index]
        ids = {event.get("item_id") or event["item"]["id"] for event in of_item}
        assert ids == {item["id"]} and len(of_item) > 2, of_item
        untagged(item["id"])
        done = [event["item"] for event in of_item if event["type"] == "response.output_item.done"]
        assert done == [item]


# fault of the origin, status, its code
DOWN = [("503", 503, "origin_unavailable"), ("429", 429, None), ("reset", 503, "origin_unavailable")]


@pytest.mark.parametrize("fault, status, code", DOWN, ids=[row[0] for row in DOWN])
@pytest.mark.parametrize("kept", [True, False], ids=["by id", "by content"])
def test_the_client_is_told_to_come_back_where_the_origin_fails(kept, fault, status, code, talk):
    talk = talk()
    first, _ = talk.turn("[[reasoning]] one", cloud="azure", **({} if kept else THINKS))
    more = {"previous_response_id": first.id} if kept else {"items": items_of(first), **THINKS}

    with pytest.raises(openai.APIStatusError) as raised:
        talk.turn(f"[[azure {fault}]] two", **more)

    error = raised.value
    assert (error.status_code, code or error.code) == (status, error.code)
    assert int(error.response.headers["retry-after"]) >= 1
    # It was the only one that was asked, and serves the same request once it can.
    assert at(talk, talk.turn("two", **more)[1]) == [AT["azure"]]


@HOW
def test_a_tenant_that_drops_reasoning_goes_on_elsewhere(streamed, talk):
    talk = talk("drops", streamed)
    first, _ = talk.turn("[[reasoning]] one", cloud="azure", **THINKS)
    items = items_of(first)

    second, records = talk.turn("[[azure 503]] [[reasoning]] two", items, **THINKS)

    assert at(talk, records) == [AT["azure"], AT["aws"]]
    kept, moved = (json.loads(record["body"])["input"] for record in records)
    assert [item.get("type") for item in kept] == ["reasoning", "message", None]
    assert [item.get("type") for item in moved] == ["message", None]
    assert "id" not in moved[0] and moved[0]["content"] == kept[1]["content"]
    assert second.output_text


def test_the_log_says_where_it_came_from_and_what_was_left_out(sessions):
    made = sessions.ask("[[reasoning]] one", form="responses", tenant="drops", headers={"x-multihome-clouds": "azure"}, **THINKS)
    body = {"model": "gpt-6.1-sol", "input": [*made.json["output"], {"role": "user", "content": "[[azure 503]] two"}], **THINKS}

    answer = sessions.request("POST", "/v1/responses", (), body, tenant="drops")

    assert answer.status == 200, answer
    [line] = sessions.access(answer, 1)
    assert " origin=azure-eastus2 left_out=reasoning" in line["record"]


def test_another_tenant_reads_nothing_of_it(talk):
    made, _ = talk().turn("[[reasoning]] one", cloud="azure")
    sealed, _ = talk().turn("[[reasoning]] one", cloud="azure", **THINKS)
    other, _ = talk().turn("other", cloud="azure")
    tag = TAG.match(other.id)[2]
    lifted = TAG.sub(rf"\g<1>{tag}", made.id)
    changed = made.id[:-1] + ("0" if made.id[-1] != "0" else "1")
    for tenant, more in [
        ("globex", {"previous_response_id": made.id}),
        ("globex", {"items": items_of(sealed), **THINKS}),
        ("globex", {"items": [{"type": "item_reference", "id": made.output[0].id}]}),
        ("globex", {"previous_response_id": untagged(made.id)}),
        ("acme", {"previous_response_id": untagged(made.id)}),
        ("acme", {"previous_response_id": lifted}),
        ("acme", {"previous_response_id": changed}),
    ]:
        with pytest.raises(openai.BadRequestError) as refused:
            talk(tenant).turn("two", **more)
        assert refused.value.code == "foreign_reference", (tenant, more)
    # None of them has come to a cloud.
    assert not [record for record in talk().gateway.clouds.records("two") if "two #" in record["body"]]


def test_an_account_that_policy_keeps_away_is_said(talk):
    first, _ = talk().turn("one", cloud="azure")
    with pytest.raises(openai.PermissionDeniedError) as refused:
        talk().turn("two", cloud="aws", previous_response_id=first.id)
    assert refused.value.code == "origin_not_allowed"


def test_what_two_accounts_made_goes_to_none(talk):
    first, _ = talk().turn("one", cloud="azure")
    second, _ = talk().turn("[[reasoning]] one", cloud="aws", **THINKS)
    with pytest.raises(openai.BadRequestError) as refused:
        talk().turn("two", items_of(second), previous_response_id=first.id, store=False)
    assert refused.value.code == "conflicting_origins"


def test_a_model_of_one_account_is_not_touched(sessions):
    """The clouds say the same to the same request: what they say here is what they say where no tag is known."""
    question = Question("[[reasoning]] one", ALONE, "responses").body
    body = json.dumps({**question, **THINKS, "include": ["reasoning.encrypted_content"]}).encode()
    answer = sessions.request("POST", "/v1/responses", {"content-type": "application/json"}, body)
    assert not TAG.match(answer.json["id"]) and answer.status == 200
    reasoning = answer.json["output"][0]
    assert reasoning["encrypted_content"].startswith("gAAAA") and not TAG.match(reasoning["id"])

    again = json.dumps({"model": ALONE, "input": [*answer.json["output"], {"role": "user", "content": "[[x]] two"}], **THINKS})
    assert sessions.request("POST", "/v1/responses", {"content-type": "application/json"}, again).status == 200
    [first] = sessions.clouds.records(question["input"])
    [second] = sessions.clouds.records("[[x]] two")
    assert (first["body"], second["body"]) == (body.decode(), again)


def test_a_key_is_changed_for_another(start_live, clouds):
    policy = policy_of(clouds)
    live = start_live(policy, environment={**clouds.aws_environment(), **NEW_KEY})
    with Clients() as clients:
        talk = Talk(live, clients.openai(live))
        before, _ = talk.turn("one", cloud="azure")

        policy["sessions"]["tag_keys"] = [*NEW_KEY, *TAG_KEY]
        live.change(policy)
        after, _ = talk.turn("two", previous_response_id=before.id)
        assert TAG.match(after.previous_response_id)[2] != TAG.match(before.id)[2], "the new key makes tags"
        policy["sessions"]["tag_keys"] = [*NEW_KEY]
        live.change(policy)

        assert talk.turn("three", previous_response_id=after.id)[0].id
        with pytest.raises(openai.BadRequestError) as refused:
            talk.turn("four", previous_response_id=before.id)
        assert refused.value.code == "foreign_reference"

        # A key that Envoy does not have: what served before goes on.
        policy["sessions"]["tag_keys"] = ["MULTIHOME_TAG_KEY_NOWHERE"]
        live.stage(policy)
        assert live.apply().returncode != 0
        assert talk.turn("five", previous_response_id=after.id)[0].id
        assert "environment variable MULTIHOME_TAG_KEY_NOWHERE, which `sessions.tag_keys` names" in live.log_text()


@pytest.mark.parametrize("value", [None, "too-short"], ids=["unset", "too short"])
def test_envoy_serves_nothing_without_its_key(value, start_gateway, clouds):
    environment = {**clouds.aws_environment(), "MULTIHOME_TAG_KEY": value}
    try:
        gateway = start_gateway(policy_of(clouds), environment=environment)
    except Failed as failed:
        said = str(failed)
    else:
        assert gateway.ask(form="responses").status >= 500
        said = gateway.log_text()
    assert "environment variable MULTIHOME_TAG_KEY, which `sessions.tag_keys` names, does not hold at least 32 bytes" in said


def test_the_key_is_nowhere_to_be_read(sessions, talk):
    [key] = TAG_KEY.values()
    talk().turn("one", cloud="azure")
    shown = [sessions.manage(path).text for path in ("/config_dump?include_eds", "/stats", "/server_info", "/clusters")]
    assert "MULTIHOME_TAG_KEY" in shown[0], "the variable's name is there"
    for text in (*shown, sessions.log_text(), sessions.access_log.read_text(), sessions.config.read_text()):
        assert key not in text
