"""The parts beside other routes: put into an Envoy that somebody has, they serve and speak for their own host alone."""

import pytest

import places
from harness import own, policies
from harness.gateway import PATHS, Gateway
from harness.issuer import Issuer
from harness.own import ANY, OURS, SHOP
from harness.policies import BOTH, target
from harness.records import DOWN_EVERYWHERE, serving

PARTNER = "spiffe://contoso/partner"


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def backends():
    backends = {name: own.Backend(name) for name in ("cart", "search")}
    yield backends
    for backend in backends.values():
        backend.stop()


@pytest.fixture(scope="module")
def start(processes, the_clouds, envoy, issuer, backends, certificates, tmp_path_factory):
    """Starts the operator's Envoy, without the parts or with them."""
    started = []

    def start(name, with_parts=True, **options):
        folder = tmp_path_factory.mktemp(name)

        def edit(bootstrap):
            bootstrap.clear()
            bootstrap.update(own.bootstrap(issuer.keys, {name: backend.port for name, backend in backends.items()}))
            if with_parts:
                own.merge(bootstrap, parts_for("web"))
                own.partners(bootstrap, certificates.listener, parts_for("partners"))

        def parts_for(listener):
            # A part needs the listener's name alone.
            return own.parts(folder, the_clouds["ca_file"], "--listen", f"{listener}=127.0.0.1:1", **options)

        policy = policy_of(the_clouds, certificates)
        secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
        gateway = Gateway(processes, folder, envoy, policy, the_clouds, edit=edit, secrets=secrets,
                          listeners={"default": "127.0.0.1:0", "partners": "127.0.0.1:0"})
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


def policy_of(clouds, certificates):
    policy = policies.base(clouds)
    policy["endpoints"]["absorbed"] = {**policy["endpoints"]["azure-eastus2"], "informational": "absorb"}
    policy["models"]["absorbed"] = [target("absorbed", "gpt6sol-prod", BOTH, 1, 1)]
    policy["listeners"] = {"partners": {"tls": certificates.listener}}
    policy["identity"]["trust"]["client_certificates"] = [PARTNER]
    policy["models"]["signed"] = [target("aws-use1", "us.openai.gpt-6.1-sol", BOTH, 1, 1)]
    return policy


@pytest.fixture(scope="module")
def without(start):
    """What the operator has."""
    return start("without", with_parts=False)


@pytest.fixture(scope="module")
def beside(start):
    """The same, with the parts."""
    return start("beside")


@pytest.fixture
def token(issuer):
    """The header of who may ask as the tenant `acme`."""
    return {"host": OURS, "authorization": issuer.bearer(tenant="acme")}


def test_the_documentation_says_what_is_done_here():
    page = " ".join((places.ROOT / "docs/deploy.md").read_text().split())
    for step, (_, words) in own.STEPS.items():
        assert " ".join(words.split()) in page, step


# Host, path, token (None: none; else the seconds that it has left), other headers
OF_OTHERS = [
    (ANY, "/", None, {}),
    (ANY, "/v1/models", None, {}),
    (ANY, "/readyz", None, {}),
    (ANY, "/nothing", None, {}),
    (ANY, "/search?q=1", None, {}),
    (ANY, "/search", None, {"content-type": "application/grpc", "te": "trailers"}),
    (ANY, "/nothing", None, {"content-type": "application/grpc", "te": "trailers"}),
    (ANY, "/", None, {"x-fault": "1"}),
    (ANY, "/search", None, {"connection": "upgrade", "upgrade": "websocket"}),
    (ANY, "/search", None, {"connection": "upgrade", "upgrade": "TLS/1.2"}),
    (SHOP, "/search", None, {}),
    (SHOP, "/v1/chat/completions", None, {}),
    (SHOP, "/cart", 60, {}),
    (SHOP, "/cart", None, {}),
    (SHOP, "/cart", -100, {}),
]


def of_others(gateway, issuer):
    """All of these, as far as two Envoys say the same, with the log's lines."""
    said = []
    for host, path, seconds, headers in OF_OTHERS:
        headers = {"host": host, **headers, **({} if seconds is None else {"authorization": issuer.bearer(seconds)})}
        answer = gateway.request("GET", path, headers, tenant=None)
        [line] = gateway.access(answer, 1)
        assert line.pop("request_id") == answer["x-request-id"]
        kept = [header for header in answer.headers if header[0] not in ("date", "x-request-id", "x-envoy-upstream-service-time")]
        said.append((host, path, answer.status, kept, answer.text, line))
    return said


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_other_routes_are_as_they_were(up, without, beside, issuer, backends, clouds):
    if not up:
        for backend in backends.values():
            backend.stop()
    try:
        before, after = of_others(without, issuer), of_others(beside, issuer)
    finally:
        if not up:
            for backend in backends.values():
                backend.start()

    assert after == before
    by_path = {(host, path): (status, text) for host, path, status, _, text, _ in before}
    # The last of these is the one with a token that has ended.
    assert by_path[SHOP, "/cart"] == (401, "Sorry: Jwt is expired")
    assert by_path[ANY, "/"] == (503, "The shop is closed.")
    assert by_path[SHOP, "/search"] == ((200, "search: GET /search None") if up else (503, "The shop is closed."))
    assert by_path[SHOP, "/v1/chat/completions"] == (404, "Sorry: ")


