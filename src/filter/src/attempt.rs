//! The attempt role: one try of one target, in the upstream chain of its endpoint's cluster.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use multihome_core::api::error::ApiError;
use multihome_core::contract;
use multihome_core::request::judge::MOST_BODY;
use multihome_core::request::{Next, NotBegun, Reply, Request, Reset, Try, UpstreamResponse};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::pairs::{Pairs, PairsWriter};
use crate::stalled::{self, Stalled};
use crate::worker::{self, SharedRequest, TicketBytes};
use crate::{heads, host, local_reply, next};

/// One try.
pub struct Attempt {
    /// The name of the endpoint whose cluster this is.
    endpoint: Rc<str>,
    /// The number of this context, and where it waits for an error's body.
    context: u32,
    stalled: Rc<Stalled>,
    state: State,
}

/// Where a try is.
///
/// ```text
/// New ──┬─► Begun ──┬─────────────────────────────► Over(Pass)      the response is served
///       │           └─► Judging ──┬───────────────► Over(Pass)      an error passes, or Envoy tries the next target
///       │                         ├───────────────► Judging(None)   the same, without its body: see `stalled`
///       │                         └───────────────► Over(Replace)   an error of ours stands in its place
///       └─► Over(Pass)                                              no request, or out of turn: refused
/// ```
enum State {
    /// Nothing has come.
    New,
    /// The request is on its way; `replaces` bytes of its body are to be replaced, once they are there.
    Begun { known: Known, replaces: Option<usize> },
    /// An error is held until its body is there. Empty once it was decided on without.
    Judging(Rc<RefCell<Option<Held>>>),
    /// What the try was for is decided.
    Over(Reply),
}

/// An error that is held; `size` bytes of its body are there.
struct Held {
    known: Known,
    head: Pairs,
    size: usize,
}

/// The request of a try.
struct Known {
    request: SharedRequest,
    attempt: Try,
    ticket: TicketBytes,
    /// When it began, in milliseconds since 1970.
    began: u64,
}

impl Attempt {
    /// A try of that endpoint.
    pub fn new(endpoint: Rc<str>, context: u32, stalled: Rc<Stalled>) -> Attempt {
        Attempt { endpoint, context, stalled, state: State::New }
    }

    /// An attempt without a request, or out of turn, is not made: it would have to guess.
    fn refuse(&mut self) -> Action {
        self.state = State::Over(Reply::Pass);
        let message = format!("The request was lost before target `{}` could be tried.", self.endpoint);
        local_reply::send(&ApiError::new(503, "request_lost", message), PairsWriter::new(), "request_lost")
    }

    /// None is made where the plan has no target left, for which Envoy kept a retry: the edge says in its words what Envoy
    /// would have said without.
    fn give_up(&mut self, status: u16) -> Action {
        self.state = State::Over(Reply::Pass);
        let message = "No target is left.";
        let error = match status {
            504 => ApiError::new(504, "upstream_timeout", message),
            _ => ApiError::new(503, "upstream_unavailable", message),
        };
        local_reply::send(&error, PairsWriter::new(), error.code.as_deref().unwrap_or_default())
    }

    /// Decides on the error that is held, with as much of its body as came.
    fn judge(&mut self) -> Action {
        let State::Judging(held) = &self.state else {
            return Action::Continue;
        };
        let held = held.take();
        self.state = State::Over(Reply::Pass);
        let Some(Held { known: Known { request, attempt, ticket, .. }, head, size }) = held else {
            return Action::Continue;
        };
        let mut request = request.borrow_mut();
        let readable = size > 0 && size <= MOST_BODY;
        let body = if readable { host::buffer(BufferType::HttpResponseBody, size) } else { Vec::new() };
        let limits = heads::limits(&head);
        let response = UpstreamResponse { body: &body, limits: &limits, ..heads::read(&head, request.cloud()) };
        match request.judge(attempt, response) {
            Next::Replace(error, whose) => {
                let headers = local_reply::headers_of(&request, whose, response.id);
                let (action, reply) = local_reply::replace(&error, headers, size);
                self.state = State::Over(reply);
                action
            }
            next => {
                let_go(&next, &request, &ticket, &head);
                Action::Continue
            }
        }
    }
}

impl stalled::Held for RefCell<Option<Held>> {
    fn waits(&self) -> bool {
        self.borrow().is_some()
    }

    /// Decides without the body, where it decides nothing, and lets the response go: the tick of the root context acts for the
    /// attempt's own, in whose callbacks nothing is left to do then.
    fn give_up_on_body(&self) {
        let Some(Held { known: Known { request, attempt, ticket, began }, head, size }) = self.take() else {
            return;
        };
        let mut planned = request.borrow_mut();
        let limits = heads::limits(&head);
        let response = UpstreamResponse { limits: &limits, ..heads::read(&head, planned.cloud()) };
        match planned.judge_by_head(attempt, response) {
            Err(attempt) => {
                drop((planned, limits));
                self.replace(Some(Held { known: Known { request, attempt, ticket, began }, head, size }));
            }
            Ok(Next::Replace(error, whose)) => {
                let headers = local_reply::headers_of(&planned, whose, response.id);
                drop(planned);
                local_reply::send(&error, headers, error.code.as_deref().unwrap_or("upstream_error"));
            }
            Ok(next) => {
                let_go(&next, &planned, &ticket, &head);
                // The edge looks at the request as soon as the response goes on.
                drop(planned);
                host::resume_response();
            }
        }
    }
}

