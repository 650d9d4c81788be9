//! The routes: to the clouds by the module's choice, with retries that move on, and past it by none.

use multihome_core::contract::{ATTEMPT_FILTER, MOVE_ON};
use serde_json::Value;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::chain::{Chain, Route, by_tcp};
use super::seen::json::{flag, list, text};
use crate::render::envoy::probe;
use crate::render::istio::gateway::UNARMED;

/// What is to be said of them.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in &seen.chains {
        let at = |route: &Route<'_>| format!("listener `{}`, {}", chain.listener, route.name());
        let astray: Vec<Finding> =
            chain.routes().iter().flat_map(|route| astray(seen, chain, &at(route), route)).collect();
        found.extend(missing(seen, chain));
        found.extend(astray);
        found.extend(chain.model_routes().flat_map(|route| model(&at(route), route)));
    }
    let listeners = seen.replies.dump.listeners();
    for listener in &listeners {
        let straight = by_tcp(listener.body).into_iter().filter(|name| has_attempt(seen, name));
        found.extend(straight.map(|name| straight_to(format!("listener `{}`", listener.name), name)));
    }
    found
}

/// A chain with an edge leads somewhere.
fn missing(seen: &Seen<'_>, chain: &Chain<'_>) -> Option<Finding> {
    // The one for probes leads nowhere.
    if chain.listener == probe::NAME || chain.edges().next().is_none() {
        return None;
    }
    let place = format!("listener `{}`", chain.listener);
    // A gateway has the filters in all of its listeners, and our hosts in some: there the edge waits, switched off.
    let elsewhere = || seen.chains.iter().filter(|other| !other.is_internal()).any(leads);
    let is_needed = chain.edges().any(|(_, edge)| !edge.is_disabled) || !elsewhere();
    let Some(_) = &chain.routes else {
        return is_needed.then(|| {
            Finding::fault(
                Kind::RouteMissing,
                place,
                "its routes have not arrived (route discovery): every request is a 404",
                "look at the file or the server that its `rds` names",
            )
        });
    };
    // Each host that is not armed is named by itself.
    let mut routes = chain.routes().iter();
    let is_named = routes.any(|route| placeholder(seen, route).is_some() || is_unarmed(chain, route));
    if !is_needed || leads(chain) || is_named {
        return None;
    }
    Some(missing_route(
        place,
        "the edge is here, and no route has the module choose the cluster: what the edge plans leads nowhere",
    ))
}

fn missing_route(place: String, what: &str) -> Finding {
    Finding::fault(
        Kind::RouteMissing,
        place,
        what,
        "put `render envoy --part route` into the route configuration; in Istio, look whether the EnvoyFilter's selector, and its match of the virtual host (`HOST:PORT`), still fit, and whether Istio is 1.31 or later",
    )
}

fn leads(chain: &Chain<'_>) -> bool {
    chain.model_routes().next().is_some()
}

/// The cluster that is nobody's, where a route leads there: an operator's VirtualService has to lead somewhere.
fn placeholder<'s>(seen: &Seen<'s>, route: &Route<'s>) -> Option<&'s str> {
    let mut straight = route.straight.iter().copied();
    straight.find(|name| seen.cluster(name).is_some_and(|cluster| cluster.is_placeholder()))
}

/// Whether this is the route of the VirtualService that `render istio` makes, and none of ours stands before it.
fn is_unarmed(chain: &Chain<'_>, route: &Route<'_>) -> bool {
    let is_patched = || chain.model_routes().any(|ours| std::ptr::eq(ours.host, route.host));
    chain.edges().next().is_some() && text(route.body, "/name") == UNARMED && !is_patched()
}

