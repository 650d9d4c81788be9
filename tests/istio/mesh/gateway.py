"""A gateway of Istio's: an Envoy that gets everything from istiod, with our manifests and another team's in one cluster."""

import json
import pathlib
import random
import socket
import subprocess

import places
from harness.gateway import Gateway, names_of_secrets, write_secret
from harness.process import Failed, until

from .istiod import CERTIFICATES_SOCKET, Istiod

NAMESPACE, LABELS = "edge", {"app": "ai-gateway"}
# Our host; the other team's, and the one whose TLS ends at their service.
OURS, SHOP, SAFE = "llm.contoso.test", "shop.contoso.test", "safe.contoso.test"


class IstioGateway(Gateway):
    """Renders `policy` by `multihome render istio` for `host` with more words, `options`, and starts istiod and Envoy on it.

    `edit` changes the objects of a file of ours, by kind and what they are for (`EnvoyFilter route`), or takes some away or
    adds some, before istiod gets them; with `apart` the other team's host has a port of its
    own, as it must where ours speaks TLS; `version` is the proxy's. Requests go to our host with the token of their tenant, as
    `issuer` signs it, but where they bring their own `host` or `authorization`. `addresses` has our host's `default`, the
    other team's host `shop`, and the bare TCP port of theirs `till`."""

    def __init__(self, processes, directory, envoy, policy, clouds, *, neighbour, issuer=None, host=OURS, options=(), secrets=None,
                 edit=None, kubernetes=None, certificates=None, version="1.31.0", apart=False, module=places.MODULE, concurrency=2):
        self.processes, self.directory, self.clouds = processes, directory, clouds
        self.issuer, self.host, self.arguments = issuer, host, ()
        directory.mkdir(parents=True, exist_ok=True)
        self.log, self.access_log = directory / "envoy.log", directory / "access.log"
        self.secrets_folder, self.module, self.options = directory / "secrets", module, tuple(options)
        self.secrets_folder.mkdir(exist_ok=True)
        secrets = clouds.secrets() if secrets is None else secrets
        for name, value in {**dict.fromkeys(names_of_secrets(policy)), **secrets}.items():
            write_secret(self.secrets_folder, name, value)
        self.port, self.edit = free_port(), edit
        ports = {"default": self.port, "shop": free_port() if apart else self.port, "till": free_port()}
        manifests = {**self.render(policy), "shop": shop(ports, neighbour)}
        self.istiod = Istiod(processes, directory, manifests, kubernetes, certificates)
        self.config = directory / "envoy.json"
        self.config.write_text(json.dumps(bootstrap(self.istiod.address, version)))
        self.started = [envoy], concurrency, clouds.aws_environment()
        self._start(self._how_it_restarts())
        self.addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}

    def render(self, policy):
        """Our manifests for a policy by the names of their files, as the tool writes them."""
        source, folder = self.directory / "policy.json", self.directory / "manifests"
        source.write_text(json.dumps(policy, indent=1))
        words = ["--port", self.port, "--wasm-path", self.module, "--sds-dir", self.secrets_folder,
                 "--ca-file", self.clouds["ca_file"], "--out", folder, *self.options]
        words += ["--format", "json"] if self.edit else []
        files = map(pathlib.Path, render(source, *words, host=self.host).split())
        texts = {file.stem: file.read_text() for file in files if file.parent == folder}
        if self.edit:
            texts = {name: documents(self.edited(json.loads(text)["items"])) for name, text in texts.items()}
        return texts

    def edited(self, items):
        """The objects of one file, as `edit` leaves them."""
        objects = {f"{item['kind']} {item['metadata']['name'].removeprefix('multihome-ai-gateway-')}": item for item in items}
        self.edit(objects)
        return objects.values()

    def apply(self, policy, backwards=None):
        """Replaces our manifests by those of another policy: all at once, or file by file in their order, or `backwards`."""
        manifests = self.render(policy)
        if backwards is None:
            return self.istiod.apply(**manifests)
        return [self.istiod.apply(**{name: manifests[name]}) for name in sorted(manifests, reverse=backwards)]

    def prepared(self, headers, body, tenant):
        headers, body = super().prepared(headers, body, None)
        names = {name.lower() if isinstance(name, str) else name.decode("latin-1").lower() for name, _ in headers}
        if "host" not in names:
            headers.append(("host", self.host))
        if tenant is not None and self.issuer and "authorization" not in names:
            headers.append(("authorization", self.issuer.bearer(sub="client", tenant=tenant)))
        return headers, body

    def await_target(self, target, seconds=15, **question):
        """Waits until a target serves: for the credential that Envoy or the module fetches, or for a change to arrive."""
        answers = []

        def serves():
            answers.append(self.ask(**question))
            return answers[-1].status == 200 and answers[-1].target == target and answers[-1]

        try:
            return until(serves, f"{target} to serve", seconds)
        except Failed as failed:
            raise Failed(f"{failed}; the last: {answers[-1:]}; {self.log} says:\n{self.log_text()[-3000:]}") from None

    def of_shop(self, method, path, headers=(), body=None, listener="shop", **options):
        """A request to the other team's host."""
        return self.request(method, path, {"host": SHOP, **dict(headers)}, body, tenant=None, listener=listener, **options)


