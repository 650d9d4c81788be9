#!/usr/bin/env python3
"""Makes target/dist: what is installed, with checksums, bills of materials and an OCI image of the module.

The same sources give the same bytes, in whatever folder and on whatever day they are built: no path, no time and no
order of a file system gets into a file. `dist.py --into FOLDER` writes elsewhere.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

sys.dont_write_bytecode = True
import oci_image  # noqa: E402
import places  # noqa: E402
import sbom  # noqa: E402
from places import say  # noqa: E402

MODULE_TARGET, TOOL_TARGET = "wasm32-wasip1", "x86_64-unknown-linux-musl"
# A folder of its own: cargo would build everything anew at each change between these flags and those of `make build`.
BUILT = places.BUILD / "for-dist"


def main(into):
    version = tomllib.loads((places.ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    build()
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)

    module, tool = into / "multihome.wasm", into / f"multihome-{TOOL_TARGET}"
    shutil.copyfile(BUILT / MODULE_TARGET / "release" / "multihome.wasm", module)
    shutil.copy(BUILT / TOOL_TARGET / "release" / "multihome", tool)
    for package, target, file in (("multihome", MODULE_TARGET, module), ("multihome-cli", TOOL_TARGET, tool)):
        bill = into / f"{file.name}.cdx.json"
        bill.write_text(sbom.of(package, target, file))
    image = oci_image.of(module.read_bytes(), version)
    image.write_folder(into / "oci")
    image.write_archive(into / "multihome-oci.tar")

    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(into.iterdir()) if file.is_file()]
    (into / "SHA256SUMS").write_text("".join(sums))
    say(f"{into}:")
    sys.stdout.write("".join(sums))
    print(f"OCI image of the module: {image.index['digest']}")


def build():
    # Flags of this environment would take the place of the project's own; and incremental builds cut a crate into other
    # units than a build from nothing.
    left_out = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | {"CARGO_INCREMENTAL": "0"}
    for package, target in (("multihome", MODULE_TARGET), ("multihome-cli", TOOL_TARGET)):
        command = ["cargo", "build", "--locked", "--release", "--target-dir", str(BUILT), "--package", package, "--target", target]
        say("$ " + " ".join(command).replace(f"{places.ROOT}/", ""))
        # Cargo adds this to what .cargo/config.toml has for the target. JSON's lists of strings are TOML's.
        added = ["--config", f"target.{target}.rustflags={json.dumps(flags())}"]
        subprocess.run([*command, *added], cwd=places.ROOT, env=environment, check=True)


def flags():
    """Panics name the source that they stand in: without the folders that it lay in."""
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    # The last one that fits holds: a registry inside the project's folder is the registry all the same.
    sources = [(places.ROOT, "/multihome"), *((index, "/crates") for index in sorted((home / "registry" / "src").glob("*")))]
    return [f"--remap-path-prefix={folder}={name}" for folder, name in sources]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--into", type=pathlib.Path, default=places.TARGET / "dist")
    try:
        main(arguments.parse_args().into.resolve())
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{failed.cmd[0]} failed (exit code {failed.returncode})")
