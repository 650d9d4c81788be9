//! The role for an Envoy in which no cluster has an attempt, and that takes a route before it hands out the body: one stream
//! of a client.
//!
//! The headers choose the target and leave with its path; the body is held until it is whole, is held against the choice,
//! and gets the target's model id. A retry would send what this attempt wrote to the same target, so there is none.

use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::api::inbound::{Inbound, Single};
use multihome_core::config::Config;
use multihome_core::contract;
use multihome_core::edge::{self, ByHeaders, Chosen, Denied};
use multihome_core::request::judge::MOST_BODY;
use multihome_core::request::{Next, Record, Reply, Request, Try, UpstreamResponse};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::pairs::{Pairs, PairsWriter};
use crate::worker::{self, Waiting};
use crate::{heads, host, local_reply, token};

/// One stream.
pub struct Header {
    config: Rc<Config>,
    /// Whether some endpoint depends on Google's token.
    google_token: bool,
    /// The hosts that this role is for.
    hosts: Rc<[String]>,
    state: State,
}

/// Where a stream is.
///
/// ```text
/// Begun ──┬─► Others'                                   a request to a host that is none of ours
///         ├─► Replied                                   a denial, or the list of models
///         └─► Holding ──┬─► Replied
///                       └─► Sent ──┬─► Ended            a response passes, or an error by its head
///                                  └─► Judging ──► Ended    an error's head has passed, and its body is read
/// ```
enum State {
    Begun,
    Others,
    Replied {
        record: Option<Record>,
    },
    /// The head has left; `size` bytes of the body are held.
    Holding {
        chosen: Box<Chosen>,
        size: usize,
        waiting: Waiting,
    },
    Sent {
        request: Box<Request>,
        attempt: Try,
    },
    Judging {
        request: Box<Request>,
        attempt: Try,
        head: Pairs,
    },
    Ended {
        request: Box<Request>,
        reply: Reply,
    },
}

impl Header {
    /// A stream under that configuration, which it keeps to its end.
    pub fn new(config: Rc<Config>, google_token: bool, hosts: Rc<[String]>) -> Header {
        Header { config, google_token, hosts, state: State::Begun }
    }

    fn is_ours(&self, headers: &Pairs) -> bool {
        let authority = headers.iter().find(|(name, _)| *name == b":authority").map(|(_, value)| value);
        let host = authority.and_then(|authority| authority.split(|byte| *byte == b':').next()).unwrap_or_default();
        self.hosts.iter().any(|known| host.eq_ignore_ascii_case(known.as_bytes()))
    }

    /// Sends the head on, with nothing of the client's but its host, by which the route is found. Setting the header last has
    /// the route chosen anew.
    fn lead(&self, chosen: &Chosen, headers: &Pairs) {
        let mut head = PairsWriter::new();
        for (name, value) in headers.iter() {
            if matches!(name, b":method" | b":scheme" | b":authority" | b"x-forwarded-proto" | b"x-request-id") {
                head.add(name, value);
            }
        }
        head.add(":path", chosen.path()).add("content-type", "application/json").add("accept-encoding", "identity");
        if chosen.google_token()
            && let Some(authorization) = worker::google_authorization()
        {
            head.add("authorization", authorization);
        }
        host::replace_headers(MapType::HttpRequestHeaders, &head);
        host::set_header(MapType::HttpRequestHeaders, contract::ENDPOINT, chosen.endpoint().as_bytes());
    }

    /// The body is whole.
    fn finish(&mut self, trailers: bool) -> Action {
        let (chosen, size) = match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Holding { chosen, size, waiting: _ } => (chosen, size),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let endpoint = chosen.endpoint().to_owned();
        let buffer = BufferType::HttpRequestBody;
        let body = host::buffer(buffer, size);
        let finished =
            worker::with_environment(self.google_token, |environment| chosen.finish(body, trailers, environment));
        let mut request = match finished {
            Ok(request) => Box::new(request),
            Err(denied) => return self.deny(*denied),
        };
        let Ok((attempt, _)) = request.begin(&endpoint) else {
            let error = ApiError::new(503, "request_lost", "The request was lost before it could be sent.");
            return local_reply::send(&error, PairsWriter::new(), "request_lost");
        };
        if let Some(until) = request.replaces(&attempt)
            && let Some(bytes) = request.replacement(&attempt, |most| host::buffer(buffer, most))
        {
            host::replace_start(buffer, until, &bytes);
        }
        self.state = State::Sent { request, attempt };
        Action::Continue
    }

    fn deny(&mut self, Denied { error, record }: Denied) -> Action {
        self.state = State::Replied { record: Some(record) };
        local_reply::deny(&error)
    }

    fn deny_held(&mut self, error: ApiError) -> Action {
        match std::mem::replace(&mut self.state, State::Replied { record: None }) {
            State::Holding { chosen, .. } => self.deny(chosen.deny(error)),
            other => {
                self.state = other;
                Action::Continue
            }
        }
    }

