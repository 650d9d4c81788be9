//! Takes a whole bootstrap apart: into one that stays, and the resources that Envoy is given by files.
//!
//! What was whole could be checked as a whole, by Envoy too; nothing is said here that it did not say.

use multihome_core::contract::EDGE_FILTER;
use serde_json::{Map, Value, json};

use super::pieces::{Pieces, digest, name};
use super::resource::watched;
use super::slot::Slot;
use crate::render::piece::any::{any, put};
use crate::render::piece::switch;

/// The pieces, for an edge in this slot and files in the folder `live`.
pub fn split(mut whole: Value, slot: Slot, live: &str) -> Pieces {
    let mut fixed = take(&mut whole, "static_resources");
    let typed = |list: Value, message: &str| -> Vec<Value> {
        let Value::Array(items) = list else { return Vec::new() };
        items.into_iter().map(|item| any(message, item)).collect()
    };
    let mut clusters = typed(take(&mut fixed, "clusters"), "envoy.config.cluster.v3.Cluster");
    // Envoy takes them one after the other: those that others fetch their tokens from come first.
    clusters.sort_by_key(|cluster| !name(cluster).contains(':'));
    let mut listeners = typed(take(&mut fixed, "listeners"), "envoy.config.listener.v3.Listener");
    let mut edge = Value::Null;
    let mut routes = Map::new();
    for listener in &mut listeners {
        let Some((found, config)) = take_out(listener, live) else { continue };
        let name = route_name(listener);
        if let Some(manager) = manager(listener) {
            let source = watched(live, &route_file(&name));
            put(manager, "rds", Some(json!({"route_config_name": name, "config_source": source})));
        }
        routes.insert(name.clone(), switched_on(config, &name, slot));
        // All are the same, but the one for probes, which knows of no detour and stands behind the others.
        if edge.is_null() {
            edge = found;
        }
    }
    let runtime = take_limits(&mut whole);
    put(
        &mut whole,
        "dynamic_resources",
        Some(json!({
            "cds_config": watched(live, CLUSTERS),
            "lds_config": watched(live, LISTENERS),
        })),
    );
    add_runtime(&mut whole, live);
    Pieces { bootstrap: whole, clusters, listeners, routes, edge, runtime }
}

/// The file of all clusters.
pub const CLUSTERS: &str = "clusters.yaml";
/// The file of all listeners.
pub const LISTENERS: &str = "listeners.yaml";
/// The file of what Envoy's runtime says of listeners.
pub const RUNTIME: &str = "runtime.yaml";

/// The file of one listener's routes.
pub fn route_file(route: &str) -> String {
    format!("route-{route}.yaml")
}

/// Takes the edge and the routes out of a listener that has both, and leaves the slots.
fn take_out(listener: &mut Value, live: &str) -> Option<(Value, Value)> {
    let manager = manager(listener)?;
    let filters = manager.get_mut("http_filters")?.as_array_mut()?;
    let place = filters.iter().position(|filter| filter.get("name").is_some_and(|name| name == EDGE_FILTER))?;
    let mut edge = filters.remove(place);
    for (offset, slot) in Slot::BOTH.into_iter().enumerate() {
        filters.insert(place + offset, slot.in_chain(live));
    }
    Some((take(&mut edge, "typed_config"), take(manager, "route_config")))
}

/// The connection manager of a listener.
fn manager(listener: &mut Value) -> Option<&mut Value> {
    let chains = listener.get_mut("filter_chains")?.as_array_mut()?;
    let filters = chains.iter_mut().filter_map(|chain| chain.get_mut("filters")?.as_array_mut()).flatten();
    filters.filter_map(|filter| filter.get_mut("typed_config")).find(|config| config.get("http_filters").is_some())
}

/// What a listener's routes are called: its name, and a digest of all else in it. A listener that changes has routes of its
/// own, so that connections of the former one, which drains, go on under the former policy.
fn route_name(listener: &Value) -> String {
    let name: String =
        name(listener).chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    format!("{name}-{}", digest(listener))
}

/// The routes, with the slot switched on wherever they do not switch the edge off.
fn switched_on(mut config: Value, name: &str, slot: Slot) -> Value {
    put(&mut config, "name", Some(json!(name)));
    let hosts = config.get_mut("virtual_hosts").and_then(Value::as_array_mut).into_iter().flatten();
    let routes = hosts.filter_map(|host| host.get_mut("routes")?.as_array_mut()).flatten();
    for route in routes.filter_map(Value::as_object_mut) {
        let mut filters = route.remove("typed_per_filter_config").unwrap_or_else(|| json!({}));
        if let Some(filters) = filters.as_object_mut()
            && filters.remove(EDGE_FILTER).is_none()
            && let Value::Object(on) = switch::on(&[slot.filter()])
        {
            filters.extend(on);
        }
        if filters.as_object().is_some_and(|filters| !filters.is_empty()) {
            route.insert("typed_per_filter_config".to_owned(), filters);
        } else {
            route.remove("#typed_per_filter_config");
        }
    }
    any("envoy.config.route.v3.RouteConfiguration", config)
}

/// How many connections each listener takes: it depends on which listeners there are.
fn take_limits(whole: &mut Value) -> Value {
    const LIMITS: &str = "/layered_runtime/layers/0/static_layer/envoy";
    let limits = whole.pointer_mut(LIMITS).map(|layer| take(layer, "resource_limits")).unwrap_or_default();
    any(
        "envoy.service.runtime.v3.Runtime",
        json!({"name": RUNTIME_LAYER, "layer": {"envoy": {"resource_limits": limits}}}),
    )
}

const RUNTIME_LAYER: &str = "multihome-listeners";

fn add_runtime(whole: &mut Value, live: &str) {
    if let Some(Value::Array(layers)) = whole.pointer_mut("/layered_runtime/layers") {
        let layer = json!({"name": RUNTIME_LAYER, "rtds_config": watched(live, RUNTIME)});
        layers.push(json!({"name": RUNTIME_LAYER, "rtds_layer": layer}));
    }
}

/// Removes a member, with the note on it.
fn take(object: &mut Value, key: &str) -> Value {
    let Some(members) = object.as_object_mut() else { return Value::Null };
    members.remove(&format!("#{key}"));
    members.remove(key).unwrap_or_default()
}
