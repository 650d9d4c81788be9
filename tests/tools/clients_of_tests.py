#!/usr/bin/env python3
"""Makes target/clients hold what tests/e2e/clients/package-lock.json pins: SDKs of JavaScript, the Codex CLI, and a Node for them.

They want a newer Node than many systems have, so Node is one of the packages where there is one for this system.
"""

import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import places  # noqa: E402
from places import say  # noqa: E402

PACKAGES = ["package.json", "package-lock.json"]
# No package needs a script of its own, and none may run one here.
INSTALL = ["npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]


class NoClients(Exception):
    """They cannot be had, and why."""


def ensure():
    if installed():
        return
    if not shutil.which("npm"):
        raise NoClients("there is no npm on the PATH to install the clients of tests/e2e/clients with")
    say("Installing the tests' JavaScript clients into target/clients (280 MB to fetch, about 20 seconds) …")
    places.CLIENTS.mkdir(parents=True, exist_ok=True)
    stamp().unlink(missing_ok=True)
    for name in PACKAGES:
        shutil.copy(places.CLIENTS_SOURCE / name, places.CLIENTS / name)
    if code := subprocess.run(INSTALL, cwd=places.CLIENTS, stdout=sys.stderr).returncode:
        raise NoClients(f"npm cannot install the clients of tests/e2e/clients (exit code {code})")
    stamp().write_text(wanted())


def installed():
    return stamp().exists() and stamp().read_text() == wanted()


def node():
    """The Node that runs them: of the packages, or else the one on the PATH."""
    of_packages = places.CLIENTS.glob("node_modules/node-*/bin/node")
    return next(of_packages, None) or shutil.which("node")


def stamp():
    return places.CLIENTS / "installed.json"


def wanted():
    return "".join((places.CLIENTS_SOURCE / name).read_text() for name in PACKAGES)


if __name__ == "__main__":
    try:
        ensure()
    except NoClients as why:
        sys.exit(str(why))
