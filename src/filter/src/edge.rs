//! The edge role: one stream of a client.

use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::config::Config;
use multihome_core::edge::{self, Answer, Begin, Moment, Pending};
use multihome_core::request::{Fate, Next, Request};
use multihome_core::{api::inbound::Inbound, contract};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::pairs::PairsWriter;
use crate::worker::{self, Ticket, Waiting};
use crate::{answerer, host, next};

/// One stream.
pub struct Edge {
    config: Rc<Config>,
    /// Whether some endpoint depends on the keeper's token.
    keeper: bool,
    /// Where requests with trailers go, if there is such a place.
    detour: Option<Rc<str>>,
    state: State,
}

enum State {
    /// Nothing has been decided.
    Begun,
    /// The body is being held; `size` bytes of it are there.
    Holding { pending: Box<Pending>, size: usize, waiting: Waiting },
    /// The request is on its way; `passed` bytes of a body that was not held have gone by.
    Sent { ticket: Ticket, passed: u64 },
    /// The request comes to this role once more, as another stream, which makes the answer.
    Detoured,
    /// We answered, or there is nothing left for us to do.
    Done,
    /// No attempt answered: what Envoy answers with `status` is held until its body comes, and replaced.
    Failed { ticket: Ticket, status: u16 },
    /// What is left of a body that was replaced goes away.
    Swallowing,
}

impl Edge {
    /// A stream under that configuration, which it keeps to its end.
    pub fn new(config: Rc<Config>, keeper: bool, detour: Option<Rc<str>>) -> Edge {
        Edge { config, keeper, detour, state: State::Begun }
    }

    /// The body is whole.
    fn finish(&mut self, trailers: bool) -> Action {
        let (pending, size) = match std::mem::replace(&mut self.state, State::Done) {
            State::Holding { pending, size, waiting: _ } => (pending, size),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let body = host::buffer(BufferType::HttpRequestBody, size);
        let google_token = || self.keeper && worker::has_google_token();
        match worker::with_shares(|shares| {
            pending.finish(body, trailers, Moment { shares, google_token: &google_token })
        }) {
            Ok(request) => self.send(request),
            Err(error) => self.deny(&error),
        }
    }

    /// Lets the request go to the first cluster of its plan. Setting the header last has the route chosen anew.
    fn send(&mut self, request: Request) -> Action {
        let retries = request.retries();
        let ticket = Ticket::issue(request);
        next::name(&ticket.request().borrow(), &ticket.to_bytes());
        host::set_header(MapType::HttpRequestHeaders, contract::MAX_RETRIES, retries.to_string().as_bytes());
        self.state = State::Sent { ticket, passed: 0 };
        Action::Continue
    }

    /// Sends the request to this role once more, by a way on which it loses its trailers: no filter can take them off, and
    /// Envoy's signer signs at the end of a body, not behind it. What is decided of the request is decided there.
    fn take_detour(&mut self, cluster: &str) -> Action {
        next::lead_to(cluster);
        // On HTTP/1.1 it would be the only bound between this request and the next one, and it is the client's.
        host::remove_header(MapType::HttpRequestHeaders, b"content-length");
        host::set_header(MapType::HttpRequestHeaders, contract::TRY_TIMEOUT, b"0");
        host::set_header(MapType::HttpRequestHeaders, contract::MAX_RETRIES, b"0");
        self.state = State::Detoured;
        Action::Continue
    }

    fn deny(&mut self, error: &ApiError) -> Action {
        let mut headers = PairsWriter::new();
        match &self.state {
            // What the attempts wrote stands where the client's headers were.
            State::Sent { ticket, .. } => answerer::add_id(&mut headers, ticket.request().borrow().id()),
            _ => add_request_id(&mut headers),
        }
        self.state = State::Done;
        answer(error, headers)
    }

    fn found(&mut self, body: &[u8]) -> Action {
        self.state = State::Done;
        let mut headers = PairsWriter::new();
        headers.add("content-type", "application/json");
        add_request_id(&mut headers);
        host::answer(200, &headers, body, "found");
        Action::Pause
    }

    /// Puts an error of ours in place of what Envoy answered after the last attempt, or of a cloud's error that
    /// no attempt was left for. One that has no body cannot be given one: it is answered for.
    fn replace(&mut self, ticket: &Ticket, status: u16, size: usize) -> Action {
        let request = ticket.request().borrow();
        let mut headers = PairsWriter::new();
        let error = match request.gave_up(status) {
            Next::AllFailed(error) => {
                if let Some(failed) = request.failed() {
                    answerer::add(&mut headers, &failed, failed.id.unwrap_or(request.id()));
                }
                error
            }
            Next::Tell(error) => {
                answerer::add_none(&mut headers, request.attempts(), request.id());
                error
            }
            Next::Pass | Next::MoveOn => return Action::Continue,
        };
        if size == 0 {
            return answer(&error, headers);
        }
        let body = error.to_json();
        headers.add(":status", error.status.to_string()).add("content-length", body.len().to_string());
        add_error(&mut headers, &error);
        host::replace_headers(MapType::HttpResponseHeaders, &headers);
        host::replace_start(BufferType::HttpResponseBody, size, &body);
        self.state = State::Swallowing;
        Action::Continue
    }

    /// The answer that was held is as whole as it will be, or has begun.
    fn fail(&mut self, size: usize) -> Action {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed { ticket, status } => self.replace(&ticket, status, size),
            other => {
                self.state = other;
                Action::Continue
            }
        }
    }
}

