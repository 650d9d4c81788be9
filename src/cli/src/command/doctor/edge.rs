//! The edge in its listener: there, running for our routes and for no other, behind whatever says who asks.

use multihome_core::contract;
use serde_json::Value;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::chain::{Chain, Route};
use super::seen::json::{list, maps, members, number, text};

/// What is to be said of every edge.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = seen.chains.iter().flat_map(|chain| of_chain(seen, chain)).collect();
    let is_anywhere = seen.chains.iter().any(|chain| chain.edges().next().is_some());
    if !is_anywhere && !found.iter().any(|finding| finding.kind == Kind::EdgeMissing) {
        found.push(Finding::fault(
            Kind::EdgeMissing,
            "all listeners",
            "no listener that serves has the module's edge: nothing here is decided by policy",
            "name the admin interface of the Envoy that serves Multihome; in Istio, look whether the selector of the EnvoyFilters still matches this gateway",
        ));
    }
    found
}

fn of_chain(seen: &Seen<'_>, chain: &Chain<'_>) -> Vec<Finding> {
    let place = format!("listener `{}`", chain.listener);
    let mut found = Vec::new();
    if chain.model_routes().next().is_none() {
        return found;
    }
    if chain.edges().next().is_none() {
        found.push(Finding::fault(
            Kind::EdgeMissing,
            &place,
            "a route leads to the clouds, and no filter of the module decides on its requests: they end with 503",
            "put `render envoy --part filters` before the router; in Istio, look whether the EnvoyFilter's match still fits the listener",
        ));
        return found;
    }
    found.extend(switches(chain, &place));
    found.extend(order(chain, &place));
    found.extend(elsewhere(chain));
    found.extend(replies(chain, &place));
    found.extend(body(seen, chain));
    found
}

/// One edge for each of our routes.
fn switches(chain: &Chain<'_>, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for route in chain.model_routes() {
        match *route.edges.as_slice() {
            [] => found.push(Finding::fault(
                Kind::EdgeOff,
                format!("{place}, {}", route.name()),
                "the edge is in the chain and does not run for this route: its requests end with 503",
                "let the route switch it on, as `render envoy --part route` does: `typed_per_filter_config` with `disabled: false` and an empty `config`",
            )),
            [only] => {
                let edge = chain.filters.get(only);
                if edge.and_then(|edge| edge.plugin.as_ref()).is_some_and(|plugin| plugin.is_undelivered) {
                    found.push(Finding::fault(
                        Kind::EdgeMissing,
                        format!("{place}, {}", route.name()),
                        format!(
                            "the configuration of the filter `{}` has not arrived (extension discovery): every request is a 500",
                            edge.map(|edge| edge.name).unwrap_or_default()
                        ),
                        "look at the file or the server that its `config_discovery` names",
                    ));
                }
            }
            _ => found.push(Finding::fault(
                Kind::EdgeTwice,
                format!("{place}, {}", route.name()),
                "two edges run for this route, and the second decides on what the first has written",
                "let the route switch one of them on",
            )),
        }
    }
    found
}

/// What says who asks stands before the edge, and the edge before the router.
fn order(chain: &Chain<'_>, place: &str) -> Vec<Finding> {
    let Some((last, edge)) = chain.running_edges().last() else { return Vec::new() };
    let is_late = |filter: &&super::seen::filter::Filter<'_>| {
        let judges = BEFORE.iter().any(|kind| filter.kind.ends_with(kind)) || filter.name == IDENTITY_FILTER;
        judges && chain.model_routes().any(|route| route.runs(filter))
    };
    let mut found: Vec<Finding> = chain
        .filters
        .iter()
        .skip(last + 1)
        .filter(is_late)
        .map(|late| {
            Finding::fault(
                Kind::EdgeOrder,
                place,
                format!(
                    "the filter `{}` stands behind the edge `{}`, which has decided before it",
                    late.name, edge.name
                ),
                "put the edge directly before the router, behind all that says who asks",
            )
        })
        .collect();
    let router = chain.filters.iter().position(|filter| filter.kind.ends_with(".Router"));
    if router.is_some_and(|router| router < last) {
        found.push(Finding::fault(
            Kind::EdgeOrder,
            place,
            format!("the edge `{}` stands behind the router, so it never runs", edge.name),
            "put it directly before the router",
        ));
    }
    found
}

