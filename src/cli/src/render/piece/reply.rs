//! What Envoy itself says to a client, in OpenAI's shape, and what it writes down.

use serde_json::{Value, json};

use super::any::{any, expression};
use super::probe;

/// Answers of Envoy's own. Those of the module pass here too and must stay as they are: they bring a content type, while
/// Envoy gives its own one only after this. The answer to a request that Envoy could not even read has no request id but
/// the one that it gets here.
pub fn local_replies() -> Value {
    let mappers: Vec<Value> = probe::replies().into_iter().chain(REPLIES.iter().map(Reply::mapper)).collect();
    json!({"mappers": mappers})
}

/// How one status, or a range from it upwards, is put.
struct Reply {
    status: u16,
    and_above: bool,
    kind: &'static str,
    code: Option<&'static str>,
    message: &'static str,
}

impl Reply {
    const fn to(status: u16, kind: &'static str, code: Option<&'static str>, message: &'static str) -> Reply {
        Reply { status, and_above: false, kind, code, message }
    }

    fn mapper(&self) -> Value {
        let status = json!({"status_code_filter": {"comparison": {
            "op": if self.and_above { "GE" } else { "EQ" },
            // The runtime key could change the number; nobody has to.
            "value": {"default_value": self.status, "runtime_key": format!("multihome.reply.{}", self.status)},
        }}});
        let of_envoy = expression("!('content-type' in response.headers)");
        json!({
            "filter": {"and_filter": {"filters": [status, of_envoy]}},
            "headers_to_add": [{
                "header": {"key": "x-request-id", "value": "%UNIQUE_ID%"},
                "append_action": "ADD_IF_ABSENT",
            }],
            "body_format_override": {
                "json_format": {"error": {"message": self.message, "type": self.kind, "param": null, "code": self.code}},
                "content_type": "application/json",
            },
        })
    }
}

const INVALID: &str = "invalid_request_error";
const SERVER: &str = "server_error";

/// The first that fits is taken.
const REPLIES: [Reply; 14] = [
    Reply::to(400, INVALID, None, "The request is not valid HTTP (%RESPONSE_CODE_DETAILS%)."),
    Reply::to(401, "authentication_error", None, "The gateway takes no request without a credential of its own."),
    Reply::to(403, "permission_error", None, "The gateway does not allow this request (%RESPONSE_CODE_DETAILS%)."),
    Reply::to(404, INVALID, None, "There is nothing at this path."),
    Reply::to(408, INVALID, Some("request_timeout"), "The request did not arrive in time."),
    Reply::to(413, INVALID, Some("request_too_large"), "The request body is larger than this gateway takes."),
    Reply::to(426, INVALID, None, "This gateway speaks HTTP/1.1 and HTTP/2."),
    Reply::to(429, "rate_limit_error", Some("rate_limit_exceeded"), "Too many requests."),
    Reply::to(431, INVALID, Some("headers_too_large"), "The request headers are larger than this gateway takes."),
    Reply::to(502, SERVER, Some("upstream_protocol_error"), "The answer of the cloud could not be read."),
    Reply::to(503, SERVER, Some("upstream_unavailable"), "No cloud that may serve this request could be reached."),
    Reply::to(504, SERVER, Some("upstream_timeout"), "No cloud that may serve this request answered in time."),
    Reply {
        status: 500,
        and_above: true,
        kind: SERVER,
        code: None,
        message: "The gateway could not serve this request.",
    },
    Reply {
        status: 400,
        and_above: true,
        kind: INVALID,
        code: None,
        message: "The gateway refused this request (%RESPONSE_CODE_DETAILS%).",
    },
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
            },
            "omit_empty_values": true,
        }})),
    }])
}
