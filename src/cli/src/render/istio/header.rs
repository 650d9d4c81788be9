//! The form for an Istio that cannot carry the whole one: a `WasmPlugin` that chooses by the headers, and routes by the name
//! that it chose.
//!
//! A route to a cluster with the operator's key must be nobody's but the module's to take. What takes the client's own word
//! for it away, the routes that go by it and the filter's being switched on stand in one object: one without the other
//! cannot be.

use multihome_core::config::{Awaited, Endpoint};
use multihome_core::contract::{ATTEMPT_FILTER, ENDPOINT, HEADER_ROLE};
use serde_json::{Value, json};

use super::object::{Document, labels, object};
use super::options::{Name, Options};
use super::{gateway, identity, patch};
use crate::render::piece::any::{duration, extension, put};
use crate::render::piece::bounds::{buffer_bytes, stream_idle};
use crate::render::piece::policy::Policy;
use crate::render::piece::trust::Place;
use crate::render::piece::{cluster, jwt, reply, strip, switch};

/// What stands above the manifests.
pub const HEADING: &str = "\
# Made by `multihome render istio --mode header`; for Istio 1.28 to 1.30. Change the policy and render again rather than this
# file. From Istio 1.31 on leave `--mode header` out: these manifests lose much that the whole form has.
#
# - No failover. A request goes to the first target of its plan; `max_attempts` has no effect, and an error is the client's.
# - The headers choose. A client names the model in `x-multihome-model`, as the body does, or in Azure's path. What only the
#   body says (tools, images, its price) can refuse the request; it cannot move it to a target that would serve it.
# - The key is on its way to the cloud before the body has been looked at: a request that is refused for its body may cost a
#   connection there, but no tokens.
# - An error of a cloud whose words have to be replaced keeps its status. A change of the policy may end streams.
# - The plugin runs for every host of these pods, and lets requests to others pass.
";

/// The documents by file.
pub fn groups(policy: &Policy<'_>, options: &Options) -> Vec<(&'static str, Vec<Document>)> {
    vec![
        ("hosts", gateway::documents(options)),
        ("clusters", vec![clusters(policy, options)]),
        ("route", vec![route(policy, options)]),
        ("policy", vec![plugin(policy, options)]),
    ]
}

fn clusters(policy: &Policy<'_>, options: &Options) -> Document {
    let mut clusters = cluster::all(policy.config, &options.paths, policy.names, false);
    clusters.iter_mut().for_each(replace_attempt);
    let patches = clusters.into_iter().map(patch::cluster).map(patch::for_any_proxy).collect();
    Document::new(
        "One cluster for each endpoint of the policy, with its credential, for whoever is routed there.",
        patch::envoy_filter(options, "clusters", patches),
    )
}

/// What goes by in front of the attempt, and the attempt, has been done before the route was taken, and Google's token is in
/// the head already. Filters take away what Envoy has added since.
fn replace_attempt(cluster: &mut Value) {
    let filters = cluster
        .get_mut("typed_extension_protocol_options")
        .and_then(|options| options.get_mut("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"))
        .and_then(|options| options.get_mut("http_filters"))
        .and_then(Value::as_array_mut);
    let Some(filters) = filters else { return };
    if let Some(at) = filters.iter().position(|filter| filter.get("name").is_some_and(|name| name == ATTEMPT_FILTER)) {
        let names = ADDED.iter().map(|name| json!({"remove": name}));
        let added: Vec<Value> = ADDED_BY_PREFIX.map(strip::by_prefix).into_iter().chain(names).collect();
        filters.splice(..=at, [strip::mutation("multihome-added", json!({"request_mutations": added}))]);
    }
}

const ADDED: [&str; 4] = ["x-request-id", "traceparent", "tracestate", "b3"];
const ADDED_BY_PREFIX: [&str; 4] = ["x-multihome-", "x-envoy-", "x-forwarded-", "x-b3-"];

fn route(policy: &Policy<'_>, options: &Options) -> Document {
    let config = policy.config;
    let replies = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({"local_reply_config": reply::local_replies(Place::Foreign)}),
    );
    let mut patches = vec![patch::manager(replies)];
    // Each goes in front of those before it.
    let mut filters = identity::first_filters(policy, options);
    let verifying = jwt::filters(config, policy.names, false);
    filters.extend(verifying.into_iter().map(|filter| switch::in_chain(filter, Place::Foreign)));
    patches.extend(filters.into_iter().rev().map(patch::first_filter));
    let mut names = identity::filter_names(policy, options);
    names.extend(jwt::names(config).iter().map(|name| (*name).to_owned()));
    let on = switch::on(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for host in &options.hosts {
        // For the route of the VirtualService too, which a request has before an endpoint is chosen.
        patches.push(patch::virtual_host(options, host, json!({"typed_per_filter_config": on})));
        let routes = config.endpoints.iter().map(|endpoint| to_endpoint(policy, endpoint));
        patches.extend(routes.map(|route| patch::first_route(options, host, route)));
    }
    let patches = patches.into_iter().map(patch::for_any_proxy).collect();
    Document::new(
        "The routes, by the endpoint that the plugin names; a client's own word for it is taken away first. A request that the
plugin has not seen takes the route of the VirtualService, and is refused.",
        patch::envoy_filter(options, "route", patches),
    )
}

fn to_endpoint(policy: &Policy<'_>, endpoint: &Endpoint) -> Value {
    let config = policy.config;
    json!({
        "name": format!("multihome-{}", endpoint.name),
        "match": {"prefix": "/", "headers": [{"name": ENDPOINT, "string_match": {"exact": endpoint.name}}]},
        "metadata": reply::mark(),
        "request_body_buffer_limit": buffer_bytes(config),
        "route": {
            "cluster": policy.names.endpoint(&endpoint.name),
            "host_rewrite_literal": endpoint.host,
            "timeout": "0s",
            "idle_timeout": duration(stream_idle(config, Awaited::Whole)),
        },
    })
}

fn plugin(policy: &Policy<'_>, options: &Options) -> Document {
    let mut configuration = json!({"role": HEADER_ROLE, "hosts": options.hosts, "policy": policy.node});
    put(&mut configuration, "keys", policy.keys.map(|keys| json!(keys)));
    let metadata = policy.config.needs_google_token().then(|| json!(policy.names.metadata()));
    put(&mut configuration, "metadata", metadata);
    Document::new(
        "The module, with the policy.",
        object(
            "extensions.istio.io/v1alpha1",
            "WasmPlugin",
            &Name { namespace: options.pods.clone(), name: patch::named(options, "policy") },
            json!({
                "selector": {"matchLabels": labels(&options.selector)},
                "url": format!("file://{}", options.paths.wasm),
                "pluginName": HEADER_ROLE,
                "failStrategy": "FAIL_CLOSE",
                "pluginConfig": configuration,
            }),
        ),
    )
}
