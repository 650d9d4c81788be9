//! What holds for every request, whatever it was and whatever the clouds did.

use crate::headers::Headers;
use crate::script::{End, Played, Seen};

/// The names that leave for a cloud, beside the four that begin with a colon. All else stays.
const LEAVES: [&str; 6] =
    ["content-type", "content-length", "accept", "accept-encoding", "user-agent", "authorization"];

/// The names of Envoy's and ours with which a request goes on from the edge. Whatever else of them a client
/// sent could steer the router.
const STEERS: [&str; 5] = [
    "x-envoy-max-retries",
    "x-multihome-clouds",
    "x-multihome-residency",
    "x-multihome-order",
    "x-multihome-max-attempts",
];

/// The names of ours that a client sees.
const OURS: [&str; 4] = ["x-multihome-cloud", "x-multihome-region", "x-multihome-target", "x-multihome-attempts"];

/// The names that reach a client beside ours, `:status` and `x-ratelimit-…`.
const COMES_BACK: [&str; 11] = [
    "content-type",
    "content-length",
    "content-encoding",
    "date",
    "retry-after",
    "retry-after-ms",
    "openai-processing-ms",
    "cache-control",
    "x-accel-buffering",
    "x-request-id",
    "allow",
];

/// Everything that is wrong with a request that was played; `token` is the only credential that may leave.
pub fn check(played: &Played, token: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if played.end == End::Hung {
        wrong.push("it hung".to_owned());
    }
    for (name, _) in played.routed.iter().flat_map(Headers::iter) {
        let name = String::from_utf8_lossy(name).into_owned();
        let steers = name.starts_with("x-envoy-") || name.starts_with("x-multihome-");
        if steers && !STEERS.contains(&name.as_str()) {
            wrong.push(format!("`{name}` reached the router"));
        }
    }
    for (number, sent) in (1..).zip(&played.sent) {
        let Some(headers) = &sent.message.headers else { continue };
        let mut note = |what: String| wrong.push(format!("attempt {number} at {}: {what}", sent.endpoint));
        for (name, value) in headers.iter() {
            let name = String::from_utf8_lossy(name).into_owned();
            let pseudo = [":method", ":scheme", ":authority", ":path"].contains(&name.as_str());
            if !pseudo && !LEAVES.contains(&name.as_str()) {
                note(format!("header `{name}` left"));
            }
            if name == "authorization" && value != format!("Bearer {token}").as_bytes() {
                note("a credential left that is not ours".to_owned());
            }
        }
        if sent.message.trailers.as_ref().is_some_and(|trailers| !trailers.is_empty()) {
            note("trailers left".to_owned());
        }
        wrong.extend(lengths(&sent.message, headers).map(|what| format!("attempt {number}: {what}")));
    }
    if let Some(headers) = &played.received.headers {
        for (name, _) in headers.iter() {
            let name = String::from_utf8_lossy(name).into_owned();
            let passes = name == ":status"
                || OURS.contains(&name.as_str())
                || COMES_BACK.contains(&name.as_str())
                || name.starts_with("x-ratelimit-")
                // An error that no retry can mend.
                || (name == "x-should-retry" && headers.status() == 502);
            if !passes {
                wrong.push(format!("the client got `{name}`"));
            }
        }
        for name in OURS.iter().chain(&["x-request-id"]) {
            if headers.iter().filter(|(known, _)| *known == name.as_bytes()).count() > 1 {
                wrong.push(format!("the client got `{name}` twice"));
            }
        }
        if !(200..600).contains(&headers.status()) {
            wrong.push(format!("the client got status {}", headers.status()));
        }
        if played.received.trailers.as_ref().is_some_and(|trailers| !trailers.is_empty()) {
            wrong.push("the client got trailers".to_owned());
        }
        wrong.extend(lengths(&played.received, headers).map(|what| format!("client: {what}")));
    } else if played.end == End::Answered {
        wrong.push("the client got no headers".to_owned());
    }
    wrong
}

/// A length that is announced has to be the one that comes.
fn lengths(seen: &Seen, headers: &Headers) -> Option<String> {
    let announced: Vec<_> = headers.iter().filter(|(name, _)| *name == b"content-length").collect();
    match announced.as_slice() {
        [] => None,
        [(_, length)] => (seen.whole && *length != seen.body.len().to_string().as_bytes())
            .then(|| format!("content-length {} of {}", length.escape_ascii(), seen.body.len())),
        _ => Some("content-length stands twice".to_owned()),
    }
}
