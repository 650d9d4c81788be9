"""Errors as a client sees them, through the official `openai` package: of each cloud, of ours, and of Envoy's own.

Each row has one target, so that what it answers is the end of it."""

import json
import re

import openai
import pytest

from errors import AMZN, APIM, ENVOY, INVALID, MISCONFIGURED, MISTAKES, OWN, ROWS, SERVER
from harness import policies, sdk
from harness.gateway import Gateway, Question
from harness.records import CLOUDS, serving

# The exception that the package makes of a status
CLASSES = {400: openai.BadRequestError, 401: openai.AuthenticationError, 403: openai.PermissionDeniedError,
           404: openai.NotFoundError, 413: openai.APIStatusError, 415: openai.APIStatusError,
           422: openai.UnprocessableEntityError, 429: openai.RateLimitError,
           500: openai.InternalServerError, 502: openai.InternalServerError, 503: openai.InternalServerError,
           504: openai.InternalServerError}


def raised(client, question):
    """The exception that the package raises, which has to be the one of its status."""
    form = client.responses if "input" in question.body else client.chat.completions
    with pytest.raises(openai.APIStatusError) as raised:
        form.create(**question.body)
    error = raised.value
    assert type(error) is CLASSES[error.status_code], error
    assert error.response.headers["content-type"].startswith("application/json")
    return error


def words(error):
    return error.status_code, error.type, error.code, error.param


def check_id(error, record, source, own):
    """Where the answer's request id comes from: `own` is the one that the client gave to Envoy."""
    found = error.response.headers.get_list("x-request-id")
    if source == ENVOY:
        assert found == [own]
    else:
        assert found == [dict(record["answer_headers"])[source]]
    assert error.request_id == found[0]


def named(row):
    who, fault = row[:2]
    return "-".join([*who, fault if isinstance(fault, str) else str(fault)])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("row", ROWS, ids=named)
def test_an_error_of_a_cloud(row, stream, client, clouds):
    (endpoint, form, model), fault, expected, retry_after, source, says = row
    cloud = endpoint.split("-")[0]
    question = Question(f"[[{cloud} {fault}]]", model, form, stream)
    own = f"id-of{question.mark}"

    error = raised(client(only=endpoint, headers={"x-request-id": own}), question)

    # A lost connection is tried once more.
    record, *again = clouds.records(question.mark)
    assert len(again) == (1 if fault == "reset" else 0)
    assert words(error) == expected
    assert says.lower() in error.body["message"].lower()
    headers = error.response.headers
    assert headers.get("retry-after") == retry_after
    # Who answered; nobody, where the connection was lost.
    assert headers.get("x-multihome-target") == (endpoint if record["status"] else None)
    assert headers["x-multihome-attempts"] == "1"
    assert headers["content-length"] == str(len(error.response.content))
    # What comes of a served one's limits comes of a failed one's, and no SDK repeats what only the operator can mend.
    assert headers.get("retry-after-ms") == dict(record["answer_headers"] if record["status"] else []).get("retry-after-ms")
    mended_by_nobody = expected[2] in ("credential_refused", "target_misconfigured")
    assert headers.get("x-should-retry") == ("false" if mended_by_nobody else None)
    check_id(error, record, source, own)
    assert not told(error, clouds), "nothing of a credential"


def told(error, clouds):
    """The credentials of which an answer holds a part."""
    text = error.response.text + str(error.response.headers)
    return [name for name, value in clouds["credentials"].items() if len(value) > 6 and value in text]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("row", MISTAKES, ids=named)
def test_a_mistake_of_the_client(row, stream, client, clouds):
    (endpoint, form, model), fields, expected, source = row
    question = Question("hi", model, form, stream, {"user": "of-this-row", **fields})
    question.body["user"] += question.mark
    own = f"id-of{question.mark}"

    error = raised(client(only=endpoint, headers={"x-request-id": own}), question)

    [record] = clouds.records(question.mark)
    assert words(error) == expected
    check_id(error, record, source, own)


