//! Which routes a filter runs for.

use serde_json::{Map, Value, json};

use super::any::{any, put};
use super::trust::Place;
use crate::print::note::{explain, explained, named};
use multihome_core::contract::EDGE_FILTER;

/// A filter that would do harm to routes of somebody else's, as it stands in the chain: there it runs for none that does not
/// switch it on.
pub fn in_chain(mut filter: Value, place: Place) -> Value {
    put(&mut filter, "disabled", (place == Place::Foreign).then(|| json!(true)));
    explain(
        &mut filter,
        "disabled",
        "For every route but those that switch it on: it is not for routes to anything else.",
    );
    filter
}

/// What a route says to switch filters on.
pub fn on(filters: &[&str]) -> Value {
    // Without a configuration, which may be empty, it would have no effect.
    let config = || any("envoy.config.route.v3.FilterConfig", json!({"disabled": false, "config": {}}));
    filters.iter().map(|filter| ((*filter).to_owned(), config())).collect::<Map<String, Value>>().into()
}

/// What a route says where the edge has nothing to do.
pub fn without_edge() -> Value {
    let off = json!({EDGE_FILTER: any("envoy.config.route.v3.FilterConfig", json!({"disabled": true}))});
    explained("The edge has nothing to do here.", named("no-edge", off))
}