class Called:
    """The TLS of a client that asks for a host by its name, whatever it connects to."""

    def __init__(self, context, host):
        self.context, self.host = context, host
        # The certificates of the tests are of other names.
        context.check_hostname = False

    def wrap_socket(self, sock, server_hostname=None):
        return self.context.wrap_socket(sock, server_hostname=self.host)


def render(source, *words, host=OURS):
    """What `multihome render istio` prints; a `Failed` where it refuses."""
    selector = [word for label in LABELS.items() for word in ("--selector", "=".join(label))]
    command = [places.CLI, "render", "istio", source, "--gateway", f"{NAMESPACE}/ai-gateway", "--host", host, *selector, *words]
    rendered = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if rendered.returncode:
        raise Failed(f"cannot render {source} for Istio:\n{rendered.stderr}")
    return rendered.stdout


def bootstrap(istiod, version):
    """What istio-proxy would start its Envoy with, as far as a stock Envoy knows it. The address in the node's id must be no
    ServiceEntry's: istiod would take the gateway's ports from that service."""
    host, port = istiod.rsplit(":", 1)
    http2 = {"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
             "explicit_http_config": {"http2_protocol_options": {}}}

    def cluster(name, address=None):
        load = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
        return {"name": name, "type": "STATIC", **({"load_assignment": load} if address else {}),
                "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2}}

    from_ads = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": {
            "id": f"router~10.9.9.9~gw-1.{NAMESPACE}~{NAMESPACE}.svc.cluster.local", "cluster": f"ai-gateway.{NAMESPACE}",
            "metadata": {"NAMESPACE": NAMESPACE, "LABELS": LABELS, "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": version},
        },
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "dynamic_resources": {
            "lds_config": from_ads, "cds_config": from_ads,
            "ads_config": {"api_type": "GRPC", "transport_api_version": "V3", "set_node_on_first_message_only": True,
                           "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}]},
        },
        "static_resources": {"clusters": [
            cluster("xds-grpc", {"socket_address": {"address": host, "port_value": int(port)}}),
            # A path below the folder that both run in: a whole one may be longer than a socket's may be.
            cluster("sds-grpc", {"pipe": {"path": CERTIFICATES_SOCKET}}),
            # What istiod's listeners and filters speak of.
            cluster("prometheus_stats"), cluster("agent"),
        ]},
    }


def shop(ports, neighbour):
    """The other team's manifests at the same gateway: a host of theirs, a port of bare TCP, and, where ours has a port of its
    own with TLS, a host whose TLS passes through there."""
    servers = [server(ports["shop"], "HTTP", SHOP), server(ports["till"], "TCP", "*")]
    if ports["shop"] != ports["default"]:
        servers.append({**server(ports["default"], "TLS", SAFE), "tls": {"mode": "PASSTHROUGH"}})

    def to(port):
        return [{"destination": {"host": "backend.shop.test", "port": {"number": port}}}]

    def service(name, hosts, **routes):
        return ("networking.istio.io/v1", "VirtualService", name, "shop",
                {"hosts": hosts, "gateways": [f"{NAMESPACE}/shop"], **routes})

    objects = [
        ("networking.istio.io/v1", "Gateway", "shop", NAMESPACE, {"selector": LABELS, "servers": servers}),
        service("shop", [SHOP], http=[{"match": [{"uri": {"prefix": "/"}}], "route": to(80)}]),
        service("till", ["*"], tcp=[{"match": [{"port": ports["till"]}], "route": to(80)}]),
        service("safe", [SAFE], tls=[{"match": [{"sniHosts": [SAFE]}], "route": to(443)}]),
        ("networking.istio.io/v1", "ServiceEntry", "backend", "shop", {
            "hosts": ["backend.shop.test"], "location": "MESH_EXTERNAL", "resolution": "STATIC",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}, {"number": 443, "name": "tls", "protocol": "TLS"}],
            "endpoints": [{"address": "127.0.0.1", "ports": {"http": neighbour.port, "tls": neighbour.tls_port}}]}),
    ]
    return documents({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}
                     for api, kind, name, namespace, spec in objects)


def server(port, protocol, host):
    """A server of a Gateway."""
    return {"port": {"number": port, "name": f"{protocol.lower()}-{port}", "protocol": protocol}, "hosts": [host]}


def documents(objects):
    """Objects as one text."""
    return "\n---\n".join(map(json.dumps, objects))


def free_port():
    """One that is free now: istiod's listeners name theirs. It is none that the system gives to connections (from 32768 on
    Linux), which might have it before Envoy does."""
    while True:
        with socket.socket() as sock:
            try:
                sock.bind(("0.0.0.0", random.randrange(20000, 32768)))
            except OSError:
                continue
            return sock.getsockname()[1]
