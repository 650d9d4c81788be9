"""A stream of requests beside what a test does, and what became of each."""

import itertools
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What became of one request: `status` 0 where the connection was lost."""
    status: int
    began: float
    seconds: float
    fresh: bool
    asked: object = None
    answer: object = None
    error: str = ""


@dataclass
class Load:
    """`threads` clients on connections that they keep, and as many that open one a request, until the `with` block ends.

    `question(name)` gives the words of `gateway.ask`'s body: an object to send to `path`; `headers(name)` more headers. Each client pauses after a
    request; with `rate` all of them together begin so many a second, as far as there are clients that are free."""

    gateway: object
    question: object
    path: str = "/v1/chat/completions"
    threads: int = 2
    pause: float = 0.01
    tenant: str = "acme"
    rate: float = 0
    tls: object = None
    headers: object = lambda name: []
    outcomes: list = field(default_factory=list)

    def __enter__(self):
        self.ending, self.turns, self.began = threading.Event(), itertools.count(), time.monotonic()
        self.running = [threading.Thread(target=self._ask, args=(fresh, number), daemon=True)
                        for number in range(self.threads) for fresh in (False, True)]
        for thread in self.running:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.running:
            thread.join(60)

    def a_second(self):
        """How many were begun in a second, until now."""
        return len(self.outcomes) / (time.monotonic() - self.began)

    def lost(self):
        """Those that were not served."""
        return [outcome for outcome in self.outcomes if outcome.status != 200]

    def await_more(self, count, seconds=20):
        """Waits until so many more have ended."""
        wanted, deadline = len(self.outcomes) + count, time.monotonic() + seconds
        while len(self.outcomes) < wanted:
            assert time.monotonic() < deadline, f"only {len(self.outcomes)} of {wanted} requests ended"
            time.sleep(0.01)

    def _ask(self, fresh, number):
        connection, count = None, 0
        while self._turn():
            count += 1
            name = f"{number}-{fresh}-{count}"
            asked = self.question(name)
            began = time.monotonic()
            try:
                if connection is None:
                    connection = self.gateway.connect(tls=self.tls)
                headers, body = self.gateway.prepared(self.headers(name), asked, self.tenant)
                connection.send("POST", self.path, headers, body)
                answer = connection.read()
                outcome = Outcome(answer.status, began, time.monotonic() - began, fresh, asked, answer)
                closes = fresh or answer["connection"] == "close"
            except Exception as error:  # Whatever it was, this request was lost.
                outcome, closes = Outcome(0, began, time.monotonic() - began, fresh, asked, error=repr(error)), True
            self.outcomes.append(outcome)
            if closes and connection is not None:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _turn(self):
        """Waits until a client may ask again; says whether it shall."""
        if self.rate:
            wait = self.began + next(self.turns) / self.rate - time.monotonic()
        else:
            wait = self.pause
        return not self.ending.wait(max(0, wait))
