//! A policy as Envoy's configuration: the whole bootstrap, or the parts for an Envoy that has its own.
//!
//! Every field that is set here has been seen to work, and what is said of Envoy's behaviour was tried, on
//! Envoy 1.40.0. The oldest that will do is 1.39 (see [`crate::version`]).

mod any;
mod cluster;
mod credential;
mod detour;
mod filter;
mod listener;
pub mod remarks;
mod reply;
mod route;
mod strip;
mod tls;
mod token;

use std::net::SocketAddr;

use multihome_core::config::{Config, Node};
use serde_json::{Value, json};

use any::{any, listen};
use filter::Standing;
use listener::Door;

/// What a bootstrap needs beside the policy.
#[derive(Clone, Debug)]
pub struct Options {
    /// The module, as Envoy will find it.
    pub wasm: String,
    /// The listeners, by name, at least one.
    pub listeners: Vec<(String, SocketAddr)>,
    /// The admin interface; it can stop Envoy and shows its configuration, so it belongs on the loopback.
    pub admin: SocketAddr,
    /// The folder of the secrets' files.
    pub sds_dir: String,
    /// The authorities that certificates are held against, where an endpoint names no `ca_file`.
    pub ca_file: String,
}

/// A checked policy, with the tree that it was made from: the module reads the latter.
#[derive(Debug)]
pub struct Policy<'p> {
    /// The checked policy.
    pub config: &'p Config,
    /// The file.
    pub node: &'p Node,
}

/// What of the configuration is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The HTTP filters before the router, for one listener.
    Filters,
    /// The virtual host.
    Route,
    /// The clusters.
    Clusters,
}

/// A bootstrap.
pub fn bootstrap(policy: &Policy<'_>, options: &Options) -> Value {
    let mut listeners: Vec<Value> =
        options.listeners.iter().map(|(name, address)| listener::listener(policy, options, name, *address)).collect();
    let mut clusters = cluster::all(policy.config, options);
    let mut extensions = Vec::new();
    if detour::of(policy.config).is_some() {
        listeners.push(detour::listener(policy, options));
        clusters.push(detour::cluster(policy.config));
        extensions.push(detour::bootstrap_extension());
    }
    json!({
        // Secrets from files need a node's id and cluster, whatever they are.
        "node": {"id": "multihome", "cluster": "multihome"},
        "admin": {"address": listen(options.admin)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "bootstrap_extensions": extensions,
        "overload_manager": {
            // Far above what one machine serves; without a limit Envoy warns, and a flood takes every file handle.
            "resource_monitors": [any::extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                json!({"max_active_downstream_connections": 50_000}),
            )],
        },
    })
}

/// One part, in the shape in which it stands in a configuration of somebody's own.
pub fn part(policy: &Policy<'_>, options: &Options, part: Part, listener: &str) -> Value {
    match part {
        Part::Filters => {
            let door = Door { name: listener, standing: Standing::of(policy.config, listener), detour: None };
            let mut http = json!({});
            any::put(&mut http, "early_header_mutation_extensions", Some(door.standing.early_mutations()));
            any::put(&mut http, "http_filters", Some(Value::Array(filter::before_router(policy, options, &door))));
            any::put(&mut http, "local_reply_config", Some(reply::local_replies()));
            http
        }
        Part::Route => json!({"virtual_hosts": [route::virtual_host(policy.config, listener, None)]}),
        Part::Clusters => json!({"clusters": cluster::all(policy.config, options)}),
    }
}

/// The plugin of one role. Both share one VM per worker: the same id, code and configuration of the VM.
fn plugin(options: &Options, root: &str, configuration: &Value) -> Value {
    json!({"config": {
        "name": root,
        "root_id": root,
        "vm_config": {
            "vm_id": "multihome",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": options.wasm}},
        },
        "configuration": any("google.protobuf.StringValue", json!({"value": configuration.to_string()})),
        // Without it a request that waits for its body at the headers would wait for ever.
        "allow_on_headers_stop_iteration": true,
        // A VM that trapped is replaced; the default answers 503 until Envoy restarts.
        "failure_policy": "FAIL_RELOAD",
    }})
}