def test_what_azures_filter_says_comes_along(client):
    """Beside OpenAI's fields: clients of Azure read it."""
    error = raised(client(only="azure-eastus2"), Question("[[azure content-filter]]"))
    assert error.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert error.body["innererror"]["content_filter_result"]["violence"] == {"filtered": True, "severity": "medium"}


@pytest.mark.parametrize("endpoint, form, model, source", [
    ("azure-eastus2", "chat", "gpt-6.1-sol", "x-request-id"),
    ("aws-use1", "chat", "gpt-6.1-sol", AMZN),
    ("aws-mantle", "responses", "gpt-6.1-sol", AMZN),
    ("gcp-us", "responses", "gpt-6.1-sol", ENVOY),
    ("openai-eu", "responses", "gpt-6.1-sol", "x-request-id"),
])
def test_the_id_of_an_answer(endpoint, form, model, source, gateway):
    """Azure's answers have two: the model's own and, where that is missing, the gateway's before it."""
    answer = gateway.ask(form=form, model=model, only=endpoint, headers=[("x-request-id", "own")])
    [record] = answer.records
    ids = [value for name, value in answer.headers if name == "x-request-id"]
    assert ids == ["own" if source == ENVOY else dict(record["answer_headers"])[source]]


@pytest.mark.parametrize("cloud, endpoint", [("azure", "azure-eastus2"), ("aws", "aws-use1")])
def test_an_answer_that_is_no_json_is_not_ours_to_judge(cloud, endpoint, gateway):
    answer = gateway.ask(f"[[{cloud} garbage]]", only=endpoint)
    assert (answer.status, answer.text, answer.target) == (200, 'this is no JSON {"error"', endpoint)


# Errors of ours: a request, (status, type, code, param)
OURS = [
    ({"tenant": "nobody"}, (401, "authentication_error", "unknown_tenant", None)),
    ({"tenant": "europe", "model": "gpt-4o"}, (404, "invalid_request_error", "model_not_found", "model")),
    ({"model": "gpt-99"}, (404, INVALID, "model_not_found", "model")),
    ({"headers": {"x-multihome-order": "fastest"}}, (400, INVALID, "invalid_header", "x-multihome-order")),
    ({"headers": {"content-type": "text/plain"}}, (415, INVALID, "unsupported_media_type", "content-type")),
    ({"text": "x" * (8 << 20)}, (413, INVALID, "request_too_large", None)),
    ({"model": "gpt-4o", "form": "responses"}, (400, INVALID, "unsupported_operation", "model")),
]


@pytest.mark.parametrize("asked, expected", OURS, ids=lambda value: str(value)[:50])
def test_an_error_of_ours(asked, expected, client, clouds):
    question = Question(asked.get("text", "hi"), asked.get("model", "gpt-6.1-sol"), asked.get("form", "chat"))
    own = f"id-of{question.mark}"
    headers = {"x-request-id": own, **asked.get("headers", {})}

    error = raised(client(tenant=asked.get("tenant", "acme"), headers=headers), question)

    assert words(error) == expected
    check_id(error, None, ENVOY, own)
    assert serving(clouds.records()) == []


