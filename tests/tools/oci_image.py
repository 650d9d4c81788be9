"""The module as an OCI image, in the layout of a folder and as an archive of it.

One layer with the file `plugin.wasm`, as Istio's WasmPlugin takes it ("compat" variant of solo.io's and Istio's image
specification for Wasm) and as Kubernetes mounts it (a volume of kind `image`). It has a name for each machine's
architecture, since a node refuses an image that is not for it; the layer is the same.
"""

import hashlib
import io
import json
import struct
import tarfile
import zlib

FILE = "plugin.wasm"
ARCHITECTURES = ["amd64", "arm64"]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

# Of every file in it, and of the image: what is built from the same sources has the same digest.
TIME = 0


class Image:
    """Blobs by their digests, and the index that holds them together."""

    def __init__(self, version):
        self.version, self.blobs = version, {}

    def add(self, media_type, blob):
        """Takes a blob in, and gives what refers to it."""
        digest = digest_of(blob)
        self.blobs[digest] = blob
        return {"mediaType": media_type, "digest": digest, "size": len(blob)}

    def write_folder(self, folder):
        for path, content in self.files():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)

    def write_archive(self, path):
        path.write_bytes(tar(self.files()))

    def files(self):
        yield "oci-layout", encode({"imageLayoutVersion": "1.0.0"})
        named = {**self.index, "annotations": {"org.opencontainers.image.ref.name": self.version}}
        yield "index.json", encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]})
        for digest, blob in sorted(self.blobs.items()):
            yield f"blobs/{digest.replace(':', '/')}", blob


def of(module, version):
    image = Image(version)
    content = tar([(FILE, module)])
    layer = image.add(LAYER, gzip(content))
    about = {
        "org.opencontainers.image.title": "multihome",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    manifests = []
    for architecture in ARCHITECTURES:
        platform = {"architecture": architecture, "os": "linux"}
        rootfs = {"type": "layers", "diff_ids": [digest_of(content)]}
        config = image.add(CONFIG, encode({**platform, "config": {}, "rootfs": rootfs}))
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer], "annotations": about}
        manifests.append({**image.add(MANIFEST, encode(manifest)), "platform": platform})
    image.index = image.add(INDEX, encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": about}))
    return image


def digest_of(blob):
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()


def tar(files):
    """Files that anyone may read, with nothing of the machine on which they were packed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in files:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(content), 0o444, TIME
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


# The most that one stored block holds (RFC 1951, 3.2.4).
BLOCK = 0xFFFF


def gzip(content):
    """The form that the layer's type asks for (RFC 1952), its blocks stored as they are: each release of zlib
    compresses a little differently, and the digest would tell on which machine it was made."""
    blocks = []
    for start in range(0, len(content), BLOCK):
        block = content[start:start + BLOCK]
        last = start + BLOCK >= len(content)
        blocks += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    # No name, no time, an unknown system.
    head = b"\x1f\x8b\x08\x00" + struct.pack("<I", TIME) + b"\x00\xff"
    return head + b"".join(blocks) + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
