//! This Envoy: its version, and whether it serves at all.

use super::finding::{Finding, Kind};
use super::seen::Seen;
use crate::version::{OLDEST, PATCHED};

/// What is to be said of it.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let server = &seen.replies.server;
    let mut found = Vec::new();
    let istio = server.istio.as_ref().map(|version| format!(" (Istio {version})")).unwrap_or_default();
    if server.version < OLDEST {
        found.push(Finding::fault(
            Kind::EnvoyTooOld,
            "Envoy",
            format!(
                "it is {:#}{istio}; before {OLDEST} a retry cannot move to another cluster, so nothing fails over",
                server.version
            ),
            format!("run Envoy {OLDEST} or later, or Istio 1.31 or later"),
        ));
    } else if server.version < PATCHED {
        found.push(Finding::warning(
            Kind::EnvoyUnpatched,
            "Envoy",
            format!("it is {:#}{istio}, which has the security faults of August 2026", server.version),
            format!("run Envoy {PATCHED:#}, or 1.40 and later"),
        ));
    }
    match server.state.as_str() {
        "LIVE" => {}
        "DRAINING" => found.push(Finding::warning(
            Kind::EnvoyNotServing,
            "Envoy",
            "it is draining: `/readyz` says 503, and load balancers go elsewhere",
            "`POST /healthcheck/ok` at the admin interface takes it back, unless it is to be stopped",
        )),
        state => found.push(Finding::fault(
            Kind::EnvoyNotServing,
            "Envoy",
            format!("its state is {state}: it does not take requests yet"),
            "look at `/init_dump` of the admin interface for what it waits for",
        )),
    }
    let asks = !seen.replies.dump.bootstrap().pointer("/dynamic_resources/ads_config").is_none_or(|ads| ads.is_null());
    const CONNECTED: &str = "control_plane.connected_state";
    if asks && seen.replies.stats.has(CONNECTED) && seen.replies.stats.number(CONNECTED) == 0 {
        found.push(Finding::warning(
            Kind::ControlPlaneLost,
            "Envoy",
            "it has no connection to its control plane: it goes on with what it was last given",
            "look at the control plane (istiod), and at the way to it",
        ));
    }
    found
}
