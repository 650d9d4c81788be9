//! Local replies: what the module itself says to a client, instead of a response or in place of one. For both roles.

use multihome_core::api::error::ApiError;
use multihome_core::contract;
use multihome_core::request::{Output, Reply, Request, ServedBy, Whose};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::host;
use crate::pairs::PairsWriter;

/// Sends an error instead of going on with the request. `details` stands in Envoy's log.
pub fn send(error: &ApiError, mut headers: PairsWriter, details: &str) -> Action {
    add_error(&mut headers, error);
    host::send_local_reply(error.status, &headers, &error.to_json(), details);
    Action::Pause
}

/// Refuses a request before anything of it was sent.
pub fn deny(error: &ApiError) -> Action {
    let mut headers = PairsWriter::new();
    add_request_id(&mut headers);
    send(error, headers, error.code.as_deref().unwrap_or("denied"))
}

/// Sends the JSON that was asked for.
pub fn found(body: &[u8]) -> Action {
    let mut headers = PairsWriter::new();
    headers.add("content-type", "application/json");
    add_request_id(&mut headers);
    host::send_local_reply(200, &headers, body, "found");
    Action::Pause
}

/// Envoy's own id of the request, by which its access log finds it.
fn add_request_id(headers: &mut PairsWriter) {
    if let Some(id) = host::header(MapType::HttpRequestHeaders, "x-request-id") {
        add_id(headers, &id);
    }
}

/// Puts an error in place of a response whose headers are held and of whose body `size` bytes have come. One that has no
/// body cannot be given one: it is replied to. Gives what becomes of the rest of the body.
pub fn replace(error: &ApiError, mut headers: PairsWriter, size: usize) -> (Action, Reply) {
    if size == 0 {
        return (send(error, headers, error.code.as_deref().unwrap_or("upstream_error")), Reply::Pass);
    }
    let body = error.to_json();
    headers.add(":status", error.status.to_string()).add("content-length", body.len().to_string());
    add_error(&mut headers, error);
    host::replace_headers(MapType::HttpResponseHeaders, &headers);
    let mut reply = Reply::Replace(body);
    push(&mut reply, size, false);
    (Action::Continue, reply)
}

/// One piece of a response's body, of `size` bytes, that is not held. `ended`: it is the last one.
pub fn push(reply: &mut Reply, size: usize, ended: bool) {
    let body = BufferType::HttpResponseBody;
    let piece = if reply.reads(size) { host::buffer(body, size) } else { Vec::new() };
    if let Output::Replaced(bytes) = reply.push(&piece, ended) {
        host::replace_start(body, size, &bytes);
    }
}

/// The headers that say whose failure an error is.
pub fn headers_of(request: &Request, whose: Whose, id: Option<&[u8]>) -> PairsWriter {
    let mut headers = PairsWriter::new();
    let (served_by, id) = match whose {
        Whose::Latest => (request.served_by(), id),
        Whose::Reported => {
            let reported = request.reported();
            let id = reported.as_ref().and_then(|reported| reported.id);
            (reported, id)
        }
        Whose::Nobody => (None, None),
    };
    let id = id.unwrap_or(request.id());
    match served_by {
        Some(served_by) => add_served_by(&mut headers, &served_by, id),
        None => {
            headers.add(contract::ATTEMPTS, request.attempts().to_string());
            add_id(&mut headers, id);
        }
    }
    headers
}

fn add_served_by(headers: &mut PairsWriter, served_by: &ServedBy<'_>, id: &[u8]) {
    headers.add(contract::CLOUD, served_by.cloud).add(contract::TARGET, served_by.target);
    if !served_by.region.is_empty() {
        headers.add(contract::REGION, served_by.region);
    }
    headers.add(contract::ATTEMPTS, served_by.attempts.to_string());
    add_id(headers, id);
}

/// Names the request, where it has a name.
pub fn add_id(headers: &mut PairsWriter, id: &[u8]) {
    if !id.is_empty() {
        headers.add("x-request-id", id);
    }
}

/// The headers that go with an error.
fn add_error(headers: &mut PairsWriter, error: &ApiError) {
    headers.add("content-type", "application/json");
    for (name, value) in error.headers() {
        headers.add(name, value);
    }
}
