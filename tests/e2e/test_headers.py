"""No header of a client's reaches a cloud or changes what happens, and none of a cloud's comes back but a few.

Seen from the clouds: their records with a header and without it are the same. The request that is sent goes through
three clouds, the first two of which fail and the third of which is slow, so that a header that steered retries, times
or routes would show."""

import json

import pytest

from harness.gateway import PATHS, Question
from harness.plans import permit
from harness.records import comparable, header, serving

PLAN = ["azure-eastus2", "aws-use1", "gcp-us"]
# One that is held for its body and tried three times, one that is tried once, and one that passes while it comes
REQUESTS = {
    "held": Question("[[azure 429]] [[aws 503]] [[gcp delay ms=15]]", form="responses"),
    "to one cloud": Question("one", form="chat", model="gpt-oss-120b"),
    "passing": Question("pass", form="chat", model="gpt-4o"),
}
TARGETS = {"held": PLAN, "to one cloud": ["gcp-global"], "passing": ["azure-eastus2"]}

SECRET = "Bearer of-the-client"

# What a client sends beside what it must, one row for each meaning that somebody could give it
HEADERS = [
    # Envoy's router
    ("x-envoy-max-retries", "0"), ("x-envoy-max-retries", "9"), ("X-Envoy-Max-Retries", "0"),
    ("x-envoy-retry-on", "5xx,gateway-error,retriable-4xx"), ("x-envoy-retry-grpc-on", "cancelled"),
    ("x-envoy-retriable-status-codes", "200,429"), ("x-envoy-retriable-header-names", "content-type"),
    ("x-envoy-upstream-rq-timeout-ms", "5"), ("x-envoy-upstream-rq-per-try-timeout-ms", "5"),
    ("x-envoy-upstream-rq-timeout-alt-response", "1"), ("x-envoy-expected-rq-timeout-ms", "5"),
    ("x-envoy-hedge-on-per-try-timeout", "true"), ("x-envoy-attempt-count", "3"), ("x-envoy-is-timeout-retry", "true"),
    ("x-envoy-upstream-alt-stat-name", "other"), ("x-envoy-upstream-stream-duration-ms", "5"),
    ("x-envoy-original-path", "/v1/models"), ("x-envoy-original-host", "evil.example.com"),
    ("x-envoy-original-dst-host", "127.0.0.1:1"), ("x-envoy-decorator-operation", "other"),
    ("x-envoy-force-trace", "true"), ("x-envoy-internal", "true"), ("x-envoy-external-address", "10.0.0.1"),
    ("x-envoy-ip-tags", "a"), ("x-envoy-downstream-service-cluster", "a"), ("x-envoy-peer-metadata", "a"),
    ("x-envoy-overloaded", "true"), ("x-envoy-drain-connection", "true"), ("x-envoy-of-a-later-version", "1"),
    # Names of ours that a client may not set, and one that does not exist
    ("x-multihome-move-on", "1"), ("x-multihome-ticket", "1"), ("x-multihome-next", "gcp-us"),
    ("x-multihome-target", "gcp-us"), ("x-multihome-cloud", "gcp"), ("x-multihome-region", "us"),
    ("x-multihome-attempts", "9"), ("x-multihome-anything", "1"), ("X-Multihome-Ticket", "1"),
    # Credentials and whom they are for
    ("authorization", SECRET), ("Authorization", SECRET), ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
    ("api-key", "of-the-client"), ("x-api-key", "of-the-client"), ("x-goog-api-key", "of-the-client"),
    ("ocp-apim-subscription-key", "of-the-client"), ("proxy-authorization", SECRET), ("cookie", "session=of-the-client"),
    ("openai-organization", "org-1"), ("openai-project", "proj-1"), ("openai-beta", "assistants=v2"),
    ("anthropic-beta", "x"), ("x-goog-user-project", "other-project"), ("x-goog-request-params", "location=eu"),
    ("x-goog-api-client", "x"), ("x-server-timeout", "1"),
    # What AWS would act on, or what would become part of the signature
    ("x-amzn-bedrock-guardrailidentifier", "off"), ("x-amzn-bedrock-trace", "ENABLED"),
    ("x-amzn-bedrock-accept", "application/json"), ("x-amzn-bedrock-performanceconfig-latency", "optimized"),
    ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-amz-date", "20200101T000000Z"),
    ("x-amz-security-token", "of-the-client"), ("x-amz-target", "x"), ("x-amzn-trace-id", "Root=1"),
    # What Azure would act on
    ("x-ms-client-request-id", "of-the-client"), ("x-ms-region", "westeurope"), ("x-ms-oai-image-generation-deployment", "x"),
    ("x-ms-enable-preview", "true"), ("azureml-model-deployment", "other"),
    # Where a request comes from
    ("x-forwarded-for", "10.1.2.3"), ("x-forwarded-proto", "https"), ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "evil.example.com"), ("x-forwarded-port", "1"), ("x-forwarded-prefix", "/v2"),
    ("x-forwarded-client-cert", "URI=spiffe://contoso/gateway"), ("forwarded", "for=10.1.2.3"), ("via", "1.1 x"),
    ("x-real-ip", "10.1.2.3"), ("true-client-ip", "10.1.2.3"), ("origin", "https://example.com"), ("referer", "https://example.com"),
    ("sec-fetch-site", "cross-site"), ("user-agent", "OpenAI/Python 3.57.0"), ("x-stainless-retry-count", "2"),
    ("x-request-id", "of-the-client"), ("x-client-request-id", "of-the-client"), ("idempotency-key", "of-the-client"),
    # Tracing
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", "a=b"), ("baggage", "a=b"),
    ("b3", "1"), ("x-b3-traceid", "0af7651916cd43dd"), ("x-cloud-trace-context", "1/1;o=1"), ("grpc-trace-bin", "AAAA"),
    # How the answer is to come
    ("accept", "text/html"), ("accept", "application/json, text/event-stream"), ("accept-encoding", "gzip, br, zstd"),
    ("accept-language", "de"), ("accept-charset", "utf-16"), ("te", "trailers"), ("trailer", "x-checksum"), ("range", "bytes=0-1"),
    ("cache-control", "no-cache"), ("if-none-match", "*"), ("prefer", "respond-async"), ("priority", "u=0"),
    ("content-language", "de"), ("content-md5", "AAAA"), ("x-http-method-override", "GET"),
    ("grpc-timeout", "1m"), ("max-forwards", "0"), ("x-anything", "else"), ("x-anything", "x" * 8000),
    ("content-type", "application/json; charset=utf-8"), ("content-type", "Application/JSON"), ("content-encoding", "identity"),
]
# Words about one connection, which HTTP/2 does not have
HOPS = [("connection", "keep-alive, x-multihome-clouds, authorization"), ("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"),
        ("upgrade", "h2c"), ("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA"), ("expect", "100-continue"), ("te", "gzip, trailers")]

