#!/usr/bin/env python3
"""What a request costs Envoy: CPU time of its process, over four chains, or five.

  bare    Envoy, a router, a cluster
  native  the rendered configuration without the Wasm filters
  floor   the rendered configuration with a module that does nothing: what any filter of this design pays
  ours    the rendered configuration
  other   the same with the module that --against names: the build before a change beside the one after it

Each chain is an Envoy process of its own with one worker, fresh in every round: of two processes of the same chain
one may cost a tenth more for as long as it lives. All run at the same time and are loaded in turn, in slices of
less than a second, so that whatever else the machine does falls on all of them. A slice's CPU time is the process's
(all threads), read by the load generator at both ends of its timed part. The figures are medians: over the slices of
a round, then over the rounds; a ratio is taken from neighbouring slices before any median.

Writes a table to the terminal and bench.json to the build folder.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import chains  # noqa: E402
import report  # noqa: E402
from envoys import Envoy, Failed, Processes  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "bench"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "bench"
SECRETS = WORK / "secrets"
POLICY = WORK / "policy.yaml"

# The most that ours ÷ floor may be. A key may cost 3 % of json-700.
GOALS = {
    "headers": 1.25, "json-700": 1.36, "key-700": 1.40, "json-64k": 1.45, "sse-64": 1.10, "sse-paced": 1.10,
    "translated-json-700": 1.6, "translated-json-64k": 1.6, "translated-sse-64": 2.2, "tagged-sse-64": 1.10,
}
# Streamed answers take a tenth of a second each: the least seconds of a slice, so that it holds enough of them.
STREAMS = {"sse-64": 0.5, "sse-paced": 0.5, "translated-sse-64": 0.5, "tagged-sse-64": 0.5}
# Of 64 events so many have to come one by one. A translation has nothing for those of the Responses API before and after
# the text: 56 are left.
LEAST_CHUNKS = {"translated-sse-64": 52}
MODULE_GOAL = 600_000

CONNECTIONS = 16
# Seconds for each chain and case, before a round's timed slices.
WARM_UP = 1.5
TENANT = "acme"
# Cases whose policy is another one; they have Envoys of their own. In `keys` an API key names the tenant; in `sessions` a
# model speaks Responses alone, at two accounts.
POLICIES = {
    "keys": ("key-700",),
    "sessions": ("translated-json-700", "translated-json-64k", "translated-sse-64", "tagged-sse-64"),
}
SESSIONS_MODEL = "gpt-6.1-pro"
SESSIONS = f"""
  {SESSIONS_MODEL}:
    - {{endpoint: azure-eastus2, id: gpt61pro-prod, form: openai.responses, translate: true}}
    - {{endpoint: gcp-us, id: gpt-6.1-pro, form: openai.responses, translate: true}}
"""
# Every Envoy of a run has the variable (envoys.py).
TAG_KEYS = "\nsessions: {tag_keys: [MULTIHOME_TAG_KEY]}\n"

SECRET = """resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: {name}
    generic_secret: {{secret: {{inline_string: "0123456789abcdef0123456789abcdef0123456789abcdef0123"}}}}
