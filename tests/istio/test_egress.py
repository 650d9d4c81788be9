"""A host inside the mesh: workloads call the gateway by the mesh's own TLS, and their SPIFFE name is who asks."""

import ssl

import pytest
from cryptography import x509

from mesh.gateway import Called

HOST = "llm.edge.svc.cluster.local"
WEB, JOBS, STRANGER = (f"spiffe://cluster.local/ns/{name}" for name in ("shop/sa/web", "shop/sa/jobs", "other/sa/web"))


@pytest.fixture(scope="session")
def mesh_certificates(certificates, tmp_path_factory):
    """The gateway's certificate, in the files that Istio's agent takes."""
    folder = tmp_path_factory.mktemp("mesh-certificates")
    certificate, key = certificates.issue("gateway", [x509.UniformResourceIdentifier("spiffe://cluster.local/ns/edge/sa/ai-gateway")])
    for source, name in ((certificate, "cert-chain.pem"), (key, "key.pem"), (certificates.ca_file, "root-cert.pem")):
        (folder / name).write_bytes(source.read_bytes())
    return folder


@pytest.fixture
def egress(policy, start_mesh, mesh_certificates):
    policy["tenants"][JOBS] = {"clouds": ["aws"], "residency": ["us"], "models": ["*"]}
    return start_mesh(policy, host=HOST, issuer=None, certificates=mesh_certificates, apart=True,
                      options=["--mode", "egress", "--tenant-of", f"{WEB}=europe"])


def test_the_callers_name_is_the_tenant(egress, certificates):
    # Who calls, what they claim to be, status, who serves
    rows = [
        (WEB, {}, 200, "azure-sweden"),
        (JOBS, {}, 200, "aws-use1"),
        (STRANGER, {}, 401, None),
        (WEB, {"x-tenant-id": "acme"}, 200, "azure-sweden"),
        (STRANGER, {"x-tenant-id": "acme"}, 401, None),
        (STRANGER, {"x-tenant-id": JOBS, "x-forwarded-client-cert": f"URI={JOBS}"}, 401, None),
    ]
    egress.await_target("azure-sweden", tenant=None, tls=Called(certificates.client(uri=WEB), HOST))
    for caller, headers, status, target in rows:
        for stream in (False, True):
            answer = egress.ask(tenant=None, headers=headers, stream=stream, tls=Called(certificates.client(uri=caller), HOST))
            assert (answer.status, answer.target) == (status, target), (caller, headers, answer)
            assert len(answer.records) == (1 if target else 0)


def test_who_shows_no_certificate_of_the_mesh_gets_no_connection(egress, certificates, tmp_path):
    from harness.certificates import Certificates

    (tmp_path / "other").mkdir()
    other = Certificates(tmp_path / "other").client(uri=WEB)
    other.load_verify_locations(certificates.ca_file)
    for context in (certificates.client(), other):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            egress.ask(tenant=None, tls=Called(context, HOST))
