//! The memory of one worker's VM: requests in flight, weighted picks, Google's token.
//!
//! The edge's stream owns its request; this store knows it weakly, under a number that goes through filter
//! state. The number carries a nonce of its VM, so that one from a VM that has been replaced finds nothing.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use multihome_core::api::error::ApiError;
use multihome_core::config::Config;
use multihome_core::edge;
use multihome_core::plan::{Environment, WeightedPicks};
use multihome_core::request::Request;
use multihome_core::shared::token::{self, Token};

use crate::host;
use crate::slots::{Number, Slots};
use crate::store::SharedData;

thread_local! {
    static WORKER: Worker = Worker::new();
}

struct Worker {
    nonce: u64,
    requests: RefCell<Slots<Shared>>,
    /// The bytes of bodies that all requests keep.
    held: Cell<usize>,
    /// The requests that wait for their body, and the bytes of these bodies that Envoy holds.
    waiting: Cell<(u64, u64)>,
    picks: RefCell<WeightedPicks>,
    token: RefCell<Option<Token>>,
}

impl Worker {
    fn new() -> Worker {
        Worker {
            // Seeded by the host's random source, once a VM.
            nonce: RandomState::new().hash_one(0_u8),
            requests: RefCell::default(),
            held: Cell::new(0),
            waiting: Cell::default(),
            picks: RefCell::default(),
            token: RefCell::default(),
        }
    }
}

/// A request that edge and attempts work on in turn.
pub type SharedRequest = Rc<Shared>;

/// A request, and the bytes that are counted for it.
#[derive(Debug)]
pub struct Shared {
    request: RefCell<Request>,
    counted: Cell<usize>,
}

impl Shared {
    /// The request, to look at.
    pub fn borrow(&self) -> Ref<'_, Request> {
        self.request.borrow()
    }

    /// The request, to work on.
    pub fn borrow_mut(&self) -> RefMut<'_, Request> {
        self.request.borrow_mut()
    }

    /// Counts again what the request keeps.
    pub fn count(&self) {
        self.set_counted(self.request.borrow().held_bytes());
    }

    fn set_counted(&self, counted: usize) {
        WORKER.with(|worker| {
            worker.held.set(worker.held.get().saturating_sub(self.counted.replace(counted)).saturating_add(counted));
        });
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.set_counted(0);
    }
}

/// The most that a worker keeps of bodies, in bytes. One is kept from the edge to the first attempt, which follows at
/// once; only where filters of the operator's wait in between is there ever more than one.
const MOST_HELD: usize = 32 << 20;

/// A request's place among those that wait for their body; it ends with the wait.
#[derive(Debug)]
pub struct Waiting {
    bytes: u64,
}

impl Waiting {
    /// A place.
    ///
    /// # Errors
    /// The local reply where this worker has no more of them.
    pub fn begin(config: &Config) -> Result<Waiting, ApiError> {
        WORKER.with(|worker| {
            let (requests, bytes) = worker.waiting.get();
            if requests >= config.limits.held_requests {
                return Err(edge::too_many_held());
            }
            worker.waiting.set((requests + 1, bytes));
            Ok(Waiting { bytes: 0 })
        })
    }

    /// Notes that Envoy holds `size` bytes of the body now.
    ///
    /// # Errors
    /// The local reply where that is more than a request may have, or than this worker holds.
    pub fn grow(&mut self, size: u64, config: &Config) -> Result<(), ApiError> {
        if size > config.limits.body_bytes {
            return Err(edge::too_large(config));
        }
        WORKER.with(|worker| {
            let (requests, bytes) = worker.waiting.get();
            let bytes = bytes.saturating_sub(self.bytes).saturating_add(size);
            self.bytes = size;
            worker.waiting.set((requests, bytes));
            if bytes > config.limits.held_bytes { Err(edge::too_many_held()) } else { Ok(()) }
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WORKER.with(|worker| {
            let (requests, bytes) = worker.waiting.get();
            worker.waiting.set((requests.saturating_sub(1), bytes.saturating_sub(self.bytes)));
        });
    }
}

/// A ticket as it goes through filter state.
pub type TicketBytes = [u8; 16];

/// A request in the store, for as long as its stream lives.
#[derive(Debug)]
pub struct Ticket {
    number: Number,
    request: SharedRequest,
}

impl Ticket {
    /// Puts a request into the store. Where this worker keeps [`MOST_HELD`] already, its body is not kept: an attempt
    /// reads it from Envoy again.
    pub fn issue(mut request: Request) -> Ticket {
        let held = request.held_bytes();
        if held > 0 && WORKER.with(|worker| worker.held.get()).saturating_add(held) > MOST_HELD {
            request.forget_body();
        }
        let request = Rc::new(Shared { request: RefCell::new(request), counted: Cell::new(0) });
        request.count();
        let number = WORKER.with(|worker| worker.requests.borrow_mut().put(&request));
        Ticket { number, request }
    }

    /// The request.
    pub fn request(&self) -> &SharedRequest {
        &self.request
    }

    /// What goes through filter state: the VM's nonce and the number.
    pub fn to_bytes(&self) -> TicketBytes {
        let nonce = WORKER.with(|worker| worker.nonce);
        (u128::from(nonce) | u128::from(self.number.to_bits()) << 64).to_le_bytes()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        WORKER.with(|worker| worker.requests.borrow_mut().free(self.number));
    }
}

/// The request of a ticket. `None` for one of another VM, or whose stream has ended.
pub fn find(ticket: &TicketBytes) -> Option<SharedRequest> {
    let ticket = u128::from_le_bytes(*ticket);
    let (nonce, number) = (ticket as u64, (ticket >> 64) as u64);
    WORKER.with(|worker| {
        if nonce != worker.nonce {
            return None;
        }
        worker.requests.borrow().get(Number::from_bits(number))
    })
}

/// How many requests the store holds.
pub fn requests_in_flight() -> usize {
    WORKER.with(|worker| worker.requests.borrow().taken())
}

/// Lends what this worker knows at this moment. `google_token`: whether some endpoint depends on Google's token.
pub fn with_environment<T>(google_token: bool, work: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    let google_token = || google_token && has_google_token();
    let now = || host::now() / 1000;
    WORKER.with(|worker| {
        let mut picks = worker.picks.borrow_mut();
        work(&mut Environment { picks: &mut picks, google_token: &google_token, now: &now })
    })
}

/// The value of `authorization` for Google, while there is one that may be used. What this worker knows is
/// asked first; a token that another worker fetched since is found in the shared data.
pub fn google_authorization() -> Option<String> {
    let now = host::now();
    WORKER.with(|worker| {
        let own = worker.token.borrow().as_ref().and_then(|token| token.authorization(now));
        own.or_else(|| refresh_token(worker)?.authorization(now))
    })
}

/// Whether there is such a token.
fn has_google_token() -> bool {
    let now = host::now();
    WORKER.with(|worker| {
        worker.token.borrow().as_ref().is_some_and(|token| token.usable(now))
            || refresh_token(worker).is_some_and(|token| token.usable(now))
    })
}

/// Reads the token that the workers share, and keeps it.
pub fn shared_token() -> Option<Token> {
    WORKER.with(refresh_token)
}

fn refresh_token(worker: &Worker) -> Option<Token> {
    let token = token::shared(&SharedData);
    worker.token.borrow_mut().clone_from(&token);
    token
}
