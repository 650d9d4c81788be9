//! The routes: two to all clusters by what the module wrote into filter state, and one to know that Envoy lives.
//!
//! A stream begins soon and then comes piece by piece; any other response begins when the model is done. Each kind has a
//! route with times of its own. Until the edge has decided, a request has the route of streams.

use multihome_core::config::{Awaited, Config};
use serde_json::{Map, Value, json};

use super::any::{duration, extension, put};
use super::bounds::{buffer_bytes, longest_try, stream_idle};
use super::trust::{ListenerContext, Place};
use super::{cors, probe, refusal, reply, switch};
use multihome_core::contract::{EDGE_FILTER, MOVE_ON, NEXT_END, NEXT_STATE, WHOLE};

/// The edge says another number for each request by `x-envoy-max-retries`.
const RETRIES: u32 = 32;

/// The virtual host of one listener, for the host names that clients call it by.
pub fn virtual_host(config: &Config, listener: &ListenerContext<'_>, domains: &[String]) -> Value {
    let mut routes = vec![probe::alive(), refusal::two_hosts()];
    if listener.place == Place::Own {
        routes.extend([refusal::websocket(), refusal::grpc(listener.names)]);
    }
    // The first that matches holds.
    routes.extend([Awaited::Whole, Awaited::Stream].map(|awaited| model_route(config, listener, awaited)));
    if listener.place == Place::Foreign {
        routes.iter_mut().for_each(|route| put(route, "metadata", Some(reply::mark())));
    }
    let mut host = json!({
        "name": "multihome",
        "domains": domains,
        "routes": routes,
        // An attempt says by this header that the next target is to be asked. When there is none left, the client gets the response without it.
        "response_headers_to_remove": [MOVE_ON],
    });
    put(&mut host, "typed_per_filter_config", cors::of_route(config, listener.name));
    host
}

fn model_route(config: &Config, listener: &ListenerContext<'_>, awaited: Awaited) -> Value {
    let (name, matches) = match awaited {
        Awaited::Stream => ("model", json!({"prefix": "/"})),
        Awaited::Whole => (
            "model-whole",
            json!({"prefix": "/", "filter_state": [{"key": NEXT_STATE, "string_match": {"prefix": WHOLE}}]}),
        ),
    };
    let mut action = json!({
        "inline_cluster_specifier_plugin": {"extension": next_cluster(config, listener, awaited)},
        // A response may stream for as long as it keeps coming: see the listener's `stream_idle_timeout`.
        "timeout": "0s",
        "retry_policy": retry_policy(config, awaited),
    });
    if awaited == Awaited::Whole {
        put(&mut action, "idle_timeout", Some(duration(stream_idle(config, awaited))));
    }
    let mut route = json!({
        "name": name,
        "match": matches,
        // Above it neither a body is taken (413) nor kept for the next attempt.
        "request_body_buffer_limit": buffer_bytes(config),
        "route": action,
    });
    put(
        &mut route,
        "typed_per_filter_config",
        (listener.place == Place::Foreign).then(|| switch::on(&switched_on(listener))),
    );
    route
}

fn retry_policy(config: &Config, awaited: Awaited) -> Value {
    let mut policy = json!({
        "retry_on": "retriable-headers,connect-failure,reset,refused-stream",
        "retriable_headers": [{"name": MOVE_ON, "present_match": true}],
        "num_retries": RETRIES,
        // Resolves the cluster anew for each try (Envoy 1.39 and later; an older one would ask the same cloud again).
        "refresh_cluster_on_retry": true,
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
        // Ends a try whose response has not begun, and lets one that has begun go on. `per_try_idle_timeout` would
        // not do: it also cuts a stream that pauses for longer than the first byte may take. The edge says another time
        // for a request whose plan has endpoints with times of their own.
        "per_try_timeout": duration(config.timeouts.response(awaited)),
    });
    if awaited == Awaited::Whole {
        // A body that stops in its middle ends sooner than the idle time of all tries.
        let idle = config.timeouts.idle.max(longest_try(config, awaited));
        put(&mut policy, "per_try_idle_timeout", Some(duration(idle)));
    }
    policy
}

/// The filters that [`switch::in_chain`] switched off for all other routes.
fn switched_on(listener: &ListenerContext<'_>) -> Vec<&'static str> {
    let mut filters = vec![probe::READINESS_FILTER, EDGE_FILTER];
    filters.extend(listener.trust.filters());
    filters
}

/// Maps the endpoint's name in filter state, and the space that ends it (the request's ticket follows), to its cluster. A
/// name that is not here matches nothing: 503.
fn next_cluster(config: &Config, listener: &ListenerContext<'_>, awaited: Awaited) -> Value {
    let way = match awaited {
        Awaited::Stream => "",
        Awaited::Whole => WHOLE,
    };
    let names = listener.names;
    let endpoints = config.endpoints.iter().map(|endpoint| (endpoint.name.clone(), names.endpoint(&endpoint.name)));
    let clusters: Map<String, Value> = endpoints
        .chain(listener.detour.then(|| (names.detour(), names.detour())))
        .map(|(name, cluster)| {
            let action = extension(
                "cluster",
                "envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction",
                json!({"cluster": cluster}),
            );
            (format!("{way}{name}{NEXT_END}"), json!({"action": action}))
        })
        .collect();
    extension(
        "envoy.router.cluster_specifier_plugin.matcher",
        "envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier",
        json!({"cluster_matcher": {"matcher_tree": {
            "input": extension(
                "next",
                "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput",
                json!({"key": NEXT_STATE}),
            ),
            "prefix_match_map": {"map": clusters},
        }}}),
    )
}
