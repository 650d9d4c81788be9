"""What `multihome render kubernetes` prints: Kubernetes' own schemas take it, and Envoy serves by it and ends as it says."""

import contextlib
import http.client
import json
import signal
import subprocess
import threading
import time

import kubernetes_validate
import pytest
import yaml

import places
from harness import policies
from harness.gateway import Question, names_of_secrets, write_secret
from harness.process import until
from test_validate import validate

# The oldest that knows volumes that are images, the one that switches them on, and the newest that is known.
VERSIONS = ["1.31", "1.33", kubernetes_validate.latest_version()]
IMAGE, CONFIG_MAP = ["--module", "registry.example.com/multihome:0.1.0"], ["--module", "module", "--module-from", "configmap"]
# A client of another namespace, an own name, two listeners, one of them with files of certificates.
ALL = ["--name", "llm", "--listen", "8080", "--listen", "partners=8443", "--clients", "edge/app=gateway", "--replicas", "3"]


def objects(tmp_path, policy, clouds, *words):
    """The objects as YAML, which is what is applied, by kind."""
    file = tmp_path / "policy.yaml"
    file.write_text(json.dumps(policy))
    command = [places.CLI, "render", "kubernetes", file, "--namespace", "llm", "--ca-file", clouds["ca_file"], *words]
    rendered = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.safe_load_all(rendered.stdout))


def with_certificates(clouds):
    policy = policies.base(clouds)
    files = {"certificate_file": "tls.crt", "key_file": "tls.key", "client_ca_file": "clients.pem"}
    policy["listeners"] = {"partners": {"tls": {field: f"/etc/multihome/tls/{name}" for field, name in files.items()}}}
    policy["identity"]["trust"]["client_certificates"] = ["spiffe://contoso/gateway"]
    return policy


ROWS = [
    ("as it comes", policies.base, IMAGE),
    ("the module in a ConfigMap", policies.base, CONFIG_MAP),
    ("all that may be said", with_certificates, [*IMAGE, *ALL]),
    ("the secrets", with_certificates, [*IMAGE, *ALL, "--secrets"]),
    ("for programs", policies.base, [*IMAGE, "--format", "json"]),
]


@pytest.mark.parametrize("make, words", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_kubernetes_accepts(make, words, the_clouds, tmp_path):
    found = objects(tmp_path, make(the_clouds), the_clouds, *words)
    found = [item for each in found for item in (each["items"] if each["kind"] == "List" else [each])]
    assert len(found) >= (2 if "--secrets" in words else 5)
    for each in found:
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found(the_clouds, tmp_path):
    """The schemas are strict: a wrong word above would not pass."""
    [pod] = [each for each in objects(tmp_path, policies.base(the_clouds), the_clouds, *IMAGE) if each["kind"] == "Deployment"]
    pod["spec"]["template"]["spec"]["terminationGracePeriod"] = 60
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, VERSIONS[0], strict=True)


def mounted(rendered, folder, secrets):
    """The files that a pod finds in its ConfigMap, below `folder`, with this run's in place of the pod's. Gives the folder."""
    [config] = [each for each in rendered if each["kind"] == "ConfigMap"]
    [deployment] = [each for each in rendered if each["kind"] == "Deployment"]
    volumes = {volume["name"]: volume for volume in deployment["spec"]["template"]["spec"]["volumes"]}
    volume = volumes["bootstrap"]["configMap"]
    assert volume["name"] == config["metadata"]["name"]
    there = folder / "bootstrap"
    there.mkdir(parents=True)
    for item in volume["items"]:
        text = config["data"][item["key"]]
        for of_pod, here in (("/etc/multihome/secrets", secrets), ("/etc/multihome/module/plugin.wasm", places.MODULE),
                             ("/etc/multihome/bootstrap", there)):
            text = text.replace(of_pod, str(here))
        (there / item["path"]).write_text(text)
    return there


def test_envoy_accepts_the_bootstrap(the_clouds, envoy, tmp_path):
    policy = policies.base(the_clouds)
    for name in names_of_secrets(policy):
        write_secret(tmp_path, name, "a-secret")
    folder = mounted(objects(tmp_path, policy, the_clouds, *IMAGE), tmp_path, tmp_path)
    assert "/etc/multihome" not in (folder / "envoy.yaml").read_text()
    validate(envoy, folder / "envoy.yaml")


