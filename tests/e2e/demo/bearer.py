"""A token for the demo. It is signed with a secret (HS256), which needs nothing but the standard library; an issuer of yours
signs with a key of which the world knows the public half (RS256, ES256)."""

import base64
import hashlib
import hmac
import json
import secrets
import time

ISSUER, AUDIENCE = "https://login.demo.test", "llm"


class Issuer:
    def __init__(self):
        self.secret = secrets.token_bytes(32)

    def keys(self):
        """What Envoy verifies with, as a JSON Web Key Set."""
        return json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": "demo", "k": encoded(self.secret)}]})

    def token(self, tenant, policy):
        """A token of that tenant, with its policy, for an hour."""
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 3600, "tenant": tenant, "multihome": policy}
        parts = {"alg": "HS256", "kid": "demo"}, claims
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{encoded(hmac.new(self.secret, signed.encode(), hashlib.sha256).digest())}"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
