"""A request moves on to the next target for what is the cloud's fault or ours, and stops at what is the client's."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead

import pytest

from harness.gateway import Question
from harness.plans import MODELS, THREE, ask, permit
from harness.records import DOWN_EVERYWHERE, endpoints, serving

AZURE, AWS, GCP = "azure", "aws", "gcp"
ORDERS = [(AZURE, AWS, GCP), (AWS, GCP, AZURE), (GCP, AZURE, AWS)]
SHAPES = [("chat", False), ("chat", True), ("responses", False), ("responses", True)]
ENDPOINTS = dict(zip((AZURE, AWS, GCP), THREE))

# What moves a request on: the fault as a marker says it, on which clouds it exists (elsewhere a 503 stands in for it),
# the status that the cloud answers with (None: none)
CAUSES = [
    ("429", (AZURE, AWS, GCP), 429),
    ("429 retry-after=20", (AZURE, AWS, GCP), 429),
    ("400-quota", (AWS,), 400),
    ("400-signature", (AWS,), 400),
    # An Envoy on the way to the cloud: its `x-envoy-ratelimited` says to ours not to try again.
    ("proxy-limit", (AZURE, AWS, GCP), 429),
    ("500", (AZURE, AWS, GCP), 500),
    ("502", (AZURE, AWS, GCP), 502),
    ("html", (AZURE, AWS, GCP), 502),
    ("503", (AZURE, AWS, GCP), 503),
    ("504", (AZURE, AWS, GCP), 504),
    ("408", (AZURE, AWS, GCP), 408),
    ("424", (AZURE, AWS, GCP), 424),
    # The deployment or model is not there: the policy file's fault, not the client's.
    ("404", (AZURE, AWS, GCP), 404),
    ("400-target", (AZURE, AWS, GCP), 400),
    ("500-secret", (AZURE, AWS, GCP), 500),
    # Our credential.
    ("401", (AZURE, AWS, GCP), 401),
    ("403", (AZURE, AWS, GCP), 403),
    # An error's body of 1 MiB, and one that breaks off.
    ("huge", (AZURE, AWS, GCP), 500),
    ("cut", (AZURE, AWS, GCP), 503),
]


@pytest.mark.parametrize("failing, form, stream", [
    (1, "chat", False), (1, "responses", True), (2, "chat", True), (2, "responses", False),
], ids=lambda value: {True: "streamed", False: "whole"}[value] if isinstance(value, bool) else None)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause[0].split()[0] + "+" * (" " in cause[0]))
def test_moves_on(cause, order, failing, form, stream, gateway):
    fault, where, status = cause
    failed = order[:failing]

    answer = ask(gateway, marked(failed, fault, where), clouds=order, form=form, stream=stream)

    assert answer.status == 200, answer
    assert answer.cloud == order[failing]
    assert answer.said.startswith(answer.cloud), "the whole answer of the one that serves"
    assert answer.target == ENDPOINTS[answer.cloud]
    assert answer.attempts == failing + 1
    assert answer.tried == list(order[:failing + 1])
    statuses = [record["status"] for record in answer.records]
    assert statuses == [status if cloud in where else 503 for cloud in failed] + [200]
    assert answer["x-multihome-move-on"] is None


def marked(clouds, fault, where=(AZURE, AWS, GCP)):
    """A prompt at which these clouds fail."""
    # A cut alone spoils an answer that serves: here it is the error's.
    faults = [f"{cloud} {fault if cloud in where else '503'}" for cloud in clouds]
    faults += [f"{cloud} 503" for cloud in clouds if fault == "cut"]
    return "hi " + " ".join(f"[[{fault}]]" for fault in faults)


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("form, stream", SHAPES)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_moves_on_when_the_port_is_closed(order, form, stream, http, gateway, clouds):
    for cloud in order[:2]:
        clouds.fault(cloud, "refuse")

    answer = ask(gateway, clouds=order, form=form, stream=stream, http=http)

    assert (answer.status, answer.cloud, answer.attempts) == (200, order[2], 3), answer
    assert answer.tried == [order[2]]


# A connection that is lost at once is no failed target: how, how many of azure's requests, who may be tried, who is asked
LOST = [
    # HTTP/2: the stream is reset; it is refused; the whole connection is reset; GOAWAY says that nothing was processed.
    ("reset", 1, THREE, [AZURE, AZURE]),
    ("goaway", 1, THREE, [AZURE, AZURE]),
    ("refused", 1, THREE, [AZURE, AZURE]),
    ("drop", 1, THREE, [AZURE, AZURE]),
    ("drop", 1, THREE[:1], [AZURE, AZURE]),
    ("goaway", 1, THREE[:1], [AZURE, AZURE]),
    # Twice, and the plan goes on.
    ("reset", 2, THREE, [AZURE, AZURE, AWS]),
    ("refused", 2, THREE, [AZURE, AZURE, AWS]),
    ("drop", 2, THREE, [AZURE, AZURE, AWS]),
    ("goaway", 2, THREE, [AZURE, AZURE, AWS]),
    # Where it ends, too.
    ("refused", 2, THREE[:1], [AZURE, AZURE]),
    ("drop", 2, THREE[:1], [AZURE, AZURE]),
]


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("form, stream", SHAPES)
@pytest.mark.parametrize("fault, times, targets, tried", LOST)
def test_a_lost_connection_is_no_failed_target(fault, times, targets, tried, form, stream, size, gateway, clouds):
    clouds.fault(AZURE, fault, times=times)

    answer = ask(gateway, "hi " + "x" * size, targets, form=form, stream=stream)

    assert answer.tried == tried
    served = len(tried) > times
    assert (answer.status, answer.attempts) == (200 if served else 503, len(set(tried))), answer
    assert (answer.cloud == tried[-1]) if served else (answer.error["code"] == "upstream_unavailable")
    statuses = [record["status"] for record in answer.records]
    assert statuses == [None] * times + [200] * served
    connections = [record["connection"] for record in answer.records if record["cloud"] == AZURE]
    again = 1 if fault in ("reset", "refused") else 2
    assert len(set(connections)) == again, "once more, on another connection where the first one is lost"


@pytest.mark.parametrize("fault", ["reset", "refused", "drop", "goaway"])
def test_what_each_target_loses_twice_is_not_tried_a_third_time(fault, gateway):
    answer = ask(gateway, " ".join(f"[[{cloud} {fault}]]" for cloud in (AZURE, AWS, GCP)))

    assert (answer.status, answer.error["code"], answer.attempts) == (503, "upstream_unavailable", 3), answer
    assert answer.tried == [AZURE, AZURE, AWS, AWS, GCP, GCP]


# How long azure takes, who serves then a stream, which may take 1.5 s, and who what is no stream, which may take 2 s. All of
# them wait at the same time.
WAITS = [
    ("hang", AWS, AWS),
    ("delay ms=2500", AWS, AWS),
    ("delay ms=1750", AWS, AZURE),
    ("delay ms=500", AZURE, AZURE),
]


def test_moves_on_when_no_first_byte_comes_in_time(gateway):
    rows = [(row, form, stream) for row in WAITS for form, stream in SHAPES]

    answers = at_once(rows, lambda row: ask(gateway, f"hi [[azure {row[0][0]}]]", form=row[1], stream=row[2]))

    for ((fault, *serve), form, stream), answer in zip(rows, answers):
        serves = serve[0 if stream else 1]
        attempts = 1 if serves == AZURE else 2
        assert (answer.status, answer.cloud, answer.attempts) == (200, serves, attempts), (fault, form, stream, answer)
        assert len(answer.records) == attempts
        assert answer.said.startswith(serves)


# Pauses in a stream whose completion has to begin within 1.5 s: milliseconds, how many events are read
PAUSES = [(600, 4), (400, 6)]


def test_a_stream_that_has_begun_may_take_its_time(gateway):
    rows = [(*pause, form) for pause in PAUSES for form in MODELS]

    def read(row):
        pause, events, form = row
        with gateway.connect() as connection:
            send(connection, Question(f"hi [[azure slow ms={pause}]]", MODELS[form], form, stream=True))
            assert connection.head().cloud == AZURE
            return [event for event, _ in zip(connection.events(), range(events))]

    for row, events in zip(rows, at_once(rows, read)):
        assert len(events) == row[1], row


# A stream in which there is nothing of a completion: its end right behind the headers, silence behind an event of lifecycle
NOTHING = [("cut after=0", "chat", 1), ("cut after=0", "responses", 2), ("cut after=1", "chat", 2), ("cut after=2", "responses", 1),
           ("slow ms=1700", "chat", 1), ("slow ms=1700", "responses", 2)]


def test_a_stream_without_anything_of_a_completion_moves_on(gateway):
    def read(row):
        fault, form, http = row
        return gateway.ask(f"hi [[azure {fault}]]", model=MODELS[form], form=form, stream=True, http=http)

    for row, answer in zip(NOTHING, at_once(NOTHING, read)):
        assert (answer.status, answer.cloud, answer.tried) == (200, AWS, [AZURE, AWS]), (row, answer)
        [line] = gateway.access(answer, 1)
        word = "timeout" if "slow" in row[0] else "reset"
        assert f" tries=azure-eastus2:200!{word}>aws-use1:200" in line["record"], line


# An error whose body never comes: its status, who may be tried, the status that the client reads, who is asked
STALLED = [
    ("429 retry-after=7", THREE, 200, [AZURE, AWS]),
    ("503", THREE, 200, [AZURE, AWS]),
    ("401", THREE, 200, [AZURE, AWS]),
    ("429 retry-after=7", THREE[:1], 429, [AZURE]),
    ("503", THREE[:1], 503, [AZURE]),
]


@pytest.mark.parametrize("form, stream", SHAPES)
def test_an_error_is_acted_on_without_its_body(form, stream, gateway):
    def stall(row):
        fault, targets, *_ = row
        return ask(gateway, f"hi [[azure {fault}]] [[azure stall]]", targets, form=form, stream=stream)

    for row, answer in zip(STALLED, at_once(STALLED, stall)):
        assert (answer.status, answer.tried) == tuple(row[2:]), (row, answer)
        assert answer.seconds < 1.4, "not by the time that a response may take"
        assert answer["retry-after"] == ("7" if answer.status == 429 else None)
        assert answer.status == 200 or answer.cloud == AZURE


def test_an_error_waits_for_a_body_that_decides(gateway):
    """The body of a 400 says whose fault it is: only the time that a response may take ends the wait for it."""
    answer = ask(gateway, "hi [[azure 400]] [[azure stall]]")

    assert (answer.status, answer.tried) == (200, [AZURE, AWS]), answer
    assert answer.seconds > 1.9


def at_once(rows, ask_one):
    with ThreadPoolExecutor(min(len(rows), 16)) as pool:
        return list(pool.map(ask_one, rows))


# What is the client's fault: the fault or the body's own, the status that it is told with
CLIENTS = [
    ("[[azure 400]]", {}, 400),
    ("[[azure content-filter]]", {}, 400),
    ("[[azure 404-reference]]", {}, 404),
    ("[[azure 400-text]]", {}, 400),
    # A body that a cloud refuses by itself.
    ("", {"temperature": 9}, 400),
    ("", {"reasoning_effort": "immense"}, 400),
    ("", {"tool_choice": 7}, 400),
    # Bedrock's quota is Bedrock's: elsewhere a 400 is the client's.
    ("[[azure 400-quota]]", {}, 400),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("row", CLIENTS, ids=lambda row: row[0] or ",".join(row[1]))
def test_stops_at_what_is_the_clients_fault(row, http, gateway):
    text, fields, status = row

    answer = ask(gateway, f"hi {text}", http=http, **fields)

    assert (answer.status, answer.target, answer.attempts) == (status, "azure-eastus2", 1)
    assert answer.error["message"] and answer["retry-after"] is None
    assert answer.tried == [AZURE]


def test_stops_at_the_clients_fault_after_it_moved_on(gateway):
    answer = ask(gateway, "hi [[azure 429]] [[aws 400]]")

    assert (answer.status, answer.target, answer.attempts) == (400, "aws-use1", 2)
    assert answer.tried == [AZURE, AWS]


@pytest.mark.parametrize("form, stream", SHAPES)
def test_a_body_over_the_limit_reaches_no_cloud(form, stream, gateway):
    answer = ask(gateway, "x" * (8 << 20), form=form, stream=stream)

    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert answer.records == []


# An answer that has begun is not begun again: where it breaks off, over which HTTP
BREAKS = [
    ("cut after=3", "chat", True, 1),
    ("cut after=3", "chat", True, 2),
    ("cut after=3", "responses", True, 1),
    ("cut after=3", "responses", True, 2),
    # In the middle of a JSON body.
    ("cut", "chat", False, 1),
    ("cut", "responses", False, 2),
]


@pytest.mark.parametrize("fault, form, stream, http", BREAKS)
def test_an_answer_that_breaks_off_ends_with_an_error_and_is_not_tried_again(fault, form, stream, http, gateway, clouds):
    question = Question(f"hi [[azure {fault}]]", MODELS[form], form, stream)
    with gateway.connect(http) as connection:
        with pytest.raises((IncompleteRead, ConnectionResetError)) as ended:
            stream = send(connection, question)
            connection.read() if http == 1 else connection.read(stream)

    if http == 1 and fault == "cut after=3":
        assert ended.value.partial.count(b"data: ") == 3, "what came before it is the client's"
    assert [record["cloud"] for record in clouds.records(question.mark)] == [AZURE]


def send(connection, question):
    """Asks over a connection of the test's own."""
    path = "/v1/chat/completions" if "messages" in question.body else "/v1/responses"
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json")]
    return connection.send("POST", path, headers, json.dumps(question.body).encode())


