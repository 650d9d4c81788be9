"""The address at which an issuer has its keys."""

import time

from . import own


class Publisher(own.Backend):
    """`status` and `text` are what it responds, after `seconds`; `asked` is how often. It may be taken down for a while."""

    def __init__(self, text=""):
        self.text, self.status, self.seconds, self.asked = text, 200, 0, 0
        super().__init__("keys")

        def do_GET(handler):
            self.asked += 1
            time.sleep(self.seconds)
            body = self.text.encode()
            handler.send_response(self.status)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.handler.do_GET = do_GET

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/keys"
