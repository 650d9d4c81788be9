"""API keys, as `multihome key new` makes them."""

import hashlib
import json
import subprocess
import time
import zlib

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


DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def nearly(key, place):
    """The key with another letter at that place of its secret, and the check digits that fit."""
    start, end = len("mh-"), len(key) - 6
    secret = list(key[:end])
    secret[range(start, end)[place]] = DIGITS[(DIGITS.index(secret[range(start, end)[place]]) + 1) % 62]
    checked, check = "".join(secret), ""
    left = zlib.crc32(checked.encode())
    for _ in range(6):
        left, last = divmod(left, 62)
        check += DIGITS[last]
    return checked + check
