"""Tokens and keys that the policy itself takes, at a gateway of Istio's: on our host alone, beside another team's."""

import json

import pytest

from conftest import policy_of_mesh
from harness import keys
from harness.issuer import Issuer
from harness.publisher import Publisher
from harness.tokens import AUDIENCE, source
from mesh.gateway import IstioGateway

CARRIED = {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-6*"]}


@pytest.fixture
def published():
    """The addresses where two issuers have their keys."""
    started = Publisher(), Publisher()
    yield started
    [publisher.stop() for publisher in started]


@pytest.mark.parametrize("mode", [[], ["--mode", "header"]], ids=["gateway", "header"])
def test_tokens_and_keys_of_the_policy_count_on_our_host_alone(mode, published, issuer, start_mesh, policy, clouds):
    acme, of_acme = keys.new("acme")
    ceiling = {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]}
    policy["tenants"]["acme"]["keys"] = [of_acme]
    partner = Issuer("https://id.fabrikam.test", kid=issuer.kid)
    ours, theirs = published
    ours.text, theirs.text = issuer.keys, partner.keys
    policy["identity"] = [{"keys": {}}, source(ours.address, issuer.name, ceiling=ceiling),
                          source(theirs.address, partner.name, tenant_claim="org")]
    mesh = start_mesh(policy, options=mode)
    stranger = Issuer()

    def asked(credential, **more):
        headers = [("authorization", f"Bearer {credential}"), ("x-multihome-model", "gpt-6.1-sol"), *more.pop("headers", [])]
        return mesh.ask(headers=headers, tenant=None, **more)

    for http in (1, 2):
        assert asked(issuer.token(aud=AUDIENCE, tenant="acme"), http=http).target == "azure-eastus2"
        assert asked(issuer.token(aud=AUDIENCE, tenant="startup", multihome=CARRIED), http=http).target == "aws-use1"
        assert asked(acme, http=http).target == "azure-eastus2"
        assert asked(partner.token(aud=AUDIENCE, org="acme"), http=http).target == "azure-eastus2"
        claims = json.dumps({"iss": issuer.name, "aud": AUDIENCE, "tenant": "acme"})
        for token, code in ((stranger.token(aud=AUDIENCE, tenant="acme"), "invalid_token"),
                            (issuer.token(aud="shop", tenant="acme"), "invalid_token"),
                            (partner.token(aud=AUDIENCE, iss=issuer.name, tenant="acme"), "invalid_token"),
                            (partner.token(-600, aud=AUDIENCE, org="acme"), "expired_token"),
                            (issuer.token(-600, aud=AUDIENCE, tenant="acme"), "expired_token"), ("sk-1", "invalid_api_key")):
            answer = asked(token, http=http, headers=[("x-multihome-claims", claims), ("x-tenant-id", "acme")])
            assert (answer.status, answer.error["code"]) == (401, code), answer
        # Another team's host takes what is no token of ours.
        for credential in ("sk-1", stranger.token(tenant="acme")):
            assert mesh.of_shop("GET", "/", {"authorization": f"Bearer {credential}"}, http=http).status == 200


# What a request brings as key (of `acme` but where it says), in which header, beside what, and what comes of it
BY_KEY = [
    ("acme", "bearer", [], "azure-eastus2"),
    ("acme", "api-key", [], "azure-eastus2"),
    ("acme", "bearer", [("x-tenant-id", "acme")], "azure-eastus2"),
    ("europe", "bearer", [], "azure-sweden"),
    ("acme", "bearer", [("x-tenant-id", "europe")], "conflicting_credentials"),
    ("acme", "api-key", [("x-tenant-id", "europe")], "conflicting_credentials"),
    ("acme", "bearer", [("x-tenant-id", "nobody")], "conflicting_credentials"),
    ("acme", "bearer", [("api-key", "europe")], "conflicting_credentials"),
    ("acme", "bearer", [("api-key", "acme")], "azure-eastus2"),
    ("acme", "api-key", [("api-key", "acme")], "conflicting_credentials"),
    ("nobodys", "bearer", [], "invalid_api_key"),
    ("nobodys", "api-key", [], "invalid_api_key"),
    ("nobodys", "bearer", [("x-tenant-id", "acme")], "invalid_api_key"),
    ("mistyped", "bearer", [("x-tenant-id", "acme")], "invalid_api_key"),
    ("expired", "bearer", [], "expired_api_key"),
    ("expired", "api-key", [("x-tenant-id", "acme")], "expired_api_key"),
]