def policy_of(clouds, certificates):
    """Endpoints with everything that can be wrong with one, a model of the same name for each, and narrow limits."""
    policy = policies.base(clouds)
    base = policy["endpoints"]
    azure, aws = base["azure-eastus2"], {**base["aws-euw1"], "region": "us-east-1", "residency": "us"}
    mantle, gcp, openai = base["aws-mantle-key"], base["gcp-global"], base["openai-eu"]
    entra = {**azure, "auth": {"entra": policies.entra(clouds)}}
    policy["endpoints"] = {
        "azure": azure, "aws": aws, "mantle": mantle, "gcp": gcp,
        "nobody-listens": {**azure, "address": "127.0.0.1:1"},
        "plain-at-a-tls-port": {**azure, "tls": "off"},
        "a-name-it-has-not": {**azure, "host": "contoso.example.com"},
        "another-authority": {**azure, "tls": {"ca_file": str(certificates.ca_file)}},
        "another-san": {**azure, "tls": {"san": "other.openai.azure.com"}},
        "wrong-key": {**azure, "auth": {"api_key": {"sds": "wrong"}}},
        "no-key": {**azure, "auth": {"api_key": {"sds": "none"}}},
        "wrong-entra-secret": {**entra, "auth": {"entra": {**entra["auth"]["entra"], "client_secret": {"sds": "wrong-secret"}}}},
        "wrong-scope": {**entra, "auth": {"entra": {**entra["auth"]["entra"], "scope": "https://graph.microsoft.com/.default"}}},
        "wrong-bedrock-key": {**aws, "auth": {"api_key": {"sds": "wrong-bedrock"}}},
        "wrong-mantle-key": {**mantle, "auth": {"api_key": {"sds": "wrong-bedrock"}}},
        # The environment of this Envoy has AWS keys that nobody knows.
        "wrong-signature": {**aws, "auth": "sigv4"},
        "wrong-token": {**gcp, "auth": {"token": {"sds": "wrong-token"}}},
        "no-token": {**gcp, "auth": {"token": {"sds": "no-token"}}},
        "no-metadata": {**gcp, "auth": "metadata"},
        "wrong-openai-key": {**openai, "auth": {"api_key": {"sds": "wrong-openai"}}},
        "another-organization": {**openai, "organization": "org-of-another"},
        "another-residency": {**openai, "data_residency": "us", "residency": "us"},
    }
    ids = {"azure": "gpt6sol-prod", "runtime": "us.openai.gpt-6.1-sol", "mantle": "openai.gpt-6.1-sol", "gcp": "gpt-6.1-sol",
           "openai": "gpt-6.1-sol"}
    policy["models"] = {
        name: [policies.target(name, ids[endpoint.get("surface", endpoint["cloud"])],
                               policies.BOTH if endpoint["cloud"] == "azure" else policies.RESPONSES, 1, 1)]
        for name, endpoint in policy["endpoints"].items()
    }
    policy["tenants"] = {"acme": {"clouds": CLOUDS, "residency": ["us", "eu", "global"], "models": ["*"]}}
    del policy["identity"]["policy"]
    policy["gcp"] = {"metadata": {"address": "127.0.0.1:1"}}
    policy["limits"] = {"body_bytes": 100_000}
    policy["timeouts"] = {"connect": "1s", "first_byte": "700ms", "whole": "900ms", "idle": "1s"}
    return policy


class Narrow(Gateway):
    """Envoy's own limit for bodies, set below the module's, which by itself it never is."""

    def _start(self, *arguments):
        limit = r"(request_body_buffer_limit|per_connection_buffer_limit_bytes): \d+"
        self.config.write_text(re.sub(limit, r"\1: 16384", self.config.read_text()))
        super()._start(*arguments)


@pytest.fixture(scope="module")
def broken(processes, the_clouds, envoy, certificates, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token(), "none": None, "no-token": None,
               **dict.fromkeys(("wrong", "wrong-bedrock", "wrong-token", "wrong-secret", "wrong-openai"), "nobody-knows-this")}
    environment = {**the_clouds.aws_environment(), "AWS_SECRET_ACCESS_KEY": "nobody-knows-this"}
    gateway = Narrow(processes, tmp_path_factory.mktemp("broken"), envoy, policy_of(the_clouds, certificates), the_clouds,
                     secrets=secrets, environment=environment)
    yield gateway
    gateway.stop()


@pytest.fixture
def broken_client(broken, clouds):
    with sdk.Clients() as clients:
        yield lambda **options: clients.openai(broken, **options)


