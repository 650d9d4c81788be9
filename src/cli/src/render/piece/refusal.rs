//! Requests that never reach the module, since Envoy has no way for it to refuse them well.

use serde_json::{Value, json};

use super::any::put;
use super::switch::without_edge;
use crate::print::note::explained;
use crate::render::names::Names;

/// Two `Host` headers.
pub fn two_hosts() -> Value {
    let comma = json!({"name": ":authority", "string_match": {"contains": ","}});
    explained(
        "Two `Host` headers, which Envoy joins to `a,b`: two readers could take different ones (RFC 9112, 3.2).",
        direct("two-hosts", comma, 400, "`Host` stands more than once."),
    )
}

/// A WebSocket, on any path. It needs [`websocket_upgrade`], without which Envoy answers 403 before it looks for a route.
pub fn websocket() -> Value {
    let offered = json!({"name": "upgrade", "string_match": {"contains": "websocket", "ignore_case": true}});
    explained(
        "At a 426 clients that would like a WebSocket go on by HTTP; a 403 would end them.",
        direct("websocket", offered, 426, ""),
    )
}

/// Lets an offer of WebSocket come to its route. For connection managers without routes to anything else: it holds for all.
pub fn websocket_upgrade() -> Value {
    json!([{"upgrade_type": "websocket"}])
}

/// Offers of other protocols (`TLS/1.2`, `h2c`) are not taken, and the request is served as if there were none (RFC 9110,
/// 7.8). Envoy would answer 403.
pub fn ignored_upgrades() -> Value {
    json!([{"safe_regex": {"regex": all_but(WEBSOCKET)}}])
}

/// A request of gRPC, which is refused in the listener inside this Envoy.
pub fn grpc(names: Names) -> Value {
    json!({
        "#": "Envoy replies to gRPC with a 200 and a `grpc-message`, where an error would not show, neither to the client nor in \
            the access log. So it goes through the listener inside, as of another type, and is refused there for that.",
        "name": "grpc",
        "match": {"prefix": "/", "headers": [{"name": "content-type", "string_match": {"prefix": "application/grpc", "ignore_case": true}}]},
        "request_headers_to_add": [{
            "header": {"key": "content-type", "value": "application/x-grpc"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
        "route": {"cluster": names.detour(), "timeout": "0s"},
        "typed_per_filter_config": without_edge(),
    })
}

const WEBSOCKET: &str = "websocket";

/// A route that answers itself, with a reason for [`super::reply`].
fn direct(name: &str, header: Value, status: u16, reason: &str) -> Value {
    let mut response = json!({"status": status});
    put(&mut response, "body", (!reason.is_empty()).then(|| json!({"inline_string": reason})));
    json!({
        "name": name,
        "match": {"prefix": "/", "headers": [header]},
        "direct_response": response,
        "typed_per_filter_config": without_edge(),
    })
}

/// A pattern of RE2, which has no "not", for every text but this word of letters, in any case: the texts that end before it
/// does, those that part from it at some letter, and those that go on.
fn all_but(word: &str) -> String {
    let mut pattern = "(?i)(".to_owned();
    let mut before = String::new();
    for letter in word.chars() {
        pattern.push_str(&format!("{before}([^{letter}].*)?|"));
        before.push(letter);
    }
    pattern.push_str(&format!("{before}.+)"));
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_is_not_a_word() {
        assert_eq!(all_but("ab"), "(?i)(([^a].*)?|a([^b].*)?|ab.+)");
    }
}
