"""Tokens (JWT): a client with a base URL and a token and nothing else is the tenant that it names, within the policy that it
carries, for as long as the token holds."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
import warnings

import openai
import pytest

import places
from harness import issuer, keys, own, policies
from harness.gateway import Gateway
from harness.issuer import Issuer, encoded, key_set, unsigned
from harness.process import until

LISTENERS = {"default": "127.0.0.1:0", "public": "127.0.0.1:0"}
AUDIENCE = "llm"
# What `acme` may use comes from Azure first; a token's own policy here says AWS.
POLICY = {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-6*"], "max_attempts": 1}
CEILING = {"clouds": ["azure", "aws"], "residency": ["us", "eu"], "models": ["*"]}


def source(file, **more):
    return {"jwt": {"issuer": issuer.NAME, "audiences": [AUDIENCE, "llm-eu"], "jwks": str(file), "policy_claim": "multihome",
                    "policy": {"ceiling": CEILING}, **more}}


class Tokens:
    """An issuer with two keys, and a policy that knows them."""

    def __init__(self, clouds, folder):
        self.rs, self.es = Issuer(), Issuer(algorithm="ES256", kid="2")
        self.stranger = Issuer(kid="1")
        self.file = folder / "jwks.json"
        self.file.write_text(key_set(self.rs, self.es))
        self.acme, of_acme = keys.new("acme")
        self.policy = policies.base(clouds)
        self.policy["tenants"]["acme"]["keys"] = [of_acme]
        header = {**self.policy["identity"], "policy": {"ceiling": CEILING}}
        self.policy["identity"] = [source(self.file), {"keys": {}}, header]
        self.policy["listeners"] = {"public": {"cors": {"allow_origins": ["https://chat.example.test"]}}}

    def of(self, tenant="acme", by=None, **claims):
        return (by or self.rs).token(**{"aud": AUDIENCE, "tenant": tenant, **claims})


@pytest.fixture(scope="module")
def tokens(the_clouds, tmp_path_factory):
    return Tokens(the_clouds, tmp_path_factory.mktemp("jwks"))


@pytest.fixture(scope="module")
def taking(processes, the_clouds, envoy, tokens, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    gateway = Gateway(processes, tmp_path_factory.mktemp("taking"), envoy, tokens.policy, the_clouds, secrets=secrets,
                      listeners=LISTENERS)
    gateway.await_serving(only="azure-sweden")
    yield gateway
    gateway.stop()


def ask(gateway, token, how="bearer", **more):
    name, value = {"bearer": ("authorization", f"Bearer {token}"), "api-key": ("api-key", token)}[how]
    more.setdefault("listener", "public")
    return gateway.ask(headers=[(name, value), *more.pop("headers", [])], tenant=None, **more)


def record(gateway, answer):
    [line] = gateway.access(answer, 1)
    return dict(word.split("=", 1) for word in line["record"].split(" "))


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("how", ["bearer", "api-key"])
@pytest.mark.parametrize("by", ["rs", "es"])
def test_a_token_is_its_tenant_on_any_listener(by, how, http, taking, tokens, clouds):
    for listener in LISTENERS:
        for tenant, target in [("acme", "azure-eastus2"), ("europe", "azure-sweden")]:
            answer = ask(taking, tokens.of(tenant, getattr(tokens, by)), how, http=http, listener=listener)
            assert (answer.status, answer.target) == (200, target), answer
            found = record(taking, answer)
            assert (found["tenant"], found["by"]) == (tenant, "jwt")


# What is wrong with a token, and what its client reads
def broken(tokens):
    now = int(time.time())
    claims = {"iss": issuer.NAME, "aud": AUDIENCE, "tenant": "acme", "exp": now + 600}
    good = tokens.of()
    head, payload, signature = good.split(".")
    other = encoded(json.dumps({**claims, "tenant": "europe"}).encode())
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    return {
        "expired": (tokens.of(seconds=-600), "expired_token", "Jwt is expired"),
        "not yet valid": (tokens.of(nbf=now + 600), "invalid_token", "Jwt not yet valid"),
        "without an end": (tokens.of(exp=None), "invalid_token", None),
        "of another key": (tokens.of(by=tokens.stranger), "invalid_token", "Jwt verification fails"),
        "of an unknown key": (tokens.of(header={"kid": "9"}), "invalid_token", "Jwks doesn't have key to match kid or alg from Jwt"),
        "of another issuer": (tokens.of(iss="https://evil.test"), "invalid_token", "Jwt issuer is not configured"),
        "of no issuer": (tokens.of(iss=None), "invalid_token", None),
        "for another audience": (tokens.of(aud="shop"), "invalid_token", "Audiences in Jwt are not allowed"),
        "for nobody": (tokens.of(aud=None), "invalid_token", "Audiences in Jwt are not allowed"),
        "alg none": (unsigned({"alg": "none"}, claims) + ".", "invalid_token", None),
        "alg none, signed": (unsigned({"alg": "none"}, claims) + ".AA", "invalid_token", "Jwt header [alg] is not supported"),
        "alg None": (unsigned({"alg": "None"}, claims) + "." + signature, "invalid_token", None),
        "HS256 with the public key": (tokens.rs.signed_with_the_public_key(aud=AUDIENCE, tenant="acme"), "invalid_token", None),
        "another's payload": (f"{head}.{other}.{signature}", "invalid_token", "Jwt verification fails"),
        "flipped signature": (f"{head}.{payload}.{flipped}", "invalid_token", "Jwt verification fails"),
        "no signature": (f"{head}.{payload}.", "invalid_token", None),
        "no JSON": (f"{head}.{encoded(b'no json')}.{signature}", "invalid_token", None),
        "a tenant that nobody knows": (tokens.of("nobody"), "unknown_tenant", None),
        "no tenant": (tokens.of(None), "unknown_tenant", None),
        "a tenant that is no text": (tokens.of(["acme"]), "invalid_token", None),
        "two tenants": (tokens.of("acme,europe"), "invalid_token", None),
    }


@pytest.mark.parametrize("http", [1, 2])
def test_a_token_that_does_not_hold_is_a_401_with_the_reason(http, taking, tokens, clouds):
    for what, (token, code, reason) in broken(tokens).items():
        for listener, more in [("public", []), ("default", []), ("default", [("x-tenant-id", "acme")])]:
            answer = ask(taking, token, http=http, listener=listener, headers=more)
            if (what, more) == ("no tenant", [("x-tenant-id", "acme")]):
                # It holds and names nobody; who is trusted may.
                assert answer.status == 200
                continue
            assert answer.status == 401, (what, listener, answer)
            found = answer.status, answer.error["code"], answer.error["type"]
            expected = "conflicting_credentials" if code == "unknown_tenant" and more else code
            assert found == (401, expected, "authentication_error"), (what, listener, answer)
            assert reason is None or reason in answer.error["message"], (what, answer)
            assert "europe" not in answer.text and token not in answer.text
            assert not answer.records


def test_the_official_client_needs_a_token_and_nothing_else(taking, tokens, clouds):
    address = f"http://{taking.addresses['public']}"
    token = tokens.of()
    for client in (openai.OpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0),
                   openai.AzureOpenAI(azure_endpoint=address, api_version="2024-10-21", api_key=token, max_retries=0),
                   openai.AzureOpenAI(azure_endpoint=address, api_version="2024-10-21", azure_ad_token=token, max_retries=0)):
        with client:
            messages = [{"role": "user", "content": "hi"}]
            assert client.chat.completions.create(model="gpt-6.1-sol", messages=messages).choices[0].message.content
            assert client.responses.create(model="gpt-6.1-sol", input="hi").output_text
            assert "gpt-6.1-sol" in [model.id for model in client.models.list()]
    assert all(token not in json.dumps(each) for each in clouds.records())
    with openai.OpenAI(base_url=f"{address}/v1", api_key=tokens.of(seconds=-600), max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.models.list()
    assert (refused.value.status_code, refused.value.code) == (401, "expired_token")


@pytest.mark.parametrize("http", [1, 2])
def test_health_readiness_and_preflights_need_no_token(http, taking, clouds):
    for path in ("/healthz", "/readyz"):
        for headers in ([], [("authorization", "Bearer eyJh.eyJh.x")]):
            assert taking.request("GET", path, headers, tenant=None, listener="public", http=http).status == 200, path
    asked = [("origin", "https://chat.example.test"), ("access-control-request-method", "POST")]
    assert taking.request("OPTIONS", "/v1/chat/completions", asked, tenant=None, listener="public", http=http).status == 200


def test_a_401_says_which_sources_there_are(taking, clouds):
    answer = taking.ask(tenant=None, listener="public")
    message = ("This endpoint takes the tenant from an API key (`Authorization: Bearer KEY` or `api-key: KEY`), or from "
               "a token (JWT) of https://login.contoso.test (`Authorization: Bearer TOKEN`), or from header `x-tenant-id`, "
               "set by a trusted hop; the request has none of them.")
    assert (answer.status, answer.error["code"], answer.error["message"]) == (401, "unknown_tenant", message)


@pytest.mark.parametrize("how", ["bearer", "api-key"])
def test_a_key_is_no_broken_token(how, taking, tokens, clouds):
    answer = ask(taking, tokens.acme, how)
    assert (answer.status, record(taking, answer)["by"]) == (200, "key")
    for stranger in ("sk-unknown", "a.b.c", "eyJh.b", "eyJh.b.c.d"):
        answer = ask(taking, stranger, how)
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key"), stranger


def test_two_credentials_are_refused(taking, tokens, clouds):
    acme, europe = tokens.of("acme"), tokens.of("europe")
    for headers in ([("authorization", f"Bearer {acme}"), ("api-key", europe)],
                    [("authorization", f"Bearer {acme}"), ("api-key", tokens.acme)],
                    [("authorization", f"Bearer {tokens.acme}"), ("api-key", acme)],
                    [("api-key", acme), ("api-key", acme)],
                    [("authorization", f"Bearer {acme}"), ("api-key", "x")]):
        answer = taking.ask(headers=headers, tenant=None, listener="public")
        assert (answer.status, answer.error["code"]) == (401, "conflicting_credentials"), headers
    same = taking.ask(headers=[("authorization", f"Bearer {acme}"), ("api-key", acme)], tenant=None, listener="public")
    assert same.status == 200
    named = ask(taking, acme, headers=[("x-tenant-id", "europe")], listener="default")
    assert (named.status, named.error["code"]) == (401, "conflicting_credentials")
    agreed = ask(taking, acme, headers=[("x-tenant-id", "acme")], listener="default")
    assert (agreed.status, record(taking, agreed)["by"]) == (200, "jwt")


# A way of the request for each filter chain and credential that it passes
WAYS = [{}, {"text": "[[azure 429]]"}, {"text": "[[azure reset]]"}, {"model": "gpt-4o"}, {"form": "responses"},
        {"http": 2}, {"http": 2, "trailers": [("x", "y")]}, {"stream": True}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("how", ["bearer", "api-key"])
def test_no_cloud_log_or_statistic_has_a_token(how, way, taking, tokens, clouds):
    token = tokens.of()
    answer = ask(taking, token, how, **way)
    assert answer.status == 200 and answer.records, answer
    signature = token.rsplit(".", 1)[1]
    for text in (json.dumps(clouds.records()), taking.access_log.read_text(), taking.log_text(), answer.text,
                 taking.manage("/stats").text):
        assert token not in text and signature not in text


# What the claim of a token says, and what comes of it: the target that serves, or status and code
CARRIED = [
    (None, "acme", "azure-eastus2"),
    (POLICY, "acme", "aws-use1"),
    (json.dumps(POLICY), "acme", "aws-use1"),
    (encoded(json.dumps(POLICY).encode()), "acme", "aws-use1"),
    # A tenant that no file lists, and one without a name
    (POLICY, "startup-42", "aws-use1"),
    (POLICY, None, "aws-use1"),
    # Neither the ceiling nor the tenant's entry is widened
    ({**POLICY, "clouds": ["gcp"]}, "startup-42", (403, "no_target_allowed")),
    ({**POLICY, "residency": ["global"]}, "startup-42", (403, "no_target_allowed")),
    ({**POLICY, "residency": ["eu"]}, "acme", (403, "no_target_allowed")),
    ({**POLICY, "models": ["other-*"]}, "acme", (404, "model_not_found")),
    # No policy
    ("", "acme", (403, "invalid_policy")),
    ({}, "acme", (403, "invalid_policy")),
    ([POLICY], "acme", (403, "invalid_policy")),
    (7, "acme", (403, "invalid_policy")),
    (True, "acme", (403, "invalid_policy")),
    ("{", "acme", (403, "invalid_policy")),
    ("no policy", "acme", (403, "invalid_policy")),
    ({**POLICY, "clouds": "aws"}, "acme", (403, "invalid_policy")),
    ({**POLICY, "clouds": ["moon"]}, "acme", (403, "invalid_policy")),
    ({**POLICY, "max_attempts": 1.5}, "acme", (403, "invalid_policy")),
    ({**POLICY, "allow": "all"}, "acme", (403, "invalid_policy")),
    ({**POLICY, "models": [f"m{i}" for i in range(200)]}, "acme", (403, "invalid_policy")),
    (json.dumps({**POLICY, "targets": ["x" * 17_000]}), "acme", (403, "invalid_policy")),
]


@pytest.mark.parametrize("http", [1, 2])
def test_a_token_carries_its_tenants_policy_within_the_ceiling(http, taking, tokens, clouds):
    for carried, tenant, expected in CARRIED:
        claims = {} if carried is None else {"multihome": carried}
        answer = ask(taking, tokens.of(tenant, **claims), http=http)
        row = (str(carried)[:80], tenant, answer)
        if isinstance(expected, str):
            assert (answer.status, answer.target) == (200, expected), row
        else:
            assert (answer.status, answer.error["code"]) == expected, row
            assert "moon" not in answer.text and not answer.records, row
    # Not before the signature held.
    forged = ask(taking, tokens.of("startup-42", by=tokens.stranger, multihome=POLICY), http=http)
    assert (forged.status, forged.error["code"]) == (401, "invalid_token")


def test_claims_too_large_to_read_are_refused(taking, tokens, clouds):
    answer = ask(taking, tokens.of(more="x" * 34_000))
    assert (answer.status, answer.error["code"]) == (401, "invalid_token"), answer


def test_a_policy_may_be_required(start_gateway, tokens, policy, clouds):
    required = source(tokens.file)
    required["jwt"]["policy"]["required"] = True
    policy["identity"] = [required]
    gateway = start_gateway(policy)
    answer = gateway.ask(headers=[("authorization", tokens.rs.bearer(aud=AUDIENCE, tenant="acme"))], tenant=None)
    assert (answer.status, answer.error["code"]) == (403, "policy_required"), answer
    carrying = [("authorization", tokens.rs.bearer(aud=AUDIENCE, tenant="acme", multihome=POLICY))]
    assert gateway.ask(headers=carrying, tenant=None).target == "aws-use1"
    nothing = gateway.ask(headers=[("authorization", "Bearer sk-1")], tenant=None)
    assert (nothing.status, nothing.error["code"]) == (401, "invalid_token")


def replace(file, text):
    """As a tool does that hands out keys: by a rename."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.rename(file)


