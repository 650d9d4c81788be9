"""A policy of one's own on the emulated clouds: what is changed for that, and what has to come of each of its requests."""

import json
import subprocess
import time

import places
from harness.process import Failed

# What the emulator does not have or has one of: fields that are left out, and fields that are made up.
LEFT_OUT = {"azure": ["path_prefix", "key_header"], "openai": ["organization", "project"]}
MADE_UP = {"gcp": {"project": "acme-ai"}}
# The emulator's API key of each cloud that has keys.
KEYS = {"azure": "azure_api_key", "aws": "bedrock_api_key", "openai": "openai_api_key"}
# Hosts that the emulated Azure has too.
AZURE_HOSTS = (".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com")
# More rows than a person reads. The rest of a large file is not asked.
MOST_ROWS = 40


def read(file):
    """The policy as an object, if the tool finds no fault in it."""
    checked = run("check", file)
    print(checked.stderr, end="", flush=True)
    if checked.returncode:
        raise Failed(f"POLICY {file} cannot be run: see above")
    rendered = run("render", "envoy", file, "--wasm", "none", "--part", "filters", "--format", "json")
    configuration = json.loads(edge_configuration(json.loads(rendered.stdout)))
    policy = configuration["policy"]
    for tenant, keys in configuration.get("keys", {}).get("tenants", {}).items():
        policy["tenants"][tenant].setdefault("keys", []).extend(keys)
    return policy


def edge_configuration(filters):
    """The text that the module is given at the edge."""
    edge = next(entry for entry in filters["http_filters"] if entry["name"] == "multihome")
    return edge["typed_config"]["config"]["configuration"]["value"]


def run(*words):
    return subprocess.run([str(word) for word in (places.CLI, *words)], capture_output=True, text=True)


def model_ids(policy):
    """The deployments and models that the emulated clouds have to have."""
    return sorted({target["id"] for targets in policy["models"].values() for target in targets_of(targets)})


def targets_of(model):
    """A model is a list of targets, or a map that has it."""
    return model["targets"] if isinstance(model, dict) else model


def on_clouds(policy, clouds):
    """The policy with the emulator's addresses, and the secrets that it names."""
    policy = json.loads(json.dumps(policy))
    secrets = {}
    for name, endpoint in policy["endpoints"].items():
        secrets |= move(name, endpoint, clouds)
    policy.pop("listeners", None)
    keys = [{"keys": {}}] if any(tenant.get("keys") for tenant in policy.get("tenants", {}).values()) else []
    policy["identity"] = [*keys, {**header_source(policy), "trust": {"listeners": ["default"]}}]
    policy["gcp"] = {"metadata": {"address": clouds["metadata"]}}
    return policy, secrets


def header_source(policy):
    """The source of `identity` that is a header; one of our own where the policy has none."""
    sources = policy["identity"] if isinstance(policy["identity"], list) else [policy["identity"]]
    return next((source for source in sources if not {"keys", "jwt"} & set(source)), {"header": "x-tenant-id"})


def move(name, endpoint, clouds):
    """Makes an endpoint one of the emulator's; gives its secrets by name."""
    endpoint.pop("tls", None)
    cloud = endpoint["cloud"]
    surface = f"aws_{endpoint.get('surface')}" if cloud == "aws" else cloud
    if surface not in clouds.info:
        raise Failed(f"endpoints.{name}: the emulator has no {cloud}")
    endpoint["address"] = clouds[surface]
    for field in LEFT_OUT.get(cloud, []):
        endpoint.pop(field, None)
    if cloud != "azure" or not endpoint.get("host", "").endswith(AZURE_HOSTS):
        endpoint.pop("host", None)
    endpoint |= MADE_UP.get(cloud, {})
    return prove(endpoint, clouds)


def prove(endpoint, clouds):
    """Gives an endpoint a credential that the emulator takes."""
    auth, made_up = endpoint["auth"], clouds["credentials"]
    if isinstance(auth, str):
        return {}
    [(kind, details)] = auth.items()
    if kind == "entra":
        issuer = {key: value for key, value in details.get("token_endpoint", {}).items() if key == "host"}
        details |= {"tenant": made_up["entra_tenant"], "client_id": made_up["entra_client_id"],
                    "token_endpoint": {**issuer, "address": clouds["entra"], "tls": {"ca_file": clouds["ca_file"]}}}
        return {details["client_secret"]["sds"]: made_up["entra_client_secret"]}
    if kind == "token":
        return {details["sds"]: clouds.google_token()}
    return {details["sds"]: made_up[KEYS[endpoint["cloud"]]]}


EMULATED = """\
{file} runs on emulated clouds: no account is asked, and no prompt leaves this machine.
  made up    every secret; Entra ID's directory and application; Google's project
  replaced   address, TLS, and host names that the emulator does not have; path_prefix and key_header are left out,
             and OpenAI's organization and project
  left out   listeners and client certificates: the gateway is one trusted listener on the loopback
  as it is   endpoints, models and their ids, tenants, orders, limits, timeouts
"""


def matrix(policy_file):
    """What `explain` says of each tenant, model and API."""
    return json.loads(run("explain", policy_file, "--matrix", "--format", "json").stdout)["matrix"]


class OwnRows:
    """Asks what `explain` tells of, and holds what comes of it against that."""

    def __init__(self, gateway, cells, header):
        self.gateway, self.cells, self.header = gateway, cells[:MOST_ROWS], header
        self.left = len(cells) - len(self.cells)
        # Credentials of Entra ID and of Google are fetched after the start.
        self.patience = time.monotonic() + 15

    def show(self):
        """Prints the rows; gives those that came out otherwise."""
        widths = [max(len(str(cell[key])) for cell in self.cells + [{"tenant": "tenant", "model": "model", "api": "responses"}])
                  for key in ("tenant", "model", "api")]
        wrong = []
        for cell in self.cells:
            answer = self.ask(cell)
            names = "  ".join(f"{cell[key]:<{width}}" for key, width in zip(("tenant", "model", "api"), widths))
            where = " → ".join(answer.tried) if answer.target else f"- {', '.join(cell['refused_by'])}"
            print(f"{names}  {answer.status}  {answer.target or '–'}  {where}", flush=True)
            if not self.is_right(cell, answer):
                wrong.append(f"{cell['tenant']}, {cell['model']}, {cell['api']}: {answer.status} "
                             f"{answer.target or answer.text[:300]}, and `explain` says "
                             f"{' > '.join(cell['targets']) or cell['status']}")
        if self.left:
            print(f"… and {self.left} more that are not asked here: multihome explain --matrix")
        return wrong

    def ask(self, cell):
        while True:
            answer = self.gateway.ask("Where do you run?", model=cell["model"], form=cell["api"], tenant=None,
                                      headers={self.header: cell["tenant"]})
            if self.is_right(cell, answer) or time.monotonic() > self.patience:
                return answer
            time.sleep(0.3)

    @staticmethod
    def is_right(cell, answer):
        if not cell["targets"]:
            return answer.status == cell["status"]
        return answer.status == 200 and answer.target in cell["targets"] and answer.attempts == 1
