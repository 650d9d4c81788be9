"""Tokens that Envoy's `jwt_authn` takes."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NAME = "https://login.contoso.test"


class Issuer:
    """Signs tokens. `keys` is what who verifies them has to know, as text."""

    def __init__(self, name=NAME):
        self.name = name
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
        key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": _encoded(modulus), "e": _encoded(exponent)}
        self.keys = json.dumps({"keys": [key]})

    def bearer(self, seconds=600, **claims):
        """The value of `authorization` with a token that ends in so many seconds."""
        parts = {"alg": "RS256", "kid": "1"}, {"iss": self.name, "exp": int(time.time()) + seconds, **claims}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"Bearer {signed}.{_encoded(signature)}"


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