ROWS = [(1, *row) for row in HEADERS + HOPS] + [(2, name, value) for name, value in HEADERS if name == name.lower()]


@pytest.fixture(scope="module")
def without(the_gateway, the_clouds):
    """The answer to each request without any header of the row's, and what the clouds saw of it."""
    the_clouds.clear()
    found = {}
    for http in (1, 2):
        for kind in REQUESTS:
            answer = send(the_gateway, kind, http)
            assert answer.status == 200, answer
            found[kind, http] = answer, seen(the_clouds, kind)
            the_clouds.clear()
    return found


def send(gateway, kind, http, headers=()):
    question = REQUESTS[kind]
    path = PATHS["responses" if "input" in question.body else "chat"]
    body = json.dumps(question.body).encode()
    headers = [*headers, permit(TARGETS[kind]), ("content-length", str(len(body)))]
    return gateway.request("POST", path, headers, body, http=http, tenant=None)


def seen(clouds, kind):
    return [comparable(record) for record in serving(clouds.records(REQUESTS[kind].mark))]


def shown(answer):
    """The parts of an answer that are equal for equal requests: an id is its own, and so is the time."""
    return answer.status, answer.body, sorted((k, v) for k, v in answer.headers if k not in ("x-request-id", "date"))


@pytest.mark.parametrize("http, name, value", ROWS, ids=lambda value: str(value)[:40])
def test_no_header_of_a_client_has_an_effect(http, name, value, without, gateway, clouds):
    answer = send(gateway, "held", http, [(name, value)])

    expected, records = without["held", http]
    assert seen(clouds, "held") == records
    assert shown(answer) == shown(expected)