/// Answers with an error.
fn answer(error: &ApiError, mut headers: PairsWriter) -> Action {
    add_error(&mut headers, error);
    host::answer(error.status, &headers, &error.to_json(), error.code.as_deref().unwrap_or("denied"));
    Action::Pause
}

/// The headers that go with an error.
fn add_error(headers: &mut PairsWriter, error: &ApiError) {
    headers.add("content-type", "application/json");
    for (name, value) in error.headers() {
        headers.add(name, value);
    }
}

/// Envoy's own id of the request, by which its access log finds it.
fn add_request_id(headers: &mut PairsWriter) {
    if let Some(id) = host::header(MapType::HttpRequestHeaders, "x-request-id") {
        answerer::add_id(headers, &id);
    }
}

impl Context for Edge {}

impl HttpContext for Edge {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let headers = host::headers(MapType::HttpRequestHeaders);
        #[cfg(all(feature = "for-tests", target_arch = "wasm32"))]
        for (name, _) in headers.iter() {
            match name {
                b"x-trap-for-tests" => core::arch::wasm32::unreachable(),
                b"x-requests-for-tests" => return self.found(crate::requests_in_flight().to_string().as_bytes()),
                // In pages of 64 KiB.
                b"x-memory-for-tests" => {
                    return self.found((core::arch::wasm32::memory_size::<0>() << 16).to_string().as_bytes());
                }
                _ => {}
            }
        }
        let inbound = Inbound::read(headers.iter(), self.config.identity.headers());
        for name in &inbound.unwanted {
            host::remove_header(MapType::HttpRequestHeaders, name);
        }
        let google_token = || self.keeper && worker::has_google_token();
        let begun = worker::with_shares(|shares| {
            edge::begin(&self.config, &inbound, Moment { shares, google_token: &google_token })
        });
        match begun {
            Begin::Answer(Answer::Found(body)) => self.found(&body),
            Begin::Answer(Answer::Denied(error)) => self.deny(&error),
            Begin::Go(request) => self.send(request),
            Begin::Hold(pending) => {
                let Some(waiting) = Waiting::begin(&self.config.limits) else {
                    return self.deny(&edge::too_many_held());
                };
                self.state = State::Holding { pending: Box::new(pending), size: 0, waiting };
                if end_of_stream { self.finish(false) } else { Action::Pause }
            }
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::Holding { size: held, waiting, .. } => {
                *held = size;
                if size as u64 > self.config.limits.body_bytes {
                    let error = edge::too_large(&self.config);
                    return self.deny(&error);
                }
                if !waiting.grow(size as u64, &self.config.limits) {
                    return self.deny(&edge::too_many_held());
                }
                if end_of_stream { self.finish(false) } else { Action::Pause }
            }
            State::Sent { passed, .. } => {
                *passed += size as u64;
                if *passed > self.config.limits.body_bytes {
                    let error = edge::too_large(&self.config);
                    return self.deny(&error);
                }
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    /// Over HTTP/2 a body may end without a sign, and trailers follow: the body ends here then.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        match (&self.state, self.detour.clone()) {
            (State::Holding { .. }, Some(cluster)) => self.take_detour(&cluster),
            _ => self.finish(true),
        }
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        if let State::Detoured = self.state {
            // Envoy would put it in place of the answer's.
            host::remove_header(MapType::HttpRequestHeaders, b"x-request-id");
        }
        let State::Sent { ticket, .. } = &self.state else {
            return Action::Continue;
        };
        let fate = ticket.request().borrow().fate();
        // What an attempt let go is as it must be: nothing is asked of the host on the usual way.
        if fate == Fate::Passed {
            return Action::Continue;
        }
        let status = host::header(MapType::HttpResponseHeaders, ":status")
            .and_then(|status| String::from_utf8(status).ok()?.parse().ok())
            .unwrap_or(503);
        // Below 500, Envoy or another filter of the operator's answered for reasons of its own.
        let ours = status >= 500 || fate == Fate::MovedOn;
        match std::mem::replace(&mut self.state, State::Done) {
            State::Sent { ticket, .. } if ours => self.state = State::Failed { ticket, status },
            _ => return Action::Continue,
        }
        if end_of_stream { self.fail(0) } else { Action::Pause }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match self.state {
            State::Failed { .. } if size > 0 || end_of_stream => self.fail(size),
            State::Failed { .. } => Action::Pause,
            State::Swallowing => {
                host::replace_start(BufferType::HttpResponseBody, size, b"");
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.fail(0)
    }
}
