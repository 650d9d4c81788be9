"""API keys, as `multihome key new` makes them."""

import hashlib
import json
import subprocess
import time

import places


def new(tenant, *options):
    """A key, and its entry for the policy."""
    made = subprocess.run([places.CLI, "key", "new", tenant, *options, "--format", "json"], capture_output=True, text=True, check=True)
    made = json.loads(made.stdout)
    return made["key"], made["entry"]


def digest(key):
    """What stands in a file for a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def at(seconds):
    """A time so many seconds from now, as `expires` has it."""
    return written(time.time() + seconds)


def written(seconds):
    """The same of seconds since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