# A 200 is the cloud's word, whatever is in it: the fault, what its body is
SERVED = [
    ("garbage", b"this is no JSON {\"error\""),
    ("filtered", None),
    ("padded", None),
]


@pytest.mark.parametrize("form", MODELS)
@pytest.mark.parametrize("fault, body", SERVED)
def test_a_200_is_served_as_it_is(fault, body, form, gateway):
    answer = ask(gateway, f"hi [[azure {fault}]]", form=form)

    assert (answer.status, answer.attempts, answer.tried) == (200, 1, [AZURE])
    assert body is None or answer.body == body


# Who may be tried, when all fail: the policy's clouds, what else bounds the request, who is tried
BOUNDS = [
    ((AZURE, AWS, GCP), {}, THREE),
    ((GCP, AWS, AZURE), {}, THREE[::-1]),
    ((AWS, AZURE), {}, ["aws-use1", "azure-eastus2"]),
    ((GCP,), {}, ["gcp-us"]),
    ((AZURE, AWS, GCP), {"permits": {"max_attempts": 1}}, THREE[:1]),
    ((AZURE, AWS, GCP), {"permits": {"max_attempts": 2}}, THREE[:2]),
    ((AZURE, AWS, GCP), {"headers": [("x-multihome-max-attempts", "2")]}, THREE[:2]),
    # A header may narrow the policy, not widen it.
    ((AZURE, AWS, GCP), {"permits": {"max_attempts": 1}, "headers": [("x-multihome-max-attempts", "3")]}, THREE[:1]),
    ((AZURE, AWS, GCP), {"headers": [("x-multihome-clouds", "gcp,azure")]}, ["azure-eastus2", "gcp-us"]),
    ((AZURE, AWS, GCP), {"headers": [("x-multihome-residency", "eu")], "targets": ["*"]}, ["azure-sweden", "aws-euw1"]),
    # More than the ceiling's three.
    ((AZURE, AWS, GCP), {"permits": {"max_attempts": 9}, "targets": ["*"]}, ["azure-eastus2", "azure-sweden", "aws-use1"]),
    # A client cannot have Envoy try more often, or differently.
    ((AZURE, AWS), {"headers": [("x-envoy-max-retries", "9")]}, THREE[:2]),
    ((AZURE, AWS), {"headers": [("x-envoy-retry-on", "5xx"), ("x-envoy-retriable-status-codes", "400")]}, THREE[:2]),
    ((AZURE, AWS), {"headers": [("x-envoy-hedge-on-per-try-timeout", "true"), ("x-envoy-upstream-rq-timeout-ms", "1")]},
     THREE[:2]),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: f"{'-'.join(row[0])} {row[1]}"[:90])