@pytest.mark.parametrize("part", [0, 1], ids=["one half", "the other half"])
@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("kind", REQUESTS)
def test_many_of_them_at_once_have_none(kind, http, part, without, gateway, clouds):
    rows = [(name, value) for name, value in HEADERS if http == 1 or name == name.lower()]
    # Envoy takes a hundred headers and no more.
    rows = [(name, value) for name, value in rows if not name.startswith("content-")][part::2]

    answer = send(gateway, kind, http, rows)

    expected, records = without[kind, http]
    assert seen(clouds, kind) == records
    assert shown(answer) == shown(expected)


@pytest.mark.parametrize("kind", REQUESTS)
def test_either_version_of_http_is_the_same_to_a_cloud(kind, without):
    assert without[kind, 1][1] == without[kind, 2][1]
    assert without[kind, 1][0].body == without[kind, 2][0].body


# What a cloud receives, and nothing else
TO_CLOUDS = {"content-type", "content-length", "accept-encoding", "user-agent", "accept"}
CREDENTIALS = {"azure": {"api-key"}, "aws": {"authorization", "x-amz-date", "x-amz-content-sha256"}, "gcp": {"authorization"}}
# What an endpoint's own fields say, whatever a client sends under these names
OF_THE_FILE = [("openai-eu", "organization", "openai-organization"), ("openai-eu", "project", "openai-project"),
               ("openai-global", "organization", "openai-organization"), ("openai-global", "project", "openai-project")]


@pytest.mark.parametrize("endpoint, field, name", OF_THE_FILE)
def test_a_header_that_the_policy_file_fixes(endpoint, field, name, gateway, policy):
    answer = gateway.ask(only=endpoint, headers=[(name, "of-the-client")])

    [record] = answer.records
    fixed = policy["endpoints"][endpoint].get(field)
    assert answer.status == 200 and header(record, name) == ([fixed] if fixed else [])


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("kind", REQUESTS)
def test_a_cloud_receives_what_it_needs(kind, http, without):
    _, records = without[kind, http]
    for record in records:
        names = {name for name, _ in record["headers"]} - {"host"}
        assert names - TO_CLOUDS == CREDENTIALS[record["cloud"]], record["cloud"]
        assert header(record, "content-type") == ["application/json"]
        assert header(record, "accept-encoding") == ["identity"]
        assert header(record, "content-length") == [str(len(record["body"].encode()))]


# What a client gets, and nothing else
TO_CLIENTS = {"content-type", "content-length", "transfer-encoding", "date", "server", "x-request-id", "x-multihome-cloud",
              "x-multihome-region", "x-multihome-target", "x-multihome-attempts", "retry-after", "retry-after-ms",
              "cache-control", "x-accel-buffering", "x-should-retry", "openai-processing-ms"}

