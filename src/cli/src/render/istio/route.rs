//! The routes of our hosts.

use serde_json::{Value, json};

use multihome_core::config::Awaited;

use super::filters::context;
use super::object::Document;
use super::options::Options;
use super::{identity, patch};
use crate::render::piece::any::{duration, put};
use crate::render::piece::bounds::stream_idle;
use crate::render::piece::policy::Policy;
use crate::render::piece::{route, switch};

/// The routes in front of the one that istiod made, and what the host says for all of them.
pub fn document(policy: &Policy<'_>, options: &Options) -> Document {
    let mut host = route::virtual_host(policy.config, &context(options), &[]);
    let routes = routes(&mut host, policy, options);
    // The name and the domains are istiod's.
    let kept = ["response_headers_to_remove", "typed_per_filter_config"];
    let mut fields = json!({});
    kept.iter().for_each(|key| put(&mut fields, key, host.get(*key).cloned()));
    let mut patches = Vec::new();
    for name in &options.hosts {
        patches.push(patch::virtual_host(options, name, fields.clone()));
        // Each goes in front of those before it.
        patches.extend(routes.iter().rev().map(|route| patch::first_route(options, name, route.clone())));
    }
    Document::new(
        "The routes, in front of the one of the VirtualService, which no request comes to then. They stand here from the last
to the first, since each patch puts its route in front of all others.",
        patch::envoy_filter(options, "route", patches),
    )
}

/// Takes the routes out of a virtual host, as they stand here.
fn routes(host: &mut Value, policy: &Policy<'_>, options: &Options) -> Vec<Value> {
    let Some(Value::Array(mut routes)) = host.get_mut("routes").map(Value::take) else { return Vec::new() };
    let on = switch::on(&identity::filter_names(policy, options).iter().map(String::as_str).collect::<Vec<_>>());
    let idle = duration(stream_idle(policy.config, Awaited::Stream));
    for route in &mut routes {
        let Some(Value::Object(action)) = route.get_mut("route") else { continue };
        // The listener's own time is for others' requests too.
        action.entry("idle_timeout").or_insert_with(|| idle.clone());
        if let (Some(Value::Object(filters)), Value::Object(on)) = (route.get_mut("typed_per_filter_config"), &on) {
            filters.extend(on.clone());
        }
    }
    routes
}
