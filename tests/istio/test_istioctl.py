"""What `istioctl validate` and `istioctl analyze` say of all that is printed."""

import json
import pathlib
import re

import pytest

from mesh.gateway import OURS, render
from mesh.istiod import istioctl

MESH_HOST = "llm.edge.svc.cluster.local"
TLS = ["--tls-secret", "llm-certificate"]
JWT = ["--jwt-issuer", "https://issuer.contoso.test", "--jwks-uri", "https://issuer.contoso.test/keys", "--jwt-audience", "llm"]

# What is printed: the host, words of `render istio`
PRINTED = {
    "a gateway": (OURS, []),
    "with TLS": (OURS, TLS),
    "with tokens": (OURS, [*TLS, *JWT]),
    "two hosts": (OURS, ["--host", "*.llm.contoso.test", *JWT, "--tenant-claim", "team"]),
    "pods elsewhere": (OURS, ["--pod-namespace", "istio-ingress", "--selector", "istio=ingressgateway", *TLS]),
    "another listener": (OURS, ["--listener", "public", *TLS]),
    "a gateway that is there": (OURS, ["--existing-gateway", *JWT]),
    "a virtual service that is there": (OURS, ["--existing-virtual-service"]),
    "the module by a container": (OURS, ["--module-from", "init", "--module", "registry.contoso.test/multihome:1"]),
    "the module by a ConfigMap": (OURS, ["--module-from", "configmap"]),
    "egress": (MESH_HOST, ["--mode", "egress"]),
    "egress with tenants": (MESH_HOST, ["--mode", "egress", "--tenant-of", "spiffe://cluster.local/ns/shop/sa/web=acme"]),
}
# What istioctl says of any EnvoyFilter, and is meant.
EXPECTED = re.compile(r"EnvoyFilter exposes internal implementation details|uses .*relative operation|IST0151|has been validated|is valid|No validation issues found|^$")


@pytest.fixture
def source(policy, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    return file


@pytest.mark.parametrize("what", PRINTED)
def test_istioctl_has_nothing_against_it(what, source, istio, tmp_path):
    host, words = PRINTED[what]
    words = ["--wasm-path", "/opt/multihome/multihome.wasm", *words]
    printed, folder = tmp_path / "printed.yaml", tmp_path / "written"
    printed.write_text(render(source, *words, host=host))
    written = [pathlib.Path(line) for line in render(source, *words, "--out", folder, host=host).split()]
    assert written and all(file.exists() for file in written)
    for said in (istioctl("validate", "-f", printed), istioctl("validate", "-f", folder), analyzed(printed), analyzed(folder)):
        code, text = said
        assert (code, unexpected(text)) == (0, []), text


def analyzed(what):
    return istioctl("analyze", "--use-kube=false", "--recursive", "--failure-threshold", "Warning", what)


def unexpected(text):
    return [line for line in text.splitlines() if not EXPECTED.search(line.strip())]
