"""What `make dist` has put into target/dist: each file is what its reader expects. That it comes out the same in another
folder, the stage `dist` of `make test` shows."""

import gzip
import hashlib
import io
import json
import struct
import subprocess
import tarfile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import places

DIST = places.TARGET / "dist"
MODULE, TOOL = "multihome.wasm", "multihome-x86_64-unknown-linux-musl"

# What was made of older sources may not understand what the tool renders now.
OF_NOW = (DIST / "SHA256SUMS").exists() and (DIST / "SHA256SUMS").stat().st_mtime > places.MODULE.stat().st_mtime
pytestmark = pytest.mark.skipif(not OF_NOW, reason="`make dist` has not been run since the last build")


def read_sums():
    return dict(reversed(line.split("  ")) for line in (DIST / "SHA256SUMS").read_text().splitlines())


def test_the_checksums_are_of_all_files():
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=DIST, check=True)
    files = {file.name for file in DIST.iterdir() if file.is_file()}
    assert read_sums().keys() == files - {"SHA256SUMS"}


def test_the_tool_needs_nothing_of_the_machine(tmp_path):
    binary = (DIST / TOOL).read_bytes()
    [headers, size, count] = struct.unpack_from("<Q", binary, 32) + struct.unpack_from("<HH", binary, 54)
    kinds = {struct.unpack_from("<I", binary, headers + size * number)[0] for number in range(count)}
    interpreter = 3
    assert binary.startswith(b"\x7fELF") and interpreter not in kinds, "it is linked with libraries"
    policy = places.ROOT / "envoy" / "policy.yaml"
    asked = subprocess.run([DIST / TOOL, "check", policy], env={}, cwd=tmp_path, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize("name", [MODULE, TOOL])
def test_nothing_tells_where_it_was_built(name):
    content = (DIST / name).read_bytes()
    for folder in (str(places.ROOT), "/.cargo/registry", "/home/"):
        assert folder.encode() not in content, folder


def test_the_module_is_built_as_the_project_builds_it():
    """Flags that are added must not take the place of the project's own: without SIMD the body scanner is slow."""
    constants = (DIST / MODULE).read_bytes().count(b"\xfd\x0c")
    assert constants > 50, "hardly a `v128.const` in it"


def test_the_module_serves(policy, start_gateway):
    assert start_gateway(policy, module=DIST / MODULE).ask("hi [[azure 429]]").tried == ["azure", "aws"]


@pytest.mark.parametrize("name, package, target", [
    (MODULE, "multihome", "wasm32-wasip1"),
    (TOOL, "multihome-cli", "x86_64-unknown-linux-musl"),
])
def test_the_bill_is_complete_and_right(name, package, target):
    text = (DIST / f"{name}.cdx.json").read_text()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    bill = json.loads(text)
    described = bill["metadata"]["component"]
    assert described["hashes"] == [{"alg": "SHA-256", "content": read_sums()[name]}]
    components = {component["name"]: component for component in bill["components"]}
    # What the panics in it name was linked into it: a crate that the bill leaves out is found by its source's path.
    named = set(named_crates((DIST / name).read_bytes()))
    assert len(named) > 2 and named <= components.keys(), named - components.keys()
    assert "proc-macro2" not in components and "multihome-core" in components
    for component in bill["components"]:
        own = component["name"].startswith("multihome")
        assert own or component["name"] == "rust-std" or component["hashes"], component
        assert component["licenses"], component
    references = {described["bom-ref"], *(component["bom-ref"] for component in bill["components"])}
    assert {edge["ref"] for edge in bill["dependencies"]} == references
    assert all(to in references for edge in bill["dependencies"] for to in edge.get("dependsOn", []))


def named_crates(content):
    """From `/crates/memchr-2.8.3/src/…`."""
    for piece in content.split(b"/crates/")[1:]:
        folder = piece.split(b"/")[0].decode(errors="replace")
        yield folder.rsplit("-", 1)[0]


def test_the_image_holds_the_module():
    """By the OCI image specification, with nothing but the standard library; tests/istio reads it with others' programs."""
    with tarfile.open(DIST / "multihome-oci.tar") as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}
    beside = {path.relative_to(DIST / "oci").as_posix(): path.read_bytes() for path in (DIST / "oci").rglob("*") if path.is_file()}
    assert files == beside
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}

    def blob(descriptor):
        content = files[f"blobs/{descriptor['digest'].replace(':', '/')}"]
        assert (descriptor["digest"], descriptor["size"]) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
        return content

    [outer] = json.loads(files["index.json"])["manifests"]
    manifests = json.loads(blob(outer))["manifests"]
    assert [each["platform"] for each in manifests] == [{"architecture": name, "os": "linux"} for name in ("amd64", "arm64")]
    for each in manifests:
        manifest = json.loads(blob(each))
        config, [layer] = json.loads(blob(manifest["config"])), manifest["layers"]
        assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
        content = gzip.decompress(blob(layer))
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
        assert config["architecture"] == each["platform"]["architecture"]
        with tarfile.open(fileobj=io.BytesIO(content)) as inner:
            [entry] = inner.getmembers()
            assert (entry.name, entry.mode, entry.mtime, entry.uid) == ("plugin.wasm", 0o444, 0, 0)
            assert inner.extractfile(entry).read() == (DIST / MODULE).read_bytes()
