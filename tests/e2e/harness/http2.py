"""HTTP/2 at the level of frames: raw header bytes, request trailers, several streams, resets."""

import socket
import time

import h2.config
import h2.connection
import h2.events

from .answer import Answer
from .http1 import raw


class Connection:
    """One connection with prior knowledge, or by ALPN where `tls` is given."""

    def __init__(self, address, tls=None, timeout=20):
        host, port = address.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        # Nothing is checked or tidied: what a test writes is what Envoy reads.
        config = h2.config.H2Configuration(
            header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.streams = {}
        self._flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, method, path, headers=(), body=None, trailers=(), end=True):
        """Begins a stream and returns its number; without `end` it stays open. `body`: bytes, or a list of them, each of
        which begins a frame. A header `host` becomes `:authority`, as clients have it."""
        stream = self.h2.get_next_available_stream_id()
        self.streams[stream] = _Stream()
        host = next((value for name, value in headers if name == "host"), "multihome.test")
        pseudo = [(":method", method), (":scheme", "http"), (":authority", host), (":path", path)]
        pairs = [(raw(name), raw(value)) for name, value in [*pseudo, *headers] if name != "host"]
        ends_at_headers = end and body is None and not trailers
        self.h2.send_headers(stream, pairs, end_stream=ends_at_headers)
        self._flush()
        pieces = [] if body is None else [body] if isinstance(body, bytes) else list(body)
        for number, piece in enumerate(pieces, 1):
            self.data(stream, piece, end=end and not trailers and number == len(pieces))
        if trailers:
            self.h2.send_headers(stream, [(raw(name), raw(value)) for name, value in trailers], end_stream=True)
            self._flush()
        return stream

    def data(self, stream, body, end=True):
        """Sends body bytes as the peer's windows allow."""
        left = memoryview(body)
        while True:
            state = self.streams[stream]
            if state.reset is not None or state.ended:
                return  # Answered already.
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if left and room <= 0:
                self._receive()
                continue
            piece, left = left[:room], left[room:]
            self.h2.send_data(stream, bytes(piece), end_stream=end and not left)
            self._flush()
            if not left:
                return

    def reset(self, stream):
        """The client gives up on one stream."""
        self.h2.reset_stream(stream)
        self._flush()

    def head(self, stream):
        """Waits for status and headers."""
        state = self.streams[stream]
        while state.headers is None and state.reset is None:
            self._receive()
        return state.answer()

    def read(self, stream):
        """Waits for the end of the stream. One that is reset raises ConnectionResetError."""
        state = self.streams[stream]
        while not state.ended and state.reset is None:
            self._receive()
        if state.reset is not None:
            raise ConnectionResetError(f"stream reset with code {state.reset}")
        return state.answer()

    def close(self):
        self.sock.close()

    def _receive(self):
        received = self.sock.recv(65536)
        if not received:
            raise ConnectionResetError("the connection was closed")
        for event in self.h2.receive_data(received):
            state = self.streams.get(getattr(event, "stream_id", None))
            if state is None:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                state.headers = event.headers
            elif isinstance(event, h2.events.DataReceived):
                state.body.append(event.data)
                if not state.ended:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.TrailersReceived):
                state.trailers = event.headers
            elif isinstance(event, h2.events.StreamEnded):
                state.ended = time.monotonic()
            elif isinstance(event, h2.events.StreamReset):
                # NO_ERROR after a whole answer means: send no more (RFC 9113, 8.1).
                if not state.ended:
                    state.reset = event.error_code
        self._flush()

    def _flush(self):
        pending = self.h2.data_to_send()
        if pending:
            self.sock.sendall(pending)


class _Stream:
    def __init__(self):
        self.started = time.monotonic()
        self.headers, self.trailers, self.body = None, [], []
        self.ended, self.reset = None, None

    def answer(self):
        if self.headers is None:
            raise ConnectionResetError(f"stream reset with code {self.reset}")
        pairs = _text(self.headers)
        status = int(next(value for name, value in pairs if name == ":status"))
        headers = [(name, value) for name, value in pairs if name != ":status"]
        seconds = (self.ended or time.monotonic()) - self.started
        return Answer(status, headers, b"".join(self.body), seconds, _text(self.trailers))


def _text(pairs):
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


def request(address, method, path, headers=(), body=None, tls=None, timeout=20, trailers=()):
    """One request on a connection of its own."""
    with Connection(address, tls, timeout) as connection:
        return connection.read(connection.send(method, path, headers, body, trailers))
