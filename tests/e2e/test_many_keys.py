"""A hundred thousand API keys in one Envoy: a request costs what it costs with ten, and nothing else is out of proportion."""

import hashlib
import json
import pathlib
import resource
import statistics
import subprocess
import time

import pytest

import places
from harness import policies
from harness.gateway import Question
from harness.live import LiveGateway
from harness.load import Load

FEW, MANY = 10, 100_000
# So often both are asked in turn, so many requests each time.
SLICES, REQUESTS = 9, 120


def key(number):
    return f"a-key-of-somebody's-own-{number}"


def entry(number):
    return {"sha256": hashlib.sha256(key(number).encode()).hexdigest()}


class Holding:
    """A live gateway of one worker with so many keys, and what it took to get there."""

    def __init__(self, count, processes, folder, envoy, clouds):
        self.count, self.folder, self.clouds = count, folder, clouds
        folder.mkdir()
        self.policy = policies.base(clouds)
        self.policy["identity"] = [{"keys": {"file": "keys.json"}}]
        self.hold(count)
        began = time.monotonic()
        self.gateway = LiveGateway(processes, folder, envoy, self.policy, clouds, concurrency=1,
                                   secrets={**clouds.secrets(), "google-token": clouds.google_token()})
        self.started = time.monotonic() - began
        self.process = pathlib.Path(f"/proc/{self.gateway.process.pid}")
        self.megabytes = self.memory()

    def hold(self, count):
        (self.folder / "keys.json").write_text(json.dumps({"tenants": {"acme": [entry(number) for number in range(count)]}}))

    def ask(self, number):
        return self.gateway.ask(headers=[("api-key", key(number))], tenant=None)

    def memory(self):
        [line] = [line for line in (self.process / "status").read_text().split("\n") if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

    def seconds(self):
        """CPU time of all threads."""
        return sum(int(task.read_text().split()[0]) for task in self.process.glob("task/*/schedstat")) / 1e9

    def cost(self):
        """Of a request of one after the other of the keys, in microseconds of CPU."""
        before = self.seconds()
        for number in range(REQUESTS):
            answer = self.ask(number * 9_973 % self.count)
            assert answer.status == 200, answer
        return (self.seconds() - before) / REQUESTS * 1e6

    def tool(self, *words):
        """The CPU time that the tool takes for its policy, in seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run([places.CLI, *words], capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


@pytest.fixture(scope="module")
def both(processes, the_clouds, envoy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    holding = [Holding(count, processes, folder / str(count), envoy, the_clouds) for count in (FEW, MANY)]
    yield holding
    for each in holding:
        each.gateway.stop()


@pytest.mark.timeout(180)
def test_a_request_costs_what_it_costs_with_ten(both, clouds):
    few, many = both
    for each in both:
        each.cost()
    seen = []
    # Noise is not the same twice; a difference that the keys make is.
    for _ in range(4):
        costs = [(few.cost(), many.cost()) for _ in range(SLICES)]
        seen.append(statistics.median(many / few for few, many in costs))
        if seen[-1] < 1.1:
            break
    print(f"µs of CPU by request: {[round(statistics.median(each)) for each in zip(*costs)]}, as ratios {seen}")
    assert seen[-1] < 1.1, seen
    print(f"start, with `render`: {few.started:.1f} s and {many.started:.1f} s; memory: {few.megabytes:.0f} and {many.megabytes:.0f} MB")
    assert many.megabytes - few.megabytes < 400
    refused = many.ask(MANY)
    assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")


def test_the_tool_reads_and_prints_them_in_proportion(both):
    """Each step of `render` that looks at a whole policy again shows here."""
    _, many = both
    check = many.tool("check", "policy.yaml")
    words = ["render", "envoy", "policy.yaml", "--wasm", places.MODULE, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
             "--sds-dir", "secrets", "--ca-file", many.clouds["ca_file"]]
    took = {form: many.tool(*words, "--format", form) for form in ("yaml", "json")}
    print(f"seconds of CPU: check {check:.2f}, render {took}")
    assert max(took.values()) < 6 * check + 0.5


@pytest.mark.timeout(120)
def test_one_key_more_is_applied_under_load_without_a_loss(both, clouds):
    _, many = both
    began = time.monotonic()
    with Load(many.gateway, lambda name: Question("hi").body, tenant=None, headers=lambda name: [("api-key", key(7))]) as load:
        load.await_more(20)
        many.hold(MANY + 1)
        many.gateway.change(many.policy, "--settle", "0")
        took = time.monotonic() - began
        assert many.ask(MANY).status == 200
        load.await_more(20)
    assert load.lost() == [], load.lost()[:3]
    slowest = max(outcome.seconds for outcome in load.outcomes)
    print(f"{took:.1f} s; {len(load.outcomes)} requests, the slowest {slowest:.2f} s; memory {many.memory():.0f} MB")