def test_what_envoy_cannot_read_is_refused_as_it_was(without, beside):
    def refused(gateway):
        with gateway.connect() as connection:
            connection.method = "GET"
            connection.sock.sendall(b"NONSENSE\r\n\r\n")
            answer = connection.read()
        return answer.status, answer.text, [name for name, _ in answer.headers]

    assert refused(beside) == refused(without)


# What is asked, of which clouds, and who serves it
SERVED = [
    ({}, "azure,aws,gcp", "azure-eastus2", 1),
    ({"form": "responses", "stream": True}, "azure", "azure-eastus2", 1),
    ({"text": "[[azure 429]]"}, "azure,aws", "aws-use1", 2),
    ({"form": "responses"}, "gcp", "gcp-us", 1),
    ({"model": "absorbed"}, "azure", "absorbed", 1),
]


@pytest.mark.parametrize("question, of, target, attempts", SERVED)
def test_ours_serves_the_tenant_of_the_token(question, of, target, attempts, beside, token, clouds):
    asked = {**question, "tenant": None, "headers": {**token, "x-multihome-clouds": of}}
    # Google's token comes after the start.
    answer = beside.await_serving(**asked) if of == "gcp" else beside.ask(**asked)

    assert (answer.status, answer.target, answer.attempts) == (200, target, attempts), answer
    [line] = beside.access(answer, 1)
    assert (line["log"], line["status"], line["cluster"]) == ("own", 200, f"multihome-{target}")
    assert "tenant=acme" in line["record"] and f"{target}:200" in line["record"]


MODELS, CHAT = "/v1/models", PATHS["chat"]
GRPC, WEBSOCKET = {"content-type": "application/grpc", "te": "trailers"}, {"connection": "upgrade", "upgrade": "websocket"}

# Method, path, the tenant of the token (None: there is none), other headers, status, code, what the message holds
OF_OURS = [
    ("GET", "/nothing", "acme", {}, 404, "unknown_url", "/nothing"),
    ("GET", "/cart", "acme", {}, 404, "unknown_url", "/cart"),
    ("GET", MODELS, "nobody", {}, 401, "unknown_tenant", "tenant"),
    ("GET", MODELS, "nobody", {"x-tenant-id": "acme"}, 401, "unknown_tenant", "tenant"),
    ("GET", MODELS, None, {"x-tenant-id": "acme"}, 401, "unauthorized", "Jwt is missing"),
    ("GET", MODELS, "expired", {}, 401, "unauthorized", "Jwt is expired"),
    ("GET", MODELS, "acme", {"x-fault": "1"}, 503, "gateway_unavailable", "fault filter abort"),
    ("GET", "/v1/models/gpt-9", "acme", {}, 404, "model_not_found", "gpt-9"),
    ("GET", PATHS["responses"], "acme", WEBSOCKET, 426, "upgrade_required", "WebSocket"),
    ("GET", PATHS["responses"], "nobody", WEBSOCKET, 426, "upgrade_required", "WebSocket"),
    ("POST", CHAT, "acme", {"connection": "upgrade", "upgrade": "TLS/1.2, WebSocket"}, 426, "upgrade_required", "WebSocket"),
    ("POST", CHAT, "acme", GRPC, 415, "unsupported_media_type", "application/json"),
    ("POST", CHAT, "acme", {**GRPC, "content-type": "application/grpc+json"}, 415, "unsupported_media_type", "application/json"),
    ("POST", CHAT, "nobody", GRPC, 401, "unknown_tenant", "tenant"),
    ("POST", CHAT, "nobody", {**GRPC, "x-tenant-id": "acme"}, 401, "unknown_tenant", "tenant"),
]


# An upgrade is of HTTP/1.1.
BY_BOTH = [(1, *row) for row in OF_OURS] + [(2, *row) for row in OF_OURS if "upgrade" not in row[3]]