/// Prepares the headers of an error that goes to the client, or after which Envoy tries the next target.
fn let_go(next: &Next, request: &Request, ticket: &TicketBytes, head: &Pairs) {
    if *next != Next::Failover {
        return heads::pass_on(request, head);
    }
    next::name(request, ticket);
    // An Envoy on the way to the cloud sets it when it is over its limit, and ours would not retry for it.
    if head.iter().any(|(name, _)| name == contract::RATE_LIMITED) {
        host::remove_header(MapType::HttpResponseHeaders, contract::RATE_LIMITED);
    }
    host::set_header(MapType::HttpResponseHeaders, contract::MOVE_ON, b"1");
}

impl Context for Attempt {
    /// The end of an attempt comes before the next one is made. One that had no response is one that Envoy may retry: it was
    /// not connected, was reset or was too slow. A response that came has named the next cluster, or needs none.
    fn on_done(&mut self) -> bool {
        let (known, head) = match std::mem::replace(&mut self.state, State::Over(Reply::Pass)) {
            State::Begun { known, .. } => (known, None),
            State::Judging(held) => match held.take() {
                Some(Held { known, head, .. }) => (known, Some(head)),
                None => return true,
            },
            State::New | State::Over(_) => return true,
        };
        let mut request = known.request.borrow_mut();
        let response = head.as_ref().map(|head| heads::read(head, request.cloud()));
        let after = Duration::from_millis(host::now().saturating_sub(known.began));
        request.reset(known.attempt, response, Reset { connected: host::has_upstream_connection(), after });
        next::name(&request, &known.ticket);
        true
    }
}

impl HttpContext for Attempt {
    fn on_http_request_headers(&mut self, count: usize, _end_of_stream: bool) -> Action {
        let Some((request, ticket)) = next::ticket().and_then(|ticket| Some((worker::find(&ticket)?, ticket))) else {
            return self.refuse();
        };
        let mut planned = request.borrow_mut();
        let (attempt, head) = match planned.begin(&self.endpoint) {
            Ok(begun) => begun,
            Err(reason) => {
                drop(planned);
                return match reason {
                    NotBegun::OutOfTurn => self.refuse(),
                    NotBegun::NoTargetLeft(status) => self.give_up(status),
                };
            }
        };
        heads::send(&head, count);
        let replaces = planned.replaces(&attempt);
        if replaces.is_none() {
            // This one sends the body as it is, and a later one can read it again.
            planned.forget_body();
        }
        drop(planned);
        if replaces.is_none() {
            request.count();
        }
        self.state = State::Begun { known: Known { request, attempt, ticket, began: host::now() }, replaces };
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        let State::Begun { known, replaces } = &mut self.state else {
            return Action::Continue;
        };
        let Some(until) = *replaces else {
            return Action::Continue;
        };
        if size < until {
            // The start waits for the rest of what is replaced.
            return Action::Pause;
        }
        *replaces = None;
        let body = BufferType::HttpRequestBody;
        let read = |most| host::buffer(body, most);
        let Some(bytes) = known.request.borrow_mut().replacement(&known.attempt, read) else {
            return self.refuse();
        };
        known.request.count();
        host::replace_start(body, until, &bytes);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let (known, replaces) = match std::mem::replace(&mut self.state, State::Over(Reply::Pass)) {
            State::Begun { known, replaces } => (known, replaces),
            other => {
                self.state = other;
                return Action::Continue;
            }
        };
        let head = host::headers(MapType::HttpResponseHeaders);
        let status = heads::status(&head);
        if (100..200).contains(&status) {
            // Informational, of a kind that Envoy does not know: the response comes after it.
            self.state = State::Begun { known, replaces };
            return Action::Pause;
        }
        if (200..300).contains(&status) {
            let mut request = known.request.borrow_mut();
            request.served(known.attempt, status);
            heads::pass_on(&request, &head);
            return Action::Continue;
        }
        let held = Rc::new(RefCell::new(Some(Held { known, head, size: 0 })));
        if !end_of_stream {
            let held: Rc<dyn stalled::Held> = Rc::<RefCell<Option<Held>>>::clone(&held);
            self.stalled.wait(self.context, Rc::downgrade(&held));
        }
        self.state = State::Judging(held);
        if end_of_stream { self.judge() } else { Action::Pause }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::New | State::Begun { .. } => Action::Continue,
            State::Judging(held) => {
                match &mut *held.borrow_mut() {
                    Some(held) => held.size = size,
                    None => return Action::Continue,
                }
                if end_of_stream || size > MOST_BODY { self.judge() } else { Action::Pause }
            }
            State::Over(reply) => {
                local_reply::push(reply, size);
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
