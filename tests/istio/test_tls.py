"""Our host by HTTPS, with the certificate of a Secret, at a port where another team's TLS passes through."""

import base64
import json

import pytest

from mesh.gateway import NAMESPACE, OURS, SAFE, Called


@pytest.fixture
def https(policy, start_mesh, certificates, tokens):
    data = {name: base64.b64encode(file.read_bytes()).decode()
            for name, file in (("tls.crt", certificates.certificate_file), ("tls.key", certificates.key_file))}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data,
              "metadata": {"name": "llm-certificate", "namespace": NAMESPACE}}
    return start_mesh(policy, options=[*tokens, "--tls-secret", "llm-certificate"], kubernetes=json.dumps(secret), apart=True)


def test_https_beside_tls_that_passes_through(https, certificates):
    ours, theirs = (Called(certificates.client(), host) for host in (OURS, SAFE))
    answer = https.ask("[[azure 429]]", tls=ours)
    assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer
    without_token = https.ask(tenant=None, tls=ours)
    assert (without_token.status, without_token.tried) == (403, []), without_token
    # Asked for theirs, and says ours in the request: it has been with no gateway.
    for host in (SAFE, OURS):
        passed = https.of_shop("GET", "/", {"host": host}, listener="default", tls=theirs)
        assert (passed.status, passed.json["service"]) == (200, "shop"), passed
