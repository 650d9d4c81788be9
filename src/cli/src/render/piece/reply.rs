//! What Envoy itself says to a client, in OpenAI's shape, and what it writes down.

use serde_json::{Value, json};

use super::any::{any, expression, put};
use super::trust::Place;
use crate::print::note::{explained, named};
use multihome_core::contract;

use super::probe;

/// Local replies of Envoy's own; to them Envoy gives a content type only after this. The reply to a request that Envoy could not even read has no request id but
/// the one that it gets here.
///
/// In an Envoy with other routes only requests on [marked](mark) ones are spoken for, and for all replies to them: what that
/// Envoy says of its own routes must not change those of the module. A request that could not even be read has no route, and
/// stays as that Envoy replies to it.
pub fn local_replies(place: Place) -> Value {
    let mut mappers: Vec<Value> = probe::replies().into_iter().chain(REPLIES.iter().map(Reply::mapper)).collect();
    if place == Place::Foreign {
        mappers.iter_mut().for_each(only_marked);
        mappers.push(as_it_is());
    }
    json!({
        "#mappers": "What Envoy itself replies to a client, in OpenAI's shape; the first that fits is taken. Replies of the edge pass here \
            too, and stay as they are: they bring a content type. %RESPONSE_CODE_DETAILS% and %LOCAL_REPLY_BODY% are what Envoy and its \
            filters say themselves. The runtime keys must be there; nobody has to set them.",
        "mappers": mappers,
    })
}

/// Leaves all other replies to marked routes as they are, where a mapper behind this one, or a format for all, would change them.
fn as_it_is() -> Value {
    json!({
        "#": "All other replies on these routes stay as they are, whatever your own mappers and format say.",
        "filter": marked(),
        "body_format_override": {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}},
    })
}

/// What a route's metadata says, so that [`local_replies`] speaks for it.
pub fn mark() -> Value {
    explained(
        "Marks the route, so that the local replies speak for its requests and for no others.",
        json!({"filter_metadata": {MARK: {"route": true}}}),
    )
}

const MARK: &str = "multihome";

fn marked() -> Value {
    expression(&format!("has(xds.route_metadata) && '{MARK}' in xds.route_metadata.filter_metadata"))
}

fn only_marked(mapper: &mut Value) {
    let filter = mapper.get("filter").cloned().unwrap_or_default();
    put(mapper, "filter", Some(json!({"and_filter": {"filters": [marked(), filter]}})));
}

/// How one status, or a range from it upwards, is put.
struct Reply {
    status: u16,
    and_above: bool,
    /// What else holds, as CEL.
    only: Option<&'static str>,
    kind: &'static str,
    code: &'static str,
    message: &'static str,
    /// In seconds.
    retry_after: Option<&'static str>,
}

impl Reply {
    const fn to(status: u16, kind: &'static str, code: &'static str, message: &'static str) -> Reply {
        Reply { status, and_above: false, only: None, kind, code, message, retry_after: None }
    }

    const fn only(self, only: &'static str) -> Reply {
        Reply { only: Some(only), ..self }
    }

    const fn and_above(self) -> Reply {
        Reply { and_above: true, ..self }
    }

    const fn retry_after(self, seconds: &'static str) -> Reply {
        Reply { retry_after: Some(seconds), ..self }
    }

    fn mapper(&self) -> Value {
        let status = json!({"status_code_filter": {"comparison": {
            "op": if self.and_above { "GE" } else { "EQ" },
            "value": {"default_value": self.status, "runtime_key": format!("multihome.reply.{}", self.status)},
        }}});
        let of_envoy = "!('content-type' in response.headers)";
        let said = match self.only {
            Some(only) => expression(&format!("{of_envoy} && ({only})")),
            None => named("made-by-envoy", expression(of_envoy)),
        };
        let mut headers = vec![json!({
            "header": {"key": "x-request-id", "value": "%UNIQUE_ID%"},
            "append_action": "ADD_IF_ABSENT",
        })];
        headers.extend(self.retry_after.map(|seconds| json!({"header": {"key": "retry-after", "value": seconds}})));
        json!({
            "filter": {"and_filter": {"filters": [status, said]}},
            "headers_to_add": headers,
            "body_format_override": {
                "json_format": {"error": {"message": self.message, "type": self.kind, "param": null, "code": self.code}},
                "content_type": "application/json",
            },
        })
    }
}

const INVALID: &str = "invalid_request_error";
const SERVER: &str = "server_error";

