"""`multihome doctor`: an Envoy as it is rendered is armed, and each thing that is broken in it is one finding.

A row changes one thing of a rendered configuration, as an operator's hand, or a patch that matches nothing any more, would.
What no Envoy can be brought to is in the unit tests of `src/cli/src/command/doctor`."""

import ipaddress
import json
import subprocess

import pytest
from cryptography import x509

import places
from harness import own
from harness.bootstrap import (SWITCH, TYPE, attempt, cluster, edge, filters, host, manager, models, place_of, place_of_edge, plugin,
                               upstream, without)
from harness.doctor import doctor, findings
from harness.issuer import Issuer
from harness.process import until
from harness.tokens import Taken, ask


def elsewhere(bootstrap, address="127.0.0.1", name="elsewhere"):
    """A cluster of somebody else's; gives its name."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 9}}}}
    bootstrap["static_resources"]["clusters"].append({
        "name": name, "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}})
    return name


def off(name):
    return {name: {"@type": SWITCH, "disabled": True}}


def add_route(bootstrap, **route):
    host(bootstrap)["routes"].insert(0, {"match": {"path": "/other"}, **route})


def lead(bootstrap, where):
    """Every route of ours to one cluster, as if the patch of the route matched nothing."""
    for route in models(bootstrap):
        route["route"] = {"cluster": where, "timeout": "0s"}


def each_model(change):
    return lambda bootstrap: [change(route) for route in models(bootstrap)]


def two_edges(bootstrap):
    filters(bootstrap).insert(place_of_edge(bootstrap), {**edge(bootstrap), "name": "multihome-b", "disabled": True})
    for route in models(bootstrap):
        route["typed_per_filter_config"] = {"multihome-b": {"@type": SWITCH, "disabled": False, "config": {}}}


def order_credential(bootstrap):
    chain = upstream(cluster(bootstrap, "azure-eastus2"))
    credential = next(one for one in chain if "credential_injector" in one["name"])
    without(chain, credential)
    chain.insert(0, credential)


def tcp(bootstrap):
    proxy = {"@type": f"{TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "raw",
             "cluster": cluster(bootstrap, "azure-eastus2")["name"]}
    bootstrap["static_resources"]["listeners"].append({
        "name": "raw", "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}]})


def another_policy(bootstrap):
    text = plugin(edge(bootstrap))["configuration"]
    configuration = json.loads(text["value"])
    configuration["policy"]["limits"] = {"held_requests": 5}
    text["value"] = json.dumps(configuration)


def mirror(bootstrap):
    name = elsewhere(bootstrap)
    for route in models(bootstrap):
        route["route"]["request_mirror_policies"] = [{"cluster": name}]


def forget_endpoint(bootstrap):
    for route in models(bootstrap):
        typed = route["route"]["inline_cluster_specifier_plugin"]["extension"]["typed_config"]
        ways = typed["cluster_matcher"]["matcher_tree"]["prefix_match_map"]["map"]
        for key in [key for key in ways if "azure-eastus2" in key]:
            del ways[key]


# The one thing that is changed, the one finding
BROKEN = [
    ("edge removed", lambda b: without(filters(b), edge(b)), "fault edge-missing"),
    ("edge off in the chain", lambda b: edge(b).update(disabled=True), "fault edge-off"),
    ("edge off at the host", lambda b: host(b).setdefault("typed_per_filter_config", {}).update(off("multihome")), "fault edge-off"),
    ("a second edge", two_edges, "fault edge-twice"),
    ("edge first", lambda b: filters(b).insert(0, filters(b).pop(place_of_edge(b))), "fault edge-order"),
    ("a route of another", lambda b: add_route(b, direct_response={"status": 200}), "fault edge-elsewhere"),
    ("Envoy's own errors", lambda b: manager(b).pop("local_reply_config"), "warning replies-unmapped"),
    ("small buffer", each_model(lambda route: route.update(request_body_buffer_limit=1000)), "fault body-limit"),
    ("another VM id", lambda b: plugin(edge(b))["vm_config"].update(vm_id="other"), "fault vm-apart"),
    ("another environment", lambda b: plugin(attempt(cluster(b, "gcp-us")))["vm_config"].update(
        environment_variables={"key_values": {"A": "b"}}), "fault vm-apart"),
    ("edge goes on", lambda b: plugin(edge(b)).pop("allow_on_headers_stop_iteration"), "fault stop-iteration"),
    ("attempt goes on", lambda b: plugin(attempt(cluster(b, "gcp-us"))).pop("allow_on_headers_stop_iteration"), "fault stop-iteration"),
    ("no reload", lambda b: plugin(edge(b)).pop("failure_policy"), "warning failure-policy"),
    ("fails open", lambda b: plugin(edge(b)).update(failure_policy="FAIL_OPEN"), "fault failure-policy"),
    ("cluster removed", lambda b: without(b["static_resources"]["clusters"], cluster(b, "azure-eastus2")), "fault cluster-missing"),
    ("attempt removed", lambda b: without(upstream(cluster(b, "gcp-us")), attempt(cluster(b, "gcp-us"))), "fault attempt-missing"),
    ("key without attempt", lambda b: without(upstream(cluster(b, "azure-eastus2")), attempt(cluster(b, "azure-eastus2"))),
     "fault credential-unguarded"),
    ("key before attempt", order_credential, "fault attempt-order"),
    ("route unpatched", lambda b: lead(b, elsewhere(b)), "fault route-missing"),
    ("placeholder", lambda b: lead(b, elsewhere(b, "192.0.2.1", "outbound|80||placeholder.invalid")), "fault route-placeholder"),
    ("straight", lambda b: add_route(b, route={"cluster": cluster(b, "azure-eastus2")["name"]}, typed_per_filter_config=off("multihome")),
     "fault route-straight"),
    ("straight, among others", lambda b: add_route(b, typed_per_filter_config=off("multihome"), route={"weighted_clusters": {"clusters": [
        {"name": elsewhere(b), "weight": 1}, {"name": cluster(b, "gcp-us")["name"], "weight": 1}]}}), "fault route-straight"),
    ("straight, by TCP", tcp, "fault route-straight"),
    ("mirrored", mirror, "fault route-mirrored"),
    ("default timeout", each_model(lambda route: route["route"].pop("timeout")), "fault route-timeout"),
    ("attempt off", each_model(lambda route: route.setdefault("typed_per_filter_config", {}).update(off("multihome-attempt"))),
     "fault attempt-off"),
    ("attempt off at the host", lambda b: host(b).setdefault("typed_per_filter_config", {}).update(off("multihome-attempt")),
     "fault attempt-off"),
    ("no retries", each_model(lambda route: route["route"].pop("retry_policy")), "fault retry-missing"),
    ("header not heard", each_model(lambda route: route["route"]["retry_policy"].pop("retriable_headers")), "fault retry-missing"),
    ("resets not heard", each_model(lambda route: route["route"]["retry_policy"].update(retry_on="retriable-headers,connect-failure")),
     "fault retry-missing"),
    ("same cluster", each_model(lambda route: route["route"]["retry_policy"].pop("refresh_cluster_on_retry")), "fault retry-same-cluster"),
    ("header stays", lambda b: host(b).pop("response_headers_to_remove"), "warning header-leaks"),
    ("two policies", another_policy, "warning policy-mixed"),
    ("endpoint unknown to the route", forget_endpoint, "fault endpoint-unrouted"),
]


# The same where tokens name tenants
JWT, CLAIMS = "multihome-jwt", "multihome-claims"


def put(bootstrap, name, before):
    chain = filters(bootstrap)
    moved = chain.pop(place_of(bootstrap, name))
    chain.insert(place_of(bootstrap, before), moved)


def provider(bootstrap):
    return filters(bootstrap)[place_of(bootstrap, JWT)]["typed_config"]["providers"]["multihome"]


BROKEN_TOKENS = [
    ("as rendered", lambda b: None, None),
    ("nothing verifies", lambda b: filters(b).pop(place_of(b, JWT)), "fault token-unverified"),
    ("nothing hands on", lambda b: filters(b).pop(place_of(b, CLAIMS)), "fault token-unverified"),
    ("off in the chain", lambda b: filters(b)[place_of(b, JWT)].update(disabled=True), "fault token-unverified"),
    ("off at the host", lambda b: host(b).setdefault("typed_per_filter_config", {}).update(off(CLAIMS)), "fault token-unverified"),
    ("in another order", lambda b: put(b, CLAIMS, JWT), "fault token-unverified"),
    ("handed on behind the edge", lambda b: put(b, CLAIMS, "envoy.filters.http.router"), "fault token-unverified"),
    ("verified behind the edge", lambda b: put(b, JWT, "envoy.filters.http.router"), "fault edge-order"),
    ("of another issuer", lambda b: provider(b).update(issuer="https://evil.test"), "fault token-unverified"),
]


@pytest.mark.parametrize("edit, expected", [row[1:] for row in BROKEN_TOKENS], ids=[row[0] for row in BROKEN_TOKENS])
def test_a_policy_that_takes_tokens_and_nothing_that_verifies_them(edit, expected, start_gateway, clouds, tmp_path):
    tokens = Taken(clouds, tmp_path)
    gateway = start_gateway(tokens.policy, edit=edit)
    assert findings(gateway) == ({expected} if expected else set())
    answer = ask(gateway, tokens.of())
    assert answer.status == (401 if expected else 200), answer
    # Nobody else notices.
    assert ask(gateway, tokens.acme).status == 200


@pytest.mark.parametrize("edit, expected", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_broken_is_found(edit, expected, start_gateway, policy):
    gateway = start_gateway(policy, edit=edit)
    assert findings(gateway) == {expected}


def test_as_rendered_it_is_armed(gateway):
    assert findings(gateway, "--strict") == set()
    policy = gateway.directory / "policy.yaml"
    report, code = doctor(gateway, "--policy", policy)
    assert (code, report["findings"], report["armed"]) == (0, [], True)
    [decides] = report["policies"]
    said = subprocess.run([places.CLI, "check", policy], capture_output=True, text=True).stdout
    assert decides["version"] in said and "default" in decides["listeners"]
    assert report["envoy"]["state"] == "LIVE" and report["modules"] == [str(places.MODULE)]


def test_people_read_the_same(gateway):
    run = subprocess.run([places.CLI, "doctor", gateway.admin], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.endswith(f"{gateway.admin}: armed\n"), run


# Policies and command lines whose rendering is whole

def with_everything(policy, certificates):
    policy["listeners"] = {"partners": {"tls": certificates.listener}, "web": {"cors": {"allow_origins": ["https://a.test"]}}}
    policy["identity"]["trust"]["client_certificates"] = ["spiffe://contoso/hop"]
    policy["endpoints"]["azure-eastus2"]["informational"] = "absorb"


def test_every_kind_of_listener_is_armed(start_gateway, policy, certificates):
    with_everything(policy, certificates)
    listeners = dict.fromkeys(["default", "partners", "web", "bare"], "127.0.0.1:0")
    gateway = start_gateway(policy, listeners=listeners, options=["--probe", "127.0.0.1:0"])
    assert findings(gateway, "--strict") == set()


def forget_identity(bootstrap, name):
    early = manager(bootstrap, name)["early_header_mutation_extensions"]
    early[:] = [one for one in early if "identity" not in one["name"]]
    chain = manager(bootstrap, name)["http_filters"]
    chain[:] = [one for one in chain if one["name"] != "multihome-identity"]


@pytest.mark.parametrize("name", ["partners", "bare"])
def test_an_untrusted_listener_without_removal_is_found(name, start_gateway, policy, certificates):
    with_everything(policy, certificates)
    gateway = start_gateway(policy, listeners=dict.fromkeys(["default", "partners", "web", "bare"], "127.0.0.1:0"),
                            edit=lambda bootstrap: forget_identity(bootstrap, name))
    assert findings(gateway) == {"fault identity-kept"}
    assert {finding["where"] for finding in doctor(gateway)[0]["findings"]} == {f"listener `{name}`"}


def test_another_policy_than_the_file_is_found(gateway, policy, tmp_path):
    policy["tenants"]["acme"]["models"] = ["gpt-6*"]
    (tmp_path / "policy.yaml").write_text(json.dumps(policy))
    assert findings(gateway, "--policy", tmp_path / "policy.yaml") == {"fault policy-differs"}


def test_a_host_that_is_nowhere_is_found(start_gateway, policy):
    policy["endpoints"]["azure-eastus2"]["address"] = "nowhere.invalid:443"
    assert findings(start_gateway(policy)) == {"fault cluster-without-host"}


def test_a_secret_that_never_came_is_found(start_gateway, policy, clouds):
    secrets = {**clouds.secrets(), "google-token": clouds.google_token(), "azure-key": None}
    gateway = start_gateway(policy, secrets=secrets)
    assert findings(gateway) == {"fault secret-missing"}
    gateway.ask(only="azure-eastus2")
    assert findings(gateway) == {"fault secret-missing", "warning credential-failing"}
    gateway.set_secret("azure-key", clouds.secrets()["azure-key"])
    gateway.await_serving(only="azure-eastus2")
    assert findings(gateway) == set()


# Whose token never comes
@pytest.mark.parametrize("of", ["metadata", "entra"])
def test_a_token_that_never_came_is_found(of, start_gateway, policy, clouds):
    secrets = {**clouds.secrets(), "google-token": clouds.google_token()}
    clouds.admin("POST", "/token", {"of": of, "fail": True})
    gateway = start_gateway(policy, secrets=secrets)
    until(lambda: findings(gateway) == {"warning credential-failing"}, "the token is missed", 5)
    clouds.admin("POST", "/token", {"of": of, "fail": False})
    until(lambda: findings(gateway) == set(), "the token is there", 15)


# Days since it began, days that it has left
CERTIFICATES = [(10, -1, "fault certificate-expired"), (80, 10, "warning certificate-expiring"), (300, 20, None), (0.1, 0.9, None)]


@pytest.mark.parametrize("age, days, expected", CERTIFICATES)
def test_certificates_at_their_end_are_found(age, days, expected, start_gateway, policy, certificates):
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate, key = certificates.issue(f"ends-{days}", names, days=days, age=age)
    policy["listeners"] = {"default": {"tls": {"certificate_file": str(certificate), "key_file": str(key)}}}
    assert findings(start_gateway(policy)) == ({expected} if expected else set())


def test_a_drained_envoy_is_found(start_gateway, policy):
    gateway = start_gateway(policy)
    assert gateway.manage("/healthcheck/fail", "POST").status == 200
    assert findings(gateway) == {"warning envoy-not-serving"}
    assert gateway.manage("/healthcheck/ok", "POST").status == 200
    assert findings(gateway) == set()


def test_a_vm_that_trapped_is_found(start_gateway, policy):
    gateway = start_gateway(policy, module=places.MODULE_FOR_TESTS, concurrency=1)
    try:
        gateway.ask(headers={"x-trap-for-tests": "1"})
    except OSError:
        pass
    gateway.await_serving()
    assert findings(gateway) == {"warning vm-replaced"}


# Beside other routes

BROKEN_PARTS = [
    ("as rendered", lambda b: None, None),
    ("route does not switch it on", each_model(lambda route: route["typed_per_filter_config"].pop("multihome")), "fault edge-off"),
    ("on for all", lambda b: edge(b).pop("disabled"), "fault edge-elsewhere"),
    ("no mark", each_model(lambda route: route.pop("metadata")), "warning replies-unmapped"),
    ("route left out", lambda b: without(manager(b)["route_config"]["virtual_hosts"], host(b)), "fault route-missing"),
    ("a cluster left out", lambda b: without(b["static_resources"]["clusters"], cluster(b, "gcp-us")), "fault cluster-missing"),
]


@pytest.mark.parametrize("change, expected", [row[1:] for row in BROKEN_PARTS], ids=[row[0] for row in BROKEN_PARTS])
def test_parts_beside_other_routes(change, expected, start_gateway, policy, clouds, tmp_path):
    def edit(bootstrap):
        bootstrap.clear()
        bootstrap.update(own.bootstrap(Issuer().keys, {"cart": 9, "search": 9}))
        own.merge(bootstrap, own.parts(tmp_path / "gateway", clouds["ca_file"]))
        change(bootstrap)

    assert findings(start_gateway(policy, edit=edit)) == ({expected} if expected else set())


def test_what_is_no_envoy_is_told(gateway, clouds):
    at = gateway.addresses["default"]
    for where, code, says in [(f"http://{at}", 1, "replies to /server_info with 404"), ("http://127.0.0.1:1", 1, "no Envoy can be reached"),
                              ("https://127.0.0.1:9901", 2, "is no address of an admin interface")]:
        run = subprocess.run([places.CLI, "doctor", where], capture_output=True, text=True)
        assert (run.returncode, run.stdout) == (code, "") and says in run.stderr, run
