"""Google's token: fetched once for all workers, renewed ahead of its end, and never used after it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.clouds import Clouds
from harness.gateway import Gateway
from harness.plans import ask
from harness.policies import base
from harness.process import Processes, until
from harness.records import header

GOOGLE = ["gcp-us"]
# How often a worker looks for a token that is due, and how long a fetch may keep the others from fetching, in seconds.
TICK, LEASE = 0.25, 5.0


@pytest.fixture
def processes_here(processes):
    """`processes` is asked for as well: it says what has to be built first."""
    with Processes() as started:
        yield started


@pytest.fixture
def own(processes_here, tmp_path):
    """Clouds of this test's own: tokens are counted, and end, for nobody else."""
    return Clouds(processes_here, tmp_path / "clouds")


@pytest.fixture
def start(processes_here, own, envoy, tmp_path):
    """Starts an Envoy at the test's own clouds."""
    def start(**options):
        secrets = {**own.secrets(), "google-token": "not used here"}
        return Gateway(processes_here, tmp_path / "gateway", envoy, base(own), own, secrets=secrets, **options)

    return start


def tokens(clouds, **change):
    """What the metadata server has done; with `change`, after it is told so."""
    return clouds.admin("POST", "/token", change) if change else clouds.admin("GET", "/token")


def ask_google(gateway, **question):
    return ask(gateway, targets=GOOGLE, form="responses", **question)


def test_one_fetch_serves_every_worker(own, start):
    gateway = start(concurrency=2)
    gateway.await_serving(only="gcp-us", form="responses")

    # Connections of their own go to both workers.
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask_google(gateway), range(40)))
    time.sleep(3 * TICK)

    assert [answer.status for answer in answers] == [200] * 40
    workers = {name for name, count in gateway.connections().items() if count}
    assert len(workers) == 2, workers
    assert tokens(own)["fetches"] == 1
    assert len({value for answer in answers for value in header(answer.records[0], "authorization")}) == 1


def test_a_token_is_renewed_ahead_of_its_end(own, start):
    tokens(own, expires_in=6)
    gateway = start()
    gateway.await_serving(only="gcp-us", form="responses")
    ends = time.monotonic() + 6.5

    while time.monotonic() < ends:
        answer = ask_google(gateway)
        assert answer.status == 200, answer
        time.sleep(0.02)

    asked = own.records("/publishers/openai/")
    assert {record["auth"] for record in asked} == {"bearer"}, "Google never saw a token that had ended"
    assert len({value for record in asked for value in header(record, "authorization")}) >= 2
    assert tokens(own)["fetches"] <= 3, "once for each renewal"


# How the metadata server fails when Envoy starts, how it is told to, how long a fetch may take then
DOWN = {
    "fails": lambda clouds: tokens(clouds, fail=True),
    "hangs": lambda clouds: tokens(clouds, fail="hang"),
    "refuses": lambda clouds: clouds.fault("metadata", "refuse"),
    "gives-ended": lambda clouds: tokens(clouds, expires_in=0),
}


@pytest.mark.parametrize("how", DOWN)
def test_without_a_token_google_is_left_out_until_there_is_one(how, own, start):
    DOWN[how](own)
    gateway = start()
    if how in ("fails", "hangs"):
        until(lambda: tokens(own)["fetches"], "the first fetch")

    for form in ("chat", "responses"):
        answer = ask(gateway, clouds=("gcp", "aws", "azure"), form=form)
        assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 1), answer
        assert answer.tried == ["aws"]
    for stream in (False, True):
        denied = ask_google(gateway, stream=stream)
        assert (denied.status, denied.error["code"], denied["retry-after"]) == (503, "no_credential", "1"), denied
        assert denied.records == []

    own.clear()
    gateway.await_serving(seconds=2 * LEASE, only="gcp-us", form="responses")
    assert ask(gateway, clouds=("gcp", "aws", "azure")).target == "gcp-us"


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_a_token_that_ends_is_not_used_any_more(how, own, start):
    tokens(own, expires_in=3)
    gateway = start()
    gateway.await_serving(only="gcp-us", form="responses")
    DOWN[how](own)

    answers = []
    until(lambda: answers.append(ask_google(gateway)) or answers[-1].status == 503, "the token's end", 5)

    assert {answer.status for answer in answers[:-1]} == {200}
    assert answers[-1].error["code"] == "no_credential"
    other = ask(gateway, clouds=("gcp", "aws", "azure"))
    assert (other.status, other.target, other.attempts) == (200, "aws-use1", 1), other
    assert {record["auth"] for record in own.records("/publishers/openai/")} == {"bearer"}, "none was stale"


def test_a_token_that_google_refuses_moves_the_request_on(own, start):
    gateway = start()
    gateway.await_serving(only="gcp-us", form="responses")
    tokens(own, revoke=True)

    answer = ask(gateway, clouds=("gcp", "aws", "azure"), form="responses")

    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer
    assert ask_google(gateway).error["code"] == "credential_refused"
