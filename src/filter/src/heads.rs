//! The heads of an attempt: of the request that leaves for a cloud, and of the answer that comes back.
//!
//! Both are allow-lists. Filters of Envoy's own that stand beside this one take away what is known to be
//! there, and are quicker at it; what this file does holds without them.

use multihome_core::attempt::{Answer, Head, Request, passes_back, request_id_of};
use multihome_core::cloud::Cloud;
use multihome_core::header;
use proxy_wasm::types::MapType;

use crate::pairs::{Pairs, PairsWriter};
use crate::{host, worker};

/// Sends a request's head: nothing of the client's but the body, its type and its length.
///
/// If the map has just as many headers as must be there, there are no others, and the ones that differ are set.
/// Else, as on every attempt after the first (it holds the credential of the one before), the whole map is replaced.
pub fn send(head: &Head<'_>, count: usize) {
    if head.essential == Some(count) && !head.google_token {
        amend(head);
    } else {
        host::replace_headers(MapType::HttpRequestHeaders, &whole(head));
    }
}

fn amend(head: &Head<'_>) {
    host::set_header(MapType::HttpRequestHeaders, ":path", head.path.as_bytes());
    host::set_header(MapType::HttpRequestHeaders, ":authority", head.host.as_bytes());
    if !head.same_scheme {
        host::set_header(MapType::HttpRequestHeaders, ":scheme", head.scheme.as_bytes());
    }
    if let Some(length) = head.length.filter(|_| !head.same_length) {
        host::set_header(MapType::HttpRequestHeaders, "content-length", length.to_string().as_bytes());
    }
}

fn whole(head: &Head<'_>) -> PairsWriter {
    let mut headers = PairsWriter::new();
    headers.add(":method", "POST").add(":scheme", head.scheme).add(":authority", head.host).add(":path", head.path);
    headers.add("content-type", "application/json");
    if let Some(length) = head.length {
        headers.add("content-length", length.to_string());
    }
    // Compressed, an error could not be judged.
    headers.add("accept-encoding", "identity");
    if head.google_token
        && let Some(authorization) = worker::google_authorization()
    {
        headers.add("authorization", authorization);
    }
    headers
}

/// Lets an answer go to the client: of its headers those that may pass, and who gave it.
pub fn pass_on(request: &mut Request, head: &Pairs) {
    request.answer();
    let Some(answerer) = request.answerer() else { return };
    let set = |name: &str, value: &[u8]| host::set_header(MapType::HttpResponseHeaders, name, value);
    let id = request.cloud().and_then(|cloud| request_id(head, cloud)).unwrap_or(request.id());
    let ours: [(&str, &[u8]); 4] = [
        (header::CLOUD, answerer.cloud.as_bytes()),
        (header::TARGET, answerer.target.as_bytes()),
        (header::REGION, answerer.region.as_bytes()),
        ("x-request-id", id),
    ];
    // Which of ours stand already, and as they must: Envoy may have set what never changes.
    let mut right = [false; 4];
    for (name, value) in head.iter() {
        match ours.iter().position(|(own, _)| own.as_bytes() == name) {
            Some(index) => {
                let stands = ours.get(index).is_some_and(|(_, own)| *own == value);
                if let Some(right) = right.get_mut(index) {
                    *right = stands;
                }
            }
            None if passes_back(name) => {}
            None => host::remove_header(MapType::HttpResponseHeaders, name),
        }
    }
    for ((name, value), _) in ours.iter().zip(right).filter(|((_, value), right)| !right && !value.is_empty()) {
        set(name, value);
    }
    set(header::ATTEMPTS, answerer.attempts.to_string().as_bytes());
}

/// What an error's headers say.
pub fn read(head: &Pairs) -> Answer<'_> {
    let mut answer = Answer::default();
    for (name, value) in head.iter() {
        let text = std::str::from_utf8(value).ok();
        match name {
            b":status" => answer.status = text.and_then(|text| text.parse().ok()).unwrap_or(0),
            b"retry-after" => answer.retry_after = text,
            b"x-amzn-errortype" => answer.error_type = text,
            _ => {}
        }
    }
    answer
}

/// The id by which the cloud's support finds the call.
pub fn request_id(head: &Pairs, cloud: Cloud) -> Option<&[u8]> {
    head.iter()
        .map(|(name, value)| (request_id_of(cloud, name), value))
        .filter(|(rank, _)| *rank > 0)
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, value)| value)
}
