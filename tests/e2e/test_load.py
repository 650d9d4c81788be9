"""Many requests at once, faults, and clients that leave: everybody gets what is theirs, and nothing of it remains."""

import json
import pathlib
import random
import re
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException

import pytest

import places
from harness import policies
from harness.gateway import PATHS, Gateway, Question
from harness.process import Processes, until
from harness.records import DOWN_EVERYWHERE, SERVING, host_of

REQUESTS, LEAVING = 200, 20
# What each of the requests makes a worker read.
PROMPT = 8 << 10

# Which endpoints each tenant's policy leaves for a model in a form of the API; by hand, not by the code that is tested.
TENANTS = {
    # The last three speak Responses alone, and are asked in translation.
    ("us", "chat", "gpt-6.1-sol"): {"azure-eastus2", "aws-use1", "aws-mantle", "aws-mantle-key", "gcp-us"},
    ("us", "responses", "gpt-6.1-sol"): {"azure-eastus2", "aws-use1", "aws-mantle", "aws-mantle-key", "gcp-us"},
    ("us", "chat", "gpt-oss-120b"): {"azure-eastus2", "aws-use1", "aws-mantle", "gcp-us"},
    ("eu", "chat", "gpt-6.1-sol"): {"azure-sweden", "aws-euw1"},
    ("eu", "responses", "gpt-6.1-sol"): {"azure-sweden", "aws-euw1"},
    # Not its model: refused.
    ("eu", "chat", "gpt-oss-120b"): set(),
    ("google", "responses", "gpt-6.1-sol"): {"gcp-us", "gcp-global"},
    ("google", "chat", "gpt-oss-120b"): {"gcp-us", "gcp-global"},
    ("google", "chat", "gpt-6.1-sol"): {"gcp-us", "gcp-global"},
}

# What goes wrong with a request, by its own word.
FAULTS = [
    "", "", "", "[[azure 429]]", "[[azure 503]] [[gcp 429 retry-after=3]]", "[[aws 500]] [[azure reset]]", "[[gcp 401]]",
    "[[azure html]]", "[[azure huge]]", "[[aws 400-quota]] [[azure 408]]", "[[gcp reset]]", DOWN_EVERYWHERE,
    "[[azure 400]]", "[[azure cut after=2]]", "[[azure delay ms=40]]", "[[gcp delay ms=60]] [[aws delay ms=60]]",
]
# A stream that has been moved on and is still going on when its client leaves.
SLOW = "[[azure 429]] [[azure slow ms=50]] [[aws slow ms=50]] [[gcp slow ms=50]] [[events 40]]"
# And by the administrator's, for so many requests.
ORDERED = [("azure", "503", 12), ("aws", "429", 9), ("gcp", "503", 9), ("azure", "reset", 5)]


@pytest.fixture(scope="module")
def loaded(the_clouds, envoy, tmp_path_factory, processes):
    """Two workers, and the module as it is built for tests: it tells how many requests a worker knows."""
    policy = policies.base(the_clouds)
    policy["tenants"] = {
        "us": {"clouds": ["azure", "aws", "gcp"], "residency": ["us"], "models": ["*"], "order": "weighted"},
        "eu": {"clouds": ["aws", "azure"], "residency": ["eu"], "models": ["gpt-6*"]},
        "google": {"clouds": ["gcp"], "residency": ["us", "global"], "models": ["*"], "order": "cheapest"},
    }
    with Processes() as started:
        gateway = Gateway(started, tmp_path_factory.mktemp("loaded"), envoy, policy, the_clouds, concurrency=2,
                          secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()},
                          module=places.MODULE_FOR_TESTS)
        gateway.names = {host_of(endpoint): name for name, endpoint in policy["endpoints"].items()}
        gateway.await_serving(only="azure-sweden")
        gateway.await_serving(only="gcp-us", form="responses")
        yield gateway


@dataclass
class Case:
    """One request, and what came of it."""

    tenant: str
    form: str
    model: str
    question: Question
    http: int
    leaves: bool
    answer: object = None
    error: str = ""
    connection: object = None
    stream: object = None

    @property
    def allowed(self):
        return TENANTS[self.tenant, self.form, self.model]

    @property
    def body(self):
        # The model last: all that stands before it is held for the next attempt.
        body = dict(self.question.body)
        model = body.pop("model")
        return json.dumps({**body, "model": model}).encode()


def make(count, leaving, seed):
    """The requests, mixed as a seed says; those that leave are streams that have begun."""
    chance = random.Random(seed)
    cases = []
    for number in range(count):
        leaves = number < leaving
        keys = [key for key, allowed in TENANTS.items() if allowed or not leaves]
        tenant, form, model = keys[number % len(keys)]
        fault = SLOW if leaves else chance.choice(FAULTS)
        stream = leaves or chance.random() < 0.5
        question = Question(f"{fault} " + "x" * PROMPT, model, form, stream)
        cases.append(Case(tenant, form, model, question, chance.choice([1, 2]), leaves))
    chance.shuffle(cases)
    return cases


def begin(gateway, case):
    """Sends the request over a connection of its own."""
    case.connection = gateway.connect(case.http, timeout=30)
    headers = [("x-tenant-id", case.tenant), ("content-type", "application/json")]
    number = case.connection.send("POST", PATHS[case.form], headers, case.body)
    case.stream = [] if case.http == 1 else [number]


def finish(case):
    """Reads the answer, or leaves in the middle of it."""
    with case.connection as connection:
        try:
            if not case.leaves:
                case.answer = connection.read(*case.stream)
            elif case.http == 1:
                next(connection.events())
                connection.close(reset=True)
            else:
                connection.reset(*case.stream)
        except (HTTPException, ConnectionError) as error:
            case.error = repr(error)


