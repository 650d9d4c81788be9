"""An Envoy that watches its files: policy, endpoints, listeners and module change while it serves."""

import json
import shutil
import subprocess

import places

from .gateway import Gateway, render_command
from .process import Failed


class LiveGateway(Gateway):
    """A gateway whose folder `render envoy --out` writes. `change` renders into it and applies, as an operator does."""

    def _configure(self, policy, module, listeners, admin, ca_file, options, edit):
        assert edit is None, "what Envoy watches is not edited by hand"
        self.folder = self.directory / "multihome"
        self.told = {"module": module, "listeners": listeners, "admin": admin, "ca_file": ca_file, "options": options}
        self.stage(policy)
        return self.folder / "bootstrap.yaml"

    def stage(self, policy, **told):
        """Renders another policy, or the same with other options (`module=`, `listeners=`, `options=`). What this changes
        stays changed."""
        self.told.update(told)
        of = self.told
        done = run(render_command(self.directory, policy, of["module"], of["listeners"], of["admin"], self.secrets_folder,
                                  of["ca_file"], ("--out", self.folder, *of["options"])))
        if done.returncode:
            raise Failed(f"cannot render:\n{done.stderr}")
        return done.stdout

    def apply(self, *words):
        """`multihome apply`; gives the finished process, whatever its exit code."""
        return run([places.CLI, "apply", self.folder, "--admin", f"http://{self.admin}", *words])

    def begin_apply(self, *words):
        """The same, while it runs: a process of the gateway's."""
        return self.processes.start([places.CLI, "apply", self.folder, "--admin", f"http://{self.admin}", *words],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def change(self, policy, *words, **told):
        """Renders and applies; gives the version that serves then."""
        self.stage(policy, **told)
        done = self.apply(*words)
        if done.returncode:
            raise Failed(f"cannot apply:\n{done.stderr}")
        return self.state()["live"]

    def state(self):
        """Which release is which."""
        return json.loads((self.folder / "state.json").read_text())

    def texts(self, pattern):
        """Envoy's statistics that are texts, by name: `….version_text`."""
        stats = self.manage(f"/stats?format=json&filter={pattern}").json["stats"]
        return {stat["name"]: stat["value"] for stat in stats if isinstance(stat.get("value"), str)}

    def policies_in_use(self):
        """In how many workers requests go by each release, or may, by its version."""
        found = self.stats(r"multihome\.policy\.version=")
        return {name.rsplit("=", 1)[1]: count for name, count in found.items() if count}


def another_module(directory):
    """The module with another digest: a custom section behind it, which means nothing."""
    copy = directory / "another.wasm"
    shutil.copyfile(places.MODULE, copy)
    with copy.open("ab") as module:
        # Section 0 of 5 bytes: a name of 4, "next".
        module.write(b"\0\x05\x04next")
    return copy


def run(command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)
