"""Several issuers beside each other: a token counts by the keys, the audiences, the claims and the ceiling of its own, and says
nothing in another's name."""

import json

import pytest

from harness import issuer, keys, policies
from harness.gateway import Gateway
from harness.issuer import Issuer
from harness.process import until
from harness.publisher import Publisher
from harness.tokens import AUDIENCE, CEILING, POLICY, ask, record, source

LISTENERS = {"default": "127.0.0.1:0", "public": "127.0.0.1:0"}
PARTNER = "https://id.fabrikam.test"
# What a partner's token may carry reaches AWS alone.
OF_PARTNER = {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-6*"]}
TO_AZURE = {"clouds": ["azure"], "residency": ["us"], "models": ["gpt-6*"]}


class Issuers:
    """Ours, with a source for each of two audiences, and a partner's, whose claims have other names. All keys are called alike."""

    def __init__(self, clouds, folder):
        self.ours, self.partner, self.stranger = Issuer(), Issuer(PARTNER), Issuer("https://evil.test")
        file = folder / "jwks.json"
        file.write_text(self.ours.keys)
        self.published = Publisher(self.partner.keys)
        self.key, of_acme = keys.new("acme")
        self.policy = policies.base(clouds)
        self.policy["tenants"]["acme"]["keys"] = [of_acme]
        of_partner = source(self.published.address, PARTNER, name="partner", tenant_claim="org", policy_claim="rules",
                            tenants=["acme", "europe", "start*"], policy={"ceiling": OF_PARTNER})
        self.policy["identity"] = [source(file, ceiling=CEILING), of_partner,
                                   source(file, audiences=["batch"], name="batch", tenant_claim="job"),
                                   {"keys": {}}, self.policy["identity"]]

    def token(self, by, **claims):
        return getattr(self, by).token(**{"aud": AUDIENCE, **claims})


@pytest.fixture(scope="module")
def issuers(the_clouds, tmp_path_factory):
    issuers = Issuers(the_clouds, tmp_path_factory.mktemp("issuers"))
    yield issuers
    issuers.published.stop()


@pytest.fixture(scope="module")
def taking(processes, the_clouds, envoy, issuers, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    gateway = Gateway(processes, tmp_path_factory.mktemp("taking"), envoy, issuers.policy, the_clouds, secrets=secrets,
                      listeners=LISTENERS)
    gateway.await_serving(only="azure-sweden")
    yield gateway
    gateway.stop()


# Who signs, what the token claims, and what comes of it: the target with what the record says, or status, code and reason
ROWS = [
    ("ours", {"tenant": "acme"}, ("azure-eastus2", "acme", "jwt")),
    ("partner", {"org": "europe"}, ("azure-sweden", "europe", "jwt:partner")),
    ("ours", {"aud": "batch", "job": "europe"}, ("azure-sweden", "europe", "jwt:batch")),
    # Of two audiences that are ours, the first source
    ("ours", {"aud": ["batch", AUDIENCE], "job": "europe", "tenant": "acme"}, ("azure-eastus2", "acme", "jwt")),
    # Policies carried, each within the ceiling of its own issuer
    ("ours", {"tenant": "startup", "multihome": TO_AZURE}, ("azure-eastus2", "startup", "jwt")),
    ("partner", {"org": "startup", "rules": POLICY}, ("aws-use1", "startup", "jwt:partner")),
    ("partner", {"org": "startup", "rules": TO_AZURE}, (403, "no_target_allowed", "")),
    # The other's claims
    ("ours", {"org": "europe"}, (401, "unknown_tenant", "`tenant`")),
    ("ours", {"tenant": "startup", "rules": POLICY}, (401, "unknown_tenant", "")),
    ("ours", {"tenant": "acme", "org": "europe", "rules": POLICY}, ("azure-eastus2", "acme", "jwt")),
    ("ours", {"aud": "batch", "tenant": "acme"}, (401, "unknown_tenant", "`job`")),
    ("ours", {"aud": "batch", "job": "startup", "multihome": TO_AZURE}, (401, "unknown_tenant", "")),
    ("partner", {"tenant": "acme"}, (401, "unknown_tenant", "`org`")),
    ("partner", {"org": "startup", "multihome": TO_AZURE}, (401, "unknown_tenant", "")),
    ("partner", {"org": "europe", "tenant": "acme", "multihome": TO_AZURE}, ("azure-sweden", "europe", "jwt:partner")),
    # A tenant that is not this issuer's, listed or not
    ("partner", {"org": "aws-only"}, (401, "unknown_tenant", "`org`")),
    ("partner", {"org": "aws-only", "rules": POLICY}, (401, "unknown_tenant", "`org`")),
    ("partner", {"org": "globex", "rules": POLICY}, (401, "unknown_tenant", "`org`")),
    # The other's audience
    ("partner", {"aud": "batch", "org": "europe"}, (401, "invalid_token", "Audiences in Jwt are not allowed")),
    ("partner", {"aud": "batch", "job": "europe"}, (401, "invalid_token", "Audiences in Jwt are not allowed")),
    ("ours", {"aud": "shop", "tenant": "acme"}, (401, "invalid_token", "Audiences in Jwt are not allowed")),
    # In the other's name, with keys of one's own, which are called as the other's are
    ("partner", {"iss": issuer.NAME, "tenant": "acme"}, (401, "invalid_token", "Jwt verification fails")),
    ("partner", {"iss": issuer.NAME, "aud": "batch", "job": "acme"}, (401, "invalid_token", "Jwt verification fails")),
    ("ours", {"iss": PARTNER, "org": "acme"}, (401, "invalid_token", "Jwt verification fails")),
    ("stranger", {"iss": PARTNER, "org": "acme"}, (401, "invalid_token", "Jwt verification fails")),
    ("partner", {"iss": [issuer.NAME, PARTNER], "org": "acme", "tenant": "acme"}, (401, "invalid_token", "")),
    ("partner", {"iss": None, "org": "acme"}, (401, "invalid_token", "")),
    # An issuer that nobody lists
    ("stranger", {"tenant": "acme", "org": "acme", "job": "acme"}, (401, "invalid_token", "Jwt issuer is not configured")),
    ("stranger", {"iss": PARTNER + "/", "org": "acme"}, (401, "invalid_token", "Jwt issuer is not configured")),
    # Why it does not hold is what its own source says
    ("ours", {"seconds": -600, "tenant": "acme"}, (401, "expired_token", "Jwt is expired")),
    ("partner", {"seconds": -600, "org": "europe"}, (401, "expired_token", "Jwt is expired")),
    ("ours", {"seconds": -600, "aud": "batch", "job": "europe"}, (401, "expired_token", "Jwt is expired")),
    ("partner", {"nbf": 1 << 33, "org": "europe", "seconds": 1 << 33}, (401, "invalid_token", "Jwt not yet valid")),
    ("partner", {"header": {"kid": "9"}, "org": "europe"}, (401, "invalid_token", "Jwks doesn't have key to match kid or alg")),
]


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("how", ["bearer", "api-key"])
def test_a_token_counts_by_its_own_issuer_alone(how, http, taking, issuers, clouds):
    for by, claims, expected in ROWS:
        token = issuers.token(by, **claims)
        answer = ask(taking, token, how, http=http, listener="public")
        row = (by, claims, answer)
        if isinstance(expected[0], str):
            assert (answer.status, answer.target) == (200, expected[0]), row
            found = record(taking, answer)
            assert (found["tenant"], found["by"]) == expected[1:], row
            assert token.rsplit(".", 1)[1] not in json.dumps(answer.records)
            continue
        status, code, reason = expected
        assert (answer.status, answer.error["code"]) == (status, code) and reason in answer.error["message"], row
        assert not answer.records, row
        assert not any(name in answer.text for name in (issuer.NAME, PARTNER, "batch", "europe")), row


# Two credentials: in `authorization`, in `api-key`
@pytest.mark.parametrize("http", [1, 2])
def test_tokens_of_two_issuers_are_two_credentials(http, taking, issuers, clouds):
    of = {"ours": issuers.token("ours", tenant="acme"), "partner": issuers.token("partner", org="acme"),
          "batch": issuers.token("ours", aud="batch", job="acme"), "key": issuers.key,
          "forged": issuers.token("stranger", iss=PARTNER, org="acme")}
    for one in of:
        for other in of:
            headers = [("authorization", f"Bearer {of[one]}"), ("api-key", of[other])]
            answer = taking.ask(headers=headers, tenant=None, listener="public", http=http)
            if one == other and one != "forged":
                assert answer.status == 200, (one, other, answer)
                continue
            code = "invalid_token" if one == other else "conflicting_credentials"
            assert (answer.status, answer.error["code"]) == (401, code), (one, other, answer)
            assert not answer.records


def test_a_trusted_header_and_a_token_of_any_issuer_agree_or_are_refused(taking, issuers, clouds):
    for token, by in ((issuers.token("ours", tenant="acme"), "jwt"), (issuers.token("partner", org="acme"), "jwt:partner"),
                      (issuers.token("ours", aud="batch", job="acme"), "jwt:batch")):
        agreed = ask(taking, token, headers=[("x-tenant-id", "acme")], listener="default")
        assert (agreed.status, record(taking, agreed)["by"]) == (200, by)
        other = ask(taking, token, headers=[("x-tenant-id", "europe")], listener="default")
        assert (other.status, other.error["code"]) == (401, "conflicting_credentials")


def test_a_401_names_no_issuer_where_there_are_several(taking, clouds):
    answer = taking.ask(tenant=None, listener="public")
    assert (answer.status, answer.error["code"]) == (401, "unknown_tenant")
    assert "a token (JWT) of an issuer that it knows" in answer.error["message"]
    assert not any(name in answer.text for name in (issuer.NAME, PARTNER))


def test_without_one_issuers_keys_the_others_tokens_count(start_gateway, policy, clouds, tmp_path):
    issuers = Issuers(clouds, tmp_path)
    issuers.published.stop()
    gateway = start_gateway(issuers.policy)
    ours, partner = issuers.token("ours", tenant="acme"), issuers.token("partner", org="acme")
    away = ask(gateway, partner)
    assert (away.status, away.error["code"]) == (503, "token_keys_unavailable"), away
    assert ask(gateway, ours).status == ask(gateway, issuers.token("ours", aud="batch", job="acme")).status == 200
    issuers.published.start()
    try:
        until(lambda: ask(gateway, partner).status == 200, "the keys of the partner", 15)
        assert ask(gateway, ours).status == 200
    finally:
        issuers.published.stop()


def test_an_issuer_comes_and_goes_while_envoy_serves(start_live, policy, clouds, tmp_path):
    issuers = Issuers(clouds, tmp_path)
    ours, partner = issuers.token("ours", tenant="acme"), issuers.token("partner", org="acme")
    of_ours, of_partner, *_ = issuers.policy["identity"]
    try:
        policy["identity"] = [of_ours]
        # Another issuer is another listener, whose former one has to end.
        gateway = start_live(policy, arguments=["--drain-time-s", "3", "--drain-strategy", "immediate"])
        assert (ask(gateway, ours).status, ask(gateway, partner).status) == (200, 401)
        # In front: what was the first source is the second one, with keys from another place.
        policy["identity"] = [of_partner, of_ours]
        gateway.change(policy)
        assert (ask(gateway, ours).status, ask(gateway, partner).status) == (200, 200)
        policy["identity"] = [of_ours]
        gateway.change(policy)
        assert ask(gateway, ours).status == 200
        gone = ask(gateway, partner)
        assert (gone.status, gone.error["code"]) == (401, "invalid_token")
    finally:
        issuers.published.stop()
