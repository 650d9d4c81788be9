//! The HTTP filters of a listener, in front of the router: who may say which tenant asks, browsers,
//! readiness, and the module's edge.

use serde_json::{Value, json};

use super::any::put;
use super::policy::{Paths, Policy};
use super::switch::in_chain;
use super::trust::ListenerContext;
use super::{cors, jwt, plugin, probe};
use crate::print::note::explained;
use multihome_core::contract::{EDGE_FILTER, EDGE_ROLE};

/// The filters, in their order.
pub fn before_router(policy: &Policy<'_>, paths: &Paths, listener: &ListenerContext<'_>) -> Vec<Value> {
    let mut filters = vec![in_chain(probe::readiness(), listener.place)];
    filters.extend(listener.trust.removal().into_iter().map(|filter| in_chain(filter, listener.place)));
    filters.extend(cors::filter(policy.config, listener.name));
    let verifying = jwt::filters(policy.config, listener.names, listener.detour);
    filters.extend(verifying.into_iter().map(|filter| in_chain(filter, listener.place)));
    let mut configuration = json!({"role": EDGE_ROLE, "policy": policy.node});
    put(&mut configuration, "keys", policy.keys.map(|keys| json!(keys)));
    let detour = listener.trailers_take_detour(policy.config).then(|| json!(listener.names.detour()));
    put(&mut configuration, "detour", detour);
    let metadata = policy.config.needs_google_token().then(|| json!(listener.names.metadata()));
    put(&mut configuration, "metadata", metadata);
    // Else it would run for every route of an Envoy that has others too, and answer 404 for all that are not its own.
    let edge = explained(
        "The module at the edge: it decides by policy which targets a request may have, and in which order.",
        plugin::filter(EDGE_FILTER, EDGE_ROLE, paths, listener.names, &policy.config.sessions, &configuration),
    );
    filters.push(in_chain(edge, listener.place));
    filters
}