"""


def main():
    options = arguments()
    running = Processes()
    try:
        bench(options, running)
    except (Failed, chains.Unexpected) as fault:
        print(f"\nbench: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: interrupted", file=sys.stderr)
        return 130
    finally:
        running.stop()
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--envoy", default=os.environ.get("ENVOY_PATH"), help="the Envoy binary; default $ENVOY_PATH, else the PATH's")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="timed seconds a chain, case and round")
    parser.add_argument("--slice", type=float, default=0.25, help="timed seconds before the next chain's turn")
    parser.add_argument("--case", action="append", choices=GOALS, help="only this case (repeatable)")
    parser.add_argument("--chains", default=",".join(chains.NAMES), help="only these, comma-separated")
    parser.add_argument("--against", type=pathlib.Path, help="another multihome.wasm, to be measured in the same run")
    parser.add_argument("--against-cli", type=pathlib.Path, help="the multihome that renders its configuration, if ours does not suit it")
    parser.add_argument("--module", type=pathlib.Path, help="a built multihome.wasm, instead of building it")
    parser.add_argument("--cli", type=pathlib.Path, help="a built multihome, instead of building it")
    options = parser.parse_args()
    options.cases = [name for name in GOALS if name in (options.case or GOALS)]
    options.chains = [name for name in chains.NAMES if name in options.chains.split(",")]
    if not options.against:
        options.chains = [name for name in options.chains if name != "other"]
    for given in ("module", "cli", "against", "against_cli"):
        path = getattr(options, given)
        if path and not path.is_file():
            parser.error(f"--{given.replace('_', '-')}: there is no file {path}")
    options.envoy = options.envoy or shutil.which("envoy")
    if not options.envoy:
        parser.error("no Envoy: give --envoy or ENVOY_PATH")
    return options


def bench(options, running):
    WORK.mkdir(parents=True, exist_ok=True)
    built = build(options)
    process = running.start([built["load"], "upstream", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, preexec_fn=yield_to_envoy)
    upstream = process.stdout.readline().strip()
    load = Load(built["load"], built["cli"])

    print(f"{options.rounds} rounds, {options.seconds:g} s a case and chain in slices of {options.slice:g} s; µs a request:", flush=True)
    measured = {case: [] for case in options.cases}
    memory = []
    for number in range(1, options.rounds + 1):
        for kind in (None, *POLICIES):
            cases = [case for case in options.cases if policy_of(case) == kind]
            if not cases:
                continue
            write_policy(upstream, kind, load.keys)
            envoys = start(options, built, upstream, running)
            for envoy in envoys:
                for case in cases:
                    load.prove(envoy, case)
            for case in cases:
                # V8 compiles what is hot; that is not counted.
                load.measure(envoys, case, WARM_UP, options.slice)
                values = load.measure(envoys, case, options.seconds, options.slice)
                measured[case].append(values)
                medians = "  ".join(f"{chain} {statistics.median(slices):.1f}" for chain, slices in values.items())
                print(f"  round {number}  {case:19} {medians}", flush=True)
            for envoy in envoys:
                envoy.prove_stats()
            if kind is None or len(cases) == len(options.cases):
                memory.append(report.memory({envoy.chain: envoy for envoy in envoys}))
            for envoy in envoys:
                running.end(envoy.process)

    found = report.summary(measured, memory, GOALS) | {
        "module_bytes": built["ours"].stat().st_size if "ours" in options.chains else None,
        "module_goal": MODULE_GOAL,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "slice": options.slice,
        "connections": CONNECTIONS,
        "workers": 1,
        "envoy": subprocess.run([options.envoy, "--version"], capture_output=True, text=True).stdout.strip(),
    }
    path = TARGET / "bench.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    report.table(found)
    print(f"written to {path}")


def yield_to_envoy():
    """For load and upstream: as batch jobs they do not preempt Envoy's worker at each of their wake-ups. In
    production they would be on other machines."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def build(options):
    """The modules and programs, by name."""
    def cargo(*words):
        print("cargo build " + " ".join(words), flush=True)
        if subprocess.run(["cargo", "build", *words], cwd=ROOT).returncode:
            raise Failed("the build failed")

    wasm = TARGET / "wasm32-wasip1" / "release"
    ours = [] if options.module else ["-p", "multihome"]
    cargo("--release", "--target", "wasm32-wasip1", "-p", "multihome-floor", *ours)
    cargo("--release", "-p", "multihome-load")
    if not options.cli:
        cargo("-p", "multihome-cli")
    cli = (options.cli or TARGET / "debug" / "multihome").resolve()
    return {
        "floor": wasm / "multihome_floor.wasm",
        "ours": (options.module or wasm / "multihome.wasm").resolve(),
        "other": options.against and options.against.resolve(),
        "load": TARGET / "release" / "multihome-load",
        "cli": cli,
        "other_cli": (options.against_cli or cli).resolve(),
    }


def policy_of(case):
    """Which of the other policies a case has, if any."""
    return next((kind for kind, cases in POLICIES.items() if case in cases), None)


def model_of(case):
    return SESSIONS_MODEL if policy_of(case) == "sessions" else "gpt-4o" if case == "headers" else "gpt-6.1-sol"


def write_policy(upstream, kind, keys):
    text = (HERE / "policy.yaml").read_text().replace("UPSTREAM", upstream)
    if kind == "keys":
        text = text.split("identity:")[0] + "identity: [{keys: {file: keys.json}}]\n"
        (WORK / "keys.json").write_text(json.dumps({"tenants": {TENANT: [keys[TENANT][1]]}}))
    if kind == "sessions":
        text = text.replace("\nmodels:\n", "\nmodels:" + SESSIONS, 1) + TAG_KEYS
    POLICY.write_text(text)


def start(options, built, upstream, running):
    """An Envoy for each chain, for the policy that is written."""
    # Before any Envoy of this round starts: one that reads a file while it is written has no secret.
    SECRETS.mkdir(exist_ok=True)
    for name in ("azure-key", "bedrock-key", "gcp-token"):
        (SECRETS / f"{name}.yaml").write_text(SECRET.format(name=name))
    edits = {
        "native": chains.native,
        "floor": lambda rendered: chains.floor(rendered, built["floor"]),
        "ours": chains.ours,
        "other": chains.ours,
    }
    envoys = []
    for chain in options.chains:
        listen, admin = free_address(), free_address()
        if chain == "bare":
            config = chains.bare(listen, admin, upstream)
        else:
            cli, module = ("other_cli", "other") if chain == "other" else ("cli", "ours")
            config = edits[chain](render(built[cli], built[module], POLICY, listen, admin))
        path = WORK / f"{chain}.json"
        path.write_text(json.dumps(config, indent=1))
        envoys.append(Envoy(chain, options.envoy, path, listen, admin, running))
    for envoy in envoys:
        envoy.await_ready()
    return envoys


