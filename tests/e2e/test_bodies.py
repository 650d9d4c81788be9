"""Bodies that are ambiguous, empty, large, in pieces or cut off, and headers that are no text: what becomes of them, and
that Envoy goes on serving after each."""

import base64
import hashlib
import json

import pytest

from harness.gateway import PATHS, Question, permits_only
from harness.process import until
from harness.records import header, serving

ASKED = '"messages":[{"role":"user","content":"hi"}]'


@pytest.fixture(autouse=True)
def serves_afterwards(gateway):
    yield
    for http in (1, 2):
        answer = gateway.ask("still there?", http=http)
        assert answer.status == 200, answer


INVALID, TWICE, WRONG = "invalid_json", "duplicate_key", "invalid_type"

# what it is, the bytes, code, param
AMBIGUOUS = [
    ("two models", '{"model":"gpt-6.1-sol",%s,"model":"gpt-4o"}', TWICE, "model"),
    ("two equal models", '{"model":"gpt-6.1-sol",%s,"model":"gpt-6.1-sol"}', TWICE, "model"),
    ("two models, one key escaped", r'{"model":"gpt-6.1-sol",%s,"mod\u0065l":"gpt-4o"}', TWICE, "model"),
    ("two models, the first key escaped", r'{"\u006dodel":"gpt-4o",%s,"model":"gpt-6.1-sol"}', TWICE, "model"),
    ("two models, both keys escaped", r'{"\u006dodel":"gpt-4o",%s,"mode\u006C":"gpt-6.1-sol"}', TWICE, "model"),
    ("two streams", '{"model":"gpt-6.1-sol","stream":false,%s,"stream":true}', TWICE, "stream"),
    ("two lists of messages", '{"model":"gpt-6.1-sol",%s,%s}', TWICE, "messages"),
    ("two limits", '{"model":"gpt-6.1-sol","max_tokens":1,"max_tokens":9,%s}', TWICE, "max_tokens"),
    ("two tools", '{"model":"gpt-6.1-sol","tools":[],"tools":null,%s}', TWICE, "tools"),
    ("two contents", '{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"a","content":"b"}]}', TWICE, "content"),
    ("two types of a part", '{"model":"gpt-6.1-sol","messages":[{"role":"user","content":'
     '[{"type":"text","type":"image_url","text":"a"}]}]}', TWICE, "type"),
    ("a list", "[{%s}]", INVALID, None),
    ("a string", '"gpt-6.1-sol"', INVALID, None),
    ("a number", "1", INVALID, None),
    ("null", "null", INVALID, None),
    ("not UTF-8", b'{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"\xff\xfe"}]}', INVALID, None),
    ("overlong UTF-8", b'{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"\xc0\xaf"}]}', INVALID, None),
    ("a surrogate in UTF-8", b'{"model":"gpt-6.1-sol","messages":[{"role":"user","content":"\xed\xa0\x80"}]}', INVALID, None),
    ("UTF-16", '{"model":"gpt-6.1-sol"}'.encode("utf-16"), INVALID, None),
    ("a byte order mark", b'\xef\xbb\xbf{"model":"gpt-6.1-sol"}', INVALID, None),
    ("half of it", '{"model":"gpt-6.1-sol","messages":[{"role":"us', INVALID, None),
    ("a trailing comma", '{"model":"gpt-6.1-sol",%s,}', INVALID, None),
    ("single quotes", "{'model':'gpt-6.1-sol'}", INVALID, None),
    ("a bare key", '{model:"gpt-6.1-sol",%s}', INVALID, None),
    ("a comment", '{"model":"gpt-6.1-sol",%s /* so */}', INVALID, None),
    ("NaN", '{"model":"gpt-6.1-sol","temperature":NaN,%s}', INVALID, None),
    ("a leading zero", '{"model":"gpt-6.1-sol","seed":01,%s}', INVALID, None),
    ("a control character", '{"model":"gpt-6.1-sol","user":"a\nb",%s}', INVALID, None),
    ("an unknown escape", r'{"model":"gpt-6.1-sol","user":"\x41",%s}', INVALID, None),
    ("nested too deep", '{"model":"gpt-6.1-sol","metadata":' + "[" * 5000 + "]" * 5000 + ",%s}", INVALID, None),
    ("a second object", '{"model":"gpt-6.1-sol",%s}{"model":"gpt-4o"}', INVALID, None),
    ("a byte behind it", '{"model":"gpt-6.1-sol",%s}x', INVALID, None),
    ("a zero byte behind it", '{"model":"gpt-6.1-sol",%s}\0', INVALID, None),
    ("a form", "model=gpt-6.1-sol", INVALID, None),
    ("gzip without saying so", b"\x1f\x8b\x08\0\0\0\0\0\0\0", INVALID, None),
    ("nothing", "", INVALID, None),
    ("white space", " \r\n\t", INVALID, None),
    ("no model", "{%s}", "missing_required_parameter", "model"),
    ("an empty object", "{}", "missing_required_parameter", "model"),
    ("half a surrogate pair as model", r'{"model":"\ud83d",%s}', WRONG, "model"),
    ("a number as model", '{"model":6,%s}', WRONG, "model"),
    ("an object as model", '{"model":{"model":"gpt-6.1-sol"},%s}', WRONG, "model"),
    ("null as model", '{"model":null,%s}', "missing_required_parameter", "model"),
    ("a quoted number as n", '{"model":"gpt-6.1-sol","n":"2",%s}', WRONG, "n"),
    ("a quoted boolean as logprobs", '{"model":"gpt-6.1-sol","logprobs":"true",%s}', WRONG, "logprobs"),
    ("an object as tools", '{"model":"gpt-6.1-sol","tools":{},%s}', WRONG, "tools"),
    ("a word as stream", '{"model":"gpt-6.1-sol","stream":"yes",%s}', WRONG, "stream"),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("what, body, code, param", AMBIGUOUS, ids=[row[0] for row in AMBIGUOUS])
def test_refuses_what_two_parsers_could_read_differently(what, body, code, param, http, gateway, clouds):
    body = body if isinstance(body, bytes) else body.replace("%s", ASKED).encode()

    answer = gateway.request("POST", "/v1/chat/completions", body=body, http=http)

    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error"), answer
    assert (answer.error["code"], answer.error["param"]) == (code, param), answer
    assert serving(clouds.records()) == []


def test_refuses_a_request_without_a_body(gateway, clouds):
    for http in (1, 2):
        answer = gateway.request("POST", "/v1/chat/completions", [("content-type", "application/json")], http=http)
        assert (answer.status, answer.error["code"]) == (400, INVALID), answer
    assert serving(clouds.records()) == []


MIB = 1 << 20
LARGE = [
    # Nothing is known before the last byte, and all of it stands before what is replaced.
    ("the model last", lambda text: '{"messages":[{"role":"user","content":"%s"}],"model":"MODEL"}' % text),
    ("the model first", lambda text: '{"model":"MODEL","messages":[{"role":"user","content":"%s"}]}' % text),
    ("the model in the middle", lambda text: '{"user":"%s","model":"MODEL","messages":[{"role":"user","content":"%s"}]}'
     % (text[: len(text) // 2], text[len(text) // 2:])),
]


@pytest.mark.parametrize("size", [MIB, 3 * MIB], ids=["1 MiB", "3 MiB"])
@pytest.mark.parametrize("sent", ["http1", "chunked", "http2"])
@pytest.mark.parametrize("what, shape", LARGE, ids=[row[0] for row in LARGE])
def test_a_large_body_arrives_byte_by_byte_also_at_the_second_cloud(what, shape, sent, size, gateway, clouds):
    question = Question("[[azure 429]]")
    frame = len(shape("")) + len(question.mark)
    body = shape("é😀x" * ((size - frame) // 7) + question.mark + "[[azure 429]]").replace("MODEL", "gpt-6.1-sol").encode()
    pieces = (body[at:at + 60_000] for at in range(0, len(body), 60_000))

    answer = gateway.request("POST", "/v1/chat/completions", body=pieces if sent == "chunked" else body,
                             http=2 if sent == "http2" else 1)

    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2)
    records = clouds.records(question.mark)
    expected = [body.replace(b'"gpt-6.1-sol"', b'"%s"' % id) for id in (b"gpt6sol-prod", b"us.openai.gpt-6.1-sol")]
    assert [digest(record["body"].encode()) for record in records] == [digest(body) for body in expected]
    assert [header(record, "content-length") for record in records] == [[str(len(body))] for body in expected]


def digest(body):
    return len(body), hashlib.sha256(body).hexdigest()


# model, the id that azure is asked for (gpt-4o passes while it comes)
PIECES = [("gpt-6.1-sol", "gpt6sol-prod"), ("gpt-4o", "gpt-4o")]


@pytest.mark.parametrize("size", [1, 7, 100], ids="in pieces of {}".format)
@pytest.mark.parametrize("model, id", PIECES)
def test_a_body_in_many_pieces_is_one_body(model, id, size, gateway, clouds):
    question = Question("piece by piece " * 20, model=model)
    body = json.dumps(question.body).encode()
    path = f"/openai/deployments/{model}/chat/completions"

    answer = gateway.request("POST", path, body=(body[at:at + size] for at in range(0, len(body), size)))

    assert answer.status == 200, answer
    [record] = clouds.records(question.mark)
    assert record["body"].encode() == body.replace(b'"%s"' % model.encode(), b'"%s"' % id.encode())
    # What is held is known in length; what passes is not.
    assert header(record, "content-length") == ([str(len(record["body"]))] if model == "gpt-6.1-sol" else [])


# header, status
ODD = [
    ("x-anything", 200), ("user-agent", 200), ("accept", 200), ("cookie", 200), ("authorization", 200), ("x-request-id", 200),
    ("x-multihome-ticket", 200), ("x-envoy-max-retries", 200), ("traceparent", 200),
    ("x-tenant-id", 401), ("x-tenant-policy", 400), ("x-multihome-clouds", 400), ("x-multihome-residency", 400),
    ("x-multihome-order", 400), ("x-multihome-max-attempts", 400), ("content-type", 415), ("content-encoding", 415),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("name, status", ODD)
def test_a_header_that_is_no_text(name, status, http, gateway):
    answer = gateway.ask(headers=[(name, b"\xff\xfe")], http=http)

    assert answer.status == status, answer
    for record in answer.records:
        assert "base64" not in str(record["headers"]) and header(record, name) != [b"\xff\xfe"]


@pytest.mark.parametrize("http, name", [(1, b"x-odd\xff"), (1, b"x odd"), (1, b""), (2, b"x-odd\xff")])
def test_a_header_name_that_is_none(http, name, gateway, clouds):
    """Envoy refuses it: over HTTP/1.1 with a 400, over HTTP/2 by ending the connection."""
    try:
        assert gateway.ask(headers=[(name, "x")], http=http).status == 400
    except ConnectionError:
        assert http == 2
    assert serving(clouds.records()) == []


# model, path's beginning, whether a cloud has heard of it by then
CUT = [("gpt-6.1-sol", False), ("gpt-4o", True)]


@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("model, heard", CUT)
def test_a_body_that_breaks_off(model, heard, http, how, gateway, clouds):
    body = json.dumps(Question("x" * 5000, model=model).body).encode()
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json"), ("content-length", str(len(body)))]
    path = f"/openai/deployments/{model}/chat/completions"
    with gateway.connect(http) as connection:
        if http == 1:
            connection.send("POST", path, headers, body[:2500])
        else:
            stream = connection.send("POST", path, headers, body[:2500], end=False)
        if heard:
            # Envoy reads what comes at once with the end of it as nothing at all.
            until(lambda: asking(gateway, "azure-eastus2"), "the request at the cloud", 5)
        if http == 1:
            connection.close(reset=how == "reset")
        elif how == "reset":
            connection.reset(stream)

    if heard:
        clouds.await_records(lambda records: any(record["disconnected"] for record in records), "gpt4o-classic")
    assert not any(record["answered"] for record in serving(clouds.records())), "half a request is none"


def asking(gateway, endpoint):
    """How many requests are at a cloud now."""
    name = f"cluster.multihome-{endpoint}.upstream_rq_active"
    return gateway.stats(f"^{name}$")[name]


@pytest.mark.parametrize("length", [-1, 1], ids=["too short", "too long"])
@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-4o"])
def test_a_length_that_is_wrong(model, length, gateway, clouds):
    """Over HTTP/2 that is an error of the stream, before a cloud has answered."""
    body = json.dumps(Question(model=model).body).encode()
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json"), ("content-length", str(len(body) + length))]
    path = f"/openai/deployments/{model}/chat/completions"
    with gateway.connect(2) as connection, pytest.raises(ConnectionError):
        connection.read(connection.send("POST", path, headers, body))

    assert not any(record["status"] == 200 for record in serving(clouds.records()))


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-4o"])
def test_a_client_that_asks_before_it_sends_its_body(model, gateway, clouds):
    question = Question(model=model)
    body = json.dumps(question.body).encode()
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json"), ("content-length", str(len(body))),
               ("expect", "100-continue")]
    with gateway.connect() as connection:
        connection.send("POST", "/v1/chat/completions", headers)
        assert connection.sock.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sock.sendall(body)
        answer = connection.read()

    assert answer.status == 200, answer
    [record] = clouds.records(question.mark)
    assert header(record, "expect") == []


def test_many_requests_on_one_connection_keep_apart(gateway, clouds):
    """Bodies of all kinds by turns, on one connection and side by side on another."""
    bodies = [question.body for question in (Question(), Question(model="gpt-4o"), Question(model="gpt-99"), Question("x" * 200_000))]
    statuses = [200, 200, 404, 200]
    headers = [("x-tenant-id", "acme"), ("content-type", "application/json")]
    with gateway.connect() as connection:
        for body, status in zip(bodies * 3, statuses * 3):
            connection.send("POST", "/v1/chat/completions", headers, json.dumps(body).encode())
            assert connection.read().status == status
    with gateway.connect(2) as connection:
        streams = [connection.send("POST", "/v1/chat/completions", headers, json.dumps(body).encode()) for body in bodies * 3]
        assert [connection.read(stream).status for stream in streams] == statuses * 3


# An image of 5 MB, the most that most clients send: the default limit takes it, and failover sends it again
@pytest.mark.parametrize("http", [1, 2])
def test_an_image_of_five_megabytes_fits_and_fails_over(http, gateway, clouds):
    question = Question("what is it? [[azure 429]]")
    image = "data:image/png;base64," + base64.b64encode(bytes(5_000_000)).decode()
    said = question.body["messages"][0]["content"]
    question.body["messages"][0]["content"] = [
        {"type": "text", "text": said}, {"type": "image_url", "image_url": {"url": image}}]

    answer = gateway.request("POST", PATHS["chat"], (), question.body, http=http)

    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2)
    asked, served = clouds.records(question.mark)
    assert len(asked["body"]) > 6_666_000 and len(served["body"]) > 6_666_000
