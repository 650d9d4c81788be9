"""What is installed, built twice: here, and from a copy of the sources in another folder. What it is, tests/e2e/test_dist.py
looks at."""

import os
import pathlib
import shutil
import subprocess
import sys

import places
from counts import Counts
from places import say

KIND = "what is installed, built in two folders"
# A blank in it: a folder's name must not fall apart in the flags of the compiler.
ELSEWHERE = places.TARGET / "for-dist elsewhere"


def stage():
    counts = Counts()
    shutil.rmtree(ELSEWHERE, ignore_errors=True)
    copy_sources(ELSEWHERE)
    try:
        here, there = (build(root) for root in (places.ROOT, ELSEWHERE))
    except subprocess.CalledProcessError as failed:
        return counts.add(KIND, False, note=f"{failed.cmd[-1]} ended with code {failed.returncode}")
    for name in sorted(here.keys() | there.keys()):
        counts.add(KIND, here.get(name) == there.get(name), note=None if here.get(name) == there.get(name) else f"{name} differs")
    shutil.rmtree(ELSEWHERE)
    return counts


def copy_sources(folder):
    """What git knows and has not lost, as it lies here now."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=places.ROOT,
                            check=True, capture_output=True, text=True).stdout
    for path in filter(None, listed.split("\0")):
        if (places.ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(places.ROOT / path, folder / path)


def build(root):
    """By the tool of that folder, into that folder; gives the checksums by name."""
    say(f"$ python3 tests/tools/dist.py  (in {root})")
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"} if root != places.ROOT else os.environ
    subprocess.run([sys.executable, "tests/tools/dist.py"], cwd=root, env=environment, check=True, stdout=sys.stderr)
    folder = pathlib.Path(root) / "target" / "dist"
    digest = (folder / "oci" / "index.json").read_text()
    sums = (line.split() for line in (folder / "SHA256SUMS").read_text().splitlines())
    return {"the image's index": digest, **{name: checksum for checksum, name in sums}}