@pytest.mark.parametrize("http, method, path, tenant, headers, status, code, says", BY_BOTH)
def test_every_error_of_ours_has_the_apis_shape(http, method, path, tenant, headers, status, code, says, beside, issuer, clouds):
    headers = {"host": OURS, **headers}
    if tenant is not None:
        ended = {"seconds": -100} if tenant == "expired" else {}
        headers["authorization"] = issuer.bearer(tenant=tenant, **ended)
    answer = beside.request(method, path, headers, b"{}" if method == "POST" else None, http=http, tenant=None)

    assert (answer.status, answer.error["code"], answer["content-type"]) == (status, code, "application/json"), answer
    assert says in answer.error["message"]
    assert (answer["x-shop"], answer["grpc-status"]) == (None, None)
    [line] = beside.access(answer, 1)
    assert (line["log"], line["status"]) == ("own", status)
    assert serving(clouds.records()) == []


# The name in the certificate (None: there is none), the content type, status
OF_PARTNERS = [
    (PARTNER, "application/json", 400),
    (PARTNER, "application/grpc", 415),
    ("spiffe://contoso/other", "application/json", 401),
    ("spiffe://contoso/other", "application/grpc", 401),
    (None, "application/grpc", 401),
]


@pytest.mark.parametrize("name, kind, status", OF_PARTNERS)
def test_a_certificate_says_who_may_name_the_tenant_on_each_way(name, kind, status, beside, certificates):
    answer = beside.request("POST", CHAT, {"host": OURS, "content-type": kind}, b"{}", listener="partners", tls=certificates.client(uri=name))

    assert (answer.status, answer["grpc-status"]) == (status, None), answer


def test_filters_in_front_speak_to_grpc_as_they_do_elsewhere(beside, clouds):
    answer = beside.request("POST", CHAT, {"host": OURS, **GRPC}, b"", http=2, tenant=None)

    assert (answer.status, answer["grpc-status"]) == (200, "16") and "Jwt is missing" in answer["grpc-message"]


def test_every_target_down_is_an_error_of_ours(beside, token, clouds):
    answer = beside.ask(DOWN_EVERYWHERE, tenant=None, headers=token)

    assert (answer.status, answer.error["code"], answer["x-shop"]) == (503, "upstream_error", None), answer
    assert len(answer.records) > 1


def test_what_is_offered_by_the_way_is_not_taken_up(beside, token):
    answer = beside.ask(tenant=None, headers={**token, "connection": "upgrade", "upgrade": "TLS/1.2"})

    assert (answer.status, answer.target) == (200, "azure-eastus2")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_trailers_are_taken_off_before_a_signer(stream, beside, token, clouds):
    answer = beside.ask(model="signed", stream=stream, tenant=None, headers=token, http=2, trailers=[("x-checksum", "1")])

    assert (answer.status, answer.target) == (200, "aws-use1"), answer
    [record] = answer.records
    assert record["trailers"] == []


def test_probes_of_ours_are_answered(beside):
    answers = [beside.request("GET", path, {"host": OURS}, tenant=None) for path in ("/healthz", "/readyz")]
    assert [(answer.status, answer.text) for answer in answers] == [(200, "alive\n"), (200, "ready\n")]


def test_draining_is_said_by_ours_alone(beside):
    def ready(host):
        return beside.request("GET", "/readyz", {"host": host}, tenant=None).status

    assert beside.manage("/healthcheck/fail", "POST").status == 200
    try:
        assert (ready(OURS), ready(ANY)) == (503, 200)
    finally:
        assert beside.manage("/healthcheck/ok", "POST").status == 200
    assert (ready(OURS), ready(ANY)) == (200, 200)


def test_an_envoy_that_can_have_no_listeners_inside_does_without(start, token, clouds):
    """As the documentation says: a request with trailers has fewer targets, an error for gRPC is Envoy's."""
    gateway = start("alone", internal_listeners=False)
    trailers = {"http": 2, "trailers": [("x-checksum", "1")]}

    for model in ("gpt-6.1-sol", "absorbed"):
        answer = gateway.ask(model=model, tenant=None, headers=token, **trailers)
        assert (answer.status, answer.cloud) == (200, "azure"), answer
    answer = gateway.ask(model="signed", tenant=None, headers=token, **trailers)
    assert (answer.status, answer.error["code"]) == (400, "unsupported_feature"), answer
    answer = gateway.ask(model="signed", tenant=None, headers=token)
    assert (answer.status, answer.target) == (200, "aws-use1"), answer
    answer = gateway.request("POST", CHAT, {**token, **GRPC}, b"{}", tenant=None)
    assert (answer.status, answer["grpc-status"]) == (200, "2") and "application/json" in answer["grpc-message"], answer
