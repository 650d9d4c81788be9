//! Patches: how an `EnvoyFilter` changes what istiod makes for a gateway.
//!
//! A patch that matches nothing has no effect, and nobody says so. So each is made to match as little as it needs to: no
//! name that a release of Istio's could change, but of a host, of the connection manager and of the router.

use serde_json::{Value, json};

use super::object::{labels, object};
use super::options::{Name, Options};

/// The first Istio whose proxy asks another cluster for a retry. In an older one no patch holds: the host then is a 503 (see
/// [`super::gateway`]), in place of one cloud for all that another is meant for.
const PROXIES: &str = r"^(1\.(3[1-9]|[4-9][0-9]|[1-9][0-9][0-9])|[2-9])([.-].*)?$";

/// After what others put at the ends of the chain without a priority of their own.
const PRIORITY: u8 = 10;

/// An `EnvoyFilter` for the gateway's pods.
pub fn envoy_filter(options: &Options, what: &str, patches: Vec<Value>) -> Value {
    let name = Name { namespace: options.pods.clone(), name: named(options, what) };
    object(
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        &name,
        json!({
            "workloadSelector": {"labels": labels(&options.selector)},
            "priority": PRIORITY,
            "configPatches": patches,
        }),
    )
}

/// The name of one of our objects, which stands beside those of other gateways in a namespace.
pub fn named(options: &Options, what: &str) -> String {
    format!("multihome-{}-{what}", options.gateway.name)
}

/// Adds a cluster.
pub fn cluster(cluster: Value) -> Value {
    patch("CLUSTER", json!({}), "ADD", cluster)
}

/// Puts an HTTP filter in front of all others.
pub fn first_filter(filter: Value) -> Value {
    patch("HTTP_FILTER", in_manager(json!({})), "INSERT_FIRST", filter)
}

/// Puts an HTTP filter in front of the router.
pub fn filter_before_router(filter: Value) -> Value {
    let router = json!({"subFilter": {"name": "envoy.filters.http.router"}});
    patch("HTTP_FILTER", in_manager(router), "INSERT_BEFORE", filter)
}

/// Adds the configuration of a filter that asks for it by its name.
pub fn extension_config(configuration: Value) -> Value {
    patch("EXTENSION_CONFIG", json!({}), "ADD", configuration)
}

/// Adds fields to the connection manager.
pub fn manager(fields: Value) -> Value {
    patch("NETWORK_FILTER", in_manager(json!({})), "MERGE", fields)
}

/// Adds fields to a virtual host.
pub fn virtual_host(options: &Options, host: &str, fields: Value) -> Value {
    patch("VIRTUAL_HOST", in_host(options, host), "MERGE", fields)
}

/// Puts a route in front of all others of a host.
pub fn first_route(options: &Options, host: &str, route: Value) -> Value {
    patch("HTTP_ROUTE", in_host(options, host), "INSERT_FIRST", route)
}

const MANAGER: &str = "envoy.filters.network.http_connection_manager";

fn in_manager(more: Value) -> Value {
    let mut filter = json!({"name": MANAGER});
    if let (Value::Object(filter), Value::Object(more)) = (&mut filter, more) {
        filter.extend(more);
    }
    json!({"listener": {"filterChain": {"filter": filter}}})
}

/// istiod names a virtual host after its host and the port of the gateway's server.
fn in_host(options: &Options, host: &str) -> Value {
    json!({"routeConfiguration": {"vhost": {"name": format!("{host}:{}", options.port)}}})
}

/// The same patch for a proxy of any age.
pub fn for_any_proxy(mut patch: Value) -> Value {
    if let Some(Value::Object(matches)) = patch.get_mut("match") {
        matches.shift_remove("proxy");
    }
    patch
}

fn patch(apply_to: &str, at: Value, operation: &str, value: Value) -> Value {
    let mut matches = json!({"context": "GATEWAY", "proxy": {"proxyVersion": PROXIES}});
    if let (Value::Object(matches), Value::Object(at)) = (&mut matches, at) {
        matches.extend(at);
    }
    json!({"applyTo": apply_to, "match": matches, "patch": {"operation": operation, "value": value}})
}
