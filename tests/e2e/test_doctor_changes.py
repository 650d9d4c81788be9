"""`multihome doctor` of an Envoy that changes while it serves: what it refused, and what it took."""

import copy
import json

import pytest

from harness import policies
from harness.bootstrap import SWITCH, TYPE, manager, models, place_of_edge, upstream
from harness.doctor import doctor, findings
from harness.gateway import Gateway
from harness.process import until

# By files that Envoy watches: extension, route, cluster and listener discovery

def watched(folder):
    """An edit that has Envoy watch files; what it gives replaces one of them."""
    kept = {}

    def source(name):
        return {"path_config_source": {"path": str(folder / f"{name}.json")}, "resource_api_version": "V3"}

    def put(name, version, change=None):
        kind, resources = kept[name]
        resources = copy.deepcopy(resources)
        if change:
            change(resources)
        new = folder / f"{name}.new"
        new.write_text(json.dumps({"version_info": version, "resources": [{"@type": kind, **one} for one in resources]}))
        new.replace(folder / f"{name}.json")

    def edit(bootstrap):
        static = bootstrap["static_resources"]
        whole = manager(bootstrap)
        place = place_of_edge(bootstrap)
        module = whole["http_filters"][place]
        kept["ecds"] = f"{TYPE}.config.core.v3.TypedExtensionConfig", [{"name": "multihome-a", "typed_config": module["typed_config"]}]
        discovery = {"config_source": source("ecds"), "type_urls": [module["typed_config"]["@type"]]}
        whole["http_filters"][place] = {"name": "multihome-a", "disabled": True, "config_discovery": discovery}
        for route in models(bootstrap):
            route.setdefault("typed_per_filter_config", {})["multihome-a"] = {"@type": SWITCH, "disabled": False, "config": {}}
        routes = {**whole.pop("route_config"), "name": "watched"}
        kept["rds"] = f"{TYPE}.config.route.v3.RouteConfiguration", [routes]
        whole["rds"] = {"route_config_name": "watched", "config_source": source("rds")}
        kept["cds"] = f"{TYPE}.config.cluster.v3.Cluster", static.pop("clusters")
        kept["lds"] = f"{TYPE}.config.listener.v3.Listener", static.pop("listeners")
        for name in kept:
            put(name, f"{name}-1")
        bootstrap["dynamic_resources"] = {"lds_config": source("lds"), "cds_config": source("cds")}

    return edit, put


@pytest.fixture(scope="module")
def watching(processes, the_clouds, envoy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("watching")
    edit, put = watched(folder)
    gateway = Gateway(processes, folder, envoy, policies.base(the_clouds), the_clouds, edit=edit,
                      secrets={**the_clouds.secrets(), "google-token": the_clouds.google_token()})
    yield gateway, put
    gateway.stop()


def test_what_comes_by_files_is_armed_and_has_its_versions(watching, clouds):
    gateway, _ = watching
    assert findings(gateway, "--strict", "--policy", gateway.directory / "policy.yaml") == set()
    report, _ = doctor(gateway)
    assert report["serving"] == {"cds": "cds-1", "ecds multihome-a": "ecds-1", "lds": "lds-1", "rds watched": "rds-1"}


def spoil_edge(resources):
    resources[0]["typed_config"]["config"]["configuration"]["value"] = "{}"


def spoil_routes(resources):
    resources[0]["virtual_hosts"] *= 2


def spoil_clusters(resources):
    resources[0]["connect_timeout"] = "-1s"


def spoil_listeners(resources):
    resources[0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"].pop()


# What is spoilt, the finding and once it is mended: of clusters and routes Envoy only counts
SPOILT = [
    ("ecds", spoil_edge, "fault", None),
    ("lds", spoil_listeners, "fault", None),
    ("rds", spoil_routes, "warning", "warning"),
    ("cds", spoil_clusters, "warning", "warning"),
]


def test_an_update_that_envoy_refused_is_found(watching, clouds):
    gateway, put = watching
    later = set()
    for name, spoil, severity, after in SPOILT:
        source = {"ecds": "extension_config_discovery.http_filter.multihome-a", "lds": "listener_manager.lds",
                  "rds": "http.default.rds.watched", "cds": "cluster_manager.cds"}[name]
        put(name, f"{name}-bad", spoil)
        until(lambda: gateway.stats(f"^{source}.update_rejected$").popitem()[1] == 1, f"{name} is refused")
        assert findings(gateway) == later | {f"{severity} update-rejected"}, name
        report, _ = doctor(gateway)
        [found] = [one for one in report["findings"] if (name in one["what"] or name in one["where"])
                   and one["severity"] == severity] or [None]
        assert found or name == "lds", report
        assert report["serving"][{"ecds": "ecds multihome-a", "rds": "rds watched"}.get(name, name)] == f"{name}-1"
        assert gateway.ask().status == 200
        # Another text, or Envoy takes it for what it has.
        put(name, f"{name}-2")
        until(lambda: [version for version in doctor(gateway)[0]["serving"].values() if version == f"{name}-2"], f"{name} is mended")
        later |= {f"{after} update-rejected"} if after else set()
        assert findings(gateway) == later, name


# What is changed while it runs, the finding
CHANGED = [
    ("lds", lambda resources: manager_of(resources).pop("local_reply_config"), "warning replies-unmapped"),
    ("rds", lambda resources: resources[0].update(virtual_hosts=[]), "fault route-missing"),
    ("cds", lambda resources: upstream(resources[0]).pop(1), "fault credential-unguarded"),
    ("ecds", lambda resources: resources[0]["typed_config"]["config"].pop("failure_policy"), "warning failure-policy"),
]


def manager_of(listeners):
    default = next(one for one in listeners if one["name"] == "default")
    return default["filter_chains"][0]["filters"][0]["typed_config"]


def test_a_change_of_what_runs_is_seen(watching, clouds):
    gateway, put = watching
    before = findings(gateway)
    for name, change, expected in CHANGED:
        put(name, f"{name}-3", change)
        until(lambda: f"{name}-3" in doctor(gateway)[0]["serving"].values(), f"{name} is changed")
        assert findings(gateway) == before | {expected}, name
        put(name, f"{name}-4")
        until(lambda: f"{name}-4" in doctor(gateway)[0]["serving"].values(), f"{name} is changed back")
        assert findings(gateway) == before, name
