"""A cloud that sends informational responses before its own: what fails over, with `informational: absorb` and without."""

import socket
import threading

import pytest

from harness import policies
from harness.gateway import Gateway
from harness.plans import ask
from harness.policies import BOTH, target
from harness.process import Processes

BODY = b'{"id":"c","object":"chat.completion","choices":[]}'


class Cloud:
    """Says what a test likes, on HTTP/1.1, and keeps the heads of the requests."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.listening.getsockname())
        self.says, self.heads = b"", []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as sent:
            while line := sent.readline():
                head = [line]
                while (line := sent.readline()).strip():
                    head.append(line)
                length = [line.split(b":")[1] for line in head if line.lower().startswith(b"content-length:")]
                sent.read(int(length[0]))
                self.heads.append(head)
                client.sendall(self.says)


@pytest.fixture(scope="module")
def cloud():
    cloud = Cloud()
    yield cloud
    cloud.listening.close()


@pytest.fixture(scope="module")
def talking(the_clouds, envoy, tmp_path_factory, cloud):
    policy = policies.base(the_clouds)
    plain = {**policy["endpoints"]["azure-eastus2"], "address": cloud.address, "tls": "off"}
    policy["endpoints"]["as-it-comes"] = plain
    policy["endpoints"]["absorbed"] = {**plain, "informational": "absorb"}
    policy["models"]["m"] = [target(name, "gpt6sol-prod", BOTH, 1, 1) for name in ("as-it-comes", "absorbed", "azure-eastus2")]
    with Processes() as processes:
        yield Gateway(processes, tmp_path_factory.mktemp("talking"), envoy, policy, the_clouds,
                      secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})


def response(status, body=BODY):
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def informational(*statuses):
    return b"".join(f"HTTP/1.1 {status} X\r\nx-note: 1\r\n\r\n".encode() for status in statuses)


SERVED, FAILED = response(200), response(503, b'{"error":{"message":"No."}}')

# What comes before the response, the response (none: it never comes), and whether it fails over as it comes, and absorbed
ROWS = [
    ((), FAILED, True, True),
    ((100,), FAILED, False, True),
    ((102,), FAILED, False, True),
    ((103,), FAILED, False, True),
    ((103, 103), FAILED, False, True),
    ((103,), b"", None, True),
    # Of a kind that Envoy does not know: it is not taken for the response.
    ((110,), FAILED, True, True),
]


@pytest.mark.parametrize("before, says, as_it_comes, absorbed", ROWS)
def test_what_fails_over(before, says, as_it_comes, absorbed, talking, cloud):
    cloud.says = informational(*before) + says
    for endpoint, fails_over in [("as-it-comes", as_it_comes), ("absorbed", absorbed)]:
        if fails_over is None:
            continue  # Nothing would end it.
        answer = ask(talking, model="m", targets=[endpoint, "azure-eastus2"])
        expected = (200, "azure-eastus2", 2) if fails_over else (503, endpoint, 1)
        assert (answer.status, answer.target, answer.attempts) == expected, (endpoint, answer)


@pytest.mark.parametrize("before", [(), (100,), (103,), (103, 102), (110,)])
@pytest.mark.parametrize("endpoint", ["as-it-comes", "absorbed"])
@pytest.mark.parametrize("http", [1, 2])
def test_what_is_served(http, endpoint, before, talking, cloud):
    cloud.says = informational(*before) + SERVED

    answer = ask(talking, model="m", targets=[endpoint], http=http)

    assert (answer.status, answer.target, answer.body) == (200, endpoint, BODY), answer
    assert answer["x-note"] is None and answer["x-envoy-upstream-service-time"] is None


def test_an_absorber_changes_nothing_of_a_request(talking, cloud):
    cloud.says, heads = SERVED, []
    for endpoint in ("as-it-comes", "absorbed"):
        assert ask(talking, model="m", targets=[endpoint]).status == 200
        heads.append(sorted(cloud.heads[-1]))

    assert heads[0] == heads[1]
    assert not [line for line in heads[1] if line.lower().startswith((b"x-", b"via"))]


def test_a_connection_that_is_lost_behind_an_absorber_fails_over(talking, cloud):
    cloud.says = b"garbage\r\n\r\n"

    answer = ask(talking, model="m", targets=["absorbed", "azure-eastus2"])

    assert (answer.status, answer.target, answer.attempts) == (200, "azure-eastus2", 2), answer
