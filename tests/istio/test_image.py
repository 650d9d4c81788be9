"""The OCI image that `make dist` makes, as those read it who install it: the library that crane is made of holds every blob
against its digest and pushes the image to a registry, and the agent of Istio's proxies fetches the module from there."""

import hashlib
import shutil
import subprocess

import pytest

import places

DIST = places.TARGET / "dist"

pytestmark = pytest.mark.skipif(not DIST.exists(), reason="`make dist` has not been run")


def fetch(layout):
    return subprocess.run([places.ISTIO, "image", layout], capture_output=True, text=True)


def test_a_wasm_plugin_fetches_the_module(istio):
    fetched = fetch(DIST / "oci")
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.split()[-1] == hashlib.sha256((DIST / "multihome.wasm").read_bytes()).hexdigest()


def test_a_spoiled_image_is_refused(istio, tmp_path):
    spoiled = tmp_path / "oci"
    shutil.copytree(DIST / "oci", spoiled)
    layer = max((spoiled / "blobs" / "sha256").iterdir(), key=lambda blob: blob.stat().st_size)
    content = bytearray(layer.read_bytes())
    content[5000] ^= 1
    layer.write_bytes(content)
    fetched = fetch(spoiled)
    assert fetched.returncode != 0 and "validat" in fetched.stderr
