"""Who a request says that it is, and who it is: every trick on every kind of listener, over HTTP/1.1 and HTTP/2.

A row is a trick and what comes of it where the header is trusted, and where it is not. `acme` is a client with a key,
`globex` is whom it would like to be: requests of the one are served by Azure, of the other by AWS, and what the clouds
received is the witness. Nothing of a row may be served as `globex` where globex's key is not whole in it, but by a listener
that trusts whoever reaches it.
"""

import base64
import json
import re
import time

import pytest

from harness import issuer, keys, policies
from harness.gateway import Gateway
from harness.issuer import Issuer, unsigned
from harness.records import serving

GATEWAY = "spiffe://contoso/gateway"
LISTENERS = dict.fromkeys(("default", "tls", "public"), "127.0.0.1:0")
BROUGHT, BROUGHT_OLD = "a-key-of-globex's-own-making", "an-older-one-of-globex's"
POLICY = json.dumps({"clouds": ["aws"], "residency": ["us"], "models": ["*"]})


@pytest.fixture(scope="module")
def made():
    """Words of rows: the keys, and what somebody may know of them."""
    acme, of_acme = keys.new("acme")
    globex, of_globex = keys.new("globex", "--name", "main")
    expired, of_expired = keys.new("globex")
    of_expired["expires"] = keys.at(-1)
    nobodys, _ = keys.new("globex")
    brought, brought_old = map(keys.digest, (BROUGHT, BROUGHT_OLD))
    entries = {"acme": [of_acme],
               "globex": [of_globex, of_expired, {"sha256": brought}, {"sha256": brought_old, "expires": keys.at(-1)}]}
    now = int(time.time())
    claims = {"iss": issuer.NAME, "aud": "llm", "tenant": "globex", "exp": now + 3600}
    of_us, stranger = Issuer(), Issuer()
    token, other = (of_us.token(3600, aud="llm", tenant=tenant) for tenant in ("acme", "globex"))
    head, payload, signature = other.split(".")
    tokens = {
        "keys": of_us.keys, "token": token, "other": other, "claims": json.dumps(claims),
        "forged": stranger.token(3600, aud="llm", tenant="globex"), "ended": of_us.token(-3600, aud="llm", tenant="globex"),
        "early": of_us.token(3600, aud="llm", tenant="globex", nbf=now + 3600), "shop": of_us.token(3600, aud="shop", tenant="globex"),
        "issuer": of_us.token(3600, aud="llm", tenant="globex", iss="https://evil.test"), "hmac": of_us.signed_with_the_public_key(aud="llm", tenant="globex"),
        "none": unsigned({"alg": "none"}, claims) + ".", "none_signed": unsigned({"alg": "NONE"}, claims) + "." + signature,
        "mixed": ".".join([token.split(".")[0], payload, token.split(".")[2]]), "endless": of_us.token(aud="llm", tenant="globex", exp=None),
        "embedded": unsigned({"alg": "RS256", "kid": "1", "jwk": stranger.public, "jku": "http://evil.test/keys"}, claims) + "." + signature,
        "wide": of_us.token(3600, aud="llm", tenant="acme", multihome=json.loads(POLICY)), "head": head,
        "list": of_us.token(3600, aud="llm", tenant=["acme", "globex"]), "shouted": of_us.token(3600, aud="llm", tenant="acme", Tenant="globex"),
        "nested": of_us.token(3600, aud="llm", tenant="acme", claims=claims, multihome_claims=claims), "spaced": of_us.token(3600, aud="llm", tenant="globex "),
    }
    words = {**tokens, "acme": acme, "globex": globex, "expired": expired, "nobodys": nobodys, "digest": of_globex["sha256"],
             "cut": globex[:-1], "longer": globex + "0", "upper": globex.upper(), "lower": globex.lower(),
             "swapped": globex[:20] + globex[21] + globex[20] + globex[22:], "grafted": globex[:46] + acme[46:],
             "basic": base64.b64encode(f":{globex}".encode()).decode(), "coded": "".join(f"%{ord(c):02x}" for c in globex),
             "long": "k" * 20_000, "policy": POLICY}
    return words, entries


