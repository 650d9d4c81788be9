"""A VM that traps: what lived in it ends with an error, nothing goes astray, and the next request is served.

Only a build for tests can be made to trap, by the header `x-trap-for-tests`; the module itself must not know it."""

import json
import time
from http.client import HTTPException

import pytest

import places
from harness.gateway import Gateway, Question
from harness.plans import MODELS, THREE, ask, permit
from harness.policies import base
from harness.process import Processes, until

TRAP = ("x-trap-for-tests", "1")
# How a client is told of a stream that ended, but by a status: the connection breaks off. (A timeout is no such word.)
BROKEN = (ConnectionError, HTTPException)


@pytest.fixture(scope="module")
def fragile(processes, the_clouds, envoy, tmp_path_factory):
    """One worker, so that every stream lives in the VM that traps."""
    if not places.MODULE_FOR_TESTS.exists():
        pytest.fail(f"{places.MODULE_FOR_TESTS} is missing: `make test-e2e` builds it")
    with Processes() as started:
        gateway = Gateway(started, tmp_path_factory.mktemp("fragile"), envoy, base(the_clouds), the_clouds, concurrency=1,
                          secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()}, module=places.MODULE_FOR_TESTS)
        gateway.await_serving(only="gcp-us", form="responses")
        yield gateway


@pytest.fixture
def whole(fragile, clouds):
    """The same, with a VM that serves, before a test and after it."""
    fragile.await_serving(only="gcp-us", form="responses")
    clouds.clear()
    yield fragile
    assert fragile.process.poll() is None, f"Envoy ended:\n{fragile.log_text()[-3000:]}"


def trap(gateway):
    """Has the worker's VM trap; the request that does it ends with an error too."""
    try:
        answer = ask(gateway, headers=[TRAP])
    except BROKEN:
        return
    assert answer.status >= 500, answer
    assert answer.records == []


def test_the_module_itself_knows_no_trap(gateway):
    answer = ask(gateway, headers=[TRAP])
    assert (answer.status, answer.attempts) == (200, 1)


def test_the_next_request_is_served_by_each_cloud(whole, clouds):
    trap(whole)

    for endpoint in THREE:
        for form in MODELS:
            answer = whole.await_serving(seconds=5, only=endpoint, form=form, model=MODELS[form])
            assert (answer.target, answer.attempts, answer.tried) == (endpoint, 1, [endpoint.split("-")[0]])


def test_a_vm_that_traps_again_and_again_comes_back(whole):
    """Envoy waits a second or so before it replaces a VM that it has just replaced."""
    for _ in range(2):
        trap(whole)
        whole.await_serving(seconds=3)


# What a stream is at when the VM traps: the fault that keeps it there, whether it is streamed, who has been asked
LIVES = {
    # The client reads events.
    "streaming": ("[[azure slow ms=300]]", True, ["azure"]),
    # The cloud has the request and has not answered: it would serve, or fail and have the request moved on.
    "waiting": ("[[azure delay ms=900]]", False, ["azure"]),
    "about-to-fail": ("[[azure delay ms=900]] [[azure 503]]", False, ["azure"]),
    # The second attempt is under way.
    "moved-on": ("[[azure 503]] [[aws delay ms=900]] [[aws 503]]", False, ["azure", "aws"]),
}


def test_every_stream_of_that_vm_ends_with_an_error_and_goes_nowhere_else(whole, clouds):
    lives = [Life(whole, name, form, http) for name in LIVES for form in MODELS for http in (1, 2)]
    for life in lives:
        clouds.await_records(lambda records: [record["cloud"] for record in records] == life.asked, life.question.mark)

    trap(whole)

    for life in lives:
        assert ended_with_an_error(life.connection, life.number), life
        life.connection.close()
    time.sleep(1)  # The faults are over: now what was still under way would have moved on.
    for life in lives:
        assert [record["cloud"] for record in clouds.records(life.question.mark)] == life.asked, life
    assert whole.await_serving(seconds=5).attempts == 1


