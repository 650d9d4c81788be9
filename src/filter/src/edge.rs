//! The edge role: one stream of a client.

use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::api::inbound::Inbound;
use multihome_core::contract;
use multihome_core::edge::{self, Begin, Denied, Pending};
use multihome_core::request::{Next, Record, Reply, Request, TryState};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::in_use::InUse;
use crate::pairs::PairsWriter;
use crate::worker::{self, Ticket, Waiting};
use crate::{host, local_reply, next, token};

/// One stream.
pub struct Edge {
    config: Rc<InUse>,
    /// Whether some endpoint depends on Google's token.
    google_token: bool,
    /// Where requests with trailers go, if there is such a place.
    detour: Option<Rc<str>>,
    state: State,
}

/// Where a stream is.
///
/// ```text
/// Begun ──┬─► Replied                                    a denial, or the list of models
///         ├─► Holding ──┬─► Replied
///         │             ├─► Detoured                     it had trailers
///         │             ▼
///         └──────────► Sent ──┬─► Ended                  a cloud's response passes
///                             └─► Failed ──► Ended       no response was served: ours stands in its place
/// ```
enum State {
    /// Nothing has been decided.
    Begun,
    /// The body is being held; `size` bytes of it are there.
    Holding { pending: Box<Pending>, size: usize, waiting: Waiting },
    /// The request is on its way; `passed` bytes of a body that was not held have gone by, or were left out.
    Sent { ticket: Ticket, passed: u64 },
    /// The request comes to this role once more, as another stream, which makes the response and the record.
    Detoured,
    /// A local reply was made before anything was sent.
    Replied { record: Option<Record> },
    /// No attempt's response was served: what Envoy made, with `status`, is held until its body comes, and replaced.
    Failed { ticket: Ticket, status: u16 },
    /// The response is on its way to the client.
    Ended { ticket: Ticket, reply: Reply },
}

impl Edge {
    /// A stream under that configuration, which it keeps to its end.
    pub fn new(config: Rc<InUse>, google_token: bool, detour: Option<Rc<str>>) -> Edge {
        Edge { config, google_token, detour, state: State::Begun }
    }

    /// The body is whole.
    fn finish(&mut self, trailers: bool) -> Action {
        let (pending, size) = match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Holding { pending, size, waiting: _ } => (pending, size),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let body = host::buffer(BufferType::HttpRequestBody, size);
        match worker::with_environment(self.google_token, |environment| pending.finish(body, trailers, environment)) {
            Ok(request) => self.send(request),
            Err(denied) => self.deny(*denied),
        }
    }

    /// Lets the request go to the first cluster of its plan. Setting the header last has the route chosen anew.
    fn send(&mut self, request: Request) -> Action {
        let retries = request.retries();
        let time = request.own_try_time();
        let ticket = Ticket::issue(request);
        next::name(&ticket.request().borrow(), &ticket.to_bytes());
        if let Some(time) = time {
            let milliseconds = time.as_millis().to_string();
            host::set_header(MapType::HttpRequestHeaders, contract::TRY_TIMEOUT, milliseconds.as_bytes());
        }
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

    /// Refuses the request before anything of it was sent.
    fn deny(&mut self, Denied { error, record }: Denied) -> Action {
        self.state = State::Replied { record: Some(record) };
        local_reply::deny(&error)
    }

    /// Refuses the request while it waits for its body.
    fn deny_held(&mut self, error: ApiError) -> Action {
        match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Holding { pending, .. } => self.deny(pending.deny(error)),
            other => {
                self.state = other;
                Action::Continue
            }
        }
    }

