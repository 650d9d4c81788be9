//! Applies the core's keeper: reads and takes the lease, asks the metadata server, shares its token.

use std::time::Duration;

use multihome_core::contract::METADATA_CLUSTER;
use multihome_core::shared::token::{
    FETCH_MS, LEASE_KEY, LEASE_MS, NO_LEASE, PATH, RETRY_MS, TICK_MS, TOKEN_KEY, Token, is_due, is_free, lease,
};
use proxy_wasm::types::{BufferType, MapType};

use crate::{host, worker};

/// Has this VM look every so often. The main thread's is the first to be configured, and lays the lease down.
pub fn start() {
    if host::shared(LEASE_KEY).0.is_none() {
        host::share(LEASE_KEY, &NO_LEASE, 0);
    }
    host::tick_every(TICK_MS);
}

/// The worker that takes the lease asks for a token; the others find it in the shared data.
pub fn tick() {
    let now = host::now();
    if !is_due(worker::shared_token().as_ref(), now) {
        return;
    }
    let (held, version) = host::shared(LEASE_KEY);
    if !is_free(held.as_deref(), now) || !host::share(LEASE_KEY, &lease(now, LEASE_MS), version) {
        return;
    }
    let headers = vec![
        (":method", "GET"),
        (":path", PATH),
        (":authority", "metadata.google.internal"),
        ("metadata-flavor", "Google"),
    ];
    if !host::call(METADATA_CLUSTER, headers, Duration::from_millis(FETCH_MS)) {
        log::warn!("multihome: no call to {METADATA_CLUSTER}: is the cluster there?");
    }
}

/// The metadata server's answer, or none where the call failed.
pub fn receive(body_size: usize) {
    let status = host::header(MapType::HttpCallResponseHeaders, ":status")
        .and_then(|status| String::from_utf8(status).ok()?.parse().ok())
        .unwrap_or(0);
    let body = host::buffer(BufferType::HttpCallResponseBody, body_size);
    let now = host::now();
    match Token::from_answer(status, &body, now) {
        Some(token) => {
            host::share(TOKEN_KEY, &token.to_shared(), 0);
        }
        None => {
            log::warn!("multihome: no access token from the metadata server, status {status}");
            // Whoever fetched had the lease, and a fetch is over before its lease is.
            host::share(LEASE_KEY, &lease(now, RETRY_MS), 0);
        }
    }
}
