"""Tokens (JWT): a client with a base URL and a token and nothing else is the tenant that it names, within the policy that it
carries, for as long as the token holds."""

import json
import subprocess
import time

import openai
import pytest

import places
from harness import issuer
from harness.gateway import Gateway
from harness.issuer import encoded, unsigned
from harness.tokens import AUDIENCE, CEILING, POLICY, Taken, ask, record, source

LISTENERS = {"default": "127.0.0.1:0", "public": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def tokens(the_clouds, tmp_path_factory):
    return Taken(the_clouds, tmp_path_factory.mktemp("jwks"))


@pytest.fixture(scope="module")
def taking(processes, the_clouds, envoy, tokens, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    policy = {**tokens.policy, "listeners": {"public": {"cors": {"allow_origins": ["https://chat.example.test"]}}}}
    gateway = Gateway(processes, tmp_path_factory.mktemp("taking"), envoy, policy, the_clouds, secrets=secrets,
                      listeners=LISTENERS)
    gateway.await_serving(only="azure-sweden")
    yield gateway
    gateway.stop()


def ask_publicly(gateway, credential, how="bearer", **more):
    """Where nobody is trusted."""
    return ask(gateway, credential, how, **{"listener": "public", **more})


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("how", ["bearer", "api-key"])
@pytest.mark.parametrize("by", ["rs", "es"])
def test_a_token_is_its_tenant_on_any_listener(by, how, http, taking, tokens, clouds):
    for listener in LISTENERS:
        for tenant, target in [("acme", "azure-eastus2"), ("europe", "azure-sweden")]:
            answer = ask_publicly(taking, tokens.of(tenant, getattr(tokens, by)), how, http=http, listener=listener)
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
            answer = ask_publicly(taking, token, http=http, listener=listener, headers=more)
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
    answer = ask_publicly(taking, tokens.acme, how)
    assert (answer.status, record(taking, answer)["by"]) == (200, "key")
    for stranger in ("sk-unknown", "a.b.c", "eyJh.b", "eyJh.b.c.d"):
        answer = ask_publicly(taking, stranger, how)
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
    named = ask_publicly(taking, acme, headers=[("x-tenant-id", "europe")], listener="default")
    assert (named.status, named.error["code"]) == (401, "conflicting_credentials")
    agreed = ask_publicly(taking, acme, headers=[("x-tenant-id", "acme")], listener="default")
    assert (agreed.status, record(taking, agreed)["by"]) == (200, "jwt")


# A way of the request for each filter chain and credential that it passes
WAYS = [{}, {"text": "[[azure 429]]"}, {"text": "[[azure reset]]"}, {"model": "gpt-4o"}, {"form": "responses"},
        {"http": 2}, {"http": 2, "trailers": [("x", "y")]}, {"stream": True}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("how", ["bearer", "api-key"])
def test_no_cloud_log_or_statistic_has_a_token(how, way, taking, tokens, clouds):
    token = tokens.of()
    answer = ask_publicly(taking, token, how, **way)
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
        answer = ask_publicly(taking, tokens.of(tenant, **claims), http=http)
        row = (str(carried)[:80], tenant, answer)
        if isinstance(expected, str):
            assert (answer.status, answer.target) == (200, expected), row
        else:
            assert (answer.status, answer.error["code"]) == expected, row
            assert "moon" not in answer.text and not answer.records, row
    # Not before the signature held.
    forged = ask_publicly(taking, tokens.of("startup-42", by=tokens.stranger, multihome=POLICY), http=http)
    assert (forged.status, forged.error["code"]) == (401, "invalid_token")


def test_claims_too_large_to_read_are_refused(taking, tokens, clouds):
    answer = ask_publicly(taking, tokens.of(more="x" * 34_000))
    assert (answer.status, answer.error["code"]) == (401, "invalid_token"), answer


def test_a_policy_may_be_required(start_gateway, tokens, policy, clouds):
    policy["identity"] = [source(tokens.file, ceiling=CEILING, required=True)]
    gateway = start_gateway(policy)
    answer = ask(gateway, tokens.of())
    assert (answer.status, answer.error["code"]) == (403, "policy_required"), answer
    assert ask(gateway, tokens.of(multihome=POLICY)).target == "aws-use1"
    nothing = ask(gateway, "sk-1")
    assert (nothing.status, nothing.error["code"]) == (401, "invalid_token")


def test_doctor_finds_nothing_where_tokens_are_taken(taking, clouds):
    done = subprocess.run([places.CLI, "doctor", taking.admin], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.endswith(": armed\n"), done