@pytest.fixture(scope="module")
def guarded(processes, the_clouds, envoy, certificates, made, tmp_path_factory):
    words, entries = made
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "jwks.json").write_text(words["keys"])
    policy = policies.base(the_clouds)
    policy["tenants"] = {
        "acme": {"clouds": ["azure"], "residency": ["us"], "models": ["*"], "keys": entries["acme"]},
        "globex": {"clouds": ["aws"], "residency": ["us"], "models": ["*"], "keys": entries["globex"]},
    }
    ceiling = {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]}
    jwt = {"issuer": issuer.NAME, "audiences": ["llm"], "jwks": str(folder / "jwks.json"), "policy_claim": "multihome",
           "policy": {"ceiling": ceiling}}
    policy["identity"] = [{"keys": {}}, {"jwt": jwt}, {"trust": {"listeners": ["default"], "client_certificates": [GATEWAY]},
                                         "policy": {"ceiling": ceiling}}]
    policy["listeners"] = {"tls": {"tls": certificates.listener}}
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    gateway = Gateway(processes, folder, envoy, policy, the_clouds, secrets=secrets,
                      listeners=LISTENERS)
    yield gateway
    gateway.stop()


UNKNOWN, INVALID, EXPIRED, CONFLICT = "unknown_tenant", "invalid_api_key", "expired_api_key", "conflicting_credentials"
TWICE = "invalid_header"
ACME = ("authorization", "Bearer {acme}")


def bearer(word):
    return "authorization", f"Bearer {word}"


