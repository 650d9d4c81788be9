//! Absorbers: where the informational responses of a cloud end.
//!
//! ```text
//! attempt, credential ─HTTP/2─► absorber ─► cloud
//! ```
//!
//! At a response with 100, 102 or 103 Envoy's router (1.40.0) gives up its retries and the time of a try: nothing fails over
//! any more. No option mends it. A connection manager with its defaults passes none of these on, so one stands between the
//! attempt and the cloud for an endpoint that asks for it. It costs about 0.6 ms a request. A connection that is lost behind
//! it is an error with 503 to the attempt, and so the next target's turn at once.

use multihome_core::config::{Config, Endpoint};
use serde_json::{Value, json};

use super::detour::COUNTED;
use crate::render::names::Names;
use crate::render::piece::any::extension;
use crate::render::piece::bounds::buffer_bytes;

/// One listener for each endpoint that asks for it.
pub fn listeners(config: &Config, names: Names) -> Vec<Value> {
    let absorbed = config.endpoints.iter().filter(|endpoint| endpoint.absorbs_informational);
    absorbed.map(|endpoint| listener(config, endpoint, names)).collect()
}

fn listener(config: &Config, endpoint: &Endpoint, names: Names) -> Value {
    let name = names.absorber(&endpoint.name);
    let router = extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        json!({"suppress_envoy_headers": true}),
    );
    let manager = json!({
        "stat_prefix": name,
        "codec_type": "HTTP2",
        "#generate_request_id": "What the attempt wrote, and a signature was made for, goes to the cloud as it is, and so \
            does what comes back.",
        "generate_request_id": false,
        "skip_xff_append": true,
        "server_header_transformation": "PASS_THROUGH",
        "max_request_headers_kb": 96,
        "#stream_idle_timeout": "The attempt's own times hold.",
        "stream_idle_timeout": "0s",
        "http_filters": [router],
        "route_config": {
            "name": name,
            "virtual_hosts": [{
                "name": name,
                "domains": ["*"],
                "request_headers_to_remove": ["x-forwarded-proto"],
                "routes": [{
                    "match": {"prefix": "/"},
                    "route": {"cluster": names.behind_absorber(&endpoint.name), "timeout": "0s"},
                }],
            }],
        },
    });
    json!({
        "#": "policy: endpoints.NAME.informational. Inside this Envoy, between the attempt and the cloud: it absorbs responses \
            with 100, 102 and 103, after which the router would no longer fail over. It costs about 0.6 ms a request."
            .replace("NAME", &endpoint.name),
        "name": name,
        "internal_listener": {},
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "#ignore_global_conn_limit": COUNTED,
        "ignore_global_conn_limit": true,
        "filter_chains": [{"filters": [extension(
            "envoy.filters.network.http_connection_manager",
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            manager,
        )]}],
    })
}