# endpoint, form, model, fault beside the headers that no client gets
ANSWERS = [
    ("azure-eastus2", "chat", "gpt-6.1-sol", ""),
    ("azure-eastus2", "responses", "gpt-6.1-sol", ""),
    ("azure-eastus2", "chat", "gpt-4o", ""),
    ("azure-sweden", "chat", "gpt-6.1-sol", ""),
    ("aws-use1", "chat", "gpt-6.1-sol", ""),
    ("aws-mantle", "responses", "gpt-6.1-sol", ""),
    ("gcp-us", "responses", "gpt-6.1-sol", ""),
    ("gcp-global", "chat", "gpt-oss-120b", ""),
    ("openai-eu", "chat", "gpt-6.1-sol", ""),
    ("openai-eu", "responses", "gpt-6.1-sol", ""),
    *[(endpoint, "responses", "gpt-6.1-sol", fault) for endpoint in ("azure-eastus2", "aws-use1", "aws-mantle", "gcp-us", "openai-eu")
      for fault in ("400", "401", "429 retry-after=3", "503", "400-quota", "huge")],
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("endpoint, form, model, fault", ANSWERS)
def test_a_client_receives_what_is_meant_for_it(endpoint, form, model, fault, stream, http, gateway):
    cloud = endpoint.split("-")[0]
    text = f"[[{cloud} padded]] " + (f"[[{cloud} {fault}]]" if fault else "")

    answer = gateway.ask(text, form=form, model=model, only=endpoint, stream=stream, http=http)

    [record] = answer.records
    offered = dict(record["answer_headers"])
    assert {"set-cookie", "server", "via", "x-ms-vendor-note", "x-envoy-upstream-service-time"} <= set(offered)
    names = [name for name, _ in answer.headers]
    limits = {name for name in names if name.startswith("x-ratelimit-")}
    # What an SDK need not ask again is the operator's to mend.
    assert set(names) - limits <= TO_CLIENTS | ({"x-should-retry"} if fault == "401" else set())
    assert len(names) == len(set(names)), "each once"
    assert answer["server"] == "multihome"
    assert (answer.target, answer.cloud, answer.attempts) == (endpoint, cloud, 1)
    if not fault:
        assert answer["content-type"] == offered["content-type"]
        # Without these nginx keeps a stream back, and a cache may keep it.
        assert (answer["cache-control"], answer["x-accel-buffering"]) == ("no-cache", "no")
    if fault != "401":
        assert {name: answer[name] for name in limits} == {k: v for k, v in offered.items() if k.startswith("x-ratelimit-")}
        assert answer["retry-after-ms"] == offered.get("retry-after-ms")


def test_what_a_cloud_sends_does_not_take_envoy_out_of_service(gateway, clouds):
    """`x-envoy-immediate-health-check-fail` of a cloud would, if the router saw it; the padded answers carry it."""
    for endpoint in ("azure-eastus2", "aws-use1"):
        assert gateway.ask(f"[[{endpoint.split('-')[0]} padded]]", only=endpoint).status == 200
        assert gateway.ask(only=endpoint).status == 200


GUARDRAIL = {"x-amzn-bedrock-guardrailidentifier": "g-1", "x-amzn-bedrock-guardrailversion": "7"}
IMAGES = {"x-ms-oai-image-generation-deployment": "img-100%START_TIME%"}


def test_the_operators_headers_reach_their_endpoint_alone(policy, start_gateway):
    endpoints = policy["endpoints"]
    endpoints["azure-eastus2"]["headers"] = IMAGES
    endpoints["aws-use1"]["headers"] = GUARDRAIL
    gateway = start_gateway(policy)
    chosen = [*IMAGES, *GUARDRAIL]
    sent = [(name, "of the client") for name in chosen]

    answer = gateway.ask("[[azure 429]] [[aws 429]]", form="responses", headers=sent, tenant="acme")

    # Azure, Bedrock's runtime, and Mantle, which knows none of them.
    found = [{name: value for name, value in record["headers"] if name in chosen} for record in answer.records]
    assert found == [IMAGES, GUARDRAIL, {}]


def test_a_gateway_in_front_of_azure_gets_its_path_and_its_key(policy, start_gateway, clouds):
    endpoint = {**policy["endpoints"]["azure-eastus2"], "path_prefix": "/openai-eu", "key_header": "ocp-apim-subscription-key"}
    policy["endpoints"]["behind-a-gateway"] = endpoint
    policy["models"]["managed"] = [{"endpoint": "behind-a-gateway", "id": "gpt6sol-prod", "form": "openai.chat"}]
    policy["tenants"]["acme"]["models"] = ["*"]
    policy["tenants"]["acme"].pop("targets", None)
    gateway = start_gateway(policy)

    answer = gateway.ask("hi", model="managed")

    [record] = answer.records
    headers = dict(record["headers"])
    assert record["path"] == "/openai-eu/openai/v1/chat/completions"
    assert headers["ocp-apim-subscription-key"] == clouds["credentials"]["azure_api_key"] and "api-key" not in headers