def render(cli, module, policy, listen, admin):
    words = ["--wasm", module, "--listen", listen, "--admin", admin, "--sds-dir", SECRETS, "--format", "json"]
    done = subprocess.run([cli, "render", "envoy", policy, *words], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{cli} cannot render the policy:\n{done.stderr}")
    return json.loads(done.stdout)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Load:
    """The load generator. It checks the status and length of every answer."""

    def __init__(self, program, cli):
        self.program = program
        # By who has them: the key, and its line for the policy. The policy has that of one alone.
        self.keys = {name: self.new_key(cli) for name in (TENANT, "nobody")}

    @staticmethod
    def new_key(cli):
        made = subprocess.run([cli, "key", "new", TENANT, "--format", "json"], capture_output=True, text=True, check=True)
        made = json.loads(made.stdout)
        return made["key"], made["entry"]

    def measure(self, envoys, case, seconds, slice_seconds):
        """chain -> µs a request, one for each slice. Every other turn goes backwards, so that no chain
        always follows the same one."""
        slice_seconds = max(slice_seconds, STREAMS.get(case, 0))
        values = {envoy.chain: [] for envoy in envoys}
        for turn in range(max(1, round(seconds / slice_seconds))):
            for envoy in envoys if turn % 2 == 0 else reversed(envoys):
                values[envoy.chain].append(self.slice(envoy, case, slice_seconds))
        return values

    def slice(self, envoy, case, seconds):
        """µs a request. A slice in which the machine was too busy to show anything is measured again."""
        for _ in range(5):
            done = self.run(envoy, case, "--warm-up", 0.05, "--seconds", seconds, "--connections", CONNECTIONS)
            starved = done["requests"] < CONNECTIONS
            # Envoy sends on in one chunk what its filters saw in one callback: the events have to come one by one.
            joined = case in STREAMS and done["chunks_per_answer"] < LEAST_CHUNKS.get(case, 60)
            if not starved and not joined:
                return done["cpu_us_per_request"]
        if starved:
            raise Failed(f"{envoy.chain}, {case}: the machine is too busy: {done['requests']:.0f} requests in {seconds} s")
        print(f"  {envoy.chain}: only {done['chunks_per_answer']:.0f} of 64 events came one by one", flush=True)
        return done["cpu_us_per_request"]

    def run(self, envoy, case, *more):
        done = self.command("run", case, TENANT, "--target", envoy.listen, "--pid", envoy.pid, *more)
        if done.returncode:
            raise Failed(f"{envoy.chain}, {case}: {done.stderr.decode().strip()}")
        return json.loads(done.stdout)

    def prove(self, envoy, case):
        """Before anything is timed: the case is answered; and by Multihome only for a tenant, from Azure."""
        self.run(envoy, case, "--warm-up", 0, "--seconds", 0.1, "--connections", 1)
        if envoy.chain not in chains.MULTIHOME:
            return
        head = self.head(envoy, case, TENANT)
        for line in ("x-multihome-cloud: azure", "x-multihome-target: azure-eastus2", "x-multihome-attempts: 1"):
            if line not in head:
                raise Failed(f"{envoy.chain}, {case}: the answer lacks `{line}`:\n" + "\n".join(head))
        self.prove_content(envoy, case)
        head = self.head(envoy, case, "nobody")
        if not head[0].startswith("http/1.1 401"):
            raise Failed(f"{envoy.chain}, {case}: an unknown tenant was not refused:\n" + "\n".join(head))

    def prove_content(self, envoy, case):
        """What the case is named after was done: a Responses target's answer is a chat completion, ids have tags."""
        sign = {"translated": b'"chat.completion', "tagged": b'"resp_X'}.get(case.split("-")[0])
        if sign and sign not in (answer := self.read(envoy, case, TENANT, sign)):
            raise Failed(f"{envoy.chain}, {case}: the answer lacks {sign}:\n{answer}")

    def head(self, envoy, case, tenant):
        """The lines of the answer's head, in lower case."""
        answer = self.read(envoy, case, tenant, b"\r\n\r\n")
        return answer.split(b"\r\n\r\n")[0].decode("latin-1").lower().split("\r\n")

    def read(self, envoy, case, tenant, until):
        """An answer up to what is looked for, or what of it came in some seconds."""
        host, port = envoy.listen.split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(self.command("request", case, tenant).stdout)
            try:
                while until not in answer and (more := connection.recv(65536)):
                    answer += more
            except TimeoutError:
                pass
        return answer

    def who(self, case, tenant):
        return f"authorization: Bearer {self.keys[tenant][0]}" if policy_of(case) == "keys" else f"x-tenant-id: {tenant}"

    def command(self, word, case, tenant, *more):
        words = [self.program, word, "--case", case, "--model", model_of(case), "--header", self.who(case, tenant), *more]
        return subprocess.run([str(word) for word in words], capture_output=True, preexec_fn=yield_to_envoy)


if __name__ == "__main__":
    sys.exit(main())
