//! Requests that Envoy would refuse in its own way, or that the module has no way to refuse well.

use serde_json::{Value, json};

use super::switch::{self, without_edge};
use super::trust::{ListenerContext, Place};

/// Two `Host` headers.
pub fn two_hosts() -> Value {
    json!({
        "#": "Two `Host` headers, which Envoy joins to `a,b`: two readers could take different ones (RFC 9112, 3.2).",
        "name": "two-hosts",
        "match": {"prefix": "/", "headers": [{"name": ":authority", "string_match": {"contains": ","}}]},
        // The body is the reason that `reply` puts into the API's words.
        "direct_response": {"status": 400, "body": {"inline_string": "`Host` stands more than once."}},
        "typed_per_filter_config": without_edge(),
    })
}

/// Lets an offer of WebSocket take a route's filters, and so come to the edge, which refuses it.
pub fn upgrades() -> Value {
    json!([{"upgrade_type": WEBSOCKET}])
}

/// Offers of other protocols (`TLS/1.2`, `h2c`) are not taken, and the request is served as if there were none (RFC 9110,
/// 7.8). Envoy would answer 403.
pub fn ignored_upgrades() -> Value {
    json!([{"safe_regex": {"regex": all_but(WEBSOCKET)}}])
}

/// A request of gRPC, which is refused in the listener inside this Envoy. Envoy (1.40.0) notes the type as it reads the head,
/// and no filter can change its mind. That listener trusts what this one lets through.
pub fn grpc(listener: &ListenerContext<'_>) -> Value {
    let filters = match listener.place {
        Place::Foreign => switch::on(listener.trust.filters()),
        Place::Own | Place::Inside => without_edge(),
    };
    json!({
        "#": "Envoy replies to gRPC with a 200 and a `grpc-message`, where an error would not show, neither to the client nor in \
            the access log. So it goes through the listener inside, as of another type, and is refused there for that.",
        "name": "grpc",
        "match": {"prefix": "/", "headers": [{"name": "content-type", "string_match": {"prefix": "application/grpc", "ignore_case": true}}]},
        "request_headers_to_add": [{
            "header": {"key": "content-type", "value": "application/x-grpc"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
        "route": {"cluster": listener.names.detour(), "timeout": "0s"},
        "typed_per_filter_config": filters,
    })
}

const WEBSOCKET: &str = "websocket";

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