# What is sent, what comes of it where the header is trusted, and elsewhere: the tenant, or the error's code
ROWS = [
    # The header alone
    ([("x-tenant-id", "globex")], "globex", UNKNOWN),
    ([("X-Tenant-Id", "globex")], "globex", UNKNOWN),
    ([("X-TENANT-ID", "globex")], "globex", UNKNOWN),
    ([("x_tenant_id", "globex")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", " globex ")], "globex", UNKNOWN),
    ([("x-tenant-id", "GLOBEX")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", "globex,acme")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", "globex, globex")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", '"globex"')], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", "")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", b"globex\xff")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", "globex"), ("x-tenant-id", "globex")], TWICE, UNKNOWN),
    ([("x-tenant-id", "acme"), ("X-Tenant-ID", "globex")], TWICE, UNKNOWN),
    ([("x-tenant", "globex"), ("tenant", "globex"), ("x-tenant-id-", "globex")], UNKNOWN, UNKNOWN),
    ([("x-multihome-tenant", "globex"), ("x-multihome-ticket", "1"), ("x-envoy-internal", "true")], UNKNOWN, UNKNOWN),
    ([("x-tenant-id", "globex"), ("x-forwarded-for", "127.0.0.1"), ("x-envoy-internal", "true"),
      ("x-forwarded-client-cert", f"By=x;URI={GATEWAY}")], "globex", UNKNOWN),
    ([("connection", "x-tenant-id"), ("x-tenant-id", "globex")], UNKNOWN, UNKNOWN),
    # A policy that the request carries
    ([("x-tenant-policy", "{policy}")], "globex", UNKNOWN),
    ([("X-Tenant-Policy", "{policy}")], "globex", UNKNOWN),
    ([("x-tenant-policy", "{policy}"), ("x-tenant-policy", "{policy}")], TWICE, UNKNOWN),
    ([("x-tenant-policy", "{policy},{policy}")], TWICE, UNKNOWN),
    ([("x-tenant-policy", "{policy}"), ("x-tenant-id", "globex")], "globex", UNKNOWN),
    # A policy beside a key: within the key's entry, which has no AWS; elsewhere it is taken away
    ([ACME, ("x-tenant-policy", "{policy}")], "no_target_allowed", "acme"),
    # A key of one's own, and somebody else's name
    ([ACME], "acme", "acme"),
    ([ACME, ("x-tenant-id", "acme")], "acme", "acme"),
    ([ACME, ("x-tenant-id", "globex")], CONFLICT, "acme"),
    ([ACME, ("X-TENANT-ID", "globex")], CONFLICT, "acme"),
    ([ACME, ("x-tenant-id", "globex,acme")], CONFLICT, "acme"),
    ([ACME, ("x-tenant-id", "acme"), ("x-tenant-id", "globex")], TWICE, "acme"),
    ([ACME, ("x-tenant-id", "")], CONFLICT, "acme"),
    ([("api-key", "{acme}"), ("x-tenant-id", "globex")], CONFLICT, "acme"),
    ([ACME, ("connection", "authorization"), ("x-tenant-id", "globex")], "globex", UNKNOWN),
    ([ACME, ("x-multihome-tenant", "globex"), ("x_tenant_id", "globex")], "acme", "acme"),
    # Two credentials
    ([ACME, ("api-key", "{globex}")], CONFLICT, CONFLICT),
    ([bearer("{globex}"), ("api-key", "{acme}")], CONFLICT, CONFLICT),
    ([ACME, ("api-key", "{acme}")], "acme", "acme"),
    ([ACME, ("api-key", "{nobodys}")], CONFLICT, CONFLICT),
    ([ACME, ("api-key", "")], "acme", "acme"),
    ([("api-key", "{acme}"), ("api-key", "{globex}")], CONFLICT, CONFLICT),
    ([("api-key", "{acme}"), ("Api-Key", "{acme}")], CONFLICT, CONFLICT),
    # Envoy makes one value of two such headers, with a comma between.
    ([ACME, bearer("{globex}")], INVALID, INVALID),
    ([ACME, ("Authorization", "Bearer {acme}")], INVALID, INVALID),
    ([bearer("{acme},{globex}")], INVALID, INVALID),
    ([bearer("{acme}, Bearer {globex}")], INVALID, INVALID),
    ([bearer("{globex};x")], INVALID, INVALID),
    ([("authorization", "Basic {basic}")], UNKNOWN, UNKNOWN),
    ([("authorization", "Basic {basic}"), ("api-key", "{acme}")], "acme", "acme"),
    # Nearly a key of globex
    *[([bearer("{" + near + "}")], INVALID, INVALID)
      for near in ("nobodys", "cut", "longer", "upper", "lower", "swapped", "grafted", "digest", "coded", "long")],
    ([bearer("{globex}\t")], "globex", "globex"),
    ([bearer('"{globex}"')], INVALID, INVALID),
    ([bearer("mh-")], INVALID, INVALID),
    ([bearer("main")], INVALID, INVALID),
    ([bearer("globex")], INVALID, INVALID),
    ([bearer("")], UNKNOWN, UNKNOWN),
    ([bearer(BROUGHT)], "globex", "globex"),
    ([bearer(BROUGHT[:-1])], INVALID, INVALID),
    ([bearer(BROUGHT.upper())], INVALID, INVALID),
    ([("api-key", BROUGHT + "x")], INVALID, INVALID),
    # Where no key is looked for
    ([("x-api-key", "{globex}")], UNKNOWN, UNKNOWN),
    ([("proxy-authorization", "Bearer {globex}")], UNKNOWN, UNKNOWN),
    ([("cookie", "api-key={globex}")], UNKNOWN, UNKNOWN),
    ([("authorization", "{globex}")], UNKNOWN, UNKNOWN),
    ([("authorization", "Bearer{globex}")], UNKNOWN, UNKNOWN),
    ([("authorization", "Token {globex}")], UNKNOWN, UNKNOWN),
    ([("api_key", "{globex}")], UNKNOWN, UNKNOWN),
    # A key that has ended, or is nobody's, beside a name
    ([bearer("{expired}")], EXPIRED, EXPIRED),
    ([bearer("{expired}"), ("x-tenant-id", "globex")], EXPIRED, EXPIRED),
    ([bearer(BROUGHT_OLD), ("x-tenant-id", "globex")], EXPIRED, EXPIRED),
    ([bearer("{nobodys}"), ("x-tenant-id", "globex")], INVALID, INVALID),
    ([bearer("{cut}"), ("x-tenant-id", "globex")], INVALID, INVALID),
    # What a hop passes on and nobody here knows
    ([bearer("sk-of-the-hop"), ("x-tenant-id", "globex")], "globex", INVALID),
]
TOKEN, BROKEN, ENDED = ("authorization", "Bearer {token}"), "invalid_token", "expired_token"
ROWS += [
    # A token, and a name beside it
    ([TOKEN], "acme", "acme"),
    ([bearer("{other}")], "globex", "globex"),
    ([("api-key", "{token}")], "acme", "acme"),
    ([TOKEN, ("x-tenant-id", "acme")], "acme", "acme"),
    ([TOKEN, ("x-tenant-id", "globex")], CONFLICT, "acme"),
    ([TOKEN, ("X-TENANT-ID", "globex")], CONFLICT, "acme"),
    ([TOKEN, ("x-tenant-id", "acme"), ("x-tenant-id", "globex")], TWICE, "acme"),
    ([TOKEN, ("x-tenant-policy", "{policy}")], "no_target_allowed", "acme"),
    ([bearer("{wide}")], "no_target_allowed", "no_target_allowed"),
    # Two credentials
    ([TOKEN, ("api-key", "{other}")], CONFLICT, CONFLICT),
    ([bearer("{other}"), ("api-key", "{token}")], CONFLICT, CONFLICT),
    ([TOKEN, ("api-key", "{globex}")], CONFLICT, CONFLICT),
    ([bearer("{globex}"), ("api-key", "{token}")], CONFLICT, CONFLICT),
    ([ACME, ("api-key", "{other}")], CONFLICT, CONFLICT),
    ([ACME, ("api-key", "{forged}")], CONFLICT, CONFLICT),
    ([TOKEN, ("api-key", "{token}")], "acme", "acme"),
    ([("api-key", "{token}"), ("api-key", "{other}")], CONFLICT, CONFLICT),
    ([TOKEN, bearer("{other}")], INVALID, INVALID),
    ([bearer("{token},{other}")], INVALID, INVALID),
    ([bearer("{other}, Bearer {token}")], INVALID, INVALID),
    ([bearer("{token} {other}")], INVALID, INVALID),
    # Nearly a token of globex, alone and beside the name
    *[([bearer("{" + near + "}"), *more], code, code)
      for near, code in [("forged", BROKEN), ("early", BROKEN), ("shop", BROKEN), ("issuer", BROKEN), ("hmac", BROKEN), ("none", BROKEN),
                         ("none_signed", BROKEN), ("mixed", BROKEN), ("endless", BROKEN), ("embedded", BROKEN), ("list", BROKEN),
                         ("spaced", BROKEN), ("ended", ENDED)]
      for more in ([], [("x-tenant-id", "globex")])],
    ([("api-key", "{forged}")], BROKEN, BROKEN),
    ([("api-key", "{none}")], BROKEN, BROKEN),
    ([bearer("{shouted}")], "acme", "acme"),
    ([bearer("{nested}")], "acme", "acme"),
    ([bearer("{head}")], INVALID, INVALID),
    # Where no token is looked for, and what Envoy or a hop might have written
    ([("x-jwt", "{other}"), ("x-access-token", "{other}")], UNKNOWN, UNKNOWN),
    ([("cookie", "token={other}")], UNKNOWN, UNKNOWN),
    ([("authorization", "{other}")], UNKNOWN, UNKNOWN),
    ([("authorization", "JWT {other}")], UNKNOWN, UNKNOWN),
    ([("proxy-authorization", "Bearer {other}")], UNKNOWN, UNKNOWN),
    ([("x-multihome-claims", "{claims}"), ("x-jwt-payload", "{claims}")], UNKNOWN, UNKNOWN),
    ([bearer("{forged}"), ("x-multihome-claims", "{claims}")], BROKEN, BROKEN),
    ([bearer("{forged}"), ("multihome.claims", "{claims}"), ("wasm.multihome.claims", "{claims}")], BROKEN, BROKEN),
    ([TOKEN, ("x-multihome-claims", "{claims}"), ("x-jwt-payload", "{claims}")], "acme", "acme"),
]
# Trailers come behind what decides, and are no headers.
TRAILERS = [
    ([], [("x-tenant-id", "globex")], UNKNOWN, UNKNOWN),
    ([], [("authorization", "Bearer {globex}")], UNKNOWN, UNKNOWN),
    ([], [("x-tenant-policy", "{policy}")], UNKNOWN, UNKNOWN),
    ([ACME], [("x-tenant-id", "globex")], "acme", "acme"),
    ([ACME], [("authorization", "Bearer {globex}"), ("api-key", "{globex}")], "acme", "acme"),
    ([ACME], [("x-tenant-policy", "{policy}")], "acme", "acme"),
    ([], [("authorization", "Bearer {other}")], UNKNOWN, UNKNOWN),
    ([TOKEN], [("authorization", "Bearer {other}"), ("x-tenant-id", "globex")], "acme", "acme"),
    ([("authorization", "Bearer {forged}")], [("authorization", "Bearer {other}")], BROKEN, BROKEN),
]
TARGETS = {"acme": "azure-eastus2", "globex": "aws-use1"}