class Life:
    """A stream that has come as far as a row of `LIVES` says."""

    def __init__(self, gateway, name, form, http):
        self.name = f"{name} {form} HTTP/{http}"
        fault, stream, self.asked = LIVES[name]
        self.question = Question(f"hi {fault} [[events 40]]", MODELS[form], form, stream)
        self.connection = gateway.connect(http)
        self.number = send(self.connection, self.question)
        if stream:
            head = self.connection.head() if http == 1 else self.connection.head(self.number)
            assert head.status == 200

    def __repr__(self):
        return self.name


@pytest.mark.parametrize("http", [1, 2])
def test_a_request_that_is_held_reaches_no_cloud(http, whole, clouds):
    question = Question()
    body = json.dumps(question.body).encode()
    with whole.connect(http) as connection:
        headers = [permit(), ("content-type", "application/json"), ("content-length", str(len(body)))]
        if http == 1:
            number = connection.send("POST", "/v1/chat/completions", headers, body[:-5])
        else:
            number = connection.send("POST", "/v1/chat/completions", headers, body[:-5], end=False)
        until(lambda: streams(whole) == 1, "the request")

        trap(whole)

        try:
            connection.sock.sendall(body[-5:]) if http == 1 else connection.data(number, body[-5:])
        except BROKEN:
            pass  # It has been answered already.
        assert ended_with_an_error(connection, number)
    assert clouds.records(question.mark) == []
    assert whole.await_serving(seconds=5).attempts == 1


def test_a_ticket_of_the_vm_before_finds_nothing(whole, clouds):
    """Numbers begin again in a new VM: requests that come after must not be taken for those before."""
    before = [Question("before [[azure delay ms=700]] [[azure 503]]") for _ in range(3)]
    with whole.connect(2) as connection:
        numbers = [send(connection, question) for question in before]
        clouds.await_records(lambda records: len(records) == 3, "before")
        trap(whole)
        whole.await_serving(seconds=5)
        clouds.admin("DELETE", "/records")
        # The same numbers, for requests with plans of their own.
        after = [ask(whole, f"after {number}", targets=["aws-use1"]) for number in range(3)]
        for number in numbers:
            assert ended_with_an_error(connection, number)
    assert [answer.target for answer in after] == ["aws-use1"] * 3
    time.sleep(0.7)
    assert {record["cloud"] for record in clouds.records()} == {"aws"}, "nothing of what was before went on"


def test_a_stream_of_another_worker_goes_on(the_clouds, clouds, envoy, tmp_path, fragile):
    """Two workers; of streams on both, those on one end and the others come whole."""
    with Processes() as started:
        gateway = Gateway(started, tmp_path / "two", envoy, base(the_clouds), the_clouds, concurrency=2,
                          secrets=the_clouds.secrets(), module=places.MODULE_FOR_TESTS)
        questions = [Question("hi [[azure slow ms=60]] [[events 40]]", MODELS["chat"], stream=True) for _ in range(12)]
        connections = [gateway.connect() for _ in questions]
        for connection, question in zip(connections, questions):
            send(connection, question)
        for connection in connections:
            assert connection.head().status == 200

        trap(gateway)

        ended = [ended_with_an_error(connection, None) for connection in connections]
        assert True in ended and False in ended, ended
        assert len(clouds.records("hi ")) == 12
        for _ in range(12):
            gateway.await_serving(seconds=5)


def send(connection, question):
    """Asks over a connection of the test's own."""
    path = "/v1/chat/completions" if "messages" in question.body else "/v1/responses"
    headers = [permit(), ("content-type", "application/json")]
    return connection.send("POST", path, headers, json.dumps(question.body).encode())


def ended_with_an_error(connection, number):
    """Whether the stream broke off or was answered with an error, and did not come whole."""
    over_http2 = hasattr(connection, "h2")
    try:
        if not over_http2 and connection.response is not None:
            text = connection.response.read().decode()
            return "[DONE]" not in text and "response.completed" not in text
        answer = connection.read(number) if over_http2 else connection.read()
    except BROKEN:
        return True  # IncompleteRead among them.
    return answer.status >= 500


def streams(gateway):
    """How many streams of clients are open."""
    return sum(count for name, count in gateway.stats(r"\.downstream_rq_active$").items() if ".admin." not in name)
