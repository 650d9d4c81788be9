//! A policy as stock Envoy's configuration: the whole bootstrap, or the parts for an Envoy that has its own.
//!
//! Every field that is set here has been seen to work, and what is said of Envoy's behaviour was tried, on
//! Envoy 1.40.0. The oldest that will do is 1.39 (see [`crate::version`]).

mod absorber;
mod detour;
mod listener;
pub mod options;
mod overload;
pub mod probe;
pub mod remarks;

use serde_json::{Value, json};

use super::piece::any::{listen, put};
use super::piece::policy::{Paths, Policy};
use super::piece::trust::{ClientTrust, ListenerContext, Place};
use super::piece::{cluster, filter, jwt, reply, route};
use super::rendered::{Format, LEGEND, Rendered};
use options::{Options, Part, Scope};

/// What stands above all that is rendered.
pub const HEADING: &str = "\
# Made by `multihome render envoy`; for Envoy 1.39 and later. Change the policy and render again rather than this file.
";

/// One file: the bootstrap, or the part.
pub fn render(policy: &Policy<'_>, options: &Options, scope: Scope, format: Format) -> Rendered {
    let (stem, value) = match scope {
        Scope::Bootstrap => ("envoy", bootstrap(policy, options)),
        Scope::Part(Part::Filters) => ("filters", filters(policy, options)),
        Scope::Part(Part::Route) => ("route", routes(policy, options)),
        Scope::Part(Part::Clusters) => ("clusters", json!({"clusters": clusters(policy, options)})),
        Scope::Part(Part::Listeners) => ("listeners", internal_listeners(policy, options)),
    };
    Rendered { files: vec![(format.path(stem), format.text(&format!("{HEADING}{LEGEND}\n"), &value))] }
}

/// A whole bootstrap, with its notes.
pub fn bootstrap(policy: &Policy<'_>, options: &Options) -> Value {
    let paths = &options.paths;
    let mut listeners: Vec<Value> =
        options.listeners.iter().map(|(name, address)| listener::listener(policy, paths, name, *address)).collect();
    listeners.extend(options.probe.map(|address| probe::listener(policy, paths, address)));
    listeners.extend(inside(policy, paths, Some(reply::access_log(&policy.names.detour()))));
    json!({
        "#node": "yours: any names. Envoy reads secrets from files only if it has some.",
        "node": {"id": "multihome", "cluster": "multihome"},
        "admin": {"#address": "yours: --admin. Whoever reaches it can stop Envoy.", "address": listen(options.admin)},
        "layered_runtime": overload::runtime(options),
        "overload_manager": overload::manager(options),
        "bootstrap_extensions": [detour::bootstrap_extension()],
        "static_resources": {"listeners": listeners, "clusters": clusters(policy, options)},
    })
}

/// The listeners inside Envoy. What comes to the detour is written down as `access_log` says.
fn inside(policy: &Policy<'_>, paths: &Paths, access_log: Option<Value>) -> Vec<Value> {
    let mut listeners = vec![detour::listener(policy, paths, access_log)];
    listeners.extend(absorber::listeners(policy.config, policy.names));
    listeners.extend(jwt::key_listeners(policy.config, policy.names));
    listeners
}

/// The listeners inside in the shape in which they stand in a bootstrap of somebody's own, whose access log is not known.
fn internal_listeners(policy: &Policy<'_>, options: &Options) -> Value {
    json!({
        "bootstrap_extensions": [detour::bootstrap_extension()],
        "listeners": inside(policy, &options.paths, None),
    })
}

fn clusters(policy: &Policy<'_>, options: &Options) -> Vec<Value> {
    let (config, names) = (policy.config, policy.names);
    let mut clusters = cluster::all(config, &options.paths, names, options.internal_listeners);
    clusters.extend(options.internal_listeners.then(|| detour::cluster(config, names)));
    clusters
}

/// The listener that a part is for.
fn context<'p>(policy: &Policy<'p>, options: &'p Options) -> ListenerContext<'p> {
    let name = options.listener_of_part();
    let trust = ClientTrust::of(policy.config, name);
    let detour = options.internal_listeners;
    ListenerContext { name, trust, detour, names: policy.names, place: Place::Foreign }
}

/// The filters in the shape in which they stand in a connection manager of somebody's own.
fn filters(policy: &Policy<'_>, options: &Options) -> Value {
    let context = context(policy, options);
    let mut http = json!({});
    put(&mut http, "early_header_mutation_extensions", Some(context.trust.early_mutations()));
    put(&mut http, "http_filters", Some(Value::Array(filter::before_router(policy, &options.paths, &context))));
    put(&mut http, "local_reply_config", Some(reply::local_replies(Place::Foreign)));
    http
}

fn routes(policy: &Policy<'_>, options: &Options) -> Value {
    json!({"virtual_hosts": [route::virtual_host(policy.config, &context(policy, options), &options.domains)]})
}
