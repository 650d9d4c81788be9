//! What load balancers and orchestrators ask: whether Envoy lives, and whether it may be sent requests.

use serde_json::{Value, json};

use super::any::{expression, extension};
use super::switch::without_edge;
use crate::print::note::explained;

/// Whether Envoy lives.
pub const ALIVE: &str = "/healthz";
/// Whether it also may be sent requests: it is not draining, and the module takes streams.
pub const READY: &str = "/readyz";

/// The filter that says that Envoy is draining.
pub const READINESS_FILTER: &str = "multihome-readiness";

/// A route that answers without the module.
pub fn alive() -> Value {
    json!({
        "#": "Without the edge: an Envoy whose module fails is alive, and a restart would not mend the module.",
        "name": "alive",
        "match": {"path": ALIVE},
        "direct_response": {"status": 200, "body": {"inline_string": "alive\n"}},
        "typed_per_filter_config": without_edge(),
    })
}

/// A route for [`READY`] where there is none to a model: the module answers before it is taken.
pub fn ready() -> Value {
    json!({"name": "ready", "match": {"path": READY}, "direct_response": {"status": 503}})
}

/// A route for everything else, where there is none to a model.
pub fn nothing() -> Value {
    json!({
        "name": "nothing",
        "match": {"prefix": "/"},
        "direct_response": {"status": 404},
        "typed_per_filter_config": without_edge(),
    })
}

/// Answers [`READY`] while Envoy is drained, so that load balancers go elsewhere; else the module does (see [`replies`]).
pub fn readiness() -> Value {
    let filter = extension(
        READINESS_FILTER,
        "envoy.extensions.filters.http.health_check.v3.HealthCheck",
        json!({
            "pass_through_mode": true,
            "headers": [{"name": ":path", "string_match": {"exact": READY}}],
        }),
    );
    explained(
        "While Envoy is drained (`POST /healthcheck/fail` at its admin interface) this filter replies 503 to `/readyz`, else \
            the request goes on to the edge.",
        filter,
    )
}

/// What becomes of replies to [`READY`]: of the module's, and of Envoy's own (a VM that trapped and does not come back, a drain).
pub fn replies() -> [Value; 2] {
    let path = || json!({"header_filter": {"header": {"name": ":path", "string_match": {"exact": READY}}}});
    let text = |text: &str| json!({"text_format_source": {"inline_string": text}, "content_type": "text/plain"});
    [
        json!({
            "#": "The edge knows no `/readyz` and replies 404. That it replies is what was asked: this makes it a 200. Where it \
                cannot, or Envoy is draining, Envoy's own 503 stands.",
            "filter": {"and_filter": {"filters": [path(), expression("'content-type' in response.headers")]}},
            "status_code": 200,
            "body_format_override": text("ready\n"),
        }),
        json!({"filter": path(), "body_format_override": text("not ready (%RESPONSE_CODE_DETAILS%)\n")}),
    ]
}
