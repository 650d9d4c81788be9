//! An error in the attempt role: held until its body is there, or has taken too long, and then decided on.

use std::cell::RefCell;

use multihome_core::request::judge::MOST_BODY;
use multihome_core::request::{Next, Reply, UpstreamResponse};
use proxy_wasm::types::{Action, BufferType};

use crate::pairs::Pairs;
use crate::response::{Known, let_go};
use crate::{heads, host, local_reply, next, stalled};

/// An error that is held, its headers too.
pub struct Failed {
    known: Known,
    head: Pairs,
    /// So many bytes of its body are there.
    pub size: usize,
}

impl Failed {
    /// An error whose headers have come.
    pub fn new(known: Known, head: Pairs) -> Failed {
        Failed { known, head, size: 0 }
    }

    /// Decides on it, with as much of its body as came.
    pub fn judge(self) -> (Action, Reply) {
        let Failed { known: Known { request, attempt, ticket, .. }, head, size } = self;
        let mut request = request.borrow_mut();
        let readable = size > 0 && size <= MOST_BODY;
        let body = if readable { host::buffer(BufferType::HttpResponseBody, size) } else { Vec::new() };
        let limits = heads::limits(&head);
        let response = UpstreamResponse { body: &body, limits: &limits, ..heads::read(&head, request.cloud()) };
        match request.judge(attempt, response) {
            Next::Replace(error, whose) => {
                let headers = local_reply::headers_of(&request, whose, response.id);
                local_reply::replace(&error, headers, size)
            }
            next => {
                let_go(&next, &request, &ticket, &head);
                (Action::Continue, Reply::Pass)
            }
        }
    }

    /// The try ended before the body was there.
    pub fn break_off(self) {
        let reset = self.known.reset();
        let Failed { known: Known { request, attempt, ticket, .. }, head, .. } = self;
        let mut request = request.borrow_mut();
        let response = heads::read(&head, request.cloud());
        request.reset(attempt, Some(response), reset);
        next::name(&request, &ticket);
    }
}

impl stalled::Held for RefCell<Option<Failed>> {
    fn waits(&self) -> bool {
        self.borrow().is_some()
    }

    /// Decides without the body, where it decides nothing, and lets the response go: the tick of the root context acts for the
    /// attempt's own, in whose callbacks nothing is left to do then.
    fn give_up_on_body(&self) {
        let Some(Failed { known: Known { request, attempt, ticket, began }, head, size }) = self.take() else {
            return;
        };
        let mut planned = request.borrow_mut();
        let limits = heads::limits(&head);
        let response = UpstreamResponse { limits: &limits, ..heads::read(&head, planned.cloud()) };
        match planned.judge_by_head(attempt, response) {
            Err(attempt) => {
                drop((planned, limits));
                self.replace(Some(Failed { known: Known { request, attempt, ticket, began }, head, size }));
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
