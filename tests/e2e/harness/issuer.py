"""Tokens that Envoy's `jwt_authn` takes, by any of the algorithms that issuers use, and some that nobody should take."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NAME = "https://login.contoso.test"


class Issuer:
    """Signs tokens. `keys` is what who verifies them has to know, as text; `kid` tells several keys of an issuer apart."""

    def __init__(self, name=NAME, algorithm="RS256", kid="1"):
        self.name, self.algorithm, self.kid = name, algorithm, kid
        common = {"kid": kid, "alg": algorithm, "use": "sig"}
        if algorithm == "RS256":
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            numbers = self.key.public_key().public_numbers()
            modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
            self.public = {"kty": "RSA", "n": encoded(modulus), "e": encoded(exponent), **common}
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            numbers = self.key.public_key().public_numbers()
            self.public = {"kty": "EC", "crv": "P-256", "x": encoded(numbers.x.to_bytes(32, "big")),
                           "y": encoded(numbers.y.to_bytes(32, "big")), **common}
        self.keys = key_set(self)

    def token(self, seconds=600, header=None, **claims):
        """A token that ends in so many seconds; a claim that is None is left out."""
        header = {"alg": self.algorithm, "kid": self.kid, **(header or {})}
        payload = {"iss": self.name, "exp": int(time.time()) + seconds, **claims}
        signed = unsigned(header, {name: value for name, value in payload.items() if value is not None})
        return f"{signed}.{encoded(self._sign(signed.encode()))}"

    def bearer(self, seconds=600, **claims):
        """The value of `authorization` with such a token."""
        return f"Bearer {self.token(seconds, **claims)}"

    def _sign(self, signed):
        if self.algorithm == "RS256":
            return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signed_with_the_public_key(self, **claims):
        """HS256 with what everybody knows: a verifier that goes by the token's own `alg` would take it."""
        signed = unsigned({"alg": "HS256", "kid": self.kid}, {"iss": self.name, "exp": int(time.time()) + 600, **claims})
        return f"{signed}.{encoded(hmac.new(self.keys.encode(), signed.encode(), hashlib.sha256).digest())}"


def key_set(*issuers):
    """The public keys of all, as an issuer publishes them."""
    return json.dumps({"keys": [issuer.public for issuer in issuers]})


def unsigned(header, claims):
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
