//! One request from its bytes to the bytes of its answer: the record, the faults, the surface's own answer.

use crate::body::{AnswerBody, Ending};
use crate::clouds::Clouds;
use crate::error;
use crate::fault::{Applied, Fault};
use crate::http::{Payload, Reply, Request};
use crate::record::{Open, Record, shown};
use crate::server::Peer;
use crate::surface::{self, Outcome, Surface};
use crate::{admin, fault};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode, Version};
use std::error::Error;
use std::future::pending;
use std::io;
use std::sync::Arc;

const MAX_BODY: usize = 64 << 20;

/// Serves one request. An error ends an HTTP/1.1 connection and resets an HTTP/2 stream.
pub async fn run(
    clouds: Arc<Clouds>,
    peer: Arc<Peer>,
    request: hyper::Request<Incoming>,
) -> Result<Response<AnswerBody>, Box<dyn Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let http2 = head.version == Version::HTTP_2;
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let host = authority.or_else(|| head.headers.get(HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    let mut request = Request {
        surface: peer.surface,
        seq: 0,
        host: host_name(host),
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body: Bytes::new(),
    };
    let records = if peer.surface == Surface::Admin { Arc::default() } else { Arc::clone(&clouds.records) };
    let mut open = records.open(begun(&request, &peer));
    request.seq = open.seq();
    // A body that breaks off leaves its record as a client that went away.
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(io::Error::other)?;
    let trailers = body.trailers().map(shown_headers).unwrap_or_default();
    request.body = body.to_bytes();
    if peer.surface == Surface::Admin {
        let reply = admin::answer(&clouds, &request).await;
        return Ok(finish(reply, &fault::Plan::default(), false, open));
    }
    open.note(|record| {
        record.body = shown(&request.body);
        record.trailers = trailers;
    });

    let applied = clouds.faults.of(&String::from_utf8_lossy(&request.body), peer.surface, &request.host);
    let plan = fault::Plan::new(&applied);
    note_faults(&open, &applied);
    if let Some(delay) = plan.delay {
        tokio::time::sleep(delay).await;
    }
    if peer.sni.as_ref().is_some_and(|sni| *sni != request.host) {
        note_auth(&open, "refused: the host is not the name that TLS asked for");
        return Ok(finish(error::misdirected(peer.surface), &plan, false, open));
    }
    match plan.door {
        Some(fault @ (Fault::Reset | Fault::Refused | Fault::Drop | Fault::GoAway)) => {
            open.cut();
            match fault {
                Fault::Reset if http2 => return Err("reset on purpose".into()),
                Fault::Refused if http2 => return Err(h2::Error::from(h2::Reason::REFUSED_STREAM).into()),
                Fault::GoAway if http2 => peer.go_away(),
                _ => peer.reset(),
            }
            return pending().await;
        }
        Some(Fault::Hang) => return pending().await,
        Some(Fault::Html) => return Ok(finish(error::html(StatusCode::BAD_GATEWAY), &plan, false, open)),
        Some(Fault::ProxyLimit) => return Ok(finish(error::proxy_limit(), &plan, false, open)),
        Some(Fault::Status(status, retry_after)) => {
            return Ok(finish(error::fault(&request, status, retry_after), &plan, false, open));
        }
        _ => {}
    }
    let Outcome { auth, reply } = surface::answer(&clouds, &request, &plan).await;
    note_auth(&open, &auth);
    Ok(finish(reply, &plan, true, open))
}

fn host_name(authority: &str) -> String {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    name.to_ascii_lowercase()
}

fn begun(request: &Request, peer: &Peer) -> Record {
    Record {
        surface: peer.surface.name(),
        cloud: peer.surface.cloud(),
        host: request.host.clone(),
        sni: peer.sni.clone(),
        alpn: peer.alpn,
        connection: peer.connection,
        method: request.method.to_string(),
        path: request.target(),
        headers: shown_headers(&request.headers),
        ..Record::default()
    }
}

fn shown_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), shown(value.as_bytes()))).collect()
}

fn note_auth(open: &Open, auth: &str) {
    open.note(|record| record.auth = Some(auth.to_owned()));
}

fn note_faults(open: &Open, applied: &[Applied]) {
    if !applied.is_empty() {
        let texts: Vec<&str> = applied.iter().map(|applied| applied.text.as_str()).collect();
        open.note(|record| record.fault = Some(texts.join(", ")));
    }
}

/// Turns a reply into bytes, with the faults that change an answer (`from_surface`) or any reply.
fn finish(reply: Reply, plan: &fault::Plan, from_surface: bool, open: Open) -> Response<AnswerBody> {
    let reply = if from_surface { fault::reshape(reply, plan) } else { reply };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            headers.append(name, value);
        }
    }
    open.note(|record| {
        record.status = Some(reply.status.as_u16());
        record.answer_headers = shown_headers(&headers);
    });
    let body = match reply.payload {
        Payload::Whole(bytes) if plan.stall.is_some() => AnswerBody::stalled(Some(bytes.len() as u64), open),
        Payload::Whole(bytes) if from_surface && plan.cut.is_some() => AnswerBody::half(&bytes, open),
        Payload::Whole(bytes) => AnswerBody::whole(bytes, open),
        Payload::Events(events) => AnswerBody::events(events, plan.slow, Ending::of(plan), open),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}
