//! What the module and the Envoy that is rendered for it have to agree on: names, and the headers that Envoy's own filters
//! take away for the module.

use multihome_core::cloud::Cloud;
pub use multihome_core::header::MOVE_ON;
/// The cluster in which the module asks for Google's tokens.
pub use multihome_core::keeper::CLUSTER as METADATA_CLUSTER;

/// The filter state in which the module names the next cluster; `wasm.` is Envoy's own prefix.
pub const NEXT_STATE: &str = "wasm.multihome.next";
/// What ends the cluster's name there; the request's ticket follows. No name holds it.
pub const NEXT_END: &str = " ";

/// The edge's name in the filter chain; routes that it has nothing to do with switch it off by this name.
pub const EDGE_FILTER: &str = "multihome";
/// The attempt's name in the filter chain of a cluster. Envoy looks up there too what a route says of a filter by its name: a
/// route that switches the edge off must not switch the attempt off, without which any request would get the operator's key.
pub const ATTEMPT_FILTER: &str = "multihome-attempt";
/// Both roles run in one VM per worker: the same id, code and configuration of the VM.
pub const VM_ID: &str = "multihome";
/// The role of the plugin in a listener's chain.
pub const EDGE_ROLE: &str = "edge";
/// The role of the plugin in a cluster's chain.
pub const ATTEMPT_ROLE: &str = "attempt";

/// The listener inside Envoy in which a request loses its trailers, and its cluster. No endpoint's cluster can have this name.
pub const DETOUR: &str = "multihome:detour";

/// What clients, Envoy itself and the attempt before are known to have left and no cloud gets.
pub const STRIPPED: [&str; 24] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "api-key",
    "authorization",
    "baggage",
    "cache-control",
    "cookie",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "origin",
    "priority",
    "referer",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-api-key",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-request-id",
    "x-ms-client-request-id",
    "x-real-ip",
];

/// The same, by how their names begin.
pub const STRIPPED_BY_PREFIX: [&str; 5] = ["sec-", "x-amz-", "x-forwarded-", "x-multihome-", SDK_PREFIX];

/// What OpenAI's SDKs tell of themselves.
pub const SDK_PREFIX: &str = "x-stainless-";

/// What clouds are known to answer beside the model's answer, and no client gets.
pub const RESPONSE_STRIPPED: [&str; 8] =
    ["alt-svc", "nel", "server", "set-cookie", "strict-transport-security", "vary", "via", "x-content-type-options"];

/// The same of one cloud: names, and beginnings of names.
pub const fn response_stripped_of(cloud: Cloud) -> (&'static [&'static str], &'static [&'static str]) {
    match cloud {
        Cloud::Azure => (
            &["azureml-model-session", "azure-openai-deployment-utilization", "cmp-upstream-response-duration"],
            &["x-ms-", "x-aml-"],
        ),
        Cloud::Aws => (&[], &["x-amzn-bedrock-"]),
        Cloud::Gcp => (&["server-timing", "x-frame-options", "x-xss-protection"], &[]),
    }
}