    /// Refuses a request whose body turns out to be too large while it goes by.
    fn cut(&mut self) -> Action {
        let error = edge::too_large(&self.config);
        let mut headers = PairsWriter::new();
        if let State::Sent { ticket, .. } = &self.state {
            let mut request = ticket.request().borrow_mut();
            request.refused(&error);
            // What the attempts wrote stands where the client's headers were.
            local_reply::add_id(&mut headers, request.id());
        }
        match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Sent { ticket, .. } => self.state = State::Ended { ticket, reply: Reply::Pass },
            other => self.state = other,
        }
        local_reply::send(&error, headers, error.code.as_deref().unwrap_or("denied"))
    }

    fn found(&mut self, body: &[u8], record: Option<Record>) -> Action {
        self.state = State::Replied { record };
        local_reply::found(body)
    }

    /// The response that was held is as whole as it will be, or has begun: an error of ours stands in place of what Envoy
    /// made after the last attempt, or of a cloud's error that no attempt was left for.
    fn fail(&mut self, size: usize) -> Action {
        let (ticket, status) = match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Failed { ticket, status } => (ticket, status),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let next = ticket.request().borrow_mut().gave_up(status);
        let (action, reply) = match next {
            Next::Replace(error, whose) => {
                let headers = local_reply::headers_of(&ticket.request().borrow(), whose, None);
                local_reply::replace(&error, headers, size)
            }
            Next::Pass | Next::Failover => (Action::Continue, Reply::Pass),
        };
        self.state = State::Ended { ticket, reply };
        action
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
                b"x-requests-for-tests" => {
                    return self.found(crate::requests_in_flight().to_string().as_bytes(), None);
                }
                // In pages of 64 KiB.
                b"x-memory-for-tests" => {
                    return self.found((core::arch::wasm32::memory_size::<0>() << 16).to_string().as_bytes(), None);
                }
                _ => {}
            }
        }
        let mut inbound = Inbound::read(headers.iter(), self.config.identity.headers());
        let token = token::look(&self.config, &inbound);
        inbound.token = token.verification();
        for name in &inbound.unwanted {
            host::remove_header(MapType::HttpRequestHeaders, name);
        }
        match worker::with_environment(self.google_token, |environment| {
            edge::begin(&self.config, &inbound, environment)
        }) {
            Begin::Found(body, record) => self.found(&body, Some(record)),
            Begin::Denied(denied) => self.deny(*denied),
            Begin::Go(request) => self.send(request),
            Begin::Hold(pending) => {
                let waiting = match Waiting::begin(&self.config) {
                    Ok(waiting) => waiting,
                    Err(error) => return self.deny(pending.deny(error)),
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
                match waiting.grow(size as u64, &self.config) {
                    Err(error) => self.deny_held(error),
                    Ok(()) if end_of_stream => self.finish(false),
                    Ok(()) => Action::Pause,
                }
            }
            State::Sent { ticket, passed } => {
                *passed += size as u64;
                if *passed > self.config.limits.body_bytes {
                    return self.cut();
                }
                if size > 0 && ticket.request().borrow().leaves_out_body() {
                    host::replace_start(BufferType::HttpRequestBody, size, b"");
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
            // Envoy would put it in place of the response's.
            host::remove_header(MapType::HttpRequestHeaders, b"x-request-id");
        }
        let State::Sent { ticket, .. } = &self.state else {
            return Action::Continue;
        };
        let state = ticket.request().borrow().state();
        // What an attempt served is as it must be: nothing is asked of the host on the usual way.
        if state == TryState::Served {
            return Action::Continue;
        }
        let status = host::header(MapType::HttpResponseHeaders, ":status")
            .and_then(|status| String::from_utf8(status).ok()?.parse().ok())
            .unwrap_or(503);
        // Below 500, Envoy or another filter of the operator's replied for reasons of its own.
        let ours = status >= 500 || state == TryState::FailedOver;
        match std::mem::replace(&mut self.state, State::Begun) {
            State::Sent { ticket, .. } if ours => self.state = State::Failed { ticket, status },
            State::Sent { ticket, .. } => self.state = State::Ended { ticket, reply: Reply::Pass },
            other => self.state = other,
        }
        match self.state {
            State::Failed { .. } if end_of_stream => self.fail(0),
            State::Failed { .. } => Action::Pause,
            _ => Action::Continue,
        }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::Failed { .. } if size > 0 || end_of_stream => self.fail(size),
            State::Failed { .. } => Action::Pause,
            State::Ended { reply, .. } => {
                local_reply::push(reply, size, end_of_stream);
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.fail(0)
    }

    /// The end of every stream, however it ended (but by a trap). The access log reads filter state after this.
    fn on_log(&mut self) {
        let line = match &self.state {
            State::Sent { ticket, .. } | State::Failed { ticket, .. } | State::Ended { ticket, .. } => {
                Some(ticket.request().borrow().record())
            }
            State::Replied { record } => record.as_ref().map(|record| record.line(&self.config)),
            State::Begun | State::Holding { .. } | State::Detoured => None,
        };
        if let Some(line) = line {
            host::set_filter_state(contract::RECORD, line.as_bytes());
        }
    }
}
