"""A cloud asked without a gateway: what it answers is what has to come through."""

import http.client
import socket
import ssl

from .answer import Answer


def ask(clouds, record):
    """Sends what a record says once more, with a credential of this test's own; equal bodies have equal answers."""
    context = ssl.create_default_context(cafile=clouds["ca_file"])
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    host, port = clouds[record["surface"]].rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as tcp:
        with context.wrap_socket(tcp, server_hostname=record["sni"]) as tls:
            connection = http.client.HTTPConnection(record["host"])
            connection.sock = tls
            headers = {"content-type": "application/json", **credential(clouds, record["cloud"])}
            connection.request(record["method"], record["path"], record["body"].encode(), headers)
            response = connection.getresponse()
            headers = [(name.lower(), value) for name, value in response.getheaders()]
            return Answer(response.status, headers, response.read())


def credential(clouds, cloud):
    """A header that the cloud accepts."""
    credentials = clouds["credentials"]
    accepted = {
        "azure": lambda: {"api-key": credentials["azure_api_key"]},
        "aws": lambda: bearer(credentials["bedrock_api_key"]),
        "gcp": lambda: bearer(clouds.google_token()),
        "openai": lambda: bearer(credentials["openai_api_key"]),
    }
    return accepted[cloud]()


def bearer(token):
    return {"authorization": f"Bearer {token}"}
