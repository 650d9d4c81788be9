"""Every credential: who adds it, what becomes of a request where it is missing or refused, and that nobody reads it."""

import http.server
import json
import re
import threading

import pytest

import places
from harness import policies
from harness.gateway import Gateway
from harness.plans import ask
from harness.policies import BOTH, target
from harness.process import Processes, until
from harness.records import CLOUDS, header

# The endpoint, the secret that it depends on (None: not one of Envoy's secrets), how its cloud calls the credential,
# what the header that carries it begins with
CREDENTIALS = [
    ("azure-eastus2", "azure-key", "api_key", "api-key", ""),
    ("azure-sweden", "entra-secret", "bearer", "authorization", "Bearer ey"),
    ("aws-use1", None, "sigv4", "authorization", "AWS4-HMAC-SHA256 "),
    ("aws-euw1", "bedrock-key", "api_key", "authorization", "Bearer ABSK"),
    ("aws-mantle", None, "sigv4", "authorization", "AWS4-HMAC-SHA256 "),
    ("aws-mantle-key", "bedrock-key", "api_key", "authorization", "Bearer ABSK"),
    ("gcp-us", None, "bearer", "authorization", "Bearer ya29."),
    ("gcp-global", "google-token", "bearer", "authorization", "Bearer ya29."),
    ("openai-eu", "openai-key", "bearer", "authorization", "Bearer sk-proj-"),
]
SHAPES = [("responses", False), ("responses", True)]
# No cloud takes any of it.
WRONG = "not-the-credential-5b1f"
# An endpoint whose credential is right, at the end of each plan.
SPARE = "azure-spare"


@pytest.mark.parametrize("http", [1, 2])
@pytest.mark.parametrize("row", CREDENTIALS, ids=lambda row: row[0])
def test_each_cloud_gets_its_credential_and_none_of_the_clients(row, http, gateway):
    endpoint, _, auth, carrier, begins = row
    of_the_client = [("authorization", "Bearer the-clients-own"), ("api-key", "the-clients-own"), ("cookie", "a=b"),
                     ("x-amz-security-token", "the-clients-own"), ("x-goog-user-project", "the-clients-own")]

    answer = ask(gateway, targets=[endpoint], form="responses", headers=of_the_client, http=http)

    assert answer.status == 200, answer
    [record] = answer.records
    assert record["auth"] == auth
    [credential] = header(record, carrier)
    assert credential.startswith(begins)
    assert header(record, "authorization" if carrier == "api-key" else "api-key") == []
    assert "the-clients-own" not in json.dumps(record["headers"]) and header(record, "cookie") == []


# What AWS reads of the signature: the endpoint, its service and region
SIGNED = [("aws-use1", "bedrock", "us-east-1"), ("aws-mantle", "bedrock-mantle", "us-east-1")]
TEXTS = {"short": "hi", "not-ascii": "grüß dich, 世界 \u2028 \U0001f600 \\u0000", "1-MiB": "x" * (1 << 20)}


@pytest.mark.parametrize("form, stream", [("chat", False), ("chat", True), ("responses", False), ("responses", True)])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("endpoint, service, region", SIGNED)
def test_the_signature_is_of_the_bytes_that_aws_gets(endpoint, service, region, text, form, stream, gateway):
    answer = ask(gateway, TEXTS[text], targets=[endpoint], form=form, stream=stream)

    assert answer.status == 200, answer
    [record] = answer.records
    assert record["auth"] == "sigv4", "AWS's own library signs what was received, and compares"
    [authorization] = header(record, "authorization")
    assert f"/{region}/{service}/aws4_request," in authorization


# Envoys whose credentials are no good.


