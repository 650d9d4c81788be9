//! What the surfaces share: credentials, catalogue, records, faults, tokens.

use crate::catalogue::Catalogue;
use crate::credentials::Credentials;
use crate::fault::Faults;
use crate::record::Records;
use crate::server::Listeners;
use crate::sessions::Sessions;
use crate::tokens::Tokens;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Clouds {
    pub credentials: Credentials,
    pub catalogue: Catalogue,
    pub records: Arc<Records>,
    pub faults: Faults,
    pub tokens: Tokens,
    pub listeners: Listeners,
    pub steering: crate::answer::Steering,
    pub sessions: Sessions,
}

impl Clouds {
    pub fn new(also_accept: Vec<String>) -> Self {
        Self {
            credentials: Credentials::generate(),
            catalogue: Catalogue::new(also_accept),
            records: Arc::default(),
            faults: Faults::default(),
            tokens: Tokens::default(),
            listeners: Listeners::default(),
            steering: crate::answer::Steering::default(),
            sessions: Sessions::default(),
        }
    }
}

/// Locks; what a panicking holder left behind is still a list of plain values.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
