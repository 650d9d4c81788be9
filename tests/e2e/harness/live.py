"""An Envoy that watches its files: policy, endpoints, listeners and module change while it serves."""

import json
import pathlib
import shutil
import subprocess

import places

from .gateway import Gateway, render_command
from .process import Failed


class LiveGateway(Gateway):
    """A gateway whose folder `render envoy --out` writes. `change` renders into it and applies, as an operator does.

    With `hot_restart=True` another Envoy can take over from it: `restart`. Its listeners need ports of their own then,
    by which the next Envoy asks for them."""

    def __init__(self, *words, hot_restart=False, **options):
        self.hot_restart, self.epoch, self.access_logs = hot_restart, 0, []
        super().__init__(*words, **options)

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

    def restart(self, shutdown=10):
        """Starts the next Envoy beside this one, as an operator does for a hot restart, and goes on with it. Gives the
        former one's process, which drains and ends after `shutdown` seconds."""
        former = self.process
        self.epoch += 1
        self.log, self.access_log = (file.with_name(f"{file.stem}-{self.epoch}.log")
                                     for file in (self.directory / "envoy.log", self.directory / "access.log"))
        self._start(["--base-id", self.base_id.read_text().strip(), "--restart-epoch", self.epoch,
                     "--parent-shutdown-time-s", shutdown])
        return former

    def _how_it_restarts(self):
        if not self.hot_restart:
            return super()._how_it_restarts()
        # One that no other Envoy of this machine has.
        return ["--use-dynamic-base-id", "--base-id-path", self.base_id]

    def _start(self, restarts):
        self.access_logs.append(self.access_log)
        super()._start(restarts)

    @property
    def base_id(self):
        return self.directory / "base-id.txt"

    def forget(self):
        """Removes the memory that Envoys of a row of hot restarts share, which they leave behind."""
        if self.hot_restart:
            # The name has the number times ten.
            pathlib.Path(f"/dev/shm/envoy_shared_memory_{self.base_id.read_text().strip()}0").unlink(missing_ok=True)

    def accesses(self):
        """Every line of the access logs, of each Envoy that has served."""
        return [json.loads(line) for log in self.access_logs for line in log.read_text(errors="replace").split("\n")[:-1]]

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
