"""Starts the emulated clouds and Envoy, asks the telling questions, shows what went where and why.

With --stay it goes on serving until Ctrl-C or SIGTERM; without, it ends. Exits 0 only if every row of the table came
out as it has to. The standard library is all it needs.
"""

import argparse
import json
import os
import pathlib
import shlex
import signal
import socket
import string
import sys
import threading
import time

sys.dont_write_bytecode = True
E2E = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(E2E), str(E2E.parent / "tools")]
import bearer  # noqa: E402
import find_envoy  # noqa: E402
import own  # noqa: E402
import places  # noqa: E402
import trying  # noqa: E402
from harness import keys  # noqa: E402
from harness.clouds import Clouds  # noqa: E402
from harness.gateway import TAG_KEY, Gateway  # noqa: E402
from harness.process import Failed, Processes  # noqa: E402
from rows import INITECH, ROWS  # noqa: E402
from table import Table  # noqa: E402

POLICY = places.ROOT / "envoy" / "demo" / "policy.yaml"


def main():
    options = arguments()
    ended = threading.Event()
    # From here on a signal is an orderly end, wherever it arrives.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop(ended))
    try:
        with Processes() as processes:
            try:
                return demonstrate(processes, options)
            finally:
                ended.set()
    except (Failed, find_envoy.NoEnvoy) as failed:
        print(f"\n{failed}", file=sys.stderr)
        return 1
    except Stopped:
        print("\nStopped; nothing is left running.", file=sys.stderr)
        return 0 if options.stay else 130


def demonstrate(processes, options):
    envoy = find_envoy.find()
    for name, port in (("PORT", options.port), ("ADMIN_PORT", options.admin_port)):
        require_free(name, port)
    show = show_own if options.policy else show_ours
    gateway, clouds, asked, wrong = show(processes, envoy, options)
    addresses = write_addresses(gateway, clouds, options.folder)
    for fault in wrong:
        print(f"WRONG: {fault}", file=sys.stderr)

    if options.stay:
        print(trying.text(addresses, os.path.relpath(options.folder), asked), flush=True)
        parent = os.getppid()
        while True:
            time.sleep(0.5)
            if "MAKELEVEL" in os.environ and os.getppid() != parent:
                raise Stopped  # `make run` was killed, and nobody is there to press Ctrl-C.
            for name, process in (("Envoy", gateway.process), ("the emulated clouds", clouds.process)):
                if process.poll() is not None:
                    raise Failed(f"{name} ended with code {process.returncode}; see {options.folder}")
    return 1 if wrong else 0


def show_ours(processes, envoy, options):
    """The demo's policy and its rows."""
    clouds = Clouds(processes, options.folder / "clouds")
    values = {**{key: value for key, value in clouds.info.items() if isinstance(value, str)}, **clouds["credentials"]}
    key, entry = keys.new("acme")
    issuer, jwks = bearer.Issuer(), options.folder / "jwks.json"
    jwks.write_text(issuer.keys())
    credentials = {"key": key, "token": issuer.token("initech", json.loads(INITECH))}
    policy = string.Template(POLICY.read_text()).substitute(values, acme_key_sha256=entry["sha256"], jwks=jwks.resolve())
    gateway = start(processes, envoy, clouds, options, policy)
    print(f"Envoy serves at http://{gateway.addresses['default']} what {POLICY.relative_to(places.ROOT)} says.\n", flush=True)
    # The tokens of Google and of Entra ID are fetched after the start.
    gateway.await_serving(tenant="thrifty", model="gpt-oss-120b")
    gateway.await_serving(tenant="contoso-eu")

    table, wrong = Table(ROWS), []
    for row in ROWS:
        answer = gateway.ask(**row.question(credentials))
        faults = row.faults(answer)
        table.row(row, answer, not faults)
        wrong += [f"{row.tenant}, {row.shown}: {fault}" for fault in faults]
    print(f"\n{len(ROWS) - len(wrong)} of {len(ROWS)} rows as they have to be.", flush=True)
    return gateway, clouds, trying.Asked(), wrong


def show_own(processes, envoy, options):
    """Somebody's own policy: each tenant, model and API, as `explain` says what becomes of it."""
    policy = own.read(options.policy)
    clouds = Clouds(processes, options.folder / "clouds", own.model_ids(policy))
    policy, secrets = own.on_clouds(policy, clouds)
    gateway = start(processes, envoy, clouds, options, policy, secrets=secrets)
    print(own.EMULATED.format(file=options.policy))
    print(f"Envoy serves at http://{gateway.addresses['default']}.\n", flush=True)
    cells = own.matrix(options.folder / "policy.yaml")
    header = own.header_source(policy).get("header", "x-tenant-id")
    rows = own.OwnRows(gateway, cells, header)
    wrong = rows.show()
    print(f"\n{len(rows.cells) - len(wrong)} of {len(rows.cells)} requests as `multihome explain` says.", flush=True)
    return gateway, clouds, trying.Asked.of(cells, header, policy["endpoints"]), wrong


def start(processes, envoy, clouds, options, policy, **more):
    environment = {**clouds.aws_environment(), **TAG_KEY}
    # For who runs Envoy by hand: its signer takes AWS's credentials from there, and the module the key of tags. Made up, as
    # all are.
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "environment").write_text("".join(lines))
    return Gateway(
        processes, options.folder, envoy, policy, clouds, listeners={"default": f"127.0.0.1:{options.port}"},
        admin=f"127.0.0.1:{options.admin_port}", environment=environment, **more)


def require_free(name, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failed(f"{name} {port} cannot be had ({error.strerror}): choose another, or none for a free one") from None


def write_addresses(gateway, clouds, folder):
    """Every address of this run, for people and programs."""
    at = f"http://{gateway.addresses['default']}"
    addresses = {
        "gateway": at, "openai_base_url": f"{at}/v1", "azure_endpoint": at, "envoy_admin": f"http://{gateway.admin}",
        "clouds_admin": f"http://{clouds['admin']}",
        "clouds": {name: address for name, address in clouds.info.items() if name not in ("ca_file", "credentials")},
        "ca_file": clouds["ca_file"],
        "processes": {"envoy": gateway.process.pid, "clouds": clouds.process.pid, "run": os.getpid()},
    }
    (folder / "addresses.json").write_text(json.dumps(addresses, indent=2) + "\n")
    return addresses


class Stopped(Exception):
    """A signal asked for the end."""


def stop(ended):
    # Once the end has begun, a signal must not interrupt it.
    if not ended.is_set():
        ended.set()
        raise Stopped


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--stay", action="store_true", help="serve until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="the gateway's port on the loopback (default: a free one)")
    parser.add_argument("--admin-port", type=int, default=0, help="Envoy's admin port (default: a free one)")
    parser.add_argument("--folder", type=pathlib.Path, default=places.RUN, help="where its files go (default: target/run)")
    parser.add_argument("--policy", type=pathlib.Path, help="a policy of your own, on the emulated clouds")
    options = parser.parse_args()
    # Envoy runs in that folder, and names there are relative to it.
    options.folder = options.folder.resolve()
    return options


if __name__ == "__main__":
    sys.exit(main())