    /// An error's body is as whole as it will be. Its head has passed, so the status stays.
    fn judge(&mut self, size: usize) -> Action {
        let (mut request, attempt, head) = match std::mem::replace(&mut self.state, State::Begun) {
            State::Judging { request, attempt, head } => (request, attempt, head),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let readable = size > 0 && size <= MOST_BODY;
        let body = if readable { host::buffer(BufferType::HttpResponseBody, size) } else { Vec::new() };
        let response = UpstreamResponse { body: &body, ..heads::read(&head, request.cloud()) };
        let mut reply = Reply::Pass;
        if let Next::Replace(error, _) = request.judge(attempt, response) {
            reply = Reply::Replace(error.to_json());
            local_reply::push(&mut reply, size, false);
        }
        self.state = State::Ended { request, reply };
        Action::Continue
    }
}

impl Context for Header {}

impl HttpContext for Header {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let headers = host::headers(MapType::HttpRequestHeaders);
        if !self.is_ours(&headers) {
            self.state = State::Others;
            return Action::Continue;
        }
        let mut inbound = Inbound::read(headers.iter(), self.config.identity.headers());
        let token = token::look(&self.config, &inbound);
        inbound.token = token.verification();
        let model = named_once(&headers, contract::MODEL);
        for name in &inbound.unwanted {
            host::remove_header(MapType::HttpRequestHeaders, name);
        }
        let begun = worker::with_environment(self.google_token, |environment| {
            edge::begin_by_headers(&self.config, &inbound, model, environment)
        });
        match begun {
            ByHeaders::Found(body, record) => {
                self.state = State::Replied { record: Some(*record) };
                local_reply::found(&body)
            }
            ByHeaders::Denied(denied) => self.deny(*denied),
            ByHeaders::Chosen(chosen) => {
                let waiting = match Waiting::begin(&self.config) {
                    Ok(waiting) => waiting,
                    Err(error) => return self.deny(chosen.deny(error)),
                };
                if !end_of_stream {
                    self.lead(&chosen, &headers);
                }
                self.state = State::Holding { chosen, size: 0, waiting };
                // Without a body there is nothing to send: it is refused.
                if end_of_stream { self.finish(false) } else { Action::Continue }
            }
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let State::Holding { size: held, waiting, .. } = &mut self.state else { return Action::Continue };
        *held = size;
        match waiting.grow(size as u64, &self.config) {
            Err(error) => self.deny_held(error),
            Ok(()) if end_of_stream => self.finish(false),
            Ok(()) => Action::Pause,
        }
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        let action = self.finish(true);
        if let State::Sent { .. } = self.state {
            host::replace_headers(MapType::HttpRequestTrailers, &PairsWriter::new());
        }
        action
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let (mut request, attempt) = match std::mem::replace(&mut self.state, State::Begun) {
            State::Sent { request, attempt } => (request, attempt),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let head = host::headers(MapType::HttpResponseHeaders);
        let status = heads::status(&head);
        if (200..300).contains(&status) {
            request.served(attempt, status);
            heads::pass_on(&request, &head);
            self.state = State::Ended { request, reply: Reply::Pass };
            return Action::Continue;
        }
        let limits = heads::limits(&head);
        let response = UpstreamResponse { limits: &limits, ..heads::read(&head, request.cloud()) };
        match request.judge_by_head(attempt, response) {
            Ok(Next::Replace(error, whose)) => {
                let headers = local_reply::headers_of(&request, whose, response.id);
                let details = error.code.as_deref().unwrap_or("upstream_error");
                let action = local_reply::send(&error, headers, details);
                drop(limits);
                self.state = State::Ended { request, reply: Reply::Pass };
                action
            }
            Ok(Next::Pass | Next::Failover) => {
                heads::pass_on(&request, &head);
                drop(limits);
                self.state = State::Ended { request, reply: Reply::Pass };
                Action::Continue
            }
            Err(attempt) => {
                heads::pass_on(&request, &head);
                // What is said of the error may be longer, or shorter.
                host::remove_header(MapType::HttpResponseHeaders, b"content-length");
                drop(limits);
                self.state = State::Judging { request, attempt, head };
                if end_of_stream { self.judge(0) } else { Action::Continue }
            }
        }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::Judging { .. } if end_of_stream || size > MOST_BODY => self.judge(size),
            State::Judging { .. } => Action::Pause,
            State::Ended { reply, .. } => {
                local_reply::push(reply, size, end_of_stream);
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        if let State::Judging { .. } | State::Ended { .. } = self.state {
            host::replace_headers(MapType::HttpResponseTrailers, &PairsWriter::new());
        }
        self.judge(0)
    }

    fn on_log(&mut self) {
        let line = match &self.state {
            State::Sent { request, .. } | State::Judging { request, .. } | State::Ended { request, .. } => {
                Some(request.record())
            }
            State::Replied { record } => record.as_ref().map(|record| record.line(&self.config)),
            State::Begun | State::Others | State::Holding { .. } => None,
        };
        if let Some(line) = line {
            host::set_filter_state(contract::RECORD, line.as_bytes());
        }
    }
}

fn named_once<'h>(headers: &'h Pairs, wanted: &str) -> Single<'h> {
    let mut found = headers.iter().filter(|(name, _)| *name == wanted.as_bytes()).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (None, _) => Single::Absent,
        (Some(value), None) => Single::Once(value),
        (Some(_), Some(_)) => Single::Repeated,
    }
}
