"""What `istioctl validate` and `istioctl analyze` say of all that is printed."""

import copy
import json

import pytest

from harness.process import Failed
from mesh.gateway import render
from mesh.istiod import istioctl

EGRESS = ["--mode", "egress", "--host", "llm.ai.svc.cluster.local"]
TLS = ["--tls-secret", "llm-certificate"]
JWT = ["--jwt-issuer", "https://issuer.contoso.test", "--jwks-uri", "https://issuer.contoso.test/keys", "--jwt-audience", "llm"]

# Words of `render istio`
PRINTED = {
    "a gateway": [],
    "with TLS": TLS,
    "with tokens": [*TLS, *JWT],
    "two hosts": ["--host", "*.llm.contoso.test", *JWT, "--tenant-claim", "team"],
    "pods elsewhere": ["--pod-namespace", "istio-system", "--selector", "istio=ingressgateway", *TLS],
    "another listener": ["--listener", "public", *TLS],
    "a gateway that is there": ["--existing-gateway", *JWT],
    "a virtual service that is there": ["--existing-virtual-service"],
    "module by a copy": ["--module-from", "init", "--module", "registry.contoso.test/multihome:1"],
    "module by a ConfigMap": ["--module-from", "configmap"],
    "egress": EGRESS,
    "egress with tenants": [*EGRESS, "--tenant-of", "spiffe://cluster.local/ns/shop/sa/web=acme"],
}


@pytest.fixture
def source(policy, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    return file


def rendered(source, words, *more):
    return render(source, "--wasm-path", "/opt/multihome/multihome.wasm", *words, *more)
