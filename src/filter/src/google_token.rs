//! Keeps Google's token: asks the metadata server where core says so, and shares what it responds.

use std::time::Duration;

use multihome_core::shared::token::{self, FETCH_MS, LEASE, PATH, TICK_MS};
use proxy_wasm::types::{BufferType, MapType};

use crate::store::SharedData;
use crate::{heads, host, worker};

/// Has this VM look every so often. The main thread's is the first to be configured, and lays the lease down.
pub fn start() {
    LEASE.lay_down(&SharedData);
    host::tick_every(TICK_MS);
}

/// The worker that takes the lease asks for a token in the metadata server's cluster; the others find it in the shared data.
pub fn tick(cluster: &str) {
    if !token::should_fetch(&SharedData, worker::shared_token().as_ref(), host::now()) {
        return;
    }
    let headers = vec![
        (":method", "GET"),
        (":path", PATH),
        (":authority", "metadata.google.internal"),
        ("metadata-flavor", "Google"),
    ];
    if !host::call(cluster, headers, Duration::from_millis(FETCH_MS)) {
        log::warn!("multihome: no call to {cluster}: is the cluster there?");
    }
}

/// The metadata server's response, or none where the call failed.
pub fn receive(body_size: usize) {
    let status = heads::status(&host::headers(MapType::HttpCallResponseHeaders));
    let body = host::buffer(BufferType::HttpCallResponseBody, body_size);
    if !token::receive(&SharedData, status, &body, host::now()) {
        log::warn!("multihome: no access token from the metadata server, status {status}");
    }
}
