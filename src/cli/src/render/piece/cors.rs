//! Browsers: which pages may call a listener, where the policy lets any.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::any::{any, extension};

/// The filter that answers preflights, where there is an origin to let in.
pub fn filter(config: &Config, listener: &str) -> Option<Value> {
    let filter = extension(FILTER, "envoy.extensions.filters.http.cors.v3.Cors", json!({}));
    (!origins(config, listener).is_empty()).then_some(filter)
}

/// What it goes by, for `typed_per_filter_config`: its name and what pages may do.
pub fn of_route(config: &Config, listener: &str) -> Option<Value> {
    let origins = origins(config, listener);
    (!origins.is_empty()).then(|| json!({FILTER: cors(origins)}))
}

const FILTER: &str = "envoy.filters.http.cors";

fn origins<'c>(config: &'c Config, listener: &str) -> &'c [String] {
    let found = config.listeners.iter().find(|known| known.name == listener);
    found.map(|listener| listener.cors_origins.as_slice()).unwrap_or_default()
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
            "#allow_origin_string_match": "policy: listeners.NAME.cors. A page may not say which tenant asks.",
            "allow_origin_string_match": matches,
            "allow_methods": "GET, POST, DELETE, OPTIONS",
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
