//! A listener for probes alone, beside those for clients.
//!
//! `/healthz` and `/readyz` are answered on every listener. But one that is full takes no probe either, and an Envoy that
//! runs short of memory answers them with 503: whoever restarts it for that ends every stream. This listener goes on
//! answering. What else is asked here is a 404, and no body is held, so that nobody can do harm by it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::listener;
use crate::render::piece::any::listen;
use crate::render::piece::policy::{Paths, Policy};
use crate::render::piece::trust::{ClientTrust, ListenerContext, Place};
use crate::render::piece::{probe, reply};

/// Its name. The colon keeps it apart from every listener of the command line.
pub const NAME: &str = "multihome:probe";

/// It has a limit of its own, so that it takes no file handles from the others.
pub const MAX_CONNECTIONS: u32 = 64;

/// The listener at `address`.
pub fn listener(policy: &Policy<'_>, paths: &Paths, address: SocketAddr) -> Value {
    let trust = ClientTrust::of(policy.config, NAME);
    // Nothing here goes there; but with it the edge has the configuration that it has elsewhere, which a worker reads once.
    let context = ListenerContext { name: NAME, trust, detour: true, names: policy.names, place: Place::Own };
    let routes = json!({"name": NAME, "virtual_hosts": [{
        "name": NAME,
        "domains": ["*"],
        "routes": [probe::alive(), probe::ready(), probe::nothing()],
    }]});
    let log = Some(reply::access_log(NAME));
    json!({
        "#": "For probes alone. It responds also when the other listeners are full or memory is short: whoever restarted \
            Envoy then would end every stream.",
        "name": NAME,
        "#address": "yours: --probe",
        "address": listen(address),
        "ignore_global_conn_limit": true,
        "bypass_overload_manager": true,
        "listener_filters": [listener::inspector(false)],
        "listener_filters_timeout": listener::FIRST_BYTES,
        "filter_chains": [{"filters": [listener::connection_manager(policy, paths, &context, routes, log)]}],
    })
}
