"""What the module keeps of requests that wait: whatever clients write, a held request costs little, and a worker holds
only so many.

Only a build for tests tells how large its memory is, by the header `x-memory-for-tests`."""

import contextlib

import pytest

import places
from harness.gateway import Gateway
from harness.policies import base
from harness.process import Processes

# As many as fit into one header table of HTTP/2, so that thousands can be sent in seconds.
WORDS = ",".join(["us"] * 1300)
# Envoy takes 60 KiB of headers.
LONG = 55_000

HELD, FEW = 400, 30
# Envoy allows 100 on a connection; one more asks whether the others have been read.
STREAMS = 90

POLICY = '{"clouds":["azure"],"residency":["us"],"models":[%s]}' % ",".join('"gpt-%04d*"' % n for n in range(120))

# The header that is as long as it can be; how many requests are held with it; the most bytes of the module that one may cost
ROWS = [
    (("x-unknown", "u" * 3900), 2000, 1024),
    (("x-multihome-residency", WORDS[:1023]), HELD, 1024),
    (("x-multihome-residency", WORDS), HELD, 1024),
    (("x-multihome-residency", ",".join(["us"] * (LONG // 3))), FEW, 5000),
    (("x-multihome-clouds", ",".join(["aws"] * 250)), HELD, 1024),
    (("x-multihome-clouds", ",".join(["aws"] * (LONG // 4))), FEW, 5000),
    (("x-multihome-order", "o" * 3900), HELD, 1024),
    (("x-request-id", "r" * 3900), HELD, 1024),
    (("x-request-id", "r" * LONG), FEW, 5000),
    (("x-tenant-policy", POLICY), HELD, 24_576),
    (("x-tenant-policy", '{"clouds":["azure"],"residency":["us"],"models":[%s"*"]}' % ('"a",' * 4000)), HELD, 2048),
]


@pytest.fixture
def measured(the_clouds, envoy, tmp_path):
    """One worker, so that all requests are held in one memory; a new one for each test, since a memory never shrinks."""
    with Processes() as started:
        yield Gateway(started, tmp_path, envoy, base(the_clouds), the_clouds, concurrency=1, module=places.MODULE_FOR_TESTS)


def memory(gateway):
    return int(gateway.request("GET", "/v1/models", [("x-memory-for-tests", "1")]).body)


@contextlib.contextmanager
def holding(gateway, number, headers, tenant="acme"):
    """So many requests whose body never comes. Gives those that were answered all the same."""
    head = [("x-tenant-id", tenant), ("content-type", "application/json"), *headers]
    with contextlib.ExitStack() as connections:
        last = {}
        while number > 0:
            connection = connections.enter_context(gateway.connect(http=2))
            for _ in range(min(number, STREAMS)):
                last[connection] = connection.send("POST", "/v1/chat/completions", head, body=b'{"mo', end=False)
            number -= STREAMS
        # All that was sent before on a connection has been read when this is answered.
        for connection in last:
            assert connection.read(connection.send("GET", "/healthz")).status == 200
        yield [state.answer() for connection in last for stream, state in connection.streams.items() if state.ended and stream % 2
               and state.answer().status != 200]


@pytest.mark.parametrize("header, number, most", ROWS, ids=lambda value: str(value)[:40])
def test_a_held_request_costs_little_whatever_its_headers(header, number, most, measured):
    # What the first ones need is kept for the next ones.
    with holding(measured, number, []):
        before = memory(measured)
    with holding(measured, number, [header]):
        cost = (memory(measured) - before) / number
    assert cost <= most, f"{cost:.0f} bytes a request"


def test_models_are_listed_at_once_whatever_the_header(measured):
    answers = [measured.request("GET", "/v1/models", [("x-multihome-residency", ",".join(["us"] * (LONG // 3)))]) for _ in range(5)]
    assert {answer.status for answer in answers} == {400}
    assert min(answer.seconds for answer in answers) < 0.02


def test_a_worker_holds_only_so_many_requests(the_clouds, envoy, tmp_path):
    policy = base(the_clouds)
    policy["limits"] = {"held_requests": 20}
    with Processes() as started:
        gateway = Gateway(started, tmp_path, envoy, policy, the_clouds, concurrency=1)
        with holding(gateway, 25, []) as refused:
            assert len(refused) == 5
            for answer in refused:
                assert (answer.status, answer.error["code"], answer["retry-after"]) == (503, "overloaded", "1")
            # What needs no body is served all the same.
            assert gateway.request("GET", "/v1/models").status == 200
        assert gateway.await_serving().status == 200


def test_a_worker_holds_only_so_many_bytes(the_clouds, envoy, tmp_path):
    policy = base(the_clouds)
    policy["limits"] = {"body_bytes": 100_000, "held_bytes": 250_000}
    with Processes() as started:
        gateway = Gateway(started, tmp_path, envoy, policy, the_clouds, concurrency=1)
        connections, answers = [], []
        for _ in range(3):
            connection = gateway.connect(http=2)
            stream = connection.send("POST", "/v1/chat/completions", [("x-tenant-id", "acme"), ("content-type", "application/json")],
                                     body=b"x" * 90_000, end=False)
            assert connection.read(connection.send("GET", "/healthz")).status == 200
            connections.append(connection)
            answers.append(connection.streams[stream])
        assert [state.ended is not None and state.ended is not False for state in answers] == [False, False, True]
        refused = answers[2].answer()
        assert (refused.status, refused.error["code"], refused["retry-after"]) == (503, "overloaded", "1")
        connections[0].close()
        assert gateway.await_serving().status == 200
        for connection in connections[1:]:
            connection.close()
