//! A cloud's error inside a response with status 200: in a `Response`, in an event `error`, or as a body of its own.

use super::super::raw::{Members, Raw};
use crate::json::{Cursor, Writer};

const MEMBERS: &[&str; 5] = &["error", "message", "type", "param", "code"];

/// The error of an event `error`: its members, or one of them.
pub(super) fn of_event(data: &[u8]) -> Vec<u8> {
    of(Raw::read(&mut Cursor::new(data)).ok())
}

/// The error that the members of an object are, or hold, as `{"error":{…}}`. An error without words gets some.
pub(super) fn of(error: Option<Raw<'_>>) -> Vec<u8> {
    let error = error.and_then(|error| Members::of(error, MEMBERS));
    let error = match error.as_ref().and_then(|error| error.get("error")).and_then(|inner| Members::of(inner, MEMBERS))
    {
        Some(inner) => Some(inner),
        None => error,
    };
    let member = |name| error.as_ref().and_then(|error| error.get(name));
    let mut out = Vec::new();
    let mut json = Writer::new(&mut out);
    json.begin_object().key("error").begin_object().key("message");
    match member("message") {
        Some(message) => json.raw(message.bytes()),
        None => json.string("The model's response failed."),
    };
    // An event's `type` is that of the event.
    if let Some(kind) = member("type").filter(|kind| !kind.is("error")) {
        json.key("type").raw(kind.bytes());
    }
    json.key("param").raw(member("param").map_or(b"null", Raw::bytes));
    let unknown = if error.is_some() { &b"null"[..] } else { b"\"server_error\"" };
    json.key("code").raw(member("code").map_or(unknown, Raw::bytes));
    json.end_object().end_object();
    out
}
