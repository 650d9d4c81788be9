//! A policy as stock Envoy's configuration: the whole bootstrap, or the parts for an Envoy that has its own.
//!
//! Every field that is set here has been seen to work, and what is said of Envoy's behaviour was tried, on
//! Envoy 1.40.0. The oldest that will do is 1.39 (see [`crate::version`]).

mod absorber;
mod detour;
mod listener;
pub mod options;
mod overload;
mod probe;
pub mod remarks;

use serde_json::{Value, json};

use super::piece::any::{listen, put};
use super::piece::policy::Policy;
use super::piece::trust::{ClientTrust, ListenerContext, Place};
use super::piece::{cluster, filter, reply, route};
use super::rendered::{Format, Rendered};
use options::{Options, Part, Scope};

/// What stands above all that is rendered.
pub const HEADING: &str = "\
# Made by `multihome render envoy`; for Envoy 1.39 and later. Change the policy and render again rather than this file.
";

/// One file: the bootstrap, or the part.
pub fn render(policy: &Policy<'_>, options: &Options, scope: Scope, format: Format) -> Rendered {
    let (stem, value) = match scope {
        Scope::Bootstrap => ("envoy", whole(policy, options)),
        Scope::Part(Part::Filters) => ("filters", filters(policy, options)),
        Scope::Part(Part::Route) => ("route", routes(policy, options)),
        Scope::Part(Part::Clusters) => {
            ("clusters", json!({"clusters": cluster::all(policy.config, &options.paths, policy.names, false)}))
        }
    };
    Rendered { files: vec![(format.path(stem), format.text(HEADING, &value))] }
}

/// A whole bootstrap, with its notes.
pub fn whole(policy: &Policy<'_>, options: &Options) -> Value {
    let paths = &options.paths;
    let detour = detour::is_needed(policy.config);
    let mut listeners: Vec<Value> = options
        .listeners
        .iter()
        .map(|(name, address)| listener::listener(policy, paths, name, *address, detour))
        .collect();
    listeners.extend(options.probe.map(|address| probe::listener(policy, paths, address)));
    let mut clusters = cluster::all(policy.config, paths, policy.names, true);
    listeners.push(detour::listener(policy, paths));
    listeners.extend(absorber::listeners(policy.config, policy.names));
    clusters.push(detour::cluster(policy.config, policy.names));
    json!({
        // Secrets from files need a node's id and cluster, whatever they are.
        "node": {"id": "multihome", "cluster": "multihome"},
        "admin": {"address": listen(options.admin)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "bootstrap_extensions": [detour::bootstrap_extension()],
        "overload_manager": overload::manager(options),
        "layered_runtime": overload::runtime(options),
    })
}

/// The listener that a part is for.
fn context<'p>(policy: &Policy<'p>, options: &'p Options) -> ListenerContext<'p> {
    let name = options.listener_of_part();
    let trust = ClientTrust::of(policy.config, name);
    ListenerContext { name, trust, detour: false, names: policy.names, place: Place::Foreign }
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
