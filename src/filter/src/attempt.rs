//! The attempt role: one try of one target, in the upstream chain of its endpoint's cluster.

use std::cell::RefCell;
use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::request::judge::MOST_BODY;
use multihome_core::request::{NotBegun, Reply};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::failed::Failed;
use crate::pairs::PairsWriter;
use crate::response::{Flowing, Held, Known, Step};
use crate::stalled::{self, Stalled};
use crate::{heads, host, local_reply, next, worker};

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
/// New ──┬─► Begun ──┬─► Held ──┬──────────────────► Flowing         the response is known to be good, and served
///       │           │          └──────────────────► Over            the completion failed before there was any of it
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
    /// A response with a status of 2xx is held until it is known to be good.
    Held(Box<Held>),
    /// It is on its way to the client.
    Flowing(Flowing),
    /// An error is held until its body is there. Empty once it was decided on without.
    Judging(Rc<RefCell<Option<Failed>>>),
    /// What the try was for is decided.
    Over(Reply),
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
        let (action, reply) = held.map_or((Action::Continue, Reply::Pass), Failed::judge);
        self.state = State::Over(reply);
        action
    }

    /// So many bytes of the body of the response that is held are there; no more than before, without a number.
    fn look_at_held(&mut self, size: Option<usize>, ended: bool) -> Action {
        match std::mem::replace(&mut self.state, State::Over(Reply::Pass)) {
            State::Held(held) => {
                let size = size.unwrap_or_else(|| held.seen());
                self.look(*held, size, ended)
            }
            other => {
                self.state = other;
                Action::Continue
            }
        }
    }

    fn look(&mut self, held: Held, size: usize, ended: bool) -> Action {
        match held.push(size, ended) {
            Step::Hold(held) => {
                self.state = State::Held(Box::new(held));
                Action::Pause
            }
            Step::Go(flowing) => {
                self.state = State::Flowing(flowing);
                Action::Continue
            }
            Step::Over(action, reply) => {
                self.state = State::Over(reply);
                action
            }
        }
    }
}

impl Context for Attempt {
    /// The end of an attempt comes before the next one is made. One that had no response is one that Envoy may retry: it was
    /// not connected, was reset or was too slow. A response that came has named the next cluster, or needs none.
    fn on_done(&mut self) -> bool {
        match std::mem::replace(&mut self.state, State::Over(Reply::Pass)) {
            State::Begun { known, .. } => {
                let reset = known.reset();
                let mut request = known.request.borrow_mut();
                request.reset(known.attempt, None, reset);
                next::name(&request, &known.ticket);
            }
            State::Held(held) => held.break_off(),
            State::Judging(held) => {
                if let Some(failed) = held.take() {
                    failed.break_off();
                }
            }
            State::New | State::Flowing(_) | State::Over(_) => {}
        }
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
        let translates = planned.translates(&attempt);
        if replaces.is_none() {
            // This one sends the body as it is, and a later one can read it again.
            planned.forget_body();
        }
        drop(planned);
        if replaces.is_none() {
            request.count();
        }
        self.state = State::Begun { known: Known { request, attempt, ticket, began: host::now() }, replaces };
        // The length of a translation is known when it is made, of the whole body.
        if translates { Action::Pause } else { Action::Continue }
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
        if known.request.borrow().translates(&known.attempt) {
            host::set_header(MapType::HttpRequestHeaders, "content-length", bytes.len().to_string().as_bytes());
        }
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
            let held = Held::new(known, head);
            if end_of_stream || !held.waits() {
                return self.look(held, 0, end_of_stream);
            }
            self.state = State::Held(Box::new(held));
            return Action::Pause;
        }
        let held = Rc::new(RefCell::new(Some(Failed::new(known, head))));
        if !end_of_stream {
            let held: Rc<dyn stalled::Held> = Rc::<RefCell<Option<Failed>>>::clone(&held);
            self.stalled.wait(self.context, Rc::downgrade(&held));
        }
        self.state = State::Judging(held);
        if end_of_stream { self.judge() } else { Action::Pause }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match &mut self.state {
            State::New | State::Begun { .. } => Action::Continue,
            State::Flowing(flowing) => {
                flowing.push(size, end_of_stream);
                Action::Continue
            }
            State::Held(_) => self.look_at_held(Some(size), end_of_stream),
            State::Judging(held) => {
                match &mut *held.borrow_mut() {
                    Some(held) => held.size = size,
                    None => return Action::Continue,
                }
                if end_of_stream || size > MOST_BODY { self.judge() } else { Action::Pause }
            }
            State::Over(reply) => {
                local_reply::push(reply, size, end_of_stream);
                Action::Continue
            }
        }
    }

    /// None of a client's trailers leaves for a cloud.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        host::replace_headers(MapType::HttpRequestTrailers, &PairsWriter::new());
        Action::Continue
    }

    /// None of a cloud's reaches the client; a body that is held ends here.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        host::replace_headers(MapType::HttpResponseTrailers, &PairsWriter::new());
        match self.state {
            State::Held(_) => self.look_at_held(None, true),
            _ => self.judge(),
        }
    }
}
