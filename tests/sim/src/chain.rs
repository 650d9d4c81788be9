//! One filter of a chain: a context in the module, and what Envoy does with what its callbacks return.
//!
//! `Pause` at the headers holds them (`allow_on_headers_stop_iteration`) and the body still comes; `Pause` at
//! the body buffers, and the next callback sees everything that is held; `Continue` lets all of it go.

use proxy_wasm::types::Action;

use crate::abi::exports;
use crate::headers::SharedHeaders;
use crate::host::{self, FilterState, LocalReply, Window};

/// A part of a message on its way through a chain; `true` with the last one, unless trailers follow.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Its headers.
    Headers(SharedHeaders, bool),
    /// Some of its body.
    Data(Vec<u8>, bool),
    /// Its trailers.
    Trailers(SharedHeaders),
}

impl Piece {
    /// Whether nothing of the message follows.
    pub fn is_last(&self) -> bool {
        match self {
            Piece::Headers(_, last) | Piece::Data(_, last) => *last,
            Piece::Trailers(_) => true,
        }
    }
}

/// A context, for one stream in the listener's chain or one attempt in a cluster's.
#[derive(Debug)]
pub struct Filter {
    context: u32,
    request: Direction,
    response: Direction,
}

/// The ways of one direction: which exports it calls, and which part of the window it shows.
struct Way {
    headers: fn(&mut Window) -> &mut Option<SharedHeaders>,
    body: fn(&mut Window) -> &mut Option<Vec<u8>>,
    trailers: fn(&mut Window) -> &mut Option<SharedHeaders>,
    on_headers: extern "C" fn(u32, usize, bool) -> Action,
    on_body: extern "C" fn(u32, usize, bool) -> Action,
    on_trailers: extern "C" fn(u32, usize) -> Action,
}

const REQUEST: Way = Way {
    headers: |window| &mut window.request_headers,
    body: |window| &mut window.request_body,
    trailers: |window| &mut window.request_trailers,
    on_headers: exports::proxy_on_request_headers,
    on_body: exports::proxy_on_request_body,
    on_trailers: exports::proxy_on_request_trailers,
};

const RESPONSE: Way = Way {
    headers: |window| &mut window.response_headers,
    body: |window| &mut window.response_body,
    trailers: |window| &mut window.response_trailers,
    on_headers: exports::proxy_on_response_headers,
    on_body: exports::proxy_on_response_body,
    on_trailers: exports::proxy_on_response_trailers,
};

/// What is held of one direction's message.
#[derive(Debug, Default)]
struct Direction {
    headers: Option<(SharedHeaders, bool)>,
    buffering: bool,
}

impl Filter {
    /// A context of that number under a root, seeing this filter state.
    pub fn create(context: u32, root: u32, filter_state: &FilterState) -> Filter {
        host::with_window(context, |window| window.filter_state = FilterState::clone(filter_state));
        host::with(|host| host.enter(context));
        exports::proxy_on_context_create(context, root);
        Filter { context, request: Direction::default(), response: Direction::default() }
    }

    /// Shows the filter a part of the request; what it lets go.
    pub fn request(&mut self, piece: Piece) -> Vec<Piece> {
        self.request.pass(self.context, &REQUEST, piece)
    }

    /// Shows the filter a part of the answer; what it lets go.
    pub fn response(&mut self, piece: Piece) -> Vec<Piece> {
        self.response.pass(self.context, &RESPONSE, piece)
    }

    /// The answer that it gave instead of letting the message go.
    pub fn take_local_reply(&self) -> Option<LocalReply> {
        host::with_window(self.context, |window| window.local_reply.take())
    }

    /// Whether it had the route chosen anew since this was last asked.
    pub fn take_route_cleared(&self) -> bool {
        host::with_window(self.context, |window| std::mem::take(&mut window.route_cleared))
    }

    /// Ends the context; `logged` for one in the listener's chain, which Envoy's access log asks first.
    pub fn end(self, logged: bool) {
        host::with(|host| host.enter(self.context));
        if logged {
            exports::proxy_on_log(self.context);
        }
        exports::proxy_on_done(self.context);
        exports::proxy_on_delete(self.context);
        host::with(|host| host.forget(self.context));
    }
}

impl Direction {
    fn pass(&mut self, context: u32, way: &Way, piece: Piece) -> Vec<Piece> {
        host::with(|host| host.enter(context));
        let show = |work: &dyn Fn(&mut Window)| host::with_window(context, |window| work(window));
        let mut gone = Vec::new();
        match piece {
            Piece::Headers(headers, last) => {
                let count = headers.borrow().len();
                show(&|window| *(way.headers)(window) = Some(SharedHeaders::clone(&headers)));
                if (way.on_headers)(context, count, last) == Action::Continue {
                    show(&|window| *(way.headers)(window) = None);
                    gone.push(Piece::Headers(headers, last));
                } else {
                    self.headers = Some((headers, last));
                }
            }
            Piece::Data(data, last) => {
                let size = host::with_window(context, |window| {
                    let body = (way.body)(window).get_or_insert_default();
                    body.extend_from_slice(&data);
                    body.len()
                });
                self.buffering = (way.on_body)(context, size, last) != Action::Continue;
                if !self.buffering {
                    self.let_go(context, way, &mut gone, last);
                }
            }
            Piece::Trailers(trailers) => {
                let count = trailers.borrow().len();
                show(&|window| *(way.trailers)(window) = Some(SharedHeaders::clone(&trailers)));
                if (way.on_trailers)(context, count) == Action::Continue {
                    show(&|window| *(way.trailers)(window) = None);
                    self.let_go(context, way, &mut gone, false);
                    gone.push(Piece::Trailers(trailers));
                }
            }
        }
        gone
    }

    /// What was held goes, headers first. A held request's headers stay within the context's reach.
    fn let_go(&mut self, context: u32, way: &Way, gone: &mut Vec<Piece>, last: bool) {
        if let Some((headers, _)) = self.headers.take() {
            gone.push(Piece::Headers(headers, false));
        }
        let body = host::with_window(context, |window| (way.body)(window).take());
        gone.extend(body.map(|body| Piece::Data(body, last)));
        self.buffering = false;
    }
}
