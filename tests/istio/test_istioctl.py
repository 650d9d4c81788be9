"""What `istioctl validate` and `istioctl analyze` say of all that is printed."""

import json
import pathlib
import re

import pytest

from mesh.gateway import OURS, documents, render
from mesh.istiod import istioctl

MESH_HOST = "llm.edge.svc.cluster.local"
TLS = ["--tls-secret", "llm-certificate"]
JWT = ["--jwt-issuer", "https://issuer.contoso.test", "--jwks-uri", "https://issuer.contoso.test/keys", "--jwt-audience", "llm"]

OWN_TOKENS = "with tokens that the policy takes"
TAKES = {"jwt": {"issuer": "https://issuer.contoso.test", "audiences": ["llm"], "jwks": "https://issuer.contoso.test/keys"}}

# What is printed: the host, words of `render istio`
PRINTED = {
    "a gateway": (OURS, []),
    "with TLS": (OURS, TLS),
    "with tokens": (OURS, [*TLS, *JWT]),
    OWN_TOKENS: (OURS, TLS),
    "two hosts": (OURS, ["--host", "*.llm.contoso.test", *JWT, "--tenant-claim", "team"]),
    "pods elsewhere": (OURS, ["--pod-namespace", "istio-ingress", "--selector", "istio=ingressgateway", *TLS]),
    "another listener": (OURS, ["--listener", "public", *TLS]),
    "a gateway that is there": (OURS, ["--existing-gateway", *JWT]),
    "a virtual service that is there": (OURS, ["--existing-virtual-service"]),
    "the module by a container": (OURS, ["--module-from", "init", "--module", "registry.contoso.test/multihome:1"]),
    "the module by a ConfigMap": (OURS, ["--module-from", "configmap"]),
    "by the headers": (OURS, ["--mode", "header", *TLS, *JWT]),
    "egress": (MESH_HOST, ["--mode", "egress"]),
    "egress with tenants": (MESH_HOST, ["--mode", "egress", "--tenant-of", "spiffe://cluster.local/ns/shop/sa/web=acme"]),
}


def pods_and_service(namespace, labels):
    """A gateway as an operator has it, with the Secret that the manifests name."""
    ports = [{"name": f"port-{number}", "port": number, "targetPort": number} for number in (80, 443, 8443)]
    container = {"name": "istio-proxy", "image": "proxyv2", "ports": [{"containerPort": port["port"]} for port in ports]}
    kinds = {
        "Namespace": {"spec": {}},
        "Pod": {"spec": {"containers": [container]}},
        "Service": {"spec": {"type": "LoadBalancer", "selector": labels, "ports": ports}},
        "Secret": {"type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}},
    }
    names = {"Namespace": namespace, "Secret": "llm-certificate"}
    return [{"apiVersion": "v1", "kind": kind, **fields, "metadata": {
        "name": names.get(kind, "gateway"), "labels": labels, **({} if kind == "Namespace" else {"namespace": namespace})}}
        for kind, fields in kinds.items()]


# Without these, `analyze` leaves out what it says of gateways.
CLUSTER = [*pods_and_service("edge", {"app": "ai-gateway"}), *pods_and_service("istio-ingress", {"app": "ai-gateway", "istio": "ingressgateway"})]
GATEWAY = [{"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "ai-gateway", "namespace": "edge"}, "spec": {
    "selector": {"app": "ai-gateway"}, "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [OURS]}]}}]
# What istioctl says of any EnvoyFilter, and its closing words.
EXPECTED = re.compile(r"EnvoyFilter exposes internal implementation details|\.yaml\" (has warnings:|is valid)$|^$"
                      r"|^Analyzers found issues when analyzing all namespaces|^See https://istio.io/")


@pytest.fixture
def source(policy, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    return file


@pytest.mark.parametrize("what", PRINTED)
def test_istioctl_has_nothing_against_it(what, source, istio, tmp_path):
    host, words = PRINTED[what]
    if what == OWN_TOKENS:
        source.write_text(json.dumps({**json.loads(source.read_text()), "identity": [{"keys": {}}, TAKES]}))
    words = ["--wasm-path", "/opt/multihome/multihome.wasm", *words]
    printed, folder = tmp_path / "printed.yaml", tmp_path / "written"
    printed.write_text(render(source, *words, host=host))
    files = [pathlib.Path(line) for line in render(source, *words, "--out", folder, host=host).split()]
    # The patch for the pods is no object.
    objects = [file for file in files if file.parent == folder]
    assert len(objects) > 2 and len(files) == len(objects) + 1
    cluster = tmp_path / "cluster.yaml"
    cluster.write_text(documents([*CLUSTER, *(GATEWAY if any(word.startswith("--existing") for word in words) else [])]))
    for texts in ([printed], objects):
        code, said = istioctl("validate", *(word for text in texts for word in ("-f", text)))
        assert (code, unexpected(said)) == (0, []), said
        _, said = istioctl("analyze", "--use-kube=false", "--all-namespaces", cluster, *texts)
        assert said and unexpected(said) == [], said


def unexpected(text):
    return [line for line in text.splitlines() if not EXPECTED.search(line.strip())]