def test_never_tries_more_than_the_permit(row, stream, gateway, policy):
    order, bounds, expected = row

    answer = ask(gateway, f"hi {DOWN_EVERYWHERE}", clouds=order, form="responses", stream=stream, **bounds)

    assert endpoints(answer.records, policy) == expected
    assert answer.status == 503
    assert answer.attempts == len(expected)


# What is told when all fail: the faults on azure, aws and gcp; status, code, retry-after, whose it was (None: Envoy's)
TOLD = [
    (("503", "503", "503"), 503, "upstream_error", None, AZURE),
    (("500", "503", "502"), 500, "upstream_error", None, AZURE),
    (("503", "429", "500"), 429, "rate_limit_exceeded", None, AWS),
    (("429", "429", "429"), 429, "rate_limit_exceeded", None, AZURE),
    # The soonest of several.
    (("429 retry-after=20", "429 retry-after=3", "429 retry-after=9"), 429, "rate_limit_exceeded", "3", AZURE),
    (("429", "429 retry-after=3", "503"), 429, "rate_limit_exceeded", "3", AZURE),
    (("429 retry-after=7", "503", "reset"), 429, "rate_limit_exceeded", "7", AZURE),
    (("503", "400-quota", "500"), 429, "rate_limit_exceeded", None, AWS),
    (("401", "503", "404"), 503, "upstream_error", None, AWS),
    (("401", "403", "404"), 502, "credential_refused", None, AZURE),
    (("404", "404", "401"), 502, "credential_refused", None, GCP),
    (("404", "404", "404"), 502, "target_misconfigured", None, AZURE),
    (("504", "503", "401"), 504, "upstream_timeout", None, AZURE),
    (("408", "500", "500"), 504, "upstream_timeout", None, AZURE),
    (("html", "html", "html"), 502, "upstream_error", None, AZURE),
    (("huge", "huge", "huge"), 500, "upstream_error", None, AZURE),
    (("reset", "reset", "reset"), 503, "upstream_unavailable", None, None),
    (("404", "401", "reset"), 503, "upstream_unavailable", None, None),
    (("504", "401", "reset"), 504, "upstream_timeout", None, AZURE),
    (("503", "401", "hang"), 504, "upstream_timeout", None, None),
    (("429 retry-after=4", "401", "hang"), 429, "rate_limit_exceeded", "4", AZURE),
]


