"""Requests that ask HTTP for more than this gateway has, or that are written oddly: served all the same where that is safe."""

import json

import pytest
from h2.exceptions import ProtocolError

from harness.gateway import Question
from harness.records import serving

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-tenant-id: acme\r\ncontent-type: application/json\r\n"

# What a client writes beside its request, as lines
SERVED = [
    # What Apache's HttpClient offers by itself, and curl to a server that might speak HTTP/2
    b"connection: Upgrade\r\nupgrade: TLS/1.2\r\n",
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    b"connection: upgrade\r\nupgrade: TLS/1.0, HTTP/2.0\r\n",
    b"connection: upgrade\r\nupgrade: websock\r\n",
    b"connection: upgrade\r\nupgrade: websockets\r\n",
    b"connection: upgrade\r\nupgrade: xwebsocket\r\n",
    b"upgrade: TLS/1.2\r\n",
    # Is no other spelling of it, and so has no effect.
    b"x_tenant_id: nobody\r\n",
    b"x_multihome_clouds: gcp\r\n",
    # Envoy joins the lines (RFC 9112, 5.2).
    b"x-anything: a\r\n b\r\n",
]


@pytest.mark.parametrize("lines", SERVED, ids=repr)
def test_what_is_not_taken_up_is_served_as_without_it(lines, gateway, clouds):
    question = Question()
    body = json.dumps(question.body).encode()
    with gateway.connect() as connection:
        connection.method = "POST"
        connection.sock.sendall(HEAD + lines + b"content-length: %d\r\n\r\n" % len(body) + body)
        answer = connection.read()
    assert (answer.status, answer.target) == (200, "azure-eastus2"), answer
    [record] = clouds.records(question.mark)
    names = {name for name, _ in record["headers"]}
    assert not names & {"upgrade", "http2-settings", "x_tenant_id", "x-anything"}


# What makes a request of HTTP/2 none: headers beside the proper ones
MALFORMED = [
    [("X-Upper", "a")],
    [("connection", "close")],
    [("transfer-encoding", "chunked")],
    [("x y", "z")],
    [(":path", "/other")],
    [(b"x-zero", b"a\0b")],
    [("content-length", "7")],
]


@pytest.mark.parametrize("headers", MALFORMED, ids=str)
def test_one_odd_request_does_not_end_those_beside_it(headers, gateway):
    proper, _ = gateway.prepared((), {}, "acme")
    body = json.dumps(Question("hi [[azure delay ms=300]]").body).encode()
    with gateway.connect(http=2) as connection:
        beside = connection.send("POST", "/v1/chat/completions", proper, body)
        odd = connection.send("POST", "/v1/chat/completions", [*proper, *headers], b"{}")
        try:
            assert connection.read(odd).status == 400
        except ConnectionResetError as reset:
            assert "stream reset" in str(reset)
        assert connection.read(beside).status == 200
        after = connection.send("GET", "/v1/models", proper)
        assert connection.read(after).status == 200


# The type, who asks, by which version, the status and code
GRPC = [
    ("application/grpc", "acme", 1, 415, "unsupported_media_type"),
    ("application/grpc", "acme", 2, 415, "unsupported_media_type"),
    ("application/grpc+json", "acme", 2, 415, "unsupported_media_type"),
    ("application/grpc", "nobody", 2, 401, "unknown_tenant"),
    ("application/grpc", None, 1, 401, "unknown_tenant"),
]


@pytest.mark.parametrize("kind, tenant, http, status, code", GRPC)
def test_an_error_is_http_also_for_what_calls_itself_grpc(kind, tenant, http, status, code, gateway, clouds):
    headers = {"content-type": kind, "te": "trailers"}
    answer = gateway.request("POST", "/v1/chat/completions", headers, Question().body, tenant=tenant, http=http)
    assert (answer.status, answer.error["code"], answer["grpc-status"]) == (status, code, None), answer
    assert answer["content-type"] == "application/json"
    assert {line["status"] for line in gateway.access(answer, 2)} == {status}
    assert serving(clouds.records()) == []
