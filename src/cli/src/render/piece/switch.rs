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

/// What a route says to switch filters on: any configuration of its own does. Envoy's word for it, a `FilterConfig` whose
/// `config` is empty, is one that istiod cannot read (it wants a type for each `Any`); so it is the empty one of a filter that
/// takes one, which the others do not look at. Tried with Envoy 1.40 and istiod 1.31.
pub fn on(filters: &[&str]) -> Value {
    let config = || any("envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute", json!({}));
    filters.iter().map(|filter| ((*filter).to_owned(), config())).collect::<Map<String, Value>>().into()
}

/// What a route says where the edge has nothing to do.
pub fn without_edge() -> Value {
    let off = json!({EDGE_FILTER: any("envoy.config.route.v3.FilterConfig", json!({"disabled": true}))});
    explained("The edge has nothing to do here.", named("no-edge", off))
}