def test_tells_the_most_telling_error_when_all_fail(gateway):
    cases = [(row, form, stream) for row in TOLD for form, stream in SHAPES]

    def fail(case):
        (faults, *_), form, stream = case
        text = " ".join(f"[[{cloud} {fault}]]" for cloud, fault in zip((AZURE, AWS, GCP), faults))
        return ask(gateway, text, form=form, stream=stream)

    for (row, form, stream), answer in zip(cases, at_once(cases, fail)):
        faults, status, code, retry_after, whose = row
        case = f"{faults} {form} {'streamed' if stream else 'whole'}: {answer}"
        assert (answer.status, answer.error.get("code")) == (status, code), case
        assert answer["retry-after"] == retry_after, case
        assert answer.cloud == whose, case
        tried = [cloud for cloud, fault in zip((AZURE, AWS, GCP), faults) for _ in range(2 if fault == "reset" else 1)]
        assert (answer.attempts, answer.tried) == (3, tried), case
        assert set(answer.error) >= {"message", "type", "param", "code"} and len(answer.body) < 2000, case
        assert answer["content-type"] == "application/json" and answer["x-request-id"], case


def test_tells_that_nothing_could_be_reached(gateway, clouds):
    for cloud in (AZURE, AWS, GCP):
        clouds.fault(cloud, "refuse")

    answer = ask(gateway)

    assert (answer.status, answer.error["code"], answer.attempts) == (503, "upstream_unavailable", 3), answer


