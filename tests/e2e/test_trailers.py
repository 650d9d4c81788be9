"""Requests over HTTP/2 that end in trailers: each is answered as the one without, by whatever cloud, and none of them leaves."""

import json

import pytest

from harness.gateway import PATHS, Question
from harness.plans import permit
from harness.records import DOWN_EVERYWHERE, comparable, header, serving

TRAILERS = [("x-checksum", "abc"), ("authorization", "Bearer of-the-client"), ("x-multihome-clouds", "gcp"), ("x-tenant-id", "beta")]

# One endpoint of every kind of credential, form, model
ENDPOINTS = [
    ("azure-eastus2", "chat", "gpt-6.1-sol"),
    ("azure-eastus2", "chat", "gpt-4o"),
    ("azure-sweden", "chat", "gpt-6.1-sol"),
    ("aws-use1", "chat", "gpt-6.1-sol"),
    ("aws-mantle", "responses", "gpt-6.1-sol"),
    ("aws-euw1", "chat", "gpt-6.1-sol"),
    ("gcp-us", "responses", "gpt-6.1-sol"),
    ("gcp-global", "chat", "gpt-oss-120b"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("endpoint, form, model", ENDPOINTS)
def test_end_a_body_and_go_no_further(endpoint, form, model, stream, gateway, clouds):
    question = Question(model=model, form=form, stream=stream)

    answer = ask(gateway, question, permit([endpoint]))

    [record] = clouds.records(question.mark)
    assert record["trailers"] == [], "nothing of the client's leaves behind the body"
    assert header(record, "content-length") == [str(len(record["body"].encode()))], "the length is known, as of any that is held"
    assert (answer.status, answer.target) == (200, endpoint), answer
    assert answer.said.startswith(answer.cloud)


def ask(gateway, question, *headers, trailers=TRAILERS):
    form = "chat" if "messages" in question.body else "responses"
    return gateway.request("POST", PATHS[form], headers, question.body, http=2, tenant=None, trailers=trailers)


ACME = ("x-tenant-id", "acme")
EVERYWHERE = permit()

# what becomes of it, what is asked, by which headers, status, how often a cloud is asked
SAME = [
    ("two fail and a third serves", {"text": "[[azure 429]] [[aws 503]]", "form": "responses"}, [EVERYWHERE], 200, 3),
    ("that by a stream", {"text": "[[azure reset]] [[aws 429]]", "form": "responses", "stream": True}, [EVERYWHERE], 200, 4),
    # Twice the time that one of them has.
    ("two do not answer", {"text": "[[azure hang]] [[aws hang]]", "form": "responses"}, [EVERYWHERE], 200, 3),
    ("none serves", {"text": DOWN_EVERYWHERE, "form": "responses"}, [EVERYWHERE], 503, 3),
    ("a mistake of the client's", {"text": "[[aws 400]]"}, [permit(["aws-use1"])], 400, 1),
    ("a limit", {"text": "[[aws 429 retry-after=7]]"}, [permit(["aws-use1"])], 429, 1),
    ("a connection is lost", {"text": "[[aws reset]]"}, [permit(["aws-use1"])], 503, 2),
    ("narrowed by a header", {"form": "responses"}, [EVERYWHERE, ("x-multihome-clouds", "aws")], 200, 1),
    ("narrowed by nonsense", {}, [EVERYWHERE, ("x-multihome-clouds", "moon")], 400, 0),
    ("headers of the router's", {"text": "[[azure 429]]", "form": "responses"},
     [EVERYWHERE, ("x-envoy-max-retries", "0"), ("x-envoy-upstream-rq-per-try-timeout-ms", "1")], 200, 2),
    ("no tenant", {}, [], 401, 0),
    ("two tenants", {}, [ACME, ("x-tenant-id", "beta")], 400, 0),
    ("an unknown model", {"model": "gpt-9"}, [ACME], 404, 0),
    ("a body of the wrong type", {"fields": {"stream": 1}}, [ACME], 400, 0),
]


@pytest.mark.parametrize("asked, headers, status, times", [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_a_request_is_answered_as_without_them(asked, headers, status, times, gateway, clouds):
    question = Question(**asked)
    answers, records = [], []
    for trailers in ((), TRAILERS):
        answer = ask(gateway, question, *headers, trailers=trailers)
        assert answer.status == status, answer
        answers.append((lasting(answer.headers), answer.error or answer.said))
        records.append([comparable(record) for record in clouds.records(question.mark)])
        clouds.clear()

    assert len(records[0]) == times
    assert records[1] == records[0]
    assert answers[1] == answers[0]


def lasting(headers):
    """Headers without the values that each answer has of its own."""
    return sorted((name, "" if name in ("date", "x-request-id") else value) for name, value in headers)


@pytest.mark.parametrize("text", ["hi", "[[aws 400]]"])
def test_the_request_id_is_the_clouds(text, gateway, clouds):
    question = Question(text)

    answer = ask(gateway, question, permit(["aws-use1"]))

    [record] = clouds.records(question.mark)
    ids = [value for name, value in answer.headers if name == "x-request-id"]
    assert ids == [dict(record["answer_headers"])["x-amzn-requestid"]]


def test_an_answer_of_our_own_has_the_id_that_the_request_came_with(gateway):
    answer = ask(gateway, Question(model="gpt-9"), ACME, ("x-request-id", "own"))

    assert (answer.status, answer["x-request-id"]) == (404, "own")


def test_the_access_log_has_a_line_of_each_listener_under_one_id(gateway):
    answer = ask(gateway, Question("[[azure 429]]", form="responses"), EVERYWHERE)

    lines = {line["listener"]: line for line in gateway.access(answer, 2)}
    outer, inner = lines["default"], lines["multihome:detour"]
    assert (outer["cluster"], inner["cluster"], inner["attempts"]) == ("multihome:detour", "multihome-aws-use1", 2)
    assert outer["target"] == inner["target"] == "aws-use1"


def test_they_end_a_request_without_a_body(gateway):
    answer = gateway.request("POST", PATHS["chat"], [("content-type", "application/json")], http=2, trailers=TRAILERS[:1])

    assert (answer.status, answer.error["code"]) == (400, "invalid_json")


def test_a_body_before_them_may_be_as_large_as_any(gateway, clouds):
    for size, status in (((8 << 20) - 1000, 200), (8 << 20, 413)):
        question = Question("x" * size)
        assert ask(gateway, question, permit(["aws-use1"])).status == status
        assert len(serving(clouds.records(question.mark))) == (1 if status == 200 else 0)


def test_a_client_that_leaves_is_left(gateway, clouds):
    question = Question("[[aws slow ms=300]]", stream=True)
    headers = [permit(["aws-use1"]), ("content-type", "application/json")]
    with gateway.connect(http=2) as connection:
        stream = connection.send("POST", PATHS["chat"], headers, json.dumps(question.body).encode(), trailers=TRAILERS)
        assert connection.head(stream).status == 200
        connection.reset(stream)

    clouds.await_records(lambda records: any(record["disconnected"] for record in records), question.mark)


def test_where_nothing_is_signed_they_are_taken_off_on_the_way(policy, start_gateway, clouds):
    """Without a signer nothing takes the detour: the requests are answered by the one edge that they came to."""
    for endpoint in policy["endpoints"].values():
        if endpoint["auth"] == "sigv4":
            endpoint["auth"] = {"api_key": {"sds": "bedrock-key"}}
    gateway = start_gateway(policy)

    for endpoint in ("azure-eastus2", "aws-use1"):
        question = Question()
        answer = ask(gateway, question, permit([endpoint]))
        assert (answer.status, answer.target) == (200, endpoint), answer
        [record] = clouds.records(question.mark)
        assert record["trailers"] == []
    [passed] = gateway.stats("^cluster.multihome_detour.upstream_rq_total$").values()
    assert passed == 0
