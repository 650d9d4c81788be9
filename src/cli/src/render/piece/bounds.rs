//! How much of a request Envoy holds, and how long it waits.

use std::time::Duration;

use multihome_core::config::{Awaited, Config};
use serde_json::{Value, json};

/// What Envoy holds of one body: the limit of the policy and some room, so that the module, which says it in the
/// words of the API, is the first to refuse; and never less than Envoy's own default.
pub fn buffer_bytes(config: &Config) -> u64 {
    (config.limits.body_bytes + 64 * 1024).max(1024 * 1024)
}

/// Envoy counts the wait for a response as idle time too, over all tries: the longest plan must fit into it, with a lost
/// connection at each target.
pub fn stream_idle(config: &Config, awaited: Awaited) -> Duration {
    config.timeouts.idle.max(config.longest_wait(awaited) + Duration::from_secs(5))
}

/// The longest that a single try may wait for its response to begin.
pub fn longest_try(config: &Config, awaited: Awaited) -> Duration {
    let times = config.endpoints.iter().map(|endpoint| config.response_time(endpoint, awaited));
    times.max().unwrap_or_else(|| config.timeouts.response(awaited))
}

/// No limits of Envoy's own on a cluster.
pub fn no_limits() -> Value {
    json!({"thresholds": [{
        "max_connections": UNLIMITED,
        "max_pending_requests": UNLIMITED,
        "max_requests": UNLIMITED,
        "max_retries": UNLIMITED,
    }]})
}

const UNLIMITED: u32 = u32::MAX;
