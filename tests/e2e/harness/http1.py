"""HTTP/1.1 as a client that may do what a proper one would not: raw header bytes, a body cut off, leaving early."""

import http.client
import socket
import time

from .answer import Answer, events_of


class Connection:
    """One connection. `send`, then `head` and `read` or `events`; or `close` in the middle of it."""

    def __init__(self, address, tls=None, timeout=20):
        self.host, port = address.rsplit(":", 1)
        self.started = time.monotonic()
        self.sock = socket.create_connection((self.host, int(port)), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.response = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, method, path, headers=(), body=None):
        """`body`: bytes, or an iterable of bytes that is sent in chunks. `host` and `content-length` are added
        where `headers` have none."""
        headers = [(raw(name), raw(value)) for name, value in headers]
        names = {name.lower() for name, _ in headers}
        chunked = body is not None and not isinstance(body, bytes)
        added = []
        if b"host" not in names:
            added.append((b"host", b"multihome.test"))
        if chunked:
            added.append((b"transfer-encoding", b"chunked"))
        elif body is not None and b"content-length" not in names:
            added.append((b"content-length", b"%d" % len(body)))
        lines = [raw(method) + b" " + raw(path) + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in added + headers]
        self.method = method
        self.started = time.monotonic()
        try:
            self.sock.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if chunked else body or b""))
            if chunked:
                for piece in body:
                    self.sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.sock.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # The answer may stand there already, as a 413 does.

    def head(self):
        """Waits for status and headers; the body is still to come."""
        self.response = http.client.HTTPResponse(self.sock, method=self.method)
        self.response.begin()
        headers = [(name.lower(), value) for name, value in self.response.getheaders()]
        return Answer(self.response.status, headers, seconds=time.monotonic() - self.started)

    def read(self):
        """The whole answer. A body that breaks off raises `http.client.IncompleteRead`."""
        answer = self.head()
        answer.body = self.response.read()
        answer.seconds = time.monotonic() - self.started
        return answer

    def events(self):
        """After `head`: the data of each event as it comes."""
        block = []
        for line in self.response:
            if line.strip():
                block.append(line)
            elif block:
                yield from events_of(b"".join(block).decode())
                block = []

    def close(self, reset=False):
        """Goes away; with `reset` as a client that crashed."""
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        # The response holds the socket open too.
        if self.response is not None:
            self.response.close()
        self.sock.close()


def request(address, method, path, headers=(), body=None, tls=None, timeout=20):
    """One request on a connection of its own."""
    with Connection(address, tls, timeout) as connection:
        connection.send(method, path, headers, body)
        return connection.read()


def raw(text):
    return text if isinstance(text, bytes) else text.encode()
