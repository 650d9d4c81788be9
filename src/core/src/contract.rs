//! What the module and the Envoy that is rendered for it have to agree on: names, and the headers that Envoy's own filters
//! take away for the module.

/// Which clouds a request may be sent to, of those that policy allows.
pub const CLOUDS: &str = "x-multihome-clouds";
/// Which residencies, of those that policy allows.
pub const RESIDENCY: &str = "x-multihome-residency";
/// How targets are ranked, out of the tenant's choice.
pub const ORDER: &str = "x-multihome-order";
/// How many targets are tried at most.
pub const MAX_ATTEMPTS: &str = "x-multihome-max-attempts";
/// To the client: the cloud that served the response.
pub const CLOUD: &str = "x-multihome-cloud";
/// To the client: its region.
pub const REGION: &str = "x-multihome-region";
/// To the client: the endpoint that served it.
pub const TARGET: &str = "x-multihome-target";
/// To the client: how many targets were tried.
pub const ATTEMPTS: &str = "x-multihome-attempts";
/// From an attempt to Envoy: try the next target. Named by the route's `retriable_headers`.
pub const MOVE_ON: &str = "x-multihome-move-on";
/// What Envoy's rate limits set on their replies.
pub const RATE_LIMITED: &[u8] = b"x-envoy-ratelimited";
/// To Envoy: how many retries the plan has.
pub const MAX_RETRIES: &str = "x-envoy-max-retries";
/// To Envoy: for how many milliseconds a try may wait for its response; 0 for as long as it takes.
pub const TRY_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";

/// The filter state in which the module names the next endpoint. Which cluster that is, the route's matcher says: names of
/// clusters belong to whoever renders them.
pub const NEXT: &str = "multihome.next";
/// The same as Envoy's matchers know it: `wasm.` is its own prefix.
pub const NEXT_STATE: &str = "wasm.multihome.next";
/// What stands before the endpoint's name in [`NEXT`] where the response is not streamed: such a request has a route of its
/// own, on which Envoy waits longer. No name of an endpoint begins so.
pub const WHOLE: &str = "whole ";
/// The filter state in which the edge leaves a request's record for the access log.
pub const RECORD: &str = "multihome.record";
/// The same as Envoy's access log knows it.
pub const RECORD_STATE: &str = "wasm.multihome.record";
/// What ends the endpoint's name in [`NEXT`]; the request's ticket follows. No name holds it.
pub const NEXT_END: &str = " ";

/// The filter state in which Envoy leaves the claims of a token that it has verified, as JSON. Envoy writes it, out of its own
/// metadata: no header of a client's can.
pub const CLAIMS: &str = "multihome.claims";
/// The filter state in which Envoy says why a token does not hold.
pub const TOKEN_FAULT: &str = "multihome.token_fault";

/// The edge's name in the filter chain; routes that it has nothing to do with switch it off by this name.
pub const EDGE_FILTER: &str = "multihome";
/// The attempt's name in the filter chain of a cluster. Envoy looks up there too what a route says of a filter by its name: a
/// route that switches the edge off must not switch the attempt off, without which any request would get the operator's key.
pub const ATTEMPT_FILTER: &str = "multihome-attempt";
/// The role of the plugin in a listener's chain.
pub const EDGE_ROLE: &str = "edge";
/// The role of the plugin in a cluster's chain.
pub const ATTEMPT_ROLE: &str = "attempt";

/// The role of a plugin that sees headers before it decides and the body after: where Envoy has no attempts of ours.
pub const HEADER_ROLE: &str = "header";
/// In that role, the header in which a client names the model, if the path does not.
pub const MODEL: &str = "x-multihome-model";
/// In that role, the header in which the module names the endpoint, by which the route is chosen.
pub const ENDPOINT: &str = "x-multihome-endpoint";

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

/// The response headers that clouds are known to send and no client gets.
pub const RESPONSE_STRIPPED: [&str; 8] =
    ["alt-svc", "nel", "server", "set-cookie", "strict-transport-security", "vary", "via", "x-content-type-options"];