/// Envoy's codec could not read the request.
const OF_CODEC: &str = "response.code_details.startsWith('http1.') || response.code_details.startsWith('http2.') || response.code_details.startsWith('http.') || response.code_details in ['missing_host_header', 'missing_path_rejected', 'path_normalization_failed']";
/// The router has no response of a cloud's.
const OF_ROUTER: &str = "response.code_details.startsWith('upstream_') || response.code_details in ['no_healthy_upstream', 'cluster_not_found', 'response_timeout', 'maintenance_mode', 'request_lost']";
/// A rule of Envoy's own filter on who may do what, such as an `AuthorizationPolicy` of Istio's, denies it.
const OF_RULES: &str = "response.code_details.startsWith('rbac_access_denied')";
const OVERLOAD: &str = "response.code_details.startsWith('overload')";

/// The first that fits is taken. What Envoy and its filters say themselves stays in it, as the reason: "Jwt is expired".
const REPLIES: [Reply; 20] = [
    Reply::to(400, INVALID, "invalid_http", "The request is not valid HTTP (%RESPONSE_CODE_DETAILS%).").only(OF_CODEC),
    Reply::to(
        400,
        INVALID,
        "bad_request",
        "The gateway cannot take this request (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(
        401,
        "authentication_error",
        "unauthorized",
        "The gateway takes no request without a valid credential of its own (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    // The details name the rule.
    Reply::to(403, "permission_error", "forbidden", "The gateway does not allow this request.").only(OF_RULES),
    Reply::to(
        403,
        "permission_error",
        "forbidden",
        "The gateway does not allow this request (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(
        404,
        INVALID,
        "unknown_url",
        "There is nothing at this path (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(408, INVALID, "request_timeout", "The request did not arrive in time."),
    Reply::to(413, INVALID, "request_too_large", "The request body is larger than this gateway takes."),
    Reply::to(
        426,
        INVALID,
        "upgrade_required",
        "This gateway speaks HTTP/1.1 and HTTP/2: send the request by one of them.",
    ),
    Reply::to(
        429,
        "rate_limit_error",
        "rate_limit_exceeded",
        "Too many requests (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(431, INVALID, "headers_too_large", "The request headers are larger than this gateway takes."),
    Reply::to(501, INVALID, "invalid_http", "The request is not valid HTTP (%RESPONSE_CODE_DETAILS%).").only(OF_CODEC),
    Reply::to(502, SERVER, "upstream_protocol_error", "The response of the cloud could not be read.").only(OF_ROUTER),
    Reply::to(503, SERVER, "gateway_overloaded", "The gateway is short of memory and takes no new requests for now.")
        .only(OVERLOAD)
        .retry_after("1"),
    Reply::to(503, SERVER, "upstream_unavailable", "No cloud that may serve this request could be reached.")
        .only(OF_ROUTER),
    Reply::to(
        503,
        SERVER,
        "gateway_unavailable",
        "The gateway cannot serve this request now (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(504, SERVER, "upstream_timeout", "No cloud that may serve this request responded in time.")
        .only(OF_ROUTER),
    Reply::to(
        504,
        SERVER,
        "gateway_timeout",
        "The gateway ran out of time (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    ),
    Reply::to(
        500,
        SERVER,
        "gateway_error",
        "The gateway could not serve this request (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    )
    .and_above(),
    Reply::to(
        400,
        INVALID,
        "request_refused",
        "The gateway refused this request (%RESPONSE_CODE_DETAILS%). %LOCAL_REPLY_BODY%",
    )
    .and_above(),
];

/// One line of JSON on the standard output for each request; probes are left out. No header of the client's is in it,
/// since any may hold a secret, and no path: at its end a request carries the path that its last cloud was asked by.
pub fn access_log(listener: &str) -> Value {
    json!([{
        "name": "envoy.access_loggers.stdout",
        "filter": {"header_filter": {"header": {
            "name": ":path",
            "string_match": {"safe_regex": {"regex": format!("{}|{}", probe::ALIVE, probe::READY)}},
            "invert_match": true,
        }}},
        "typed_config": any("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", json!({"log_format": {
            "json_format": {
                "time": "%START_TIME%",
                "listener": listener,
                "request_id": "%RESP(X-REQUEST-ID)%",
                "client": "%DOWNSTREAM_REMOTE_ADDRESS%",
                "protocol": "%PROTOCOL%",
                "method": "%REQ(:METHOD)%",
                "status": "%RESPONSE_CODE%",
                "flags": "%RESPONSE_FLAGS%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "duration_ms": "%DURATION%",
                "first_byte_ms": "%RESPONSE_DURATION%",
                "bytes_received": "%BYTES_RECEIVED%",
                "bytes_sent": "%BYTES_SENT%",
                "cluster": "%UPSTREAM_CLUSTER%",
                "upstream": "%UPSTREAM_HOST%",
                "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                "cloud": "%RESP(X-MULTIHOME-CLOUD)%",
                "region": "%RESP(X-MULTIHOME-REGION)%",
                "target": "%RESP(X-MULTIHOME-TARGET)%",
                "record": format!("%FILTER_STATE({}:PLAIN)%", contract::RECORD_STATE),
            },
            "omit_empty_values": true,
        }})),
    }])
}