/// A route that goes where only the module may lead, or takes the module's place away.
fn astray(seen: &Seen<'_>, chain: &Chain<'_>, place: &str, route: &Route<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(placeholder(seen, route).map(|cluster| {
        Finding::fault(
            Kind::RoutePlaceholder,
            place,
            format!("it still leads to the placeholder `{cluster}` (192.0.2.1, nobody's address): every request ends in a timeout or a 503"),
            "the patch of the route matched nothing: look at the EnvoyFilter's match of the virtual host (`HOST:PORT`) and of the route, and whether Istio is 1.31 or later",
        )
    }));
    if is_unarmed(chain, route) {
        found.push(missing_route(
            place.to_owned(),
            "no route of the module's stands before it: every request of this host is its 503",
        ));
    }
    if route.next.is_none() {
        let straight = route.straight.iter().copied().filter(|name| has_attempt(seen, name));
        found.extend(straight.map(|name| straight_to(place.to_owned(), name)));
    }
    let attempts = seen.clusters.iter().filter_map(|cluster| cluster.filters.get(cluster.attempt()?));
    let mut names: Vec<&str> = attempts.map(|attempt| attempt.name).chain([ATTEMPT_FILTER]).collect();
    names.sort_unstable();
    names.dedup();
    found.extend(names.into_iter().filter(|name| route.switches_off(name)).map(|name| {
        Finding::fault(
            Kind::AttemptOff,
            place,
            format!("it switches `{name}` off in the cluster that it leads to: requests would go out with the operator's key, as the client wrote them"),
            format!("take `{name}` out of `typed_per_filter_config` of the route, of its virtual host and of the route configuration"),
        )
    }));
    found
}

fn has_attempt(seen: &Seen<'_>, cluster: &str) -> bool {
    seen.cluster(cluster).is_some_and(|cluster| cluster.attempt().is_some())
}

fn straight_to(place: String, cluster: &str) -> Finding {
    Finding::fault(
        Kind::RouteStraight,
        place,
        format!("it leads straight to `{cluster}`, past the edge and its policy"),
        "take that route away: only the module chooses among these clusters",
    )
}

/// One route of ours.
fn model(place: &str, route: &Route<'_>) -> Vec<Finding> {
    let mut found = retries(place, route.retries());
    let passes = route.levels().iter().any(|level| {
        let removed = list(level, "/response_headers_to_remove");
        removed.iter().any(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(MOVE_ON)))
    });
    if !passes {
        found.push(Finding::warning(
            Kind::HeaderLeaks,
            place,
            format!("it does not remove `{MOVE_ON}` from responses: when all targets fail, clients read it"),
            format!("write `response_headers_to_remove: [{MOVE_ON}]`, in the virtual host or the route"),
        ));
    }
    if !list(route.body, "/route/request_mirror_policies").is_empty()
        || route.body.pointer("/route/hedge_policy").is_some()
    {
        found.push(Finding::fault(
            Kind::RouteMirrored,
            place,
            "it mirrors or hedges requests: the copy takes the turn of the request that is waited for",
            "take `request_mirror_policies` and `hedge_policy` out",
        ));
    }
    let timeout = text(route.body, "/route/timeout");
    if timeout != "0s" {
        let said = if timeout.is_empty() { "Envoy's default of 15 s" } else { timeout };
        found.push(Finding::fault(
            Kind::RouteTimeout,
            place,
            format!("its timeout is {said}: streams and long completions are cut, and all attempts share it"),
            "write `timeout: 0s`; the policy's `timeouts` hold for each attempt",
        ));
    }
    found
}

fn retries(place: &str, retries: Option<&Value>) -> Vec<Finding> {
    let mut found = Vec::new();
    let on: Vec<&str> =
        retries.map(|policy| text(policy, "/retry_on").split(',').map(str::trim).collect()).unwrap_or_default();
    let policy = retries.unwrap_or(&Value::Null);
    let hears =
        list(policy, "/retriable_headers").iter().any(|header| text(header, "/name").eq_ignore_ascii_case(MOVE_ON));
    let lost =
        ["retriable-headers", "connect-failure", "reset", "refused-stream"].into_iter().find(|word| !on.contains(word));
    let why = match (retries, lost, hears) {
        (None, ..) => Some("it has no `retry_policy`".to_owned()),
        (_, Some(word), _) => Some(format!("its `retry_on` does not have `{word}`")),
        (_, _, false) => Some(format!("its `retriable_headers` do not have `{MOVE_ON}`")),
        _ => None,
    };
    if let Some(why) = why {
        found.push(Finding::fault(
            Kind::RetryMissing,
            place,
            format!("{why}: where a target fails so, the client gets the failure and no other target is tried"),
            "take the `retry_policy` over from `render envoy --part route`",
        ));
    }
    if retries.is_some() && !flag(policy, "/refresh_cluster_on_retry") {
        found.push(Finding::fault(
            Kind::RetrySameCluster,
            place,
            "without `refresh_cluster_on_retry` Envoy asks the same cloud again, where the attempt refuses, out of turn",
            "take the `retry_policy` over from `render envoy --part route`; Istio has to be 1.31 or later",
        ));
    }
    found
}
