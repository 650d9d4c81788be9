"""Everything that can change changes while requests and streams go by: none is lost, and one policy decides each as a whole.

A run of half a minute that two busy cores hold; with `CHANGES=full` in the environment, the one whose figures are in
`docs/operate.md`."""

import os
import re
import shutil
import socket
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from cryptography import x509

import places
from harness import policies
from harness.certificates import Certificates
from harness.gateway import Question
from harness.live import another_module
from harness.load import Load
from harness.process import until
from harness.records import host_of


@dataclass(frozen=True)
class Run:
    """How long, how many requests a second, and how many changes of each kind."""
    seconds: int
    rate: int
    policies: int
    certificates: int
    modules: int

    def changes(self):
        """Their kinds, each kind spread over the whole; the hot restart in the middle."""
        counts = {"policy": self.policies, "certificate": self.certificates, "module": self.modules, "hot restart": 1}
        spread = [((number + 0.5) / count, kind) for kind, count in counts.items() for number in range(count)]
        return [kind for _, kind in sorted(spread)]


RUN = Run(60, 300, 20, 3, 2) if os.environ.get("CHANGES") == "full" else Run(20, 60, 6, 3, 1)
# Of so many requests one is a stream, and of so many the first target refuses.
STREAMS, REFUSED = 10, 4

MODEL = "gpt-oss-120b"
OURS = "under load"
# Two policies of which no request can tell the same: by turns. Of each the endpoints in their order.
PLANS = [["azure-eastus2", "aws-use1"], ["gcp-us", "aws-mantle"]]
REFUSING = [plan[0] for plan in PLANS]
REFUSALS = "[[azure 429]] [[gcp 429]]"
# So many seconds after the start of another Envoy its module may be without a token of Google's metadata server; until then
# the policy's next target serves.
TOKENLESS = 8
# Half a second.
SLOW = "[[azure slow ms=25]] [[aws slow ms=25]] [[gcp slow ms=25]] [[events 20]]"


@dataclass
class Decides:
    """What a policy makes of a request: which endpoints are asked, in order, and their hosts."""
    names: list
    hosts: list


class Operator:
    """Makes the changes, and remembers what each version decides."""

    def __init__(self, start_live, clouds, folder):
        self.clouds, self.folder = clouds, folder
        self.certificates = Certificates(folder)
        self.tls = self.certificates.client()
        self.served = {name: folder / f"served-{name}" for name in ("certificate_file", "key_file")}
        self.authority = folder / "clouds.pem"
        shutil.copyfile(clouds["ca_file"], self.authority)
        self._serve_certificate(self.certificates.certificate_file, self.certificates.key_file)
        self.decides, self.done, self.took = {}, Counter(), Counter()
        self.module = places.MODULE
        self.policy = self._policy(0)
        address = f"127.0.0.1:{free_port()}"
        self.gateway = start_live(self.policy, listeners={"default": address}, hot_restart=True, concurrency=2,
                                  arguments=["--drain-time-s", "5"])
        self._remember(self.gateway.state()["live"])
        for plan in (0, 1):
            # The token that Google's metadata server gives is fetched after the start.
            self.gateway.await_serving(only=PLANS[plan][0], model=MODEL, tls=self.tls)

    def make(self, kind):
        self.done[kind] += 1
        began = time.monotonic()
        {"policy": self._change_policy, "certificate": self._change_certificate, "module": self._change_module,
         "hot restart": self._restart}[kind](self.done[kind])
        self.took[kind] += time.monotonic() - began

    def _policy(self, number):
        """Each fourth one leads to another account at Azure too: to other clusters under the same names."""
        policy = policies.base(self.clouds)
        for endpoint in policy["endpoints"].values():
            if endpoint["cloud"] == "azure":
                endpoint["tls"] = {"ca_file": str(self.authority)}
        policy["endpoints"]["azure-eastus2"]["resource"] = f"contoso-{number // 4}"
        targets = PLANS[number % 2]
        policy["tenants"]["acme"].update(targets=targets, order=["ordered"],
                                         clouds=[policy["endpoints"][name]["cloud"] for name in targets])
        policy["listeners"] = {"default": {"tls": {name: str(file) for name, file in self.served.items()}}}
        # A busy machine is no fault of a target's.
        policy["timeouts"] = {"connect": "10s", "first_byte": "15s", "whole": "15s", "idle": "30s"}
        self.names = targets
        return policy

    def _remember(self, release):
        hosts = [host_of(self.policy["endpoints"][name]) for name in self.names]
        self.decides[release.split("-")[0]] = Decides(self.names, hosts)

    def _change_policy(self, number):
        before = self.policy["endpoints"]
        self.policy = self._policy(number)
        # Clusters that stay need no time to connect.
        self._remember(self.gateway.change(self.policy, *(("--settle", "0") if self.policy["endpoints"] == before else ())))

    def _change_module(self, _):
        self.module = another_module(self.folder) if self.module == places.MODULE else places.MODULE
        self.gateway.change(self.policy, module=self.module)

    def _change_certificate(self, number):
        """By turns that of the listener and the clouds' authority."""
        if number % 2:
            issued = self.certificates.issue(f"server-{number}", [x509.DNSName("localhost")])
            self._serve_certificate(*issued)
            serial = x509.load_pem_x509_certificate(issued[0].read_bytes()).serial_number
            until(lambda: self._seen() == serial, "the listener's new certificate", 10)
        else:
            updates = r"^cluster\..*azure-eastus2.*\.ssl_context_update_by_sds$"
            before = sum(self.gateway.stats(updates).values())
            replace(self.authority, f"{self.authority.read_text()}\n{self.certificates.ca_file.read_text()}")
            until(lambda: sum(self.gateway.stats(updates).values()) > before, "the clouds' other authority", 10)

    def _restart(self, _):
        self.restarted = time.monotonic()
        former = self.gateway.restart()
        code = until(lambda: former.poll() is not None and f"code {former.poll()}", "the end of the former Envoy", 30)
        assert code == "code 0"

    def _serve_certificate(self, certificate, key):
        for name, file in (("certificate_file", certificate), ("key_file", key)):
            replace(self.served[name], file.read_text())

    def _seen(self):
        with self.gateway.connect(tls=self.tls) as connection:
            return int(connection.sock.getpeercert()["serialNumber"], 16)


