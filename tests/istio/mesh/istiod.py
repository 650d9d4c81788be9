"""istiod's own push code as a process, and istioctl's commands; see ../main.go."""

import os
import subprocess

import places
from harness.process import Failed

# What istiod puts into an Envoy of Istio's, and a stock one does not have; istiod reads it when it starts.
STOCK_ENVOY = {
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_TELEMETRY_LABEL": "false",
}
# The agent's socket for certificates, below the folder in which istiod and Envoy run.
CERTIFICATES_SOCKET = "var/run/secrets/workload-spiffe-uds/socket"


class Istiod:
    """Serves the manifests of `files` (names and texts) at `address`. `kubernetes`: text of objects of Kubernetes' own;
    `certificates`: a folder with the gateway's certificate in the mesh."""

    def __init__(self, processes, directory, files, kubernetes=None, certificates=None):
        self.directory, self.log = directory, directory / "istiod.log"
        self._write(files)
        words = [directory / f"{name}.yaml" for name in files]
        if kubernetes:
            (directory / "kubernetes.yml").write_text(kubernetes)
            words += ["--kubernetes", directory / "kubernetes.yml"]
        if certificates:
            words += ["--certificates", certificates]
        with self.log.open("wb") as log:
            self.process = processes.start([places.ISTIO, "serve", *words], cwd=directory, text=True,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                           env={**os.environ, **STOCK_ENVOY})
        self.address = self._told("serving ")

    def apply(self, **files):
        """Replaces some of the manifests, as `kubectl apply` would; says what istiod's store made of it."""
        self._write(files)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._told("applied: ")

    def _write(self, files):
        for name, text in files.items():
            (self.directory / f"{name}.yaml").write_text(text)

    def _told(self, word):
        line = self.process.stdout.readline().strip()
        if not line.startswith(word):
            raise Failed(f"istiod says {line!r}, not {word!r}; {self.log} says:\n{self.log.read_text(errors='replace')[-3000:]}")
        return line.removeprefix(word)


def istioctl(*words):
    """`istioctl` with these words, without a cluster: its exit code and all that it says."""
    # Without a home of its own it would ask the cluster of the person who runs it.
    alone = {**os.environ, "KUBECONFIG": "/dev/null"}
    asked = subprocess.run([places.ISTIO, *words], capture_output=True, text=True, env=alone)
    return asked.returncode, asked.stdout + asked.stderr