def listeners(certificates):
    """Each kind of listener, and of client there; whether the header is trusted."""
    return [("default", None, True), ("public", None, False), ("tls", certificates.client(), False),
            ("tls", certificates.client(uri="spiffe://contoso/other"), False), ("tls", certificates.client(uri=GATEWAY), True)]


def filled(headers, words):
    """The headers with the words that stand in braces."""
    def fill(value):
        return re.sub(r"\{(\w+)\}", lambda word: words[word[1]], value) if isinstance(value, str) else value

    return [(name, fill(value)) for name, value in headers]


def check(guarded, clouds, certificates, row, words, http):
    headers, trailers, where_trusted, elsewhere = row
    headers, trailers = filled(headers, words), filled(trailers, words)
    if http == 2:
        headers = [(name.lower(), value) for name, value in headers if name != "connection"]
    for listener, tls, trusted in listeners(certificates):
        if tls is not None and http == 2:
            tls.set_alpn_protocols(["h2"])
        clouds.clear()
        answer = guarded.ask(headers=headers, tenant=None, listener=listener, tls=tls, http=http, trailers=trailers)
        found = answer.error["code"] if answer.status != 200 else next(name for name, target in TARGETS.items() if target == answer.target)
        expected = where_trusted if trusted else elsewhere
        assert found == expected, (listener, trusted, answer)
        asked = serving(clouds.records())
        assert len(asked) == (expected in TARGETS), (listener, trusted, asked)
        assert not any(words[secret] in answer.text for secret in ("globex", "acme", "token", "other"))


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: " + ".join(f"{name}: {value!s:.40}" for name, value in row[0]))
def test_a_request_is_who_it_is_and_not_who_it_says(row, http, guarded, clouds, certificates, made):
    headers, where_trusted, elsewhere = row
    if http == 2 and any(name == "connection" or value != value.strip() for name, value in headers):
        pytest.skip("HTTP/2 has no such header, and takes no space away from around a value")
    check(guarded, clouds, certificates, (headers, [], where_trusted, elsewhere), made[0], http)


@pytest.mark.parametrize("row", TRAILERS, ids=lambda row: f"{row[0] and 'a key, and '}trailers {row[1][0][0]}")
def test_what_comes_behind_the_body_says_nothing(row, guarded, clouds, certificates, made):
    check(guarded, clouds, certificates, row, made[0], 2)


def test_a_key_in_the_path_is_none(guarded, clouds, made):
    queries = [(query, secret) for query in ("api-key", "api_key", "access_token", "key") for secret in ("globex", "other")]
    for query, secret in queries:
        path = f"/v1/chat/completions?{query}={made[0][secret]}"
        answer = guarded.ask(path=path, tenant=None, listener="public")
        assert (answer.status, answer.error["code"]) == (401, UNKNOWN), query
    assert serving(clouds.records()) == [] and made[0]["globex"] not in guarded.access_log.read_text()
