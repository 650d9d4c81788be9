//! The routes: one to all clusters by what the module wrote into filter state, and one to know that Envoy lives.

use multihome_core::config::Config;
use serde_json::{Map, Value, json};

use super::any::{any, duration, extension, put};
use super::filter::{EDGE, cors_origins};

/// Whether Envoy lives.
pub const ALIVE: &str = "/healthz";
/// Whether it also may be sent requests: it is not draining, and the module takes streams.
pub const READY: &str = "/readyz";

/// More retries than any plan has targets. The edge lowers it for each request by `x-envoy-max-retries`.
const RETRIES: u32 = 32;

/// The virtual host of one listener.
pub fn virtual_host(config: &Config, listener: &str, detour: Option<&str>) -> Value {
    let mut host = json!({
        "name": "multihome",
        "domains": ["*"],
        "routes": [
            alive(),
            model_route(config, detour),
        ],
        // An attempt says by this header that the next target is to be asked. When there is none left, the client gets the answer without it.
        "response_headers_to_remove": [MOVE_ON],
    });
    let origins = cors_origins(config, listener);
    put(
        &mut host,
        "typed_per_filter_config",
        (!origins.is_empty()).then(|| json!({"envoy.filters.http.cors": cors(origins)})),
    );
    host
}

/// The response header by which an attempt asks for the next target.
const MOVE_ON: &str = "x-multihome-move-on";

/// Answers without the module: an Envoy whose module fails is alive, and restarting it would not mend the module.
fn alive() -> Value {
    json!({
        "name": "alive",
        "match": {"path": ALIVE},
        "direct_response": {"status": 200, "body": {"inline_string": "alive\n"}},
        "typed_per_filter_config": {EDGE: any("envoy.config.route.v3.FilterConfig", json!({"disabled": true}))},
    })
}

fn model_route(config: &Config, detour: Option<&str>) -> Value {
    json!({
        "name": "model",
        "match": {"prefix": "/"},
        // Above it neither a body is taken (413) nor kept for the next attempt.
        "request_body_buffer_limit": buffer_bytes(config),
        "route": {
            "inline_cluster_specifier_plugin": {"extension": next_cluster(config, detour)},
            // An answer may stream for as long as it keeps coming: see the listener's `stream_idle_timeout`.
            "timeout": "0s",
            "retry_policy": {
                "retry_on": "retriable-headers,connect-failure,reset,refused-stream",
                "retriable_headers": [{"name": MOVE_ON, "present_match": true}],
                "num_retries": RETRIES,
                // Resolves the cluster anew for each try (Envoy 1.39 and later; an older one would ask the same cloud again).
                "refresh_cluster_on_retry": true,
                "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
                // Ends a try that has not begun to answer, and lets one that has begun go on. `per_try_idle_timeout` would
                // not do: it also cuts a stream that pauses for longer than the first byte may take.
                "per_try_timeout": duration(config.timeouts.first_byte),
            },
        },
    })
}

/// Maps the cluster's name in filter state, and the space that ends it (the request's ticket follows), to the cluster. A
/// name that is not here matches nothing: 503.
fn next_cluster(config: &Config, detour: Option<&str>) -> Value {
    let endpoints = config.endpoints.iter().map(|endpoint| endpoint.cluster.as_str());
    let clusters: Map<String, Value> = endpoints
        .chain(detour)
        .map(|cluster| {
            let action = extension(
                "cluster",
                "envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction",
                json!({"cluster": cluster}),
            );
            (format!("{cluster} "), json!({"action": action}))
        })
        .collect();
    extension(
        "envoy.router.cluster_specifier_plugin.matcher",
        "envoy.extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier",
        json!({"cluster_matcher": {"matcher_tree": {
            "input": extension(
                "next",
                "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput",
                json!({"key": "wasm.multihome.next"}),
            ),
            "prefix_match_map": {"map": clusters},
        }}}),
    )
}

/// What Envoy holds of one body: the limit of the policy and some room, so that the module, which says it in the
/// words of the API, is the first to refuse; and never less than Envoy's own default.
pub fn buffer_bytes(config: &Config) -> u64 {
    (config.limits.body_bytes + 64 * 1024).max(1024 * 1024)
}

/// What a page of one of `origins` may do. It may not set identity headers, and gets no credentials.
fn cors(origins: &[String]) -> Value {
    let matches: Vec<Value> = origins
        .iter()
        .map(|origin| match origin.as_str() {
            "*" => json!({"safe_regex": {"regex": ".*"}}),
            exact => json!({"exact": exact}),
        })
        .collect();
    any(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        json!({
            "allow_origin_string_match": matches,
            "allow_methods": "GET, POST, OPTIONS",
            "allow_headers": CORS_REQUEST_HEADERS,
            "expose_headers": "x-request-id, retry-after, x-multihome-cloud, x-multihome-region, x-multihome-target, x-multihome-attempts",
            "max_age": "600",
            "allow_credentials": false,
        }),
    )
}

/// The last line is what OpenAI's SDK for JavaScript sends by itself.
const CORS_REQUEST_HEADERS: &str = "accept, authorization, api-key, content-type, idempotency-key, openai-beta, openai-organization, openai-project, \
x-multihome-clouds, x-multihome-residency, x-multihome-order, x-multihome-max-attempts, \
x-stainless-arch, x-stainless-helper-method, x-stainless-lang, x-stainless-os, x-stainless-package-version, x-stainless-retry-count, \
x-stainless-runtime, x-stainless-runtime-version, x-stainless-timeout";
