//! How much of a request Envoy holds, and how long it waits.

use std::time::Duration;

use multihome_core::config::Config;
use serde_json::{Value, json};

/// What Envoy holds of one body: the limit of the policy and some room, so that the module, which says it in the
/// words of the API, is the first to refuse; and never less than Envoy's own default.
pub fn buffer_bytes(config: &Config) -> u64 {
    (config.limits.body_bytes + 64 * 1024).max(1024 * 1024)
}

/// Envoy counts the wait for a first byte as idle time too, over all tries: the longest plan must fit into it.
pub fn stream_idle(config: &Config) -> Duration {
    let grants = config.tenants.values().chain(config.identity.carried.as_ref().map(|carried| &carried.ceiling));
    let allowed = grants.map(|grant| grant.max_attempts).max().unwrap_or(config.defaults.max_attempts);
    let targets = config.models.values().map(Vec::len).max().unwrap_or(1);
    let tries = u32::try_from(targets).unwrap_or(u32::MAX).min(allowed);
    let waiting = config.timeouts.first_byte.saturating_mul(tries) + Duration::from_secs(5);
    config.timeouts.idle.max(waiting)
}

/// The defaults (1024 requests, 3 retries at a time) would refuse without a retry what a cloud's own limits decide better.
pub fn no_limits() -> Value {
    json!({"thresholds": [{
        "max_connections": UNLIMITED,
        "max_pending_requests": UNLIMITED,
        "max_requests": UNLIMITED,
        "max_retries": UNLIMITED,
    }]})
}

const UNLIMITED: u32 = u32::MAX;
