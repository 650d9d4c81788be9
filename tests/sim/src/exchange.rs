//! One request from a client to the clouds and back, in the order in which Envoy calls the module.
//!
//! What is Envoy's own here (the route by filter state, `x-envoy-max-retries`, the cluster chosen anew at each
//! retry, what a retry sees of the try before it) is as `multihome render` configures it.

use crate::beside::{Beside, Chain};
use crate::chain::{Filter, Piece};
use crate::headers::{Headers, SharedHeaders};
use crate::host::{self, FilterState, LocalReply};
use crate::message::Message;
use crate::script::{Answer, End, Outcome, Played, Seen, Sent, Turn};
use crate::worker::Vm;

/// The header by which an attempt asks for the next one; the route removes it on the way to the client.
const MOVE_ON: &str = "x-multihome-move-on";
/// The filter state that the route's matcher reads.
const NEXT: &str = "wasm.multihome.next";
/// How it begins for a response that is not streamed.
const WHOLE: &[u8] = b"whole ";
/// As long as a try may take, in nanoseconds.
const MOST_TRY: u64 = 600_000_000_000;
/// What `render` writes as `num_retries`.
const RETRIES: u32 = 32;

/// Plays a request. `clouds` says what each attempt meets; the client goes away after `patience` steps.
pub fn play(
    vm: &Vm,
    chain: Chain,
    request: &Message,
    patience: Option<usize>,
    clouds: &mut dyn FnMut(&Turn<'_>) -> Answer,
) -> Played {
    let filter_state = FilterState::default();
    let mut exchange = Exchange {
        vm,
        chain,
        clouds,
        edge: vm.edge(&filter_state),
        filter_state,
        route: None,
        router: None,
        routed: None,
        sent: Vec::new(),
        received: Seen::default(),
        end: None,
        steps_left: patience.unwrap_or(usize::MAX),
    };
    let now = host::with(|host| host.now);
    exchange.run(request);
    let played = exchange.finish();
    host::with(|host| host.now = now);
    played
}

struct Exchange<'v, 'c> {
    vm: &'v Vm,
    chain: Chain,
    clouds: &'c mut dyn FnMut(&Turn<'_>) -> Answer,
    filter_state: FilterState,
    edge: Filter,
    /// The endpoint that the route last chosen leads to. The first choice, before any filter, finds no filter state.
    route: Option<String>,
    router: Option<Router<'v>>,
    routed: Option<Headers>,
    sent: Vec<Sent>,
    received: Seen,
    end: Option<End>,
    steps_left: usize,
}

/// What Envoy's router keeps of the request, to send it again.
struct Router<'v> {
    headers: SharedHeaders,
    headers_only: bool,
    body: Vec<u8>,
    trailers: Option<SharedHeaders>,
    last: bool,
    retries: u32,
    attempt: Option<Attempt<'v>>,
}

struct Attempt<'v> {
    filter: Filter,
    beside: &'v Beside,
    answer: Answer,
    fed: usize,
}

