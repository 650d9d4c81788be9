"""The fixtures of a mesh, beside those of ../e2e/harness/fixtures.py.

    mesh          the shared gateway over `policy_of_mesh`, with JWTs
    start_mesh    starts another one, for this test alone: start_mesh(policy, options=[…], edit=…, …)
    shop          the other team's backend
"""

import ssl

import pytest

import places
from harness import policies
from harness.fixtures import require_alive
from harness.issuer import Issuer
from harness.process import Processes
from mesh.gateway import IstioGateway
from mesh.neighbour import Neighbour


@pytest.fixture(scope="session")
def istio():
    """The program; the stage of the tests builds it."""
    if not places.ISTIO.exists():
        pytest.exit(f"{places.ISTIO} is missing: `make test-istio` makes it", returncode=2)


@pytest.fixture(scope="session")
def issuer():
    return Issuer()


@pytest.fixture(scope="session")
def shop(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    shop = Neighbour(context)
    yield shop
    shop.stop()


@pytest.fixture(scope="session")
def tokens(issuer, tmp_path_factory):
    """The words of `render istio` for tokens of the issuer."""
    file = tmp_path_factory.mktemp("issuer") / "jwks.json"
    file.write_text(issuer.keys)
    return ["--jwt-issuer", issuer.name, "--jwks-file", file, "--tenant-claim", "tenant"]


def policy_of_mesh(clouds):
    """The base policy, with a tenant for each cloud. It trusts its listener, which has to count for nothing beside a token."""
    policy = policies.base(clouds)
    everywhere = {"residency": ["us", "eu", "global"], "models": ["*"]}
    for cloud in policies.CLOUDS:
        policy["tenants"][f"only-{cloud}"] = {"clouds": [cloud], **everywhere}
    return policy


@pytest.fixture
def policy(clouds):
    return policy_of_mesh(clouds)


@pytest.fixture(scope="session")
def the_mesh(istio, processes, the_clouds, envoy, shop, issuer, tokens, tmp_path_factory):
    mesh = IstioGateway(processes, tmp_path_factory.mktemp("mesh"), envoy, policy_of_mesh(the_clouds), the_clouds,
                        neighbour=shop, issuer=issuer, options=tokens,
                        secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})
    # Both credentials that are fetched after the start; until then another target serves.
    for target, question in (("gcp-us", {"tenant": "only-gcp", "form": "responses"}), ("azure-sweden", {"tenant": "europe"})):
        mesh.await_target(target, **question)
    return mesh


@pytest.fixture
def mesh(the_mesh, clouds):
    require_alive("the shared gateway of Istio", the_mesh)
    yield the_mesh
    require_alive("the shared gateway of Istio", the_mesh)


@pytest.fixture
def start_mesh(istio, clouds, envoy, shop, issuer, tmp_path):
    with Processes() as processes:
        def start(policy, name="mesh", **options):
            options.setdefault("issuer", issuer)
            options.setdefault("secrets", {**clouds.secrets(), "google-token": clouds.google_token()})
            return IstioGateway(processes, tmp_path / name, envoy, policy, clouds, neighbour=shop, **options)

        yield start
