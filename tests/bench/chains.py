"""The Envoy configurations that the benchmark compares.

`bare` is written here: a listener, a router, a cluster. The others are what
`multihome render envoy` prints for one policy, and differ from it only by what the functions below say.
"""

import copy

NAMES = ["bare", "native", "floor", "ours", "other"]
# Those that run a build of the module.
MULTIHOME = ("ours", "other")

# Where every measured request goes.
CLUSTER = "multihome-azure-eastus2"

WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
MATCHER = "type.googleapis.com/envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier"
ACTION = "type.googleapis.com/envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction"
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


class Unexpected(Exception):
    """The rendered configuration is not of the shape that the edits below know."""


def bare(listen, admin, upstream):
    """Envoy as a plain HTTP proxy: no filter but the router, no retries, no access log."""
    manager = {
        "@type": MANAGER,
        "stat_prefix": "bench",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}],
        "route_config": {
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                # The default timeout of 15 s would arm a timer that the other chains do not have.
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": CLUSTER, "timeout": "0s"}}],
            }]
        },
    }
    return {
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": [{
                "name": "default",
                "address": address(listen),
                "filter_chains": [{
                    "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
                }],
            }],
            "clusters": [{
                "name": CLUSTER,
                "type": "STATIC",
                "load_assignment": {
                    "cluster_name": CLUSTER,
                    "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}],
                },
            }],
        },
    }


def native(rendered):
    """Everything that is rendered but the Wasm filters: what the same route costs without the module."""
    config = to_cluster(rendered)
    removed = []
    for chain in found(config, "http_filters"):
        removed += [entry["name"] for entry in chain if entry["typed_config"]["@type"] == WASM]
        chain[:] = [entry for entry in chain if entry["typed_config"]["@type"] != WASM]
    if len(removed) < 2:
        raise Unexpected(f"an edge and an attempt were to be removed, but there were {len(removed)} Wasm filters")
    # Routes may switch the edge off by its name; Envoy refuses a name that no filter has.
    for settings in found(config, "typed_per_filter_config"):
        for name in set(removed) & settings.keys():
            del settings[name]
    return config


def floor(rendered, module):
    """Everything that is rendered, with a module that does nothing in place of ours."""
    config = to_cluster(rendered)
    for machine in found(config, "vm_config"):
        machine["code"] = {"local": {"filename": str(module)}}
    return config


def ours(rendered):
    return rendered


def to_cluster(rendered):
    """Without our module nobody names the next cluster, and the rendered route refuses such a request
    (no match). Here it goes to the cluster that ours chooses."""
    config = copy.deepcopy(rendered)
    matchers = [node for node in nodes(config) if node.get("@type") == MATCHER]
    if not matchers:
        raise Unexpected("there is no matcher cluster specifier")
    for matcher in matchers:
        matcher["cluster_matcher"]["on_no_match"] = {
            "action": {"name": "cluster", "typed_config": {"@type": ACTION, "cluster": CLUSTER}}
        }
    return config


def found(config, key):
    """The values that stand under `key`, anywhere."""
    return [node[key] for node in nodes(config) if key in node]


def nodes(value):
    """Every object in `value`."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from nodes(item)


def address(text):
    host, port = text.rsplit(":", 1)
    return {"socket_address": {"address": host, "port_value": int(port)}}
