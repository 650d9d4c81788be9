//! The memory of one worker's VM: requests in flight, shares of traffic, Google's token.
//!
//! The edge's stream owns its request; this store knows it weakly, under a number that goes through filter
//! state. The number carries a nonce of its VM, so that one from a VM that has been replaced finds nothing.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::{Rc, Weak};

use multihome_core::attempt::Request;
use multihome_core::keeper::{TOKEN_KEY, Token};
use multihome_core::route::Shares;

use crate::host;

/// A request that edge and attempts work on in turn.
pub type SharedRequest = Rc<RefCell<Request>>;

thread_local! {
    static WORKER: Worker = Worker::new();
}

struct Worker {
    nonce: u64,
    issued: Cell<u64>,
    requests: RefCell<HashMap<u64, Weak<RefCell<Request>>>>,
    held: Cell<u64>,
    shares: RefCell<Shares>,
    token: RefCell<Option<Token>>,
}

impl Worker {
    fn new() -> Worker {
        Worker {
            // Seeded by the host's random source, once a VM.
            nonce: RandomState::new().hash_one(0_u8),
            issued: Cell::new(0),
            requests: RefCell::default(),
            held: Cell::new(0),
            shares: RefCell::default(),
            token: RefCell::default(),
        }
    }
}

/// A request in the store, for as long as its stream lives.
#[derive(Debug)]
pub struct Ticket {
    number: u64,
    held: u64,
    request: SharedRequest,
}

impl Ticket {
    /// Puts a request into the store; `None` where its bytes would exceed `most_held` over all of this worker.
    pub fn issue(request: Request, most_held: u64) -> Option<Ticket> {
        WORKER.with(|worker| {
            let held = request.held_bytes() as u64;
            let total = worker.held.get().saturating_add(held);
            if total > most_held {
                return None;
            }
            worker.held.set(total);
            let number = worker.issued.get().wrapping_add(1);
            worker.issued.set(number);
            let request = Rc::new(RefCell::new(request));
            worker.requests.borrow_mut().insert(number, Rc::downgrade(&request));
            Some(Ticket { number, held, request })
        })
    }

    /// The request.
    pub fn request(&self) -> &SharedRequest {
        &self.request
    }

    /// What goes through filter state: the VM's nonce and the number.
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let nonce = WORKER.with(|worker| worker.nonce);
        let (first, second) = bytes.split_at_mut(8);
        first.copy_from_slice(&nonce.to_le_bytes());
        second.copy_from_slice(&self.number.to_le_bytes());
        bytes
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        WORKER.with(|worker| {
            worker.held.set(worker.held.get().saturating_sub(self.held));
            worker.requests.borrow_mut().remove(&self.number);
        });
    }
}

/// The request of a ticket. `None` for one of another VM, or whose stream has ended.
pub fn find(ticket: &[u8]) -> Option<SharedRequest> {
    let (nonce, number) = ticket.split_first_chunk::<8>()?;
    let number: &[u8; 8] = number.try_into().ok()?;
    WORKER.with(|worker| {
        if u64::from_le_bytes(*nonce) != worker.nonce {
            return None;
        }
        worker.requests.borrow().get(&u64::from_le_bytes(*number))?.upgrade()
    })
}

/// How many requests the store holds.
pub fn requests_in_flight() -> usize {
    WORKER.with(|worker| worker.requests.borrow().len())
}

/// Lends the shares of traffic.
pub fn with_shares<T>(work: impl FnOnce(&mut Shares) -> T) -> T {
    WORKER.with(|worker| work(&mut worker.shares.borrow_mut()))
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
pub fn has_google_token() -> bool {
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
    let token = host::shared(TOKEN_KEY).0.and_then(|bytes| Token::from_shared(&bytes));
    worker.token.borrow_mut().clone_from(&token);
    token
}
