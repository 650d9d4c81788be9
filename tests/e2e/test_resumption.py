"""A client that is trusted by its certificate stays so on every connection, also where it offers an earlier TLS session."""

import ssl

import pytest

from harness import policies
from harness.gateway import Gateway
from harness.http1 import Connection

GATEWAY = "spiffe://contoso/gateway"


@pytest.fixture(scope="module")
def trusting(processes, the_clouds, envoy, certificates, tmp_path_factory):
    """`mutual` asks for certificates, `plain` does not."""
    policy = policies.base(the_clouds)
    policy["identity"] = {"trust": {"listeners": ["default", "plain"], "client_certificates": [GATEWAY]}}
    server = dict(certificates.listener)
    del server["client_ca_file"]
    policy["listeners"] = {"mutual": {"tls": certificates.listener}, "plain": {"tls": server}}
    gateway = Gateway(processes, tmp_path_factory.mktemp("resumption"), envoy, policy, the_clouds,
                      listeners=dict.fromkeys(("default", "mutual", "plain"), "127.0.0.1:0"))
    yield gateway
    gateway.stop()


class Resuming:
    """The TLS of one client for `Connection`: each connection offers the session of the first that brought one."""

    def __init__(self, context):
        self.context, self.session = context, None

    def wrap_socket(self, sock, server_hostname):
        return self.context.wrap_socket(sock, server_hostname=server_hostname, session=self.session)

    def ask(self, gateway, listener):
        """Status, and whether the connection resumed the session."""
        headers, _ = gateway.prepared((), None, "acme")
        with Connection(gateway.addresses[listener], self) as connection:
            connection.send("GET", "/v1/models", headers)
            answer = connection.read()
            # Only now has TLS 1.3 brought its tickets.
            self.session = self.session or connection.sock.session
            return answer.status, connection.sock.session_reused


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
# The version, whether the client takes tickets: one without has its session's id instead (TLS 1.2).
SESSIONS = [(V12, True), (V12, False), (V13, True)]
REPEATED = 5


def resuming(certificates, version, tickets, **names):
    context = certificates.client(**names)
    context.minimum_version = context.maximum_version = version
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    return Resuming(context)


@pytest.mark.parametrize("version, tickets", SESSIONS)
def test_a_trusted_certificate_holds_on_every_connection(version, tickets, trusting, certificates):
    client = resuming(certificates, version, tickets, uri=GATEWAY)
    assert [client.ask(trusting, "mutual") for _ in range(REPEATED)] == [(200, False)] * REPEATED


@pytest.mark.parametrize("version, tickets", SESSIONS)
def test_a_session_without_a_trusted_certificate_stays_untrusted(version, tickets, trusting, certificates):
    client = resuming(certificates, version, tickets, uri="spiffe://contoso/other")
    assert [client.ask(trusting, "mutual") for _ in range(REPEATED)] == [(401, False)] * REPEATED


def test_where_no_certificate_is_asked_for_sessions_are_resumed(trusting, certificates):
    """So the tests above do offer them."""
    client = resuming(certificates, V13, True)
    assert [client.ask(trusting, "plain") for _ in range(2)] == [(200, False), (200, True)]
