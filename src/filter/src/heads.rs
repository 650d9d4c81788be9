//! The heads of an attempt: of the request that leaves for a cloud, and of the response that comes back.
//!
//! Both are allow-lists. Filters of Envoy's own that stand beside this one take away what is known to be
//! there, and are quicker at it; what this file does holds without them.

use multihome_core::cloud::Cloud;
use multihome_core::contract;
use multihome_core::request::judge::says_limits;
use multihome_core::request::{Head, Request, ReusableHead, Shape, UpstreamResponse, passes_back};
use proxy_wasm::types::MapType;

use crate::pairs::{Pairs, PairsWriter};
use crate::{host, worker};

/// Sends a request's head: nothing of the client's but the body, its type and its length.
///
/// If the map has just as many headers as must be there, there are no others, and the ones that differ are set.
/// Else the whole map is replaced, as on every attempt after the first.
pub fn send(head: &Head<'_>, count: usize) {
    match head.reusable {
        Some(reusable) if reusable.count == count && !head.google_token => amend(head, reusable),
        _ => host::replace_headers(MapType::HttpRequestHeaders, &whole(head)),
    }
}

fn amend(head: &Head<'_>, reusable: ReusableHead) {
    let set = |name: &str, value: &str| host::set_header(MapType::HttpRequestHeaders, name, value.as_bytes());
    set(":path", head.path);
    set(":authority", head.host);
    if !reusable.scheme {
        set(":scheme", head.scheme);
    }
    if let Some(length) = head.length.filter(|_| !reusable.length) {
        set("content-length", &length.to_string());
    }
}

fn whole(head: &Head<'_>) -> PairsWriter {
    let mut headers = PairsWriter::new();
    headers
        .add(":method", head.method)
        .add(":scheme", head.scheme)
        .add(":authority", head.host)
        .add(":path", head.path);
    if head.has_body {
        headers.add("content-type", "application/json");
    }
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

/// The status of a response; 0 where it has none.
pub fn status(head: &Pairs) -> u16 {
    let status = head.iter().find(|(name, _)| *name == b":status").map(|(_, value)| value);
    status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or(0)
}

/// How a response's body comes, where it can be read.
pub fn shape(head: &Pairs) -> Option<Shape> {
    let mut shape = None;
    for (name, value) in head.iter() {
        match name {
            b"content-type" => shape = Shape::of(value),
            b"content-encoding" if !value.eq_ignore_ascii_case(b"identity") => return None,
            _ => {}
        }
    }
    shape
}

/// Serves a response: of its headers those that may pass, and who gave it.
pub fn pass_on(request: &Request, head: &Pairs) {
    let Some(served_by) = request.served_by() else { return };
    let attempts = served_by.attempts.to_string();
    let id = request.cloud().and_then(|cloud| request_id(head, cloud)).unwrap_or(request.id());
    let ours: [(&str, &[u8]); 5] = [
        (contract::CLOUD, served_by.cloud.as_bytes()),
        (contract::TARGET, served_by.target.as_bytes()),
        (contract::REGION, served_by.region.as_bytes()),
        (contract::ATTEMPTS, attempts.as_bytes()),
        ("x-request-id", id),
    ];
    // How often each of ours stands, and whether it is right: Envoy may have set what seldom changes, and a cloud
    // may have sent a name of ours.
    let mut stands = [(0_usize, false); 5];
    for (name, value) in head.iter() {
        match ours.iter().zip(&mut stands).find(|((own, _), _)| own.as_bytes() == name) {
            Some(((_, right), stands)) => *stands = (stands.0 + 1, *right == value),
            None if passes_back(name) => {}
            None => host::remove_header(MapType::HttpResponseHeaders, name),
        }
    }
    for ((name, value), stands) in ours.iter().zip(stands) {
        if stands == (1, true) || (stands.0 == 0 && value.is_empty()) {
            continue;
        }
        if stands.0 > 1 || value.is_empty() {
            host::remove_header(MapType::HttpResponseHeaders, name.as_bytes());
        }
        if !value.is_empty() {
            host::set_header(MapType::HttpResponseHeaders, name, value);
        }
    }
}

/// What an error's headers say, where `cloud` gave it.
pub fn read(head: &Pairs, cloud: Option<Cloud>) -> UpstreamResponse<'_> {
    let id = cloud.and_then(|cloud| request_id(head, cloud));
    let error_type = cloud.and_then(Cloud::error_type_header).map(str::as_bytes);
    let mut response = UpstreamResponse { id, status: status(head), ..UpstreamResponse::default() };
    for (name, value) in head.iter() {
        let text = std::str::from_utf8(value).ok();
        match name {
            b"retry-after" => response.retry_after = text,
            name if Some(name) == error_type => response.error_type = text,
            _ => {}
        }
    }
    response
}

/// An error's headers that say when to come back.
pub fn limits(head: &Pairs) -> Vec<(&str, &str)> {
    let text = |(name, value)| Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
    head.iter().filter_map(text).filter(|(name, _)| says_limits(name)).collect()
}

/// The id by which the cloud's support finds the call. Of two that are as good the later one.
fn request_id(head: &Pairs, cloud: Cloud) -> Option<&[u8]> {
    let names = cloud.call_id_headers();
    let mut best = (names.len(), None);
    for (name, value) in head.iter() {
        if let Some(rank) = names.iter().position(|known| known.as_bytes() == name)
            && rank <= best.0
        {
            best = (rank, Some(value));
        }
    }
    best.1
}