@pytest.fixture(scope="module")
def held():
    """Keys by what they are for, and the entries of those that the policy knows."""
    made = {name: keys.new(tenant) for name, tenant in
            (("acme", "acme"), ("europe", "europe"), ("expired", "acme"), ("nobodys", "acme"))}
    made["expired"][1]["expires"] = keys.at(-1)
    held = {name: key for name, (key, _) in made.items()}
    held["mistyped"] = held["acme"][:-1] + ("0" if held["acme"][-1] != "0" else "1")
    return held, {"acme": [made["acme"][1], made["expired"][1]], "europe": [made["europe"][1]]}


@pytest.fixture(scope="module", params=[[], ["--mode", "header"]], ids=["gateway", "header"])
def keyed(request, istio, processes, the_clouds, envoy, shop, issuer, held, tmp_path_factory):
    """A gateway that takes keys, and the tenant's header from whoever reaches it."""
    policy = policy_of_mesh(the_clouds)
    for tenant, entries in held[1].items():
        policy["tenants"][tenant]["keys"] = entries
    policy["identity"] = [{"keys": {}}, policy["identity"]]
    mesh = IstioGateway(processes, tmp_path_factory.mktemp("keyed"), envoy, policy, the_clouds, neighbour=shop, options=request.param,
                        secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})
    # The credential that Envoy fetches after the start.
    mesh.await_target("azure-sweden", tenant=None, headers=by_key(held[0]["europe"], "bearer"))
    yield mesh
    mesh.stop()


def by_key(key, how):
    credential = ("authorization", f"Bearer {key}") if how == "bearer" else ("api-key", key)
    return [credential, ("x-multihome-model", "gpt-6.1-sol")]


@pytest.mark.parametrize("http", [1, 2])
def test_a_key_counts_as_in_an_envoy_of_ones_own(http, keyed, held, clouds):
    for name, how, beside, expected in BY_KEY:
        beside = [(header, held[0][value]) if header == "api-key" else (header, value) for header, value in beside]
        answer = keyed.ask(headers=[*by_key(held[0][name], how), *beside], tenant=None, http=http)
        if "-" in expected:
            assert (answer.status, answer.target) == (200, expected), (name, how, beside, answer)
        else:
            assert (answer.status, answer.error["code"]) == (401, expected), (name, how, beside, answer)
            assert not answer.records


def test_no_cloud_log_or_statistic_of_the_gateway_has_a_key(keyed, held, clouds):
    for how in ("bearer", "api-key"):
        for text in ("hi", "[[azure 429]]"):
            for key in held[0].values():
                keyed.ask(text, headers=by_key(key, how), tenant=None)
    # The access log is Istio's, which has to be told to write one.
    told = [json.dumps(clouds.records()), keyed.log_text()]
    told += [keyed.manage(path).text for path in ("/stats", "/config_dump", "/clusters")]
    assert "gpt6sol-prod" in told[0] and "sha256" in told[3]
    for key in held[0].values():
        # Nor a part that would help to guess it.
        assert all(key[3:20] not in text for text in told)
    # Another team's service gets what its client sends: it may be a key of theirs.
    theirs = keyed.of_shop("GET", "/", {"authorization": "Bearer sk-1"})
    assert theirs.status == 200 and ["authorization", "Bearer sk-1"] in [list(map(str, pair)) for pair in theirs.json["headers"]]


def test_no_key_counts_where_istio_itself_asks_for_a_token(start_mesh, policy, tokens, held, clouds):
    """With `--jwt-issuer` every request needs one, and a token and a key are two credentials; `render` says so."""
    policy["tenants"]["acme"]["keys"] = held[1]["acme"]
    policy["identity"] = [{"keys": {}}, policy["identity"]]
    mesh = start_mesh(policy, options=tokens)
    key = [("api-key", held[0]["acme"])]
    for headers, tenant, expected in [(key, None, (403, "forbidden")), ([], "acme", (200, None)),
                                      (key, "acme", (401, "conflicting_credentials")),
                                      (key, "only-aws", (401, "conflicting_credentials"))]:
        answer = mesh.ask(headers=headers, tenant=tenant)
        assert (answer.status, answer.status != 200 and answer.error["code"] or None) == expected, (headers, tenant, answer)