# Of the library that is the provider.
DEPRECATED = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def provider():
    """An OpenID provider, by a library of others', with a user who is one of a tenant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import oidc_provider_mock

    user = oidc_provider_mock.User(sub="alice", claims={"tenant": "acme", "multihome": POLICY})
    with oidc_provider_mock.run_server_in_thread(user_claims=[user]) as server:
        yield f"http://localhost:{server.server_port}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def sign_in(provider):
    """The token of `alice`, by the authorization code flow, as an application gets it."""
    said = json.load(urllib.request.urlopen(f"{provider}/.well-known/openid-configuration"))
    back = "http://localhost/back"
    asked = urllib.parse.urlencode({"client_id": AUDIENCE, "redirect_uri": back, "response_type": "code", "scope": "openid"})
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(f"{said['authorization_endpoint']}?{asked}", data=urllib.parse.urlencode({"sub": "alice"}).encode())
        raise AssertionError("no redirect")
    except urllib.error.HTTPError as redirect:
        [code] = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect.headers["location"]).query)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": AUDIENCE, "client_secret": "x"}
    given = json.load(urllib.request.urlopen(said["token_endpoint"], urllib.parse.urlencode(form).encode()))
    return said["issuer"], said["jwks_uri"], given["id_token"]


@DEPRECATED
def test_a_token_of_an_openid_provider_is_taken_with_the_keys_that_it_publishes(provider, start_gateway, policy, clouds):
    name, keys_at, token = sign_in(provider)
    port = urllib.parse.urlsplit(keys_at).port
    policy["identity"] = [source({})]
    policy["identity"][0]["jwt"].update(issuer=name, jwks={"uri": keys_at, "address": f"127.0.0.1:{port}"})
    gateway = start_gateway(policy)
    with openai.OpenAI(base_url=f"http://{gateway.addresses['default']}/v1", api_key=token, max_retries=0) as client:
        messages = [{"role": "user", "content": "hi"}]
        response = client.chat.completions.with_raw_response.create(model="gpt-6.1-sol", messages=messages)
        assert response.headers["x-multihome-target"] == "aws-use1"
        assert response.parse().choices[0].message.content
    forged = ask(gateway, token[:-4] + "AAAA", listener="default")
    assert (forged.status, forged.error["code"]) == (401, "invalid_token")


class Publisher(own.Backend):
    """An issuer's address of keys, which it may change, or take down."""

    def __init__(self, text):
        self.text = text
        super().__init__("keys")
        publisher = self

        def do_GET(handler):
            body = publisher.text.encode()
            handler.send_response(200)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.handler.do_GET = do_GET