FAILS = {"role": "user", "content": "[[azure 429 retry-after=3]]"}


def after(*items):
    """An input of these items, and a question that Azure cannot serve now."""
    return {"input": [*items, FAILS]}


def within(part):
    return after({"role": "user", "content": [part]})


# What only one account can read: what it is, the API, fields of the request
BOUND = [
    ("encrypted thoughts", "responses", after({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"})),
    ("a compaction", "responses", after({"type": "compaction", "encrypted_content": "gAAA"})),
    ("a prompt", "responses", {"prompt": {"id": "pmpt_1"}}),
    ("a file", "responses", within({"type": "input_file", "file_id": "file-1"})),
    ("an image by its id", "responses", within({"type": "input_image", "file_id": "file-1", "detail": "auto"})),
    ("files in a container", "responses", {"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}}]}),
    ("a vector store", "responses", {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
    ("a file of a chat", "chat", {"messages": [FAILS, {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}),
]


@pytest.mark.parametrize("form, fields", [row[1:] for row in BOUND], ids=[row[0] for row in BOUND])
def test_what_one_account_keeps_is_asked_of_no_other(form, fields, gateway, clouds):
    """Another account would refuse it for good (400), and hide from the client that waiting helps."""
    targets = ["azure-eastus2", "gcp-us"]
    answer = ask(gateway, "hi [[azure 429 retry-after=3]]", targets, form=form, **fields)

    assert (answer.status, answer["retry-after"], answer.attempts) == (429, "3", 1), answer
    assert [record["cloud"] for record in serving(clouds.records())] == [AZURE]


# What only one account can look up, by an id that has no tag: what it is, and fields of the request
POINTERS = [
    ("a response", {"previous_response_id": "resp_1"}),
    ("a conversation", {"conversation": "conv_1"}),
    ("a reference", after({"type": "item_reference", "id": "msg_1"})),
    ("a reference without a type", after({"id": "msg_1"})),
    ("an image that was generated", after({"type": "image_generation_call", "id": "ig_1"})),
    ("thoughts by their id", after({"type": "reasoning", "id": "rs_1", "summary": []})),
    ("a container", {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}),
]


@pytest.mark.parametrize("fields", [row[1] for row in POINTERS], ids=[row[0] for row in POINTERS])
def test_what_an_account_keeps_is_not_asked_for_without_a_tag(fields, gateway, clouds):
    """Tenants share the accounts: it could be another one's."""
    answer = ask(gateway, "hi", ["azure-eastus2", "gcp-us"], form="responses", **fields)

    assert (answer.status, answer.attempts) == (400, 0) and "foreign_reference" in answer.text, answer
    assert serving(clouds.records()) == []


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("form, stream", SHAPES)
def test_what_another_account_cannot_read_hides_no_failure_that_waiting_mends(form, stream, http, gateway):
    """Where the body did not tell that it holds such a thing, and so Envoy asked the next target."""
    question = "hi [[azure 429 retry-after=3]] [[gcp 400-encrypted]]"
    answer = ask(gateway, question, ["azure-eastus2", "gcp-us"], form=form, stream=stream, http=http)

    assert (answer.status, answer.error["type"], answer["retry-after"]) == (429, "rate_limit_error", "3"), answer
    assert (answer.tried, answer.attempts, answer.cloud) == ([AZURE, GCP], 2, AZURE)


def test_what_is_replayed_whole_goes_anywhere_whoever_made_its_id(gateway, clouds):
    said = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    called = [{"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"},
              {"type": "function_call_output", "call_id": "call_1", "output": "5"}]

    answer = ask(gateway, form="responses", **after(said, *called))

    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer


# Bytes of the prompt, and of each chunk where it comes in chunks
SIZES = [(1 << 20, None), (1 << 20, 1 << 14), (4_190_000, None), (4_190_000, 1 << 20)]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("size, chunk", SIZES)
def test_a_large_body_is_sent_again(size, chunk, http, gateway, clouds):
    question = Question("hi [[azure 503]] [[aws 429]] " + "x" * size, MODELS["chat"])
    body = json.dumps(question.body).encode()
    if chunk and http == 1:
        body = tuple(body[at:at + chunk] for at in range(0, len(body), chunk))

    answer = gateway.request("POST", "/v1/chat/completions", [permit()], body, tenant=None, http=http)

    assert (answer.status, answer.target, answer.attempts) == (200, "gcp-us", 3), answer
    received = [json.loads(record["body"]) for record in clouds.records(question.mark)]
    assert [body.pop("model") for body in received] == ["gpt-oss-120b", "openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b-maas"]
    assert all(body == {"messages": question.body["messages"]} for body in received)
