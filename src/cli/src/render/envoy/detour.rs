//! The detour: where a request that ends in HTTP/2 trailers loses them.
//!
//! ```text
//! client ─HTTP/2─► listener ─► edge ─┬─────────────────────────────────────────► attempt ─► cloud
//!                                    └─ trailers ─HTTP/1.1─► detour ─► edge ─►─┘
//! ```
//!
//! `aws_request_signing` (Envoy 1.40.0) signs at the end of a body. Where trailers are the end it signs nothing, and no
//! filter can take them off: an empty map of trailers is still an end of its own. Envoy's codec of HTTP/1.1 sends and
//! takes none, unless told to. So the edge sends such a request, untouched, to a listener inside this Envoy, where an
//! edge under the same configuration (the same plugin: it is read once) decides on it as on any other.
//!
//! While it waits for its response, Envoy holds such a request twice.
//!
//! The edge sends requests there only where an endpoint is signed for; a route sends those of gRPC there (see
//! [`crate::render::piece::refusal::grpc`]). An Envoy of somebody's own has it by a part of its own. Filters that are not
//! known here stand in front of the edge there; they have seen a request before it takes the detour, and do not see it again.
//! Where that Envoy takes no such part, a request with trailers is not sent to an endpoint that is signed for.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::listener;
use crate::print::note::explained;
use crate::render::names::Names;
use crate::render::piece::any::extension;
use crate::render::piece::bounds::buffer_bytes;
use crate::render::piece::cluster::{internal, put_http_options};
use crate::render::piece::policy::{Paths, Policy};
use crate::render::piece::trust::{ClientTrust, ListenerContext, Place};

/// The listener. `access_log` is its own, where it has one.
pub fn listener(policy: &Policy<'_>, paths: &Paths, access_log: Option<Value>) -> Value {
    // Who may say which tenant asks was judged at the listener that the request came by.
    let (config, names) = (policy.config, policy.names);
    let name = names.detour();
    let trust = ClientTrust::Trusted;
    let context = ListenerContext { name: &name, trust, detour: true, names, place: Place::Inside };
    let routes = listener::all_hosts(config, &context);
    json!({
        "#": "Inside this Envoy: where a request that ends in HTTP/2 trailers loses them. Envoy signs a request for AWS at the \
            end of its body and, where trailers are the end, not at all. The edge sends such a request here by HTTP/1.1, \
            which carries no trailers, and the edge here decides on it as on any other.",
        "name": name,
        "internal_listener": {},
        "per_connection_buffer_limit_bytes": buffer_bytes(policy.config),
        "#ignore_global_conn_limit": COUNTED,
        "ignore_global_conn_limit": true,
        "filter_chains": [{"filters": [listener::connection_manager(policy, paths, &context, routes, access_log)]}],
    })
}

/// Of a listener inside this Envoy.
pub const COUNTED: &str = "Its connections were counted where they came from.";

/// What Envoy needs to have internal listeners at all.
pub fn bootstrap_extension() -> Value {
    let extension = extension(
        "envoy.bootstrap.internal_listener",
        "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
        json!({}),
    );
    explained("Without it Envoy has no listeners inside itself (`internal_listener`).", extension)
}

/// The way into it.
pub fn cluster(config: &Config, names: Names) -> Value {
    let name = names.detour();
    let mut cluster = internal(config, &name, &name);
    let protocol = json!({
        "explicit_http_config": {"http_protocol_options": {}},
        "#common_http_protocol_options": "Closed from here, long before the listener does it: a request on a connection \
            that just closes is lost.",
        "common_http_protocol_options": {"idle_timeout": "60s"},
    });
    put_http_options(&mut cluster, protocol);
    explained("The way to the listener of this name.", cluster)
}
