"""A bill of materials (CycloneDX 1.6, JSON) of what cargo built: every crate that is linked into it, from cargo itself.

Crates that only run while it is built (macros, build scripts) and those of tests are none of it.
"""

import hashlib
import json
import re
import subprocess
import tomllib
import uuid

import places

# The name space of every serial number here; the number itself follows from the file that is described.
SPACE = uuid.UUID("5d0f6a52-6f0a-5e0e-9a43-1f6d2f0a7c11")


def of(package, target, file):
    """The bill of `file`, which is `package` built for `target`, as text."""
    content = file.read_bytes()
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))
    packages = {found["id"]: found for found in metadata["packages"]}
    linked = linked_into(package, target)
    chosen = {identity: found for identity, found in packages.items() if (found["name"], found["version"]) in linked}
    checksums = checksums_of_the_lock()
    [root] = [found for found in chosen.values() if found["name"] == package]

    def component(found):
        kind = "application" if found is root else "library"
        entry = {"type": kind, "bom-ref": reference(found), "name": found["name"], "version": found["version"]}
        if found["description"]:
            entry["description"] = " ".join(found["description"].split())
        if checksum := checksums.get((found["name"], found["version"])):
            entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if found["license"]:
            # `MIT/Apache-2.0` is how crates wrote it before SPDX had a word for it.
            entry["licenses"] = [{"expression": found["license"].replace("/", " OR ")}]
        entry["purl"] = reference(found)
        if found["repository"]:
            entry["externalReferences"] = [{"type": "vcs", "url": found["repository"]}]
        return entry

    standard = {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": rust_version(),
                "description": "The Rust standard library", "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    digest = hashlib.sha256(content).hexdigest()
    described = {**component(root), "name": file.name, "hashes": [{"alg": "SHA-256", "content": digest}]}
    libraries = sorted((found for found in chosen.values() if found is not root), key=reference)
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, digest)}",
        "version": 1,
        "metadata": {"component": described},
        "components": [*map(component, libraries), standard],
        "dependencies": [*edges(metadata, chosen), {"ref": "rust-std"}],
    }
    return json.dumps(bill, indent=2) + "\n"


def linked_into(package, target):
    """Names and versions, as cargo resolves the features of this package alone."""
    tree = cargo("tree", "--package", package, "--target", target, "--edges", "normal,no-proc-macro",
                 "--prefix", "none", "--format", "{p}")
    return {(name, version) for name, version in re.findall(r"^(\S+) v(\S+)", tree, re.MULTILINE)}


def edges(metadata, chosen):
    found = []
    for node in metadata["resolve"]["nodes"]:
        if node["id"] in chosen:
            normal = (to["pkg"] for to in node["deps"] if any(kind["kind"] is None for kind in to["dep_kinds"]))
            below = sorted(reference(chosen[identity]) for identity in normal if identity in chosen)
            found.append({"ref": reference(chosen[node["id"]]), "dependsOn": [*below, "rust-std"]})
    return sorted(found, key=lambda edge: edge["ref"])


def reference(found):
    return f"pkg:cargo/{found['name']}@{found['version']}"


def checksums_of_the_lock():
    lock = tomllib.loads((places.ROOT / "Cargo.lock").read_text())
    return {(found["name"], found["version"]): found["checksum"] for found in lock["package"] if "checksum" in found}


def rust_version():
    return tomllib.loads((places.ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]


def cargo(*arguments):
    command, *rest = arguments
    return subprocess.run(["cargo", command, "--locked", *rest], cwd=places.ROOT, check=True, capture_output=True, text=True).stdout