class Pod:
    """Envoy as it runs in the pod, on ports of this machine, and what Kubernetes does with it."""

    def __init__(self, rendered, start_gateway, policy, tmp_path):
        [deployment] = [each for each in rendered if each["kind"] == "Deployment"]
        self.spec = deployment["spec"]["template"]["spec"]
        [self.container] = self.spec["containers"]
        folder = mounted(rendered, tmp_path, tmp_path / "gateway" / "secrets")
        self.script = folder / "drain.sh"
        self.ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}

        def replace(bootstrap):
            bootstrap.clear()
            bootstrap.update(yaml.safe_load((folder / "envoy.yaml").read_text()))
            addresses = [bootstrap["admin"], *bootstrap["static_resources"]["listeners"]]
            sockets = [each["address"]["socket_address"] for each in addresses if "socket_address" in each.get("address", {})]
            # The ports that the container names, and the admin interface's, are all that it listens on.
            assert sorted(socket["port_value"] for socket in sockets) == sorted([9901, *self.ports.values()])
            for socket in sockets:
                socket.update(address="127.0.0.1", port_value=0)

        self.gateway = start_gateway(policy, edit=replace)

    def probe(self, kind):
        """The status that the node reads."""
        asked = self.container[kind]["httpGet"]
        assert asked["port"] == "probe"
        return self.gateway.request("GET", asked["path"], listener="multihome:probe", tenant=None).status

    def end(self, spread, most):
        """As Kubernetes ends it: `preStop`, then SIGTERM. Gives how long `preStop` took."""
        program, script, admin, rendered_spread, rendered_most, *listeners = self.container["lifecycle"]["preStop"]["exec"]["command"]
        assert (program, script, admin) == ("bash", "/etc/multihome/bootstrap/drain.sh", "9901")
        assert int(rendered_spread) < int(rendered_most) < self.spec["terminationGracePeriodSeconds"]
        port = self.gateway.admin.rsplit(":", 1)[1]
        began = time.monotonic()
        ended = subprocess.run([program, self.script, port, str(spread), str(most), *listeners], capture_output=True, text=True, timeout=most + 10)
        took = time.monotonic() - began
        assert ended.returncode == 0 and not ended.stderr, ended.stderr
        self.gateway.process.send_signal(signal.SIGTERM)
        return took


@pytest.fixture
def pod(start_gateway, policy, clouds, tmp_path):
    return Pod(objects(tmp_path, policy, clouds, *IMAGE), start_gateway, policy, tmp_path)


def test_serves_and_answers_its_probes(pod):
    assert pod.gateway.ask("hi [[azure 429]]").tried == ["azure", "aws"]
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert pod.probe(kind) == 200, kind


class Stream(threading.Thread):
    """A stream that is read to its end, however it ends."""

    def __init__(self, gateway, fault):
        super().__init__()
        self.connection = gateway.connect()
        question = Question(f"hi {fault}", stream=True)
        headers, body = gateway.prepared((), question.body, "acme")
        self.connection.send("POST", "/v1/chat/completions", headers, body)
        self.head = self.connection.head()
        self.events, self.ended = [], None
        self.start()

    def run(self):
        with self.connection, contextlib.suppress(OSError, http.client.IncompleteRead):
            self.events.extend(self.connection.events())
        self.ended = time.monotonic()


def test_a_stream_ends_before_the_pod_does(pod):
    stream = Stream(pod.gateway, "[[azure slow ms=100]] [[events 40]]")
    watch = threading.Thread(target=lambda: statuses.append(until_unready(pod)))
    statuses = []
    watch.start()
    took = pod.end(spread=1, most=30)
    stopped = time.monotonic()
    watch.join()
    stream.join()
    assert stream.events[-1] == "[DONE]" and stream.head.status == 200
    # It waited for the stream, and no longer.
    assert 2 < took < 15 and stopped - stream.ended < 3
    assert statuses == [(503, 200)], "not ready any more, but alive"
    assert pod.gateway.process.wait(10) == 0


def until_unready(pod):
    until(lambda: pod.probe("readinessProbe") == 503, "a pod that is not ready any more", 10)
    return pod.probe("readinessProbe"), pod.probe("livenessProbe")


def test_a_pod_without_requests_ends_at_once(pod):
    assert pod.end(spread=0, most=30) < 3


def test_a_pod_does_not_wait_for_ever(pod):
    stream = Stream(pod.gateway, "[[azure slow ms=500]] [[events 60]]")
    assert 2 < pod.end(spread=0, most=3) < 8
    stream.join()