@pytest.fixture
def publisher():
    started = Publisher("")
    yield started
    started.stop()


def test_without_the_issuers_keys_no_token_counts_and_a_key_does(publisher, start_gateway, tokens, policy, clouds):
    publisher.stop()
    policy["tenants"]["acme"]["keys"] = tokens.policy["tenants"]["acme"]["keys"]
    policy["identity"] = [source(f"http://127.0.0.1:{publisher.port}/keys"), {"keys": {}}]
    gateway = start_gateway(policy)
    answer = ask(gateway, tokens.of(), listener="default")
    assert (answer.status, answer.error["code"]) == (503, "token_keys_unavailable"), answer
    assert ask(gateway, tokens.acme, listener="default").status == 200
    publisher.text = key_set(tokens.rs)
    publisher.start()
    until(lambda: ask(gateway, tokens.of(), listener="default").status == 200, "the keys of the issuer", 15)
    # Envoy asks every second for those that it has not; then each worker has them, and they stay while the issuer is away.
    time.sleep(3)
    publisher.stop()
    assert ask(gateway, tokens.of(), listener="default").status == 200
    publisher.start()


@pytest.mark.parametrize("inside", [True, False])
def test_the_parts_beside_an_operators_own_routes_take_tokens_for_theirs_alone(inside, envoy, processes, the_clouds, tokens,
                                                                               tmp_path, clouds):
    def edit(bootstrap):
        bootstrap.clear()
        bootstrap.update(own.bootstrap(tokens.rs.keys, {"cart": 9, "search": 9}))
        manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        # No filter of the operator's verifies anything for our host.
        manager["http_filters"] = manager["http_filters"][1:]
        options = ("--listen", "web=127.0.0.1:1")
        own.merge(bootstrap, own.parts(tmp_path / "parts", the_clouds["ca_file"], *options, internal_listeners=inside))

    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    policy = {**tokens.policy, "listeners": {}}
    gateway = Gateway(processes, tmp_path / "parts", envoy, policy, the_clouds, edit=edit, secrets=secrets)
    try:
        for http in (1, 2):
            def asked(headers, http=http):
                return gateway.ask(headers=[("host", own.OURS), *headers], tenant=None, http=http)

            bearer = ("authorization", f"Bearer {tokens.of()}")
            assert (asked([bearer]).status, asked([bearer]).target) == (200, "azure-eastus2")
            assert asked([("api-key", tokens.acme)]).status == 200
            claims = json.dumps({"iss": issuer.NAME, "aud": AUDIENCE, "tenant": "acme"})
            forged = ("authorization", f"Bearer {tokens.of(by=tokens.stranger)}")
            for header in ("x-multihome-claims", "multihome.claims", "x-jwt-payload"):
                answer = asked([forged, (header, claims)])
                assert (answer.status, answer.error["code"]) == (401, "invalid_token"), answer
            # Another host's route takes what is no token of ours.
            theirs = gateway.request("GET", "/", [("host", own.ANY), forged], tenant=None, http=http)
            assert theirs.status == 200 and "the shop's door" in theirs.text
    finally:
        gateway.stop()


def test_a_change_of_policy_leaves_tokens_and_their_keys_as_they_are(start_live, tokens, policy, clouds, tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(tokens.rs))
    policy["identity"] = [source(file)]
    gateway = start_live(policy)
    assert ask(gateway, tokens.of("acme"), listener="default").target == "azure-eastus2"
    before = gateway.stats("listener_manager.listener_(added|modified)")
    policy["tenants"]["acme"]["clouds"] = ["aws", "azure"]
    gateway.change(policy)
    assert ask(gateway, tokens.of("acme"), listener="default").target == "aws-use1"
    assert gateway.stats("listener_manager.listener_(added|modified)") == before and before
    replace(file, key_set(tokens.es))
    until(lambda: ask(gateway, tokens.of("acme", tokens.es), listener="default").status == 200, "the new key", 15)
    until(lambda: ask(gateway, tokens.of("acme"), listener="default").status == 401, "the end of the old key", 15)


def test_doctor_finds_nothing_where_tokens_are_taken(taking, clouds):
    done = subprocess.run([places.CLI, "doctor", taking.admin], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.endswith(": armed\n"), done
