"""The fixtures: one set of emulated clouds and one Envoy for all tests, and more Envoys for those that need their own.

    clouds          the emulated clouds; no faults, no records, working tokens at the start of each test
    gateway         the shared Envoy over `policies.base`
    start_live      the same over files that Envoy watches: `change` gives it another policy, listener or module
    start_gateway   starts another one, for this test alone: start_gateway(policy, secrets=…, module=…, …)
    client          the official `openai` client of the shared gateway: client(tenant="acme"), client(azure=True)
    certificates    a CA with certificates for a listener and for its clients
"""

import os

import pytest

import find_envoy
import places

from . import policies, sdk
from .clouds import Clouds
from .gateway import Gateway
from .live import LiveGateway
from .process import Processes

# SDKs would send even what is for the loopback to a proxy of the machine's.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def envoy():
    return find_envoy.find()


@pytest.fixture(scope="session")
def processes():
    for built in (places.CLI, places.CLOUDS, places.MODULE):
        if not built.exists():
            pytest.exit(f"{built} is missing: `make build` makes it", returncode=2)
    with Processes() as processes:
        yield processes


@pytest.fixture(scope="session")
def the_clouds(processes, tmp_path_factory):
    return Clouds(processes, tmp_path_factory.mktemp("clouds"))


@pytest.fixture
def clouds(the_clouds):
    require_alive("the emulated clouds", the_clouds)
    the_clouds.clear()
    yield the_clouds
    the_clouds.clear()


@pytest.fixture(scope="session")
def the_gateway(processes, the_clouds, envoy, tmp_path_factory):
    secrets = {**the_clouds.secrets(), "google-token": the_clouds.google_token()}
    folder = tmp_path_factory.mktemp("gateway")
    gateway = Gateway(processes, folder, envoy, policies.base(the_clouds), the_clouds, secrets=secrets)
    # Both credentials that are fetched after the start.
    gateway.await_serving(only="azure-sweden")
    gateway.await_serving(only="gcp-us", form="responses")
    return gateway


@pytest.fixture
def gateway(the_gateway, clouds):
    require_alive("the shared Envoy", the_gateway)
    yield the_gateway
    require_alive("the shared Envoy", the_gateway)


def require_alive(name, started):
    """The test at which it ended says so with its log; those after it in a line each."""
    code = started.process.poll()
    if code is not None:
        log = "" if getattr(started, "reported", False) else started.log.read_text(errors="replace")[-3000:]
        started.reported = True
        pytest.fail(f"{name} ended with code {code}\n{log}", pytrace=False)


@pytest.fixture
def policy(clouds):
    """A copy of the base policy, to change and to start a gateway with."""
    return policies.base(clouds)


@pytest.fixture
def start_gateway(clouds, envoy, tmp_path):
    with Processes() as processes:
        def start(policy, name="gateway", **options):
            if "secrets" not in options:
                options["secrets"] = {**clouds.secrets(), "google-token": clouds.google_token()}
            return Gateway(processes, tmp_path / name, envoy, policy, clouds, **options)

        yield start


@pytest.fixture
def start_live(clouds, envoy, tmp_path):
    """The same, with files that Envoy watches."""
    with Processes() as processes:
        def start(policy, name="live", **options):
            options.setdefault("secrets", {**clouds.secrets(), "google-token": clouds.google_token()})
            return LiveGateway(processes, tmp_path / name, envoy, policy, clouds, **options)

        yield start


@pytest.fixture
def client(gateway):
    with sdk.Clients() as clients:
        def make(azure=False, at=gateway, **options):
            return clients.azure(at, **options) if azure else clients.openai(at, **options)

        yield make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    from .certificates import Certificates

    return Certificates(tmp_path_factory.mktemp("certificates"))