def begin_streams_to_leave(gateway, cases):
    """As far as their heads."""
    for case in cases:
        if case.leaves:
            begin(gateway, case)
            case.answer = case.connection.head(*case.stream)
            assert case.answer.status == 200, case


def test_everybody_is_served_by_a_cloud_of_theirs_or_refused(loaded, clouds):
    cases = make(REQUESTS, LEAVING, seed=1)
    begin_streams_to_leave(loaded, cases)
    for on, fault, times in ORDERED:
        clouds.fault(on, fault, times=times)
    together = threading.Barrier(REQUESTS, timeout=30)

    def run(case):
        together.wait()
        if not case.leaves:
            begin(loaded, case)
        finish(case)

    with ThreadPoolExecutor(REQUESTS) as pool:
        list(pool.map(run, cases))

    await_no_streams(loaded)
    records = asked_by_mark(clouds)
    served = Counter()
    for case in cases:
        asked = [loaded.names[record["host"]] for record in records.get(case.question.mark, [])]
        assert set(asked) <= case.allowed, (case, asked)
        # One that lost the connection may be asked once more, before the next.
        tried = [endpoint for number, endpoint in enumerate(asked) if number == 0 or endpoint != asked[number - 1]]
        assert len(tried) == len(set(tried)) <= 3 and len(asked) <= 2 * len(tried), (case, asked)
        check(case, asked, records)
        served[case.tenant] += bool(case.answer and case.answer.status == 200)
    assert all(served[tenant] for tenant in ("us", "eu", "google")), served
    # A stream whose client left is given up at the cloud too.
    clouds.await_records(lambda records: sum(record["disconnected"] for record in records) >= LEAVING)
    no_request_remains(loaded)


def check(case, asked, records):
    """What one client was told fits what the clouds know."""
    if not case.allowed:
        assert case.answer.status in (400, 403, 404) and not asked, (case, asked)
        return
    if case.error and b"[[azure cut" in case.body:
        return  # An answer that was cut on purpose, after it had begun.
    assert case.answer is not None and not case.error, case
    if case.answer.status == 200:
        last = records[case.question.mark][-1]
        assert (case.answer.target, case.answer.attempts) == (asked[-1], len(set(asked))), (case, asked)
        assert last["status"] == 200 and case.answer.target in case.allowed
        if not case.leaves:
            # A whole answer is that of the one target, to this very question.
            assert case.question.mark in case.answer.said and case.answer.said.startswith(last["cloud"]), case
    else:
        assert case.answer.error.get("code"), (case, case.answer.headers, case.answer.body)
        assert case.answer.target is None or case.answer.target in case.allowed, case


def asked_by_mark(clouds):
    """The records of each question, in order."""
    found = {}
    for record in clouds.records():
        if record["surface"] in SERVING:
            mark = "#" + record["body"].rsplit("#", 1)[-1].split(".")[0] + "."
            found.setdefault(mark, []).append(record)
    return found


def await_no_streams(gateway):
    def none_left():
        active = gateway.stats(r"\.(downstream|upstream)_rq_active$")
        return sum(count for name, count in active.items() if ".admin." not in name) == 0
    until(none_left, "the end of all streams", 10)


def no_request_remains(gateway):
    """Asked until both workers have said so."""
    before = gateway.connections()
    for _ in range(40):
        answer = gateway.request("GET", "/v1/models", [("x-requests-for-tests", "1")])
        assert (answer.status, answer.body) == (200, b"0")
        if all(count > before[name] for name, count in gateway.connections().items()):
            return
    pytest.fail("one of the workers was never asked")


def test_a_request_is_counted_while_it_lives(loaded, clouds):
    """What `no_request_remains` relies on."""
    question = Question("[[azure hang]] [[aws hang]] [[gcp hang]]", model="gpt-6.1-sol")
    with loaded.connect(1, timeout=30) as connection:
        connection.send("POST", PATHS["chat"], [("x-tenant-id", "us"), ("content-type", "application/json")],
                        json.dumps(question.body).encode())
        clouds.await_records(bool, question.mark)
        counts = {loaded.request("GET", "/v1/models", [("x-requests-for-tests", "1")]).body for _ in range(40)}
        assert counts == {b"0", b"1"}
    await_no_streams(loaded)
    no_request_remains(loaded)


# Mebibytes that Envoy may grow by over so many requests, each of which holds `PROMPT` bytes.
GROWTH, ROUNDS, ROUND = 12, 6, 500


def test_memory_stays_bounded(loaded, clouds):
    def run(case):
        if not case.leaves:
            begin(loaded, case)
        finish(case)

    def load(seed):
        cases = make(ROUND, LEAVING, seed)
        begin_streams_to_leave(loaded, cases)
        with ThreadPoolExecutor(24) as pool:
            list(pool.map(run, cases))
        clouds.clear()
        await_no_streams(loaded)
        return resident(loaded.process.pid)

    load(0)
    sizes = [load(seed) for seed in range(1, ROUNDS + 1)]

    assert ROUND * PROMPT * (ROUNDS - 1) > GROWTH << 20, "a request that is never let go would show"
    assert sizes[-1] - sizes[0] < GROWTH << 10, [f"{size >> 10} MiB" for size in sizes]


def resident(pid):
    """Kibibytes of memory that a process has."""
    status = pathlib.Path(f"/proc/{pid}/status")
    if status.exists():
        return int(re.search(r"VmRSS:\s*(\d+) kB", status.read_text())[1])
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout)
