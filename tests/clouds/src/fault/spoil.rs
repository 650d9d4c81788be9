//! Faults that spoil or pad what a cloud answers.

use super::Plan;
use crate::http::{Payload, Reply};
use bytes::Bytes;

const HUGE: usize = 1 << 20;
const PADDING: &str = r#""x_padding":{"numbers":[1, 2.50,1e2],"text":"\u00e9\/","none":null},"#;

/// Headers that a cloud has for itself, and some that mean something to what stands in between.
const PADDING_HEADERS: &[(&str, &str)] = &[
    ("set-cookie", "session=of-the-cloud; Path=/; Secure"),
    ("server", "vendor/1.0"),
    ("via", "1.1 vendor"),
    ("x-ms-vendor-note", "padding"),
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
    ("x-amzn-vendor-note", "padding"),
    ("x-goog-vendor-note", "padding"),
    ("openai-organization", "org-of-the-operator"),
    ("x-envoy-upstream-service-time", "1"),
    ("x-envoy-immediate-health-check-fail", "1"),
    ("x-multihome-move-on", "1"),
    ("x-multihome-target", "of-the-cloud"),
    ("access-control-allow-origin", "*"),
];

/// Applies the faults that spoil or pad what a cloud answers.
pub fn reshape(mut reply: Reply, plan: &Plan) -> Reply {
    if plan.garbage && reply.status.is_success() {
        reply.payload = Payload::Whole(Bytes::from_static(b"this is no JSON {\"error\""));
        return reply;
    }
    if plan.huge
        && let Payload::Whole(bytes) = &reply.payload
    {
        let text = String::from_utf8_lossy(bytes);
        let filler = format!("\"message\":\"{}", "x".repeat(HUGE));
        let longer = text.replacen("\"message\":\"", &filler, 1);
        reply.payload = Payload::Whole(longer.into());
    }
    if plan.padded {
        reply.headers.extend(PADDING_HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned())));
        reply.payload = match reply.payload {
            Payload::Whole(bytes) => Payload::Whole(padded(&bytes)),
            Payload::Events(events) => Payload::Events(events.iter().flat_map(|event| padded_event(event)).collect()),
        };
    }
    reply
}

/// A JSON object with a field no client knows in front.
fn padded(json: &[u8]) -> Bytes {
    match json.split_first() {
        Some((b'{', rest)) => [b"{", PADDING.as_bytes(), rest].concat().into(),
        _ => Bytes::copy_from_slice(json),
    }
}

/// An event with an unknown field, behind a comment; the first one is followed by an event no client knows.
fn padded_event(event: &[u8]) -> Vec<Bytes> {
    let text = String::from_utf8_lossy(event);
    let mut padded = vec![Bytes::from_static(b": ping\n\n")];
    padded.push(text.replacen("data: {", &format!("data: {{{PADDING}"), 1).into());
    if text.contains("response.created") {
        let unknown = "event: response.vendor_note\ndata: {\"type\":\"response.vendor_note\",\"note\":[1, 2.50]}\n\n";
        padded.push(unknown.into());
    }
    padded
}
