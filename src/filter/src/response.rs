//! A response with a status of 2xx in the attempt role: held until it is known to be good, then on its way to the client.

use std::time::Duration;

use multihome_core::contract;
use multihome_core::request::{Next, Output, Reply, Request, Reset, Try, UpstreamResponse};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::pairs::Pairs;
use crate::worker::{SharedRequest, TicketBytes};
use crate::{heads, host, local_reply, next};

/// The request of a try.
pub struct Known {
    pub request: SharedRequest,
    pub attempt: Try,
    pub ticket: TicketBytes,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
}

impl Known {
    /// How the try ended, if it ends now.
    pub fn reset(&self) -> Reset {
        let after = Duration::from_millis(host::now().saturating_sub(self.began));
        Reset { connected: host::has_upstream_connection(), after }
    }
}

/// A response that is held, its headers too.
pub struct Held {
    known: Known,
    head: Pairs,
    reply: Reply,
    /// How many bytes of its body have been read.
    seen: usize,
}

/// A response on its way.
pub struct Flowing {
    request: SharedRequest,
    reply: Reply,
}

/// What follows on a piece of a response that is held.
pub enum Step {
    /// It is held further.
    Hold(Held),
    /// It goes to the client.
    Go(Flowing),
    /// Envoy tries the next target, or an error of ours stands in its place.
    Over(Action, Reply),
}

impl Held {
    /// A response whose headers have come.
    pub fn new(known: Known, head: Pairs) -> Held {
        let reply = known.request.borrow().reply(heads::shape(&head), || host::now() / 1000);
        Held { known, head, reply, seen: 0 }
    }

    /// Whether its body says more than its headers.
    pub fn waits(&self) -> bool {
        self.reply.reads(1)
    }

    /// How many bytes of its body were there.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// So many bytes of its body are there; all of them if it has `ended`.
    pub fn push(mut self, size: usize, ended: bool) -> Step {
        let new = size.saturating_sub(self.seen);
        let read = new > 0 && self.reply.reads(new);
        let piece = if read { host::buffer_from(BufferType::HttpResponseBody, self.seen, new) } else { Vec::new() };
        self.seen = size;
        match self.reply.push(&piece, ended) {
            Output::Wait => Step::Hold(self),
            Output::Unchanged => Step::Go(self.let_go()),
            Output::Replaced(bytes) => {
                host::replace_start(BufferType::HttpResponseBody, size, &bytes);
                let flowing = self.let_go();
                let headers = MapType::HttpResponseHeaders;
                if ended {
                    host::set_header(headers, "content-length", bytes.len().to_string().as_bytes());
                } else {
                    host::remove_header(headers, b"content-length");
                }
                Step::Go(flowing)
            }
            Output::Failed(error) => self.judge(&error),
        }
    }

    fn let_go(self) -> Flowing {
        let Held { known: Known { request, attempt, .. }, head, reply, .. } = self;
        let mut planned = request.borrow_mut();
        planned.served(attempt, heads::status(&head));
        note_usage(&mut planned, &reply);
        heads::pass_on(&planned, &head);
        drop(planned);
        Flowing { request, reply }
    }

    /// The completion failed before there was any of it.
    fn judge(self, error: &[u8]) -> Step {
        let Held { known: Known { request, attempt, ticket, .. }, head, seen, .. } = self;
        let mut request = request.borrow_mut();
        let limits = heads::limits(&head);
        let response = UpstreamResponse { body: error, limits: &limits, ..heads::read(&head, request.cloud()) };
        match request.judge_inside(attempt, response) {
            Next::Replace(error, whose) => {
                let headers = local_reply::headers_of(&request, whose, response.id);
                let (action, reply) = local_reply::replace(&error, headers, seen);
                Step::Over(action, reply)
            }
            next => {
                let_go(&next, &request, &ticket, &head);
                Step::Over(Action::Continue, Reply::Pass)
            }
        }
    }

    /// The try ended while the response was held.
    pub fn break_off(self) {
        let reset = self.known.reset();
        let Known { request, attempt, ticket, .. } = self.known;
        let mut request = request.borrow_mut();
        let response = heads::read(&self.head, request.cloud());
        request.broke_off(attempt, response, reset);
        next::name(&request, &ticket);
    }
}

impl Flowing {
    /// The next piece, of so many bytes.
    pub fn push(&mut self, size: usize, ended: bool) {
        if !self.reply.reads(size) {
            return;
        }
        local_reply::push(&mut self.reply, size, ended);
        note_usage(&mut self.request.borrow_mut(), &self.reply);
    }
}

fn note_usage(request: &mut Request, reply: &Reply) {
    if let Some(usage) = reply.usage() {
        request.used(usage);
    }
}

/// Prepares the headers of an error that goes to the client, or after which Envoy tries the next target.
pub fn let_go(next: &Next, request: &Request, ticket: &TicketBytes, head: &Pairs) {
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
