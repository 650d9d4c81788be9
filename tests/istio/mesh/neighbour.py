"""Another team's service behind the same gateway: says what it received."""

import http.server
import json
import threading


class Neighbour:
    """An HTTP server in this process: `port` and, with `tls`, `tls_port` are where it listens on the loopback."""

    def __init__(self, tls):
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(2)]
        plain, secure = self.servers
        secure.socket = tls.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        self.port, self.tls_port = (server.server_address[1] for server in (plain, secure))
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        said = {"service": "shop", "method": self.command, "path": self.path, "body": body.decode(errors="replace"),
                "headers": [[name.lower(), value] for name, value in self.headers.items()]}
        text = json.dumps(said).encode()
        # A service may fail, and Istio's own retries are no matter of ours.
        self.send_response(int(self.headers.get("x-say", 200)))
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        # A header that our own routes take away.
        self.send_header("x-envoy-upstream-service-time", "1")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass
