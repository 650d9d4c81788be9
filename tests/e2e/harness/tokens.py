"""How a policy takes tokens, and how a client brings one. Who signs them is in issuer.py."""

from . import issuer, keys, policies
from .issuer import Issuer, key_set

AUDIENCE = "llm"
# What `acme` may use comes from Azure first; a token's own policy here says AWS.
POLICY = {"clouds": ["aws"], "residency": ["us"], "models": ["gpt-6*"], "max_attempts": 1}
CEILING = {"clouds": ["azure", "aws"], "residency": ["us", "eu"], "models": ["*"]}


def source(jwks, of=issuer.NAME, audiences=(AUDIENCE,), ceiling=None, required=False, **more):
    """A source of `identity`. With a ceiling, a token may carry its policy in the claim `multihome`."""
    carried = {}
    if ceiling:
        carried = {"policy_claim": "multihome", "policy": {"ceiling": ceiling, "required": required}}
    jwks = jwks if isinstance(jwks, dict) else str(jwks)
    return {"jwt": {"issuer": of, "audiences": list(audiences), "jwks": jwks, **carried, **more}}


def ask(gateway, credential, how="bearer", headers=(), **more):
    """Asks with a token or a key and nothing else."""
    name, value = {"bearer": ("authorization", f"Bearer {credential}"), "api-key": ("api-key", credential)}[how]
    return gateway.ask(headers=[(name, value), *headers], tenant=None, **more)


def record(gateway, answer):
    """The record in the access log."""
    [line] = gateway.access(answer, 1)
    return dict(word.split("=", 1) for word in line["record"].split(" "))


def replace(file, text):
    """As a tool does that hands out files: by a rename."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.rename(file)


class Taken:
    """An issuer with two keys, and a policy that takes its tokens, API keys and the trusted header, in this order."""

    def __init__(self, clouds, folder):
        self.rs, self.es = Issuer(), Issuer(algorithm="ES256", kid="2")
        self.stranger = Issuer(kid="1")
        self.file = folder / "jwks.json"
        self.file.write_text(key_set(self.rs, self.es))
        self.acme, of_acme = keys.new("acme")
        self.policy = policies.base(clouds)
        self.policy["tenants"]["acme"]["keys"] = [of_acme]
        header = {**self.policy["identity"], "policy": {"ceiling": CEILING}}
        self.policy["identity"] = [source(self.file, audiences=[AUDIENCE, "llm-eu"], ceiling=CEILING), {"keys": {}}, header]

    def of(self, tenant="acme", by=None, **claims):
        return (by or self.rs).token(**{"aud": AUDIENCE, "tenant": tenant, **claims})