@pytest.mark.timeout(RUN.seconds * 3 + 60)
def test_no_request_is_lost_and_one_policy_decides_each(start_live, clouds, tmp_path):
    operator = Operator(start_live, clouds, tmp_path)
    kinds = RUN.changes()
    with make_load(operator, 1 - 1 / STREAMS, False) as whole, make_load(operator, 1 / STREAMS, True) as streams:
        began = time.monotonic()
        for number, kind in enumerate(kinds):
            time.sleep(max(0, began + RUN.seconds * number / len(kinds) - time.monotonic()))
            operator.make(kind)
        time.sleep(max(0, began + RUN.seconds - time.monotonic()))
        seconds, a_second = time.monotonic() - began, whole.a_second() + streams.a_second()
    outcomes = whole.outcomes + streams.outcomes
    took = ", ".join(f"{count} × {kind} ({operator.took[kind] / count:.1f} s each)" for kind, count in operator.done.items())
    print(f"{len(outcomes)} requests in {seconds:.0f} s, {a_second:.0f} a second, {len(streams.outcomes)} of them streams; "
          f"{took}; the slowest answer {max(outcome.seconds for outcome in outcomes):.1f} s")

    lost = [outcome for outcome in outcomes if not is_whole(outcome)]
    assert not lost, f"{len(lost)} of {len(outcomes)} lost: {lost[:5]}"
    identifiers = {outcome.answer["x-request-id"] for outcome in outcomes}
    lines = until(lambda: lines_of(identifiers, operator.gateway), "a line of the access logs for each request", 10)
    received = {}
    for record in clouds.records(OURS):
        received.setdefault(mark_of(record["body"]), []).append(record["host"])
    decided = Counter()
    for outcome in outcomes:
        record = lines[outcome.answer["x-request-id"]]
        decided[record["policy"]] += 1
        tokenless = "gcp-us:credential" in record.get("unfit", "")
        assert not tokenless or operator.restarted <= outcome.began <= operator.restarted + TOKENLESS, record
        expected = expect(outcome, operator.decides[record["policy"]], ["gcp-us"] if tokenless else [])
        found = (record["tries"], received[mark_of(outcome.asked)], outcome.answer.target)
        assert found == expected, f"{record}: not by this policy as a whole"
    assert set(decided) == set(operator.decides), "each policy has decided some"


def make_load(operator, share, stream):
    """Clients for this share of the requests."""
    rate = RUN.rate * share

    def question(name):
        refused = int(name.rsplit("-", 1)[1]) % REFUSED == 0
        text = f"{OURS} {REFUSALS if refused else ''} {SLOW if stream else ''}"
        return Question(text, MODEL, stream=stream).body

    # A stream takes half a second, and more on a busy machine; another request a few hundredths of one.
    threads = max(2, round(rate * (0.75 if stream else 0.04)))
    return Load(operator.gateway, question, threads=threads, rate=rate, tls=operator.tls)


def is_whole(outcome):
    if outcome.status != 200:
        return False
    events = outcome.answer.events
    return bool(outcome.answer.said) and (not outcome.asked.get("stream") or events[-1] == "[DONE]")


def lines_of(identifiers, gateway):
    """The fields of each one's record by its id, as soon as each has one; no request has two."""
    lines = [line for line in gateway.accesses() if line.get("request_id") in identifiers]
    assert len(lines) <= len(identifiers)
    found = {line["request_id"]: dict(word.split("=", 1) for word in line["record"].split(" ")) for line in lines}
    return found if len(found) == len(identifiers) else None


def mark_of(body):
    """By which the records of a request are found; `body` as a text, or as an object."""
    return re.search(r"#[0-9a-f]+-\d+\.", body if isinstance(body, str) else text_of(body))[0]


def text_of(body):
    return body["messages"][0]["content"]


def expect(outcome, decides, unfit):
    """What the access log, the clouds and the client have to say of a request that this policy decided."""
    refuse = REFUSING if REFUSALS in text_of(outcome.asked) else []
    plan = [(name, host) for name, host in zip(decides.names, decides.hosts) if name not in unfit]
    asked = plan[:2 if plan[0][0] in refuse else 1]
    statuses = [429, 200][-len(asked):]
    tries = ">".join(f"{name}:{status}" for (name, _), status in zip(asked, statuses))
    return tries, [host for _, host in asked], asked[-1][0]


def replace(file, text):
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