@pytest.fixture(scope="module")
def wrong(start_module_gateway):
    """Every credential is there, and refused."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WrongTokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    keys = {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": WRONG}
    gateway = start_module_gateway(WRONG, keys, f"127.0.0.1:{server.server_port}")
    # Until the module has the wrong token, the target is not even tried.
    until(lambda: ask(gateway, targets=["gcp-us"], form="responses").status == 502, "Google's wrong token")
    yield gateway
    server.shutdown()
    server.server_close()


class WrongTokens(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"access_token": f"ya29.{WRONG}", "expires_in": 3599, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def missing(start_module_gateway, the_clouds):
    """No credential is there. (Google's token from the metadata server is in test_google_token.py.)"""
    return start_module_gateway(None, {}, the_clouds["metadata"])


@pytest.fixture(scope="module")
def start_module_gateway(the_clouds, envoy, tmp_path_factory):
    with Processes() as processes:
        def start(secret, aws_keys, metadata):
            policy = policies.base(the_clouds)
            policy["endpoints"][SPARE] = {**policy["endpoints"]["azure-eastus2"], "resource": "contoso-spare",
                                          "auth": {"api_key": {"sds": "spare-key"}}}
            policy["models"]["gpt-6.1-sol"].append(target(SPARE, "gpt6sol-prod", BOTH, 9, 9))
            policy["gcp"]["metadata"]["address"] = metadata
            secrets = {**dict.fromkeys([name for _, name, *_ in CREDENTIALS if name], secret),
                       "spare-key": the_clouds["credentials"]["azure_api_key"]}
            ours = {name: value for name, value in the_clouds.aws_environment().items() if "KEY" not in name}
            return Gateway(processes, tmp_path_factory.mktemp("credentials"), envoy, policy, the_clouds, secrets=secrets,
                           environment={**ours, **aws_keys})

        yield start


BROKEN = [(how, row) for how in ("wrong", "missing") for row in CREDENTIALS if (how, row[0]) != ("missing", "gcp-us")]


@pytest.fixture
def broken(request, clouds):
    """The Envoy whose credentials are `wrong` or `missing`, as a row says it."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("form, stream", SHAPES)
@pytest.mark.parametrize("broken, row", BROKEN, ids=[f"{how}-{row[0]}" for how, row in BROKEN], indirect=["broken"])
def test_moves_on_where_the_credential_is_no_good(broken, row, form, stream, clouds):
    endpoint, *_ = row

    answer = ask(broken, targets=[endpoint, SPARE], clouds=[*CLOUDS[1:], CLOUDS[0]], form=form, stream=stream)

    assert (answer.status, answer.target, answer.attempts) == (200, SPARE, 2), answer
    first, second = answer.records
    assert first["status"] in (401, 403) and first["auth"].startswith("refused: ")
    assert (second["host"], second["auth"]) == ("contoso-spare.openai.azure.com", "api_key")


@pytest.mark.parametrize("form, stream", SHAPES)
@pytest.mark.parametrize("broken, row", BROKEN, ids=[f"{how}-{row[0]}" for how, row in BROKEN], indirect=["broken"])
def test_says_that_the_credential_was_refused_and_nothing_of_it(broken, row, form, stream, clouds):
    endpoint, *_ = row

    answer = ask(broken, targets=[endpoint], form=form, stream=stream)

    assert (answer.status, answer.attempts) == (502, 1), answer
    message = f"Target `{endpoint}` refused this endpoint's credential."
    assert answer.error == {"message": message, "type": "server_error", "param": None, "code": "credential_refused"}
    [record] = answer.records
    said = answer.text + str(answer.headers)
    for secret in [WRONG, "AKIAWRONG", *header(record, "authorization"), *header(record, "api-key")]:
        assert secret not in said


# A secret is replaced while Envoy runs: its name, who depends on it, whether the old one is of no use at once
ROTATED = [
    ("azure-key", ["azure-eastus2"], True),
    ("bedrock-key", ["aws-euw1", "aws-mantle-key"], True),
    ("google-token", ["gcp-global"], True),
    ("openai-key", ["openai-eu", "openai-global"], True),
    # The token that the good secret gave is used to its end.
    ("entra-secret", ["azure-sweden"], False),
]
# Seconds in which Envoy takes a new secret.
TAKEN_WITHIN = 5


@pytest.fixture(scope="module")
def rotating(start_module_gateway, the_clouds):
    return start_module_gateway(WRONG, {}, the_clouds["metadata"])


@pytest.mark.parametrize("secret, endpoints, at_once", ROTATED)
def test_a_replaced_secret_is_taken_while_envoy_runs(secret, endpoints, at_once, rotating, clouds):
    good = {**clouds.secrets(), "google-token": clouds.google_token()}[secret]

    for value, status in [(WRONG, 502), (good, 200), (WRONG, 502 if at_once else 200)]:
        rotating.set_secret(secret, value)
        for endpoint in endpoints:
            until(lambda: ask(rotating, targets=[endpoint], form="responses").status == status,
                  f"{endpoint} with another {secret}", TAKEN_WITHIN)


# How Entra ID's token endpoint fails when Envoy starts: the admin call, and whether to wait until it is over
ENTRA_DOWN = [
    (lambda clouds: clouds.fault("entra", "refuse"), True),
    (lambda clouds: clouds.admin("POST", "/token", {"of": "entra", "fail": True}), True),
    # A fetch that hangs takes its five seconds.
    (lambda clouds: clouds.admin("POST", "/token", {"of": "entra", "fail": "hang"}), False),
]


@pytest.mark.parametrize("fail, recovers", ENTRA_DOWN, ids=["refuses", "fails", "hangs"])
def test_moves_on_while_entra_issues_no_token(fail, recovers, policy, start_gateway, clouds):
    fail(clouds)
    gateway = start_gateway(policy)

    for _ in range(3):
        answer = ask(gateway, targets=["azure-sweden", "aws-use1"], form="responses")
        assert (answer.status, answer.target, answer.attempts) == (200, "aws-use1", 2), answer
        assert [record["auth"] for record in answer.records] == ["refused: no credential", "sigv4"]
    assert ask(gateway, targets=["azure-sweden"], form="responses").error["code"] == "credential_refused"
    if recovers:
        clouds.clear()
        gateway.await_serving(only="azure-sweden", seconds=6)


def test_entras_token_is_renewed(policy, start_gateway, clouds):
    clouds.admin("POST", "/token", {"of": "entra", "expires_in": 2})
    gateway = start_gateway(policy)
    gateway.await_serving(only="azure-sweden")
    tokens = set()

    def renewed():
        answer = ask(gateway, targets=["azure-sweden", "aws-use1"], form="responses")
        # A token at its very end may be refused; then the next target serves.
        assert answer.status == 200, answer
        if answer.attempts == 1:
            tokens.update(header(answer.records[0], "authorization"))
        return len(tokens) >= 3

    until(renewed, "renewals", 12)


def test_no_secret_is_where_it_could_be_read(gateway, clouds):
    tokens = set()
    for endpoint, *_ in CREDENTIALS:
        answer = ask(gateway, targets=[endpoint], form="responses")
        failed = ask(gateway, f"[[{answer.cloud} 401]]", targets=[endpoint], form="responses")
        assert (answer.status, failed.status) == (200, 502), failed
        for record in answer.records + failed.records:
            tokens |= {value.removeprefix("Bearer ") for value in header(record, "authorization") + header(record, "api-key")}
    credentials = clouds["credentials"]
    secrets = tokens | {value for name, value in credentials.items() if re.search("key|secret", name)}
    assert len(secrets) >= len(CREDENTIALS)

    readable = {
        "the rendered configuration": gateway.config.read_text(),
        "the log": gateway.log_text(),
        "the access log": gateway.access_log.read_text(),
        **{path: gateway.manage(path).text for path in ("/config_dump?include_eds", "/stats", "/clusters", "/server_info",
                                                        "/listeners?format=json", "/contention", "/runtime")},
    }
    for place, text in readable.items():
        for secret in secrets:
            assert secret not in text, place


def test_the_module_is_told_no_more_than_it_has_to_know(gateway, policy):
    found = {plugin["configuration"]["value"]: plugin for plugin in plugins(gateway.manage("/config_dump").json)}
    assert len(found) == 1 + len(policy["endpoints"])
    for configuration, plugin in found.items():
        told = json.loads(configuration)
        vm = plugin["vm_config"]
        assert set(vm) == {"vm_id", "runtime", "code", "environment_variables"}
        assert vm["code"] == {"local": {"filename": str(places.MODULE)}}
        # By name alone: the key of tags is in Envoy's own environment.
        assert vm["environment_variables"] == {"host_env_keys": policy["sessions"]["tag_keys"]}
        if told["role"] == "edge":
            assert told["policy"] == policy
        else:
            assert set(told) == {"role", "endpoint"} and told["endpoint"] in policy["endpoints"]


def plugins(config):
    """The configuration of each plugin of the module."""
    if isinstance(config, dict):
        own = [config] if "vm_config" in config else []
        return own + [plugin for value in config.values() for plugin in plugins(value)]
    if isinstance(config, list):
        return [plugin for value in config for plugin in plugins(value)]
    return []
