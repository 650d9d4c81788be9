"""Memory: what clients send and never finish is bounded, and those who come after are served."""

import contextlib
import json
import pathlib
import threading
import time

import pytest
from h2.exceptions import ProtocolError

MIB = 1 << 20
HEAP = 256
# What a body may have at most, and what is sent of each.
LIMIT, SENT = 8 * MIB, 4 * MIB
# Many more than fit into the heap: 1 GiB of bodies.
BODIES = 256


@pytest.fixture
def small(policy, start_gateway):
    policy["limits"] = {"body_bytes": LIMIT}
    return start_gateway(policy, options=("--max-heap", f"{HEAP}MiB", "--probe", "127.0.0.1:0"))


def resident(process):
    """What a process occupies, in MiB."""
    [line] = [line for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


class Watch:
    """The most that a process occupies while this is open."""

    def __init__(self, process):
        self.process, self.most, self.open = process, 0, True
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        while self.open:
            self.most = max(self.most, resident(self.process))
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.open = False
        self.thread.join()


START = json.dumps({"model": "gpt-6.1-sol", "messages": []})[:-1].encode()
PIECE = b" " * 65_536


def begin_on_one(gateway):
    """All on one HTTP/2 connection, as far as Envoy lets it; it closes the connection in the end."""
    headers, _ = gateway.prepared((), {}, "acme")
    with gateway.connect(http=2) as connection:
        for _ in range(BODIES):
            stream = connection.send("POST", "/v1/chat/completions", headers, [START], end=False)
            for _ in range(SENT // len(PIECE)):
                connection.data(stream, PIECE, end=False)


def begin_on_many(gateway):
    """Each on an HTTP/1.1 connection of its own. All stay open until no more is read."""
    headers, _ = gateway.prepared((), {}, "acme")
    head = [*headers, ("content-length", str(LIMIT))]
    with contextlib.ExitStack() as open_ones:
        for _ in range(BODIES):
            connection = open_ones.enter_context(gateway.connect(timeout=1))
            connection.send("POST", "/v1/chat/completions", head, START + PIECE * (SENT // len(PIECE)))


@pytest.mark.parametrize("begin", [begin_on_one, begin_on_many])
def test_unfinished_bodies_are_bounded(begin, small):
    before = resident(small.process)
    with Watch(small.process) as watch, contextlib.suppress(OSError, ProtocolError):
        begin(small)
    # The last look may be a quarter of a second old.
    assert watch.most < before + 1.5 * HEAP, small.stats("overload.*pressure|.*reset_high_memory.*")
    small.await_serving(seconds=5)


def test_near_the_limit_requests_are_refused_and_probes_are_not(small):
    headers, _ = small.prepared((), {}, "acme")
    head = [*headers, ("content-length", str(LIMIT))]
    with contextlib.ExitStack() as open_ones:
        # Taken before it is full; what comes later may get no connection.
        asking = open_ones.enter_context(small.connect())
        asking.send("GET", "/v1/models", headers)
        assert asking.read().status == 200
        with contextlib.suppress(OSError):
            for _ in range(BODIES):
                connection = open_ones.enter_context(small.connect(timeout=1))
                connection.send("POST", "/v1/chat/completions", head, START + PIECE * (SENT // len(PIECE)))
        asking.send("GET", "/v1/models", headers)
        refused = asking.read()
        assert (refused.status, refused.error["code"], refused["retry-after"]) == (503, "gateway_overloaded", "1"), refused
        for path in ("/healthz", "/readyz"):
            assert small.request("GET", path, listener="multihome:probe").status == 200, path
    small.await_serving(seconds=5)
