//! The attempt role: one try of one target, in the upstream chain of its endpoint's cluster.

use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::contract;
use multihome_core::request::judge::MOST_BODY;
use multihome_core::request::{Answer, Fate, Next, Request};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::pairs::{Pairs, PairsWriter};
use crate::worker::{self, SharedRequest, TicketBytes};
use crate::{answerer, heads, host, next};

/// One try.
pub struct Attempt {
    /// The name of the endpoint whose cluster this is.
    endpoint: Rc<str>,
    request: Option<SharedRequest>,
    ticket: TicketBytes,
    /// How many bytes of the body are to be replaced, once they are there.
    replaces: Option<usize>,
    answer: State,
}

/// The answer's state.
enum State {
    /// Nothing to do, or nothing yet.
    Idle,
    /// An error is held until its body is there; `size` bytes of it are.
    Judging { head: Pairs, size: usize },
    /// What is left of a body that has been replaced goes away.
    Swallowing,
}

impl Attempt {
    /// A try of that endpoint.
    pub fn new(endpoint: Rc<str>) -> Attempt {
        Attempt { endpoint, request: None, ticket: TicketBytes::default(), replaces: None, answer: State::Idle }
    }

    /// An attempt without a request, or out of turn, is not made: it would have to guess.
    fn refuse(&self) -> Action {
        let message = format!("The request was lost before target `{}` could be tried.", self.endpoint);
        let error = ApiError::new(503, "request_lost", message);
        let mut headers = PairsWriter::new();
        headers.add("content-type", "application/json");
        host::answer(error.status, &headers, &error.to_json(), "request_lost");
        Action::Pause
    }

    /// Decides on the error that is held, with as much of its body as came.
    fn judge(&mut self) -> Action {
        let (head, size) = match std::mem::replace(&mut self.answer, State::Idle) {
            State::Judging { head, size } => (head, size),
            other => {
                self.answer = other;
                return Action::Continue;
            }
        };
        let Some(shared) = self.request.clone() else {
            return Action::Continue;
        };
        let mut request = shared.borrow_mut();
        let readable = size > 0 && size <= MOST_BODY;
        let body = if readable { host::buffer(BufferType::HttpResponseBody, size) } else { Vec::new() };
        let limits = heads::limits(&head);
        let answer = Answer { body: &body, limits: &limits, ..heads::read(&head, request.cloud()) };
        match request.judge(answer) {
            Next::Pass => {
                heads::pass_on(&mut request, &head);
                Action::Continue
            }
            Next::MoveOn => {
                next::name(&request, &self.ticket);
                // An Envoy on the way to the cloud sets it when it is over its limit, and ours would not retry for it.
                if head.iter().any(|(name, _)| name == contract::RATE_LIMITED) {
                    host::remove_header(MapType::HttpResponseHeaders, contract::RATE_LIMITED);
                }
                host::set_header(MapType::HttpResponseHeaders, contract::MOVE_ON, b"1");
                Action::Continue
            }
            Next::Tell(error) => {
                let mut headers = PairsWriter::new();
                if let Some(answerer) = request.answerer() {
                    answerer::add(&mut headers, &answerer, answer.id.unwrap_or(request.id()));
                }
                self.tell(&mut request, &error, headers, size)
            }
            Next::AllFailed(error) => {
                let mut headers = PairsWriter::new();
                if let Some(failed) = request.failed() {
                    answerer::add(&mut headers, &failed, failed.id.unwrap_or(request.id()));
                }
                self.tell(&mut request, &error, headers, size)
            }
        }
    }

    /// Puts `error` in place of the answer. One that has no body cannot be given one: it is answered for.
    fn tell(&mut self, request: &mut Request, error: &ApiError, mut headers: PairsWriter, size: usize) -> Action {
        request.answer();
        let body = error.to_json();
        headers.add("content-type", "application/json");
        for (name, value) in error.headers() {
            headers.add(name, value);
        }
        if size == 0 {
            host::answer(error.status, &headers, &body, error.code.as_deref().unwrap_or("upstream_error"));
            return Action::Pause;
        }
        headers.add(":status", error.status.to_string()).add("content-length", body.len().to_string());
        host::replace_headers(MapType::HttpResponseHeaders, &headers);
        host::replace_start(BufferType::HttpResponseBody, size, &body);
        self.answer = State::Swallowing;
        Action::Continue
    }
}

impl Context for Attempt {
    /// The end of an attempt comes before the next one is made. One that had no answer is one that Envoy may retry: it was
    /// not connected, was reset or was too slow. An answer that came has named the next cluster, or needs none.
    fn on_done(&mut self) -> bool {
        if let Some(request) = &self.request {
            let mut request = request.borrow_mut();
            if request.fate() == Fate::Open {
                if let State::Judging { head, .. } = &self.answer {
                    let answer = heads::read(head, request.cloud());
                    request.lose(answer);
                }
                next::name(&request, &self.ticket);
            }
        }
        true
    }
}

impl HttpContext for Attempt {
    fn on_http_request_headers(&mut self, count: usize, _end_of_stream: bool) -> Action {
        let Some((shared, ticket)) = next::ticket().and_then(|ticket| Some((worker::find(&ticket)?, ticket))) else {
            return self.refuse();
        };
        let mut request = shared.borrow_mut();
        let Ok(head) = request.begin(&self.endpoint) else {
            return self.refuse();
        };
        heads::send(&head, count);
        self.replaces = request.replaces();
        drop(request);
        if self.replaces.is_none() {
            // This one sends the body as it is, and a later one can read it again.
            shared.borrow_mut().forget_body();
            shared.count();
        }
        (self.request, self.ticket) = (Some(shared), ticket);
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        let (Some(until), Some(shared)) = (self.replaces, &self.request) else {
            return Action::Continue;
        };
        if size < until {
            // The start waits for the rest of what is replaced.
            return Action::Pause;
        }
        self.replaces = None;
        let body = BufferType::HttpRequestBody;
        let Some(bytes) = shared.borrow_mut().replacement(|most| host::buffer(body, most)) else {
            return self.refuse();
        };
        shared.count();
        host::replace_start(body, until, &bytes);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let Some(shared) = &self.request else {
            return Action::Continue;
        };
        let head = host::headers(MapType::HttpResponseHeaders);
        let served = head.iter().any(|(name, value)| name == b":status" && value.first() == Some(&b'2'));
        if served {
            heads::pass_on(&mut shared.borrow_mut(), &head);
            return Action::Continue;
        }
        self.answer = State::Judging { head, size: 0 };
        if end_of_stream { self.judge() } else { Action::Pause }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.answer {
            State::Idle => Action::Continue,
            State::Judging { size: held, .. } => {
                *held = size;
                if end_of_stream || size > MOST_BODY { self.judge() } else { Action::Pause }
            }
            State::Swallowing => {
                host::replace_start(BufferType::HttpResponseBody, size, b"");
                Action::Continue
            }
        }
    }

    /// None of a client's trailers leaves for a cloud.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        host::replace_headers(MapType::HttpRequestTrailers, &PairsWriter::new());
        Action::Continue
    }

    /// None of a cloud's reaches the client; an error's body ends here.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        host::replace_headers(MapType::HttpResponseTrailers, &PairsWriter::new());
        self.judge()
    }
}
