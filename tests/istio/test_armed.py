"""What `multihome doctor` says of a gateway of Istio's: an EnvoyFilter that matches nothing any more fails silently."""

import json
import subprocess

import pytest

import places


def findings(mesh):
    """Severity and name of each."""
    asked = subprocess.run([places.CLI, "doctor", f"http://{mesh.admin}", "--policy", mesh.directory / "policy.json", "--format", "json"],
                           capture_output=True, text=True)
    assert asked.stderr == "", asked.stderr
    report = json.loads(asked.stdout)
    found = {f"{finding['severity']} {finding['name']}" for finding in report["findings"]}
    is_armed = not any(finding.startswith("fault") for finding in found)
    assert (asked.returncode, report["armed"]) == (int(not is_armed), is_armed), report
    return found


def test_a_sound_gateway_is_armed(mesh):
    assert findings(mesh) == set()


def patches(objects, what, apply_to):
    """The patches of a kind in an EnvoyFilter, if it is among these objects."""
    spec = objects.get(f"EnvoyFilter {what}", {}).get("spec", {"configPatches": []})
    return [patch for patch in spec["configPatches"] if patch["applyTo"] == apply_to]


def match_nothing(what, apply_to):
    """As after an upgrade that names things anew."""
    def edit(objects):
        for patch in patches(objects, what, apply_to):
            patch["match"] = {**patch.get("match", {}), "context": "SIDECAR_INBOUND"}

    return edit


def without(what):
    return lambda objects: objects.pop(what, None)


def placeholder(objects):
    """An operator's own VirtualService, which has to have a destination; and no patch of the route."""
    without("EnvoyFilter route")(objects)
    if hosts := objects.get("VirtualService hosts"):
        [route] = hosts["spec"]["http"]
        del route["name"], route["directResponse"], route["headers"]
        route["route"] = [{"destination": {"host": "nowhere.test", "port": {"number": 80}}}]
        objects["nowhere"] = {
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "nowhere", "namespace": "edge"},
            "spec": {"hosts": ["nowhere.test"], "location": "MESH_EXTERNAL", "resolution": "STATIC",
                     "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}], "endpoints": [{"address": "192.0.2.1"}]}}


def without_attempt(objects):
    for patch in patches(objects, "clusters", "CLUSTER"):
        for options in patch["patch"]["value"].get("typed_extension_protocol_options", {}).values():
            options["http_filters"] = [one for one in options.get("http_filters", []) if one["name"] != "multihome-attempt"]


# What is broken → what is found, who gets the request then
BROKEN = {
    "the route's patches match nothing": (match_nothing("route", "HTTP_ROUTE"), {"fault route-missing"}, []),
    "requests reach a placeholder": (placeholder, {"fault route-placeholder"}, []),
    "the clusters' patches match nothing": (match_nothing("clusters", "CLUSTER"), {"fault cluster-missing"}, []),
    "the filters' patches match nothing": (match_nothing("filters", "HTTP_FILTER"), {"fault edge-missing"}, []),
    "there is no policy": (without("EnvoyFilter policy"), {"fault edge-missing"}, []),
    # It also keeps credentials from a request that no edge has planned.
    "the attempt is missing": (without_attempt, {"fault attempt-missing", "fault credential-unguarded"}, ["azure"]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found(what, policy, start_mesh, tokens):
    edit, found, tried = BROKEN[what]
    mesh = start_mesh(policy, options=tokens, edit=edit)
    assert findings(mesh) == found
    answer = mesh.ask()
    assert answer.status >= 400 and answer.tried == tried, answer


def test_a_proxy_that_is_too_old_serves_nothing_of_ours(policy, start_mesh, tokens):
    mesh = start_mesh(policy, options=tokens, version="1.30.2")
    answer = mesh.ask()
    assert (answer.status, answer.error["code"]) == (503, "gateway_unavailable"), answer
    assert mesh.of_shop("GET", "/").status == 200
    assert findings(mesh) == {"fault edge-missing"}