impl<'v> Exchange<'v, '_> {
    fn run(&mut self, request: &Message) {
        for piece in request.pieces(&request.headers.clone().into_shared()) {
            if self.steps() {
                return;
            }
            let gone = self.edge.request(piece);
            if let Some(reply) = self.edge.take_local_reply() {
                return self.reply(&reply);
            }
            if self.edge.take_route_cleared() {
                self.route = self.next_endpoint();
            }
            for piece in gone {
                self.route_piece(piece);
                if self.end.is_some() {
                    return;
                }
            }
        }
    }

    /// Ends what is left, in Envoy's order: the attempts first, unless the client went away.
    fn finish(mut self) -> Played {
        let attempt = self.router.take().and_then(|router| router.attempt);
        if self.end == Some(End::Abandoned) {
            self.edge.end(true);
            attempt.into_iter().for_each(|attempt| attempt.filter.end(false));
        } else {
            attempt.into_iter().for_each(|attempt| attempt.filter.end(false));
            self.edge.end(true);
        }
        Played { routed: self.routed, sent: self.sent, received: self.received, end: self.end.unwrap_or(End::Hung) }
    }

    /// One more step; whether the client has gone away instead.
    fn steps(&mut self) -> bool {
        match self.steps_left.checked_sub(1) {
            Some(left) => self.steps_left = left,
            None => self.end = Some(End::Abandoned),
        }
        self.end.is_some()
    }

    /// As the route's matcher reads it: the name of an endpoint, ended by a space.
    fn next_endpoint(&self) -> Option<String> {
        let state = self.filter_state.borrow();
        let value = state.get(NEXT)?;
        // Two routes lead to the same clusters.
        let value = value.strip_prefix(WHOLE).unwrap_or(value);
        let end = value.iter().position(|byte| *byte == b' ')?;
        let name = std::str::from_utf8(value.get(..end)?).ok()?;
        self.vm.has_endpoint(name).then(|| name.to_owned())
    }

    /// A part of the request reaches the router.
    fn route_piece(&mut self, piece: Piece) {
        match piece {
            Piece::Headers(headers, last) => {
                self.routed = Some(headers.borrow().clone());
                let retries = headers.borrow().text("x-envoy-max-retries").and_then(|text| text.parse().ok());
                headers.borrow_mut().remove_prefixed("x-envoy-");
                if self.chain == Chain::Bare {
                    headers.borrow_mut().add("x-envoy-expected-rq-timeout-ms", "60000");
                }
                self.router = Some(Router {
                    headers,
                    headers_only: last,
                    body: Vec::new(),
                    trailers: None,
                    last,
                    retries: retries.unwrap_or(RETRIES),
                    attempt: None,
                });
                self.begin_attempt();
            }
            piece => {
                let Some(router) = &mut self.router else { return };
                router.last = piece.is_last();
                match &piece {
                    Piece::Data(data, _) => router.body.extend_from_slice(data),
                    Piece::Trailers(trailers) => router.trailers = Some(SharedHeaders::clone(trailers)),
                    Piece::Headers(..) => {}
                }
                self.feed(piece);
            }
        }
    }

    /// Makes an attempt at the route's cluster, and gives it what there is of the request.
    fn begin_attempt(&mut self) {
        let found = self.route.as_deref().and_then(|endpoint| self.vm.attempt(endpoint, &self.filter_state));
        let Some((filter, beside)) = found else {
            return self.reply(&of_envoy(503));
        };
        let endpoint = beside.endpoint.as_str();
        let turn = Turn { number: self.sent.len() + 1, endpoint, filter_state: &self.filter_state };
        let answer = (self.clouds)(&turn);
        self.sent.push(Sent { endpoint: endpoint.to_owned(), message: Seen::default() });
        let Some(router) = &mut self.router else { return };
        router.attempt = Some(Attempt { filter, beside, answer, fed: 0 });
        let mut pieces = vec![Piece::Headers(SharedHeaders::clone(&router.headers), router.headers_only)];
        if !router.body.is_empty() || (router.last && !router.headers_only && router.trailers.is_none()) {
            pieces.push(Piece::Data(router.body.clone(), router.last && router.trailers.is_none()));
        }
        pieces.extend(router.trailers.clone().map(Piece::Trailers));
        let number = self.sent.len();
        for piece in pieces {
            // An attempt that was answered early may have been followed by another one, which got the rest.
            if self.end.is_none() && self.sent.len() == number {
                self.feed(piece);
            }
        }
    }

    /// The attempt gets a part of the request.
    fn feed(&mut self, piece: Piece) {
        let Some(attempt) = self.router.as_mut().and_then(|router| router.attempt.as_mut()) else { return };
        attempt.fed += 1;
        let due = piece.is_last() || attempt.fed >= attempt.answer.after;
        if let Piece::Headers(headers, _) = &piece {
            attempt.beside.before_request(self.chain, &mut headers.borrow_mut());
        }
        let gone = attempt.filter.request(piece);
        if let Some(reply) = attempt.filter.take_local_reply() {
            // No cloud saw anything of an attempt that was not made.
            self.sent.pop_if(|sent| sent.message.headers.is_none());
            return self.reply(&reply);
        }
        for piece in gone {
            let headers =
                if let Piece::Headers(headers, _) = &piece { Some(SharedHeaders::clone(headers)) } else { None };
            if let Some(headers) = &headers {
                attempt.beside.behind_request(self.chain, &mut headers.borrow_mut());
            }
            if let Some(sent) = self.sent.last_mut() {
                sent.message.note(piece);
            }
            if let Some(headers) = &headers {
                attempt.beside.add_credential(&mut headers.borrow_mut());
            }
        }
        if due {
            self.answer();
        }
    }

    /// What the cloud does.
    fn answer(&mut self) {
        let Some(attempt) = self.router.as_mut().and_then(|router| router.attempt.as_mut()) else { return };
        if let Some((name, value)) = attempt.answer.spoils.take() {
            self.filter_state.borrow_mut().insert(name.to_owned(), value);
        }
        let (message, cut) = match attempt.answer.outcome.clone() {
            Outcome::Answered(message, cut) => (message, cut.unwrap_or(usize::MAX)),
            Outcome::Lost => return self.fail(503),
            Outcome::TimedOut => {
                host::with(|host| host.now += MOST_TRY);
                return self.fail(504);
            }
        };
        let number = self.sent.len();
        for (index, piece) in message.pieces(&message.headers.clone().into_shared()).into_iter().enumerate() {
            if self.steps() {
                return;
            }
            if index >= cut {
                return if self.received.headers.is_some() { self.end = Some(End::Cut) } else { self.fail(503) };
            }
            let Some(attempt) = self.router.as_mut().and_then(|router| router.attempt.as_mut()) else { return };
            if let Piece::Headers(headers, _) = &piece {
                attempt.beside.before_answer(self.chain, &mut headers.borrow_mut());
            }
            let gone = attempt.filter.response(piece);
            if let Some(reply) = attempt.filter.take_local_reply() {
                return self.reply(&reply);
            }
            for piece in gone {
                self.pass_back(piece);
                if self.end.is_some() || self.sent.len() != number {
                    return;
                }
            }
        }
    }

    /// A part of the answer leaves an attempt: it goes to the client, or another attempt is made.
    fn pass_back(&mut self, piece: Piece) {
        if let Piece::Headers(headers, _) = &piece {
            let moves_on = headers.borrow().get(MOVE_ON).is_some();
            if moves_on && self.retries() {
                return self.retry();
            }
            headers.borrow_mut().remove(MOVE_ON.as_bytes());
        }
        self.deliver(piece);
    }

    fn deliver(&mut self, piece: Piece) {
        let gone = self.edge.response(piece);
        if let Some(reply) = self.edge.take_local_reply() {
            // In the middle of an answer, no filter sees it.
            let pieces = reply_message(&reply);
            pieces
                .pieces(&pieces.headers.clone().into_shared())
                .into_iter()
                .for_each(|piece| self.received.note(piece));
        } else {
            gone.into_iter().for_each(|piece| self.received.note(piece));
        }
        if self.received.whole {
            self.end = Some(End::Answered);
        }
    }

    /// An attempt ended without an answer.
    fn fail(&mut self, status: u16) {
        if self.retries() {
            return self.retry();
        }
        self.end_attempt();
        self.reply(&of_envoy(status));
    }

    /// Whether Envoy would make another attempt.
    fn retries(&self) -> bool {
        let Some(router) = &self.router else { return false };
        router.retries > 0 && router.attempt.as_ref().is_some_and(|attempt| attempt.answer.may_retry)
    }

    fn retry(&mut self) {
        self.end_attempt();
        if let Some(router) = &mut self.router {
            router.retries -= 1;
        }
        // A name that matches nothing keeps the cluster.
        self.route = self.next_endpoint().or(self.route.take());
        self.begin_attempt();
    }

    fn end_attempt(&mut self) {
        if let Some(attempt) = self.router.as_mut().and_then(|router| router.attempt.take()) {
            attempt.filter.end(false);
        }
    }

    /// An answer that comes from no cloud goes to the client through the edge.
    fn reply(&mut self, reply: &LocalReply) {
        let message = reply_message(reply);
        for piece in message.pieces(&message.headers.clone().into_shared()) {
            self.deliver(piece);
        }
        // Whatever the edge made of it, nothing follows.
        self.end.get_or_insert(End::Hung);
    }
}

/// An answer that comes from no cloud, with the headers that Envoy adds.
fn reply_message(reply: &LocalReply) -> Message {
    let mut headers = Headers::of(&[(":status", &reply.status.to_string())]);
    reply.headers.iter().for_each(|(name, value)| headers.add(name, value));
    if reply.body.is_empty() {
        return Message { headers, chunks: Vec::new(), trailers: None };
    }
    headers.add("content-length", reply.body.len().to_string());
    headers.add_if_absent("content-type", "text/plain");
    Message { headers, chunks: vec![reply.body.clone()], trailers: None }
}

/// Envoy's own answer when its router has no cluster, no connection or no more time.
fn of_envoy(status: u16) -> LocalReply {
    let body = format!("{{\"error\":{{\"message\":\"Envoy says {status}.\"}}}}").into_bytes();
    LocalReply { status, headers: Headers::of(&[("content-type", "application/json")]), body, ..LocalReply::default() }
}
