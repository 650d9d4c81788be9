"""One Envoy with the module, from a policy to its end."""

import itertools
import json
import os
import secrets as randomness
import subprocess

import places

from . import http1
from .process import Failed, until
from .records import CLOUDS

SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
ANY = "127.0.0.1:0"
# What the policies here name under `sessions.tag_keys`: of 64 characters, as `openssl rand -hex 32` makes one.
TAG_KEY = {"MULTIHOME_TAG_KEY": randomness.token_hex(32)}


class Gateway:
    """Renders `policy` (an object, or the text of a file), starts Envoy and waits until it serves.

    `clouds` gives CA and AWS credentials; `secrets` are written as files, a name with None as a file without a secret;
    `listeners` maps names to addresses, port 0 is a free one. `addresses` and `admin` tell what they became.
    `options`: more words for `render envoy`, `arguments` for Envoy; `edit` changes what it gives, an object, as an operator might."""

    def __init__(self, processes, directory, envoy, policy, clouds, *, secrets=None, listeners=None, admin=ANY,
                 module=places.MODULE, environment=None, launcher=None, concurrency=2, options=(),
                 edit=None, arguments=()):
        self.processes, self.directory, self.clouds = processes, directory, clouds
        self.arguments = arguments
        directory.mkdir(parents=True, exist_ok=True)
        self.log, self.access_log = directory / "envoy.log", directory / "access.log"
        self.secrets_folder = directory / "secrets"
        self.secrets_folder.mkdir(exist_ok=True)
        secrets = clouds.secrets() if secrets is None else secrets
        for name, value in {**dict.fromkeys(names_of_secrets(policy)), **secrets}.items():
            write_secret(self.secrets_folder, name, value)
        listeners = {"default": ANY} if listeners is None else listeners
        self.config = self._configure(policy, module, listeners, admin, clouds["ca_file"], options, edit)
        self.started = (launcher or [envoy], concurrency, clouds.aws_environment() if environment is None else environment)
        self._start(self._how_it_restarts())

    def _configure(self, policy, module, listeners, admin, ca_file, options, edit):
        """Writes what Envoy is started with."""
        config = render(self.directory, policy, module, listeners, admin, self.secrets_folder, ca_file,
                        (*options, "--format", "json") if edit else options)
        if edit:
            bootstrap = json.loads(config.read_text())
            edit(bootstrap)
            config.write_text(json.dumps(bootstrap))
        return config

    def _how_it_restarts(self):
        """Envoy's arguments for the place that it has in a row of hot restarts."""
        return ["--disable-hot-restart"]

    def _start(self, restarts):
        launcher, concurrency, environment = self.started
        admin_file = self.directory / "admin.txt"
        admin_file.unlink(missing_ok=True)
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        # A test that gives None takes a variable away.
        environment = {name: value for name, value in {**ours, **TAG_KEY, **environment}.items() if value is not None}
        with self.log.open("wb") as log, self.access_log.open("wb") as access:
            self.process = self.processes.start(
                [*launcher, "-c", self.config, "--concurrency", concurrency, *restarts, "-l", "warning",
                 "--admin-address-path", admin_file, "--file-flush-interval-msec", "100", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=access, stderr=log, env=environment, cwd=self.directory)
        try:
            self.admin = until(lambda: admin_file.exists() and admin_file.read_text().strip(), "Envoy's admin port",
                               alive=self.process)
            until(lambda: self.manage("/ready").text.strip() == "LIVE", "Envoy", alive=self.process)
        except Failed as failed:
            raise Failed(f"{failed}; {self.log} says:\n{self.log_text()[-3000:]}") from None
        statuses = self.manage("/listeners?format=json").json["listener_statuses"]
        # One inside Envoy has no socket.
        self.addresses = {status["name"]: _address(status["local_address"]["socket_address"])
                          for status in statuses if "socket_address" in status["local_address"]}

    def stop(self):
        self.processes.stop(self.process)

    # Requests

    def request(self, method, path, headers=(), body=None, *, http=1, tenant="acme", listener="default", tls=None,
                timeout=20, trailers=()):
        """One request as it is written here: `body` an object (sent as JSON), text, bytes, or a list of bytes (sent
        in as many pieces); header names and values text or bytes. `tenant` None leaves the header out."""
        headers, body = self.prepared(headers, body, tenant)
        address = self.addresses[listener]
        if http == 1:
            return http1.request(address, method, path, headers, body, tls, timeout)
        from . import http2

        return http2.request(address, method, path, headers, body, tls, timeout, trailers)

    def connect(self, http=1, listener="default", tls=None, timeout=20):
        """A connection to do with as a test likes: see `http1.Connection`, `http2.Connection`."""
        if http == 1:
            return http1.Connection(self.addresses[listener], tls, timeout)
        from . import http2

        return http2.Connection(self.addresses[listener], tls, timeout)

    def ask(self, text="hi", *, model="gpt-6.1-sol", form="chat", stream=False, only=None, headers=(), path=None,
            http=1, tenant="acme", listener="default", tls=None, timeout=20, trailers=(), **fields):
        """Asks a model as a client would. `text` may hold fault markers (`[[azure 429]]`); `only` names the one endpoint
        that may serve it; `fields` join the body. The answer's `records` are what the clouds got for this request."""
        question = Question(text, model, form, stream, fields)
        if only:
            tenant, headers = None, [*_pairs(headers), ("x-tenant-policy", permits_only(only))]
        answer = self.request("POST", path or PATHS[form], headers, question.body, http=http, tenant=tenant,
                              listener=listener, tls=tls, timeout=timeout, trailers=trailers)
        answer.find_records = lambda: self.clouds.records(question.mark)
        return answer

    def await_serving(self, seconds=15, **question):
        """Waits for a credential that Envoy or the module fetches after the start (Entra ID, Google)."""
        return until(lambda: (answer := self.ask(**question)).status == 200 and answer, f"{question}", seconds)

    @staticmethod
    def prepared(headers, body, tenant):
        headers = _pairs(headers)
        names = {http1.raw(name).lower() for name, _ in headers}
        if tenant is not None and b"x-tenant-id" not in names:
            headers.append(("x-tenant-id", tenant))
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        elif isinstance(body, str):
            body = body.encode()
        if body is not None and b"content-type" not in names:
            headers.append(("content-type", "application/json"))
        return headers, body

    # What Envoy says of itself

    def manage(self, path, method="GET"):
        """A request to the admin port."""
        return http1.request(self.admin, method, path)

    def stats(self, pattern):
        """Counters and gauges by name."""
        stats = self.manage(f"/stats?format=json&filter={pattern}").json["stats"]
        return {stat["name"]: stat["value"] for stat in stats if "value" in stat}

    def connections(self):
        """How many connections each worker has taken at the listener that clients reach, by the statistic's name."""
        return self.stats(r"^listener\.127\..*worker_\d\.downstream_cx_total")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def access(self, answer, count):
        """The access log's lines for an answer, once there are so many."""
        def found():
            lines = map(json.loads, self.access_log.read_text(errors="replace").split("\n")[:-1])
            of_answer = [line for line in lines if line.get("request_id") == answer["x-request-id"]]
            return len(of_answer) >= count and of_answer
        return until(found, f"{count} lines of the access log for {answer}", 5)

    def set_secret(self, name, value):
        """Replaces a secret; Envoy takes the new one within a second."""
        write_secret(self.secrets_folder, name, value)


class Question:
    """A request body in one of the client's forms, with a mark by which the clouds' records are found."""

    numbers = itertools.count(1)
    run = randomness.token_hex(3)

    def __init__(self, text="hi", model="gpt-6.1-sol", form="chat", stream=False, fields=()):
        self.mark = f"#{self.run}-{next(self.numbers)}."
        text = f"{text} {self.mark}"
        asked = {"messages": [{"role": "user", "content": text}]} if form == "chat" else {"input": text}
        self.body = {"model": model, **({"stream": True} if stream else {}), **asked, **dict(fields)}


def permits_only(*endpoints):
    """The value of the policy header that allows nothing but these endpoints."""
    return json.dumps({"clouds": CLOUDS, "residency": ["us", "eu", "global"], "models": ["*"],
                       "targets": list(endpoints)})


def render(directory, policy, module, listeners, admin, secrets_folder, ca_file, options=()):
    """Writes policy and bootstrap into `directory`; gives the bootstrap's path. `options`: more words of `render`."""
    config = directory / "envoy.yaml"
    command = render_command(directory, policy, module, listeners, admin, secrets_folder, ca_file, options)
    rendered = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if rendered.returncode:
        raise Failed(f"cannot render the policy of {directory}:\n{rendered.stderr}")
    config.write_text(rendered.stdout)
    return config


def render_command(directory, policy, module, listeners, admin, secrets_folder, ca_file, options=()):
    """Writes the policy into `directory`; gives the words of `render`."""
    source = directory / "policy.yaml"
    source.write_text(policy if isinstance(policy, str) else json.dumps(policy, indent=1))
    listen = [word for name, address in listeners.items() for word in ("--listen", f"{name}={address}")]
    return [places.CLI, "render", "envoy", source, "--wasm", module, *listen, "--admin", admin,
            "--sds-dir", secrets_folder, "--ca-file", ca_file, *options]


def write_secret(folder, name, value):
    """Puts a secret's file in place by a rename; with None the file holds none."""
    resource = {"@type": SECRET, "name": name, "generic_secret": {"secret": {"inline_string": value}}}
    file = folder / f"{name}.yaml"
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps({"resources": [resource] if value is not None else []}))
    new.replace(file)


def names_of_secrets(policy):
    """Every `sds: NAME` of a policy object."""
    if isinstance(policy, dict):
        found = [policy["sds"]] if isinstance(policy.get("sds"), str) else []
        return found + [name for value in policy.values() for name in names_of_secrets(value)]
    if isinstance(policy, list):
        return [name for value in policy for name in names_of_secrets(value)]
    return []


def _pairs(headers):
    return list(headers.items() if isinstance(headers, dict) else headers)


def _address(socket):
    return f"{socket['address']}:{socket['port_value']}"