/// The types of filters that judge who asks, or change what the edge reads.
const BEFORE: [&str; 8] =
    [".JwtAuthentication", ".RBAC", ".ExtAuthz", ".ApiKeyAuth", ".BasicAuth", ".OAuth2", ".HealthCheck", ".Cors"];

/// Takes the identity headers away from clients without a certificate that counts.
const IDENTITY_FILTER: &str = "multihome-identity";

/// Where a connection manager has a route of ours, all others are somebody else's.
fn elsewhere(chain: &Chain<'_>) -> Vec<Finding> {
    let foreign = chain.routes().iter().filter(|route| route.next.is_none() && !route.edges.is_empty());
    let finding = |route: &Route<'_>| {
        Finding::fault(
            Kind::EdgeElsewhere,
            format!("listener `{}`, {}", chain.listener, route.name()),
            "the edge runs for this route too, which is none of Multihome's: it answers 404 or 401 for it",
            "have the filter `disabled: true` in the chain, and only our route switch it on",
        )
    };
    foreign.map(finding).collect()
}

/// Envoy's own errors have the API's shape.
fn replies(chain: &Chain<'_>, place: &str) -> Option<Finding> {
    let mappers = list(chain.manager, "/local_reply_config/mappers");
    let is_ours = |mapper: &&Value| mapper.pointer("/body_format_override/json_format/error").is_some();
    let ours: Vec<&Value> = mappers.iter().filter(is_ours).collect();
    // In an Envoy with other routes they speak for marked ones only.
    let asks_for_mark =
        |mapper: &&Value| maps(mapper).iter().any(|map| text(map, "/expression").contains("xds.route_metadata"));
    let is_marked = |route: &Route<'_>| {
        members(route.body, "/metadata/filter_metadata").any(|(name, _)| name == contract::EDGE_FILTER)
    };
    let why = if ours.is_empty() {
        "has no `local_reply_config` of ours"
    } else if ours.iter().all(asks_for_mark) && !chain.model_routes().all(is_marked) {
        "has a route without the mark (`metadata`) that its `local_reply_config` asks for"
    } else {
        return None;
    };
    Some(Finding::warning(
        Kind::RepliesUnmapped,
        place,
        format!(
            "it {why}: errors that Envoy makes (a timeout, a full gateway) reach clients in a shape that OpenAI's SDKs cannot read"
        ),
        "take `local_reply_config` over from `render envoy --part filters`, and the route's `metadata` from `--part route`",
    ))
}

/// What Envoy holds of a body.
fn body(seen: &Seen<'_>, chain: &Chain<'_>) -> Vec<Finding> {
    const DEFAULT: u64 = 1 << 20;
    let Some(config) = seen.policy_at(chain.listener) else { return Vec::new() };
    let of_listener = number(chain.body, "/per_connection_buffer_limit_bytes").unwrap_or(DEFAULT);
    let mut found = Vec::new();
    for route in chain.model_routes() {
        let limit = number(route.body, "/request_body_buffer_limit").unwrap_or(of_listener);
        if limit < config.limits.body_bytes {
            found.push(Finding::fault(
                Kind::BodyLimit,
                format!("listener `{}`, {}", chain.listener, route.name()),
                format!(
                    "Envoy holds {limit} bytes of a body, and the policy takes {}: longer ones are refused, or do not fail over",
                    config.limits.body_bytes
                ),
                "take `request_body_buffer_limit` over from `render envoy --part route`",
            ));
        }
    }
    found
}