UNREACHABLE, LATE = (503, SERVER, "upstream_unavailable", None), (504, SERVER, "upstream_timeout", None)
REFUSED, WITHOUT = (502, SERVER, "credential_refused", None), (503, SERVER, "no_credential", None)

# the only target, a fault, (status, type, code, param), retry-after, where the id comes from, what the cloud said of our credential
ENDS = [
    ("nobody-listens", "", UNREACHABLE, None, ENVOY, None),
    ("plain-at-a-tls-port", "", UNREACHABLE, None, ENVOY, None),
    ("a-name-it-has-not", "", UNREACHABLE, None, ENVOY, None),
    ("another-authority", "", UNREACHABLE, None, ENVOY, None),
    ("another-san", "", UNREACHABLE, None, ENVOY, None),
    ("azure", "[[azure hang]]", LATE, None, ENVOY, None),
    ("aws", "[[aws hang]]", LATE, None, ENVOY, None),
    ("mantle", "[[aws hang]]", LATE, None, ENVOY, None),
    ("gcp", "[[gcp hang]]", LATE, None, ENVOY, None),
    ("azure", "[[azure delay ms=3000]]", LATE, None, ENVOY, None),
    ("wrong-key", "", REFUSED, None, APIM, "wrong api-key"),
    ("no-key", "", REFUSED, None, APIM, "no credential"),
    ("wrong-entra-secret", "", REFUSED, None, APIM, "no credential"),
    ("wrong-scope", "", REFUSED, None, APIM, ""),
    ("wrong-bedrock-key", "", REFUSED, None, AMZN, "AccessDenied"),
    ("wrong-mantle-key", "", REFUSED, None, AMZN, "AccessDenied"),
    ("wrong-signature", "", REFUSED, None, AMZN, "InvalidSignature"),
    ("wrong-token", "", REFUSED, None, ENVOY, "no token of the metadata server"),
    ("no-token", "", REFUSED, None, ENVOY, "no credential"),
    ("no-metadata", "", WITHOUT, "1", ENVOY, None),
    ("wrong-openai-key", "", REFUSED, None, OWN, "wrong API key"),
    ("another-organization", "", REFUSED, None, OWN, "another organization"),
    ("another-residency", "", MISCONFIGURED, None, OWN, "keeps its data elsewhere"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("target, fault, expected, retry_after, source, refusal", ENDS)
def test_the_only_target_cannot_serve(target, fault, expected, retry_after, source, refusal, stream, broken_client, clouds):
    question = Question(fault, target, "responses", stream)
    own = f"id-of{question.mark}"

    error = raised(broken_client(headers={"x-request-id": own}), question)

    assert words(error) == expected
    headers = error.response.headers
    assert headers.get("retry-after") == retry_after
    assert headers.get("x-multihome-attempts") == (None if expected == WITHOUT else "1")
    records = serving(clouds.records(question.mark))
    check_id(error, records[0] if records else None, source, own)
    if refusal is not None:
        assert records[0]["auth"].startswith("refused: ") and refusal in records[0]["auth"]
    assert "nobody-knows-this" not in error.response.text


ASKED = json.dumps({"model": "azure", "input": "x" * 50_000}).encode()
HEAD = "host: a\r\nx-tenant-id: acme\r\ncontent-type: application/json\r\n"

BAD, UPGRADE = "invalid_http", "upgrade_required"

# What it is, the bytes, the status and code of Envoy's own answer
BY_ENVOY = [
    ("no HTTP", "NONSENSE\r\n\r\n", 400, BAD),
    ("a method that is none", f"post /v1/responses HTTP/1.1\r\n{HEAD}\r\n", 400, BAD),
    ("no host", "GET /v1/models HTTP/1.1\r\n\r\n", 400, BAD),
    ("a zero byte in a header", f"GET /v1/models HTTP/1.1\r\n{HEAD}x: a\0b\r\n\r\n", 400, BAD),
    ("a space in a header's name", f"GET /v1/models HTTP/1.1\r\n{HEAD}x y: z\r\n\r\n", 400, BAD),
    ("a length that is no number", f"POST /v1/responses HTTP/1.1\r\n{HEAD}content-length: x\r\n\r\n", 400, BAD),
    ("two lengths", f"POST /v1/responses HTTP/1.1\r\n{HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab", 400, BAD),
    ("a length and chunks", f"POST /v1/responses HTTP/1.1\r\n{HEAD}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400, BAD),
    ("a chunk that is none", f"POST /v1/responses HTTP/1.1\r\n{HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n", 400, BAD),
    ("a zero byte in the path", f"GET /v1/models%00 HTTP/1.1\r\n{HEAD}\r\n", 400, BAD),
    ("a fragment in the path", f"GET /v1/models#x HTTP/1.1\r\n{HEAD}\r\n", 400, BAD),
    ("two hosts", f"GET /v1/models HTTP/1.1\r\n{HEAD}host: b\r\n\r\n", 400, "bad_request"),
    ("a chunk's length that ends with a bare line feed", f"POST /v1/responses HTTP/1.1\r\n{HEAD}transfer-encoding: chunked\r\n\r\n2\n{{}}\r\n0\r\n\r\n", 400, BAD),
    ("more in a chunk than it is long", f"POST /v1/responses HTTP/1.1\r\n{HEAD}transfer-encoding: chunked\r\n\r\n2\r\n{{}}x\r\n0\r\n\r\n", 400, BAD),
    ("a coding that is not known", f"POST /v1/responses HTTP/1.1\r\n{HEAD}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", 501, BAD),
    ("a web socket", f"GET /v1/models HTTP/1.1\r\n{HEAD}connection: upgrade\r\nupgrade: websocket\r\n\r\n", 426, UPGRADE),
    ("a web socket for responses", f"GET /v1/responses HTTP/1.1\r\n{HEAD}connection: Upgrade\r\nupgrade: WebSocket\r\n\r\n", 426, UPGRADE),
    ("a web socket among others", f"GET /v1/responses HTTP/1.1\r\n{HEAD}connection: upgrade\r\nupgrade: TLS/1.2, websocket\r\n\r\n", 426, UPGRADE),
    ("a web socket with a body", f"POST /v1/responses HTTP/1.1\r\n{HEAD}connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n{{}}", 426, UPGRADE),
    ("a version of long ago", f"GET /v1/models HTTP/1.0\r\n{HEAD}\r\n", 426, UPGRADE),
    ("a header of 70 KiB", f"GET /v1/models HTTP/1.1\r\n{HEAD}x: {'y' * 70_000}\r\n\r\n", 431, "headers_too_large"),
    ("101 headers", f"GET /v1/models HTTP/1.1\r\n{HEAD}" + "x: y\r\n" * 101 + "\r\n", 431, "headers_too_large"),
    ("a body over Envoy's own limit", f"POST /v1/responses HTTP/1.1\r\n{HEAD}content-length: {len(ASKED)}\r\n\r\n{ASKED.decode()}",
     413, "request_too_large"),
    ("a body that never ends", f"POST /v1/responses HTTP/1.1\r\n{HEAD}content-length: 9\r\n\r\n{{", 408, "request_timeout"),
]


@pytest.mark.parametrize("what, sent, status, code", BY_ENVOY, ids=[row[0] for row in BY_ENVOY])
def test_an_error_of_envoys_own(what, sent, status, code, broken, clouds):
    with broken.connect() as connection:
        connection.method = "GET"
        connection.sock.sendall(sent.encode("latin-1"))
        answer = connection.read()

    assert (answer.status, answer.error["type"], answer.error["code"], answer.error["param"]) == (status, INVALID, code, None)
    assert answer.error["message"] and answer["content-type"] == "application/json"
    assert answer["x-request-id"]
    assert serving(clouds.records()) == []
    assert broken.ask(model="azure").status == 200, "Envoy serves the next"
