"""The Envoy processes of a run: started, asked for their statistics and memory, ended."""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request


class Failed(Exception):
    """The run cannot go on, and why."""


class Processes:
    """What this run has started, and ends."""

    def __init__(self):
        self.all = []

    def start(self, command, **kwargs):
        process = subprocess.Popen([str(word) for word in command], **kwargs)
        self.all.append(process)
        return process

    def stop(self):
        for process in self.all:
            process.send_signal(signal.SIGTERM)
        for process in list(self.all):
            self.end(process)

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.all.remove(process)


class Envoy:
    """One chain: an Envoy with one worker."""

    def __init__(self, chain, binary, config, listen, admin, running):
        self.chain, self.listen, self.admin = chain, listen, admin
        self.log = config.with_suffix(".log")
        # The rendered access log goes to standard output: it is written, and read by nobody.
        self.process = running.start(
            [binary, "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"],
            stdout=subprocess.DEVNULL, stderr=self.log.open("w"), cwd=config.parent,
            env={**os.environ, "MULTIHOME_TAG_KEY": "a key of the benchmark alone, and no secret"})

    @property
    def pid(self):
        return self.process.pid

    def await_ready(self):
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                if self.get("/ready").strip() == "LIVE":
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Failed(f"{self.chain}: Envoy did not start, see {self.log}")

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=5) as answer:
            return answer.read().decode()

    def stats(self, pattern):
        """name -> value of the counters and gauges whose names match."""
        stats = json.loads(self.get(f"/stats?format=json&filter={pattern}"))["stats"]
        return {stat["name"]: stat["value"] for stat in stats if "value" in stat}

    def memory(self):
        """Bytes of anonymous memory: what the process has written, not the pages of Envoy's own binary."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
        raise Failed("smaps_rollup names no anonymous memory")

    def linear_memories(self):
        """Bytes of each VM's linear memory. V8 reserves gigabytes of inaccessible addresses after each, so that it
        can leave out bounds checks: the readable mapping before such a one is a linear memory."""
        sizes = []
        before = (0, 0, "")
        for line in pathlib.Path(f"/proc/{self.pid}/maps").read_text().splitlines():
            span, access = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            if access == "---p" and end - start > 1 << 32 and before[1] == start and before[2] == "rw-p":
                sizes.append(before[1] - before[0])
            before = (start, end, access)
        return sizes

    def prove_stats(self):
        """The chain did what its name says, for every request that was measured."""
        retries = sum(self.stats("upstream_rq_retry$").values())
        if retries:
            raise Failed(f"{self.chain}: {retries} requests were retried")
        if self.chain != "bare" and not sum(self.stats("credential_injector.*injected").values()):
            raise Failed(f"{self.chain}: no credential was injected")
        if self.chain not in ("bare", "native") and not sum(self.stats("wasm.*active").values()):
            raise Failed(f"{self.chain}: no Wasm VM is active")
