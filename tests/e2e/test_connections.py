"""Connections that bring no request: they end in seconds, and those at one listener shut out nobody at another."""

import contextlib
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import policies
from harness.gateway import Gateway

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
# The beginning of a ClientHello of 512 bytes
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 32
LINE = b"POST /v1/chat/completions HTTP/1.1\r\n"
# `timeouts.idle`
IDLE = 8
# As many as rows below use of one listener.
MAX = 10


@pytest.fixture(scope="module")
def several(processes, the_clouds, envoy, certificates, tmp_path_factory):
    """`default` and `other` in plain HTTP, `tls`, and the listener for probes; few connections each."""
    policy = policies.base(the_clouds)
    policy["identity"] = {"trust": {"listeners": ["default", "other", "tls"]}}
    policy["listeners"] = {"tls": {"tls": certificates.listener}}
    # The idle time holds the longest plan.
    policy["timeouts"] = {"connect": "500ms", "first_byte": "500ms", "idle": f"{IDLE}s"}
    gateway = Gateway(processes, tmp_path_factory.mktemp("connections"), envoy, policy, the_clouds,
                      listeners=dict.fromkeys(("default", "other", "tls"), "127.0.0.1:0"),
                      options=("--max-connections", str(MAX), "--probe", "127.0.0.1:0"))
    yield gateway
    gateway.stop()


# What a client says and then no more, over TLS or not (`None`: instead of the handshake), by which protocol, the most seconds
SILENT = [
    (b"", False, None, 7),
    (b"PO", False, None, 7),
    (LINE, False, None, 13),
    (LINE + b"x-a: b\r\n", False, None, 13),
    (PREFACE[:9], False, None, 7),
    (PREFACE, False, None, 24),
    (PREFACE + SETTINGS, False, None, 24),
    (b"", None, None, 7),
    (b"\x16", None, None, 7),
    (HALF_HELLO, None, None, 7),
    (b"", True, "http/1.1", IDLE + 2),
    (LINE, True, "http/1.1", 13),
    (b"", True, "h2", IDLE + 2),
    (PREFACE[:9], True, "h2", 24),
    (PREFACE + SETTINGS, True, "h2", 24),
]


def lasts(address, said, tls, protocol, certificates):
    """For how many seconds a connection stays open."""
    host, port = address.rsplit(":", 1)
    started = time.monotonic()
    with socket.create_connection((host, int(port)), 40) as sock:
        if tls:
            context = certificates.client()
            context.set_alpn_protocols([protocol])
            sock = context.wrap_socket(sock, server_hostname="localhost")
        sock.sendall(said)
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while sock.recv(65536):
                pass
        sock.close()
        return time.monotonic() - started


def test_a_connection_that_brings_no_request_ends_in_seconds(several, certificates):
    """All at once: each waits."""
    def last(row):
        said, tls, protocol, _ = row
        listener = "default" if tls is False else "tls"
        return lasts(several.addresses[listener], said, tls, protocol, certificates)

    with ThreadPoolExecutor(len(SILENT)) as pool:
        seconds = list(pool.map(last, SILENT))
    assert [row for row, took in zip(SILENT, seconds) if not 1 < took < row[3]] == [], seconds


def is_closed(sock):
    """Whether it is closed at once, before anything is said."""
    sock.settimeout(1)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_a_listener_that_is_full_shuts_out_nobody_at_another(several):
    with contextlib.ExitStack() as stack:
        for _ in range(MAX):
            connection = stack.enter_context(several.connect(listener="other"))
            connection.send("GET", "/healthz")
            assert connection.read().status == 200
        host, port = several.addresses["other"].rsplit(":", 1)
        assert is_closed(stack.enter_context(socket.create_connection((host, int(port)), 5)))
        for listener in ("default", "multihome:probe"):
            answer = several.request("GET", "/healthz", listener=listener)
            assert (answer.status, answer.body) == (200, b"alive\n"), listener
        assert several.ask().status == 200


def test_the_listener_for_probes_answers_nothing_else(several, clouds):
    def ask(method, path, body=None):
        return several.request(method, path, body=body, listener="multihome:probe")

    assert (ask("GET", "/readyz").status, ask("GET", "/readyz").body) == (200, b"ready\n")
    question = {"model": "gpt-6.1-sol", "messages": []}
    assert [ask("GET", "/v1/models").status, ask("POST", "/v1/chat/completions", question).status] == [404, 404]
    assert several.manage("/healthcheck/fail", "POST").status == 200
    assert (ask("GET", "/readyz").status, ask("GET", "/healthz").status) == (503, 200)
    assert several.manage("/healthcheck/ok", "POST").status == 200
