//! The routes: two to all clusters by what the module wrote into filter state, and one to know that Envoy lives.
//!
//! A stream begins soon and then comes piece by piece; any other response begins when the model is done. Each kind has a
//! route with times of its own. Until the edge has decided, a request has the route of streams.

use multihome_core::config::{Awaited, Config};
use serde_json::{Map, Value, json};

use super::any::{duration, extension, put};
use super::bounds::{buffer_bytes, longest_try, stream_idle};
use super::trust::{ListenerContext, Place};
use super::{cors, jwt, probe, refusal, reply, switch};
use crate::print::note::{explain, explained};
use multihome_core::contract::{EDGE_FILTER, MOVE_ON, NEXT_END, NEXT_STATE, WHOLE};

/// More than any plan has.
const RETRIES: u32 = 32;

/// The virtual host of one listener, for the host names that clients call it by.
pub fn virtual_host(config: &Config, listener: &ListenerContext<'_>, domains: &[String]) -> Value {
    let mut routes = vec![probe::alive(), refusal::two_hosts()];
    if listener.detour && listener.place != Place::Inside {
        routes.push(refusal::grpc(listener));
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
        "#response_headers_to_remove": "An attempt says by this header that Envoy is to try the next target (`retriable_headers`). When \
            there is none left, the client gets the response without it.",
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
        "#upgrade_configs": "Brings an offer of WebSocket to the edge. At its 426 clients go on by HTTP; Envoy's 403 would end them.",
        "upgrade_configs": refusal::upgrades(),
        "#timeout": "None: a response may stream for as long as it keeps coming (`stream_idle_timeout`).",
        "timeout": "0s",
        "retry_policy": retry_policy(config, awaited),
    });
    if awaited == Awaited::Whole {
        put(&mut action, "idle_timeout", Some(duration(stream_idle(config, awaited))));
        explain(&mut action, "idle_timeout", "Over all tries: the longest plan must fit into it.");
    }
    let about = match awaited {
        Awaited::Whole => {
            "A response that is awaited as a whole begins when the model is done: it has longer times than a stream. Until the edge has \
                decided, a request has the route of streams."
        }
        Awaited::Stream => "A stream begins soon and then comes piece by piece.",
    };
    let mut route = json!({
        "#": about,
        "name": name,
        "match": matches,
        "#request_body_buffer_limit": "policy: limits.body_bytes, and some room. Envoy keeps a body for the next attempt up to here; above, it \
            replies 413.",
        "request_body_buffer_limit": buffer_bytes(config),
        "route": action,
    });
    put(
        &mut route,
        "typed_per_filter_config",
        (listener.place == Place::Foreign).then(|| switch::on(&switched_on(config, listener))),
    );
    route
}

fn retry_policy(config: &Config, awaited: Awaited) -> Value {
    let mut policy = json!({
        "retry_on": "retriable-headers,connect-failure,reset,refused-stream",
        "#retriable_headers": "An attempt marks so a response that another target may do better.",
        "retriable_headers": [{"name": MOVE_ON, "present_match": true}],
        "#num_retries": "Never reached: for each request the edge says how many its plan has (`x-envoy-max-retries`).",
        "num_retries": RETRIES,
        "#refresh_cluster_on_retry": "Finds the cluster anew for each try; without it (before Envoy 1.39) the same cloud would be asked again.",
        "refresh_cluster_on_retry": true,
        "#retry_back_off": "At once, since the next try asks another cloud. 1 ms is the least.",
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
        // `per_try_idle_timeout` would not do: it also cuts a stream that pauses for longer than the first byte may take.
        "#per_try_timeout": format!("policy: timeouts.{}. Ends a try whose response has not begun; one that has begun goes on. The edge says another \
            time for a plan whose endpoints have times of their own.", field(awaited)),
        "per_try_timeout": duration(config.timeouts.response(awaited)),
    });
    if awaited == Awaited::Whole {
        let idle = config.timeouts.idle.max(longest_try(config, awaited));
        put(&mut policy, "per_try_idle_timeout", Some(duration(idle)));
        explain(
            &mut policy,
            "per_try_idle_timeout",
            "A body that stops in its middle ends sooner than by the idle time of all tries.",
        );
    }
    policy
}

/// The field of the policy's `timeouts` for a response.
fn field(awaited: Awaited) -> &'static str {
    match awaited {
        Awaited::Stream => "first_byte",
        Awaited::Whole => "whole",
    }
}

/// The filters that [`switch::in_chain`] switched off for all other routes.
fn switched_on(config: &Config, listener: &ListenerContext<'_>) -> Vec<&'static str> {
    let mut filters = vec![probe::READINESS_FILTER, EDGE_FILTER];
    filters.extend(listener.trust.filters());
    filters.extend(jwt::names(config));
    filters
}

/// Maps the endpoint's name in filter state, and the space that ends it (the request's ticket follows), to its cluster.
fn next_cluster(config: &Config, listener: &ListenerContext<'_>, awaited: Awaited) -> Value {
    let way = match awaited {
        Awaited::Stream => "",
        Awaited::Whole => WHOLE,
    };
    let names = listener.names;
    let endpoints = config.endpoints.iter().map(|endpoint| (endpoint.name.clone(), names.endpoint(&endpoint.name)));
    let clusters: Map<String, Value> = endpoints
        .chain(listener.trailers_take_detour(config).then(|| (names.detour(), names.detour())))
        .map(|(name, cluster)| {
            let action = extension(
                "cluster",
                "envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction",
                json!({"cluster": cluster}),
            );
            (format!("{way}{name}{NEXT_END}"), json!({"action": action}))
        })
        .collect();
    let specifier = extension(
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
    );
    explained(
        "The edge and the attempts write into this filter state which target is next: `whole ` if the response is awaited as a whole, \
            the endpoint, a space, a number of the request's. With the space no name is the beginning of another's. A name that is \
            not here matches nothing: 503.",
        specifier,
    )
}
