"""The issuer's keys, and what verifies tokens by them: from a provider of others', from an address that is down, beside an
operator's own routes, and while the policy changes. How keys are rotated under load is in test_rotation.py."""

import json
import time
import urllib.parse
import urllib.request
import warnings

import openai
import pytest

from harness import issuer, own
from harness.gateway import Gateway
from harness.issuer import key_set
from harness.process import until
from harness.publisher import Publisher
from harness.tokens import AUDIENCE, CEILING, POLICY, Taken, ask, replace, source


@pytest.fixture(scope="module")
def tokens(the_clouds, tmp_path_factory):
    return Taken(the_clouds, tmp_path_factory.mktemp("jwks"))


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
    policy["identity"] = [source({"uri": keys_at, "address": f"127.0.0.1:{port}"}, name, ceiling=CEILING)]
    gateway = start_gateway(policy)
    with openai.OpenAI(base_url=f"http://{gateway.addresses['default']}/v1", api_key=token, max_retries=0) as client:
        messages = [{"role": "user", "content": "hi"}]
        response = client.chat.completions.with_raw_response.create(model="gpt-6.1-sol", messages=messages)
        assert response.headers["x-multihome-target"] == "aws-use1"
        assert response.parse().choices[0].message.content
    forged = ask(gateway, token[:-4] + "AAAA")
    assert (forged.status, forged.error["code"]) == (401, "invalid_token")


@pytest.fixture
def publisher():
    started = Publisher()
    yield started
    started.stop()


def test_without_the_issuers_keys_no_token_counts_and_a_key_does(publisher, start_gateway, tokens, policy, clouds):
    publisher.stop()
    policy["tenants"]["acme"]["keys"] = tokens.policy["tenants"]["acme"]["keys"]
    policy["identity"] = [source(publisher.address), {"keys": {}}]
    gateway = start_gateway(policy)
    answer = ask(gateway, tokens.of())
    assert (answer.status, answer.error["code"]) == (503, "token_keys_unavailable"), answer
    assert ask(gateway, tokens.acme).status == 200
    publisher.text = key_set(tokens.rs)
    publisher.start()
    until(lambda: ask(gateway, tokens.of()).status == 200, "the keys of the issuer", 15)
    # Envoy asks every second for those that it has not; then each worker has them, and they stay while the issuer is away.
    time.sleep(3)
    publisher.stop()
    assert ask(gateway, tokens.of()).status == 200
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
    gateway = Gateway(processes, tmp_path / "parts", envoy, tokens.policy, the_clouds, edit=edit, secrets=secrets)
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
    assert ask(gateway, tokens.of("acme")).target == "azure-eastus2"
    before = gateway.stats("listener_manager.listener_(added|modified)")
    policy["tenants"]["acme"]["clouds"] = ["aws", "azure"]
    gateway.change(policy)
    assert ask(gateway, tokens.of("acme")).target == "aws-use1"
    assert gateway.stats("listener_manager.listener_(added|modified)") == before and before
    replace(file, key_set(tokens.es))
    until(lambda: ask(gateway, tokens.of("acme", tokens.es)).status == 200, "the new key", 15)
    until(lambda: ask(gateway, tokens.of("acme")).status == 401, "the end of the old key", 15)
