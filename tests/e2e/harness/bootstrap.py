"""Where things are in a bootstrap as it is rendered, for edits that take one of them away."""

import json

TYPE = "type.googleapis.com/envoy"
SWITCH = f"{TYPE}.config.route.v3.FilterConfig"
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def listener(bootstrap, name="default"):
    return next(one for one in bootstrap["static_resources"]["listeners"] if one["name"] == name)


def manager(bootstrap, name="default"):
    return listener(bootstrap, name)["filter_chains"][0]["filters"][0]["typed_config"]


def filters(bootstrap):
    return manager(bootstrap)["http_filters"]


def place_of(bootstrap, name):
    return next(place for place, one in enumerate(filters(bootstrap)) if one["name"] == name)


def place_of_edge(bootstrap):
    return place_of(bootstrap, "multihome")


def edge(bootstrap):
    return filters(bootstrap)[place_of_edge(bootstrap)]


def plugin(module):
    return module["typed_config"]["config"]


def host(bootstrap):
    """The virtual host of ours."""
    return next(one for one in manager(bootstrap)["route_config"]["virtual_hosts"] if models_of(one))


def models(bootstrap):
    """The routes whose cluster the module chooses."""
    return models_of(host(bootstrap))


def models_of(host):
    return [route for route in host["routes"] if "inline_cluster_specifier_plugin" in route.get("route", {})]


def cluster(bootstrap, endpoint):
    """The cluster whose attempt is that endpoint's."""
    def is_its(one):
        return any('"endpoint":"%s"' % endpoint in json.dumps(plugin(each)["configuration"]).replace("\\", "")
                   for each in upstream(one) if each["name"] == "multihome-attempt")

    return next(one for one in bootstrap["static_resources"]["clusters"] if is_its(one))


def upstream(of):
    return of.get("typed_extension_protocol_options", {}).get(_OPTIONS, {}).get("http_filters", [])


def attempt(of):
    return next(one for one in upstream(of) if one["name"] == "multihome-attempt")


def without(items, chosen):
    items[:] = [item for item in items if item is not chosen]
