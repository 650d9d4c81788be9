//! The HTTP filters of a listener, in front of the router: who may say which tenant asks, browsers,
//! readiness, and the module's edge.

use serde_json::{Value, json};

use super::any::put;
use super::contract::{EDGE_FILTER, EDGE_ROLE};
use super::policy::{Paths, Policy};
use super::trust::ListenerContext;
use super::{cors, plugin, probe};

/// The filters, in their order.
pub fn before_router(policy: &Policy<'_>, paths: &Paths, listener: &ListenerContext<'_>) -> Vec<Value> {
    let mut filters = vec![probe::readiness()];
    filters.extend(listener.trust.removal());
    filters.extend(cors::filter(policy.config, listener.name));
    let mut configuration = json!({"role": EDGE_ROLE, "policy": policy.node});
    put(&mut configuration, "detour", listener.detour.map(|cluster| json!(cluster)));
    filters.push(plugin::filter(EDGE_FILTER, EDGE_ROLE, paths, &configuration));
    filters
}
