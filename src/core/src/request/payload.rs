//! A request's body, as far as the module knows it: its length, and how it changes for a target.

use super::splice::{Place, Splice};
use crate::api::body::Facts;
use crate::plan::{Plan, Stop};

/// What is known of a request's body.
#[derive(Debug)]
pub enum Payload {
    /// It passes while it comes. Every target of the plan takes its model from the path.
    Streamed {
        /// Its length, where the client said it.
        length: Option<u64>,
    },
    /// It was held and read.
    Held(Held),
}

/// A body that was held and read.
#[derive(Debug)]
pub struct Held {
    length: u64,
    /// How to put a target's model id in.
    splice: Splice,
}

impl Payload {
    /// A body that was read. Of it, only what stands before the model is kept, in its own memory, and only if some target
    /// of the plan needs it.
    pub fn held(body: Vec<u8>, place: Place, plan: &Plan) -> Payload {
        Payload::Held(Held { length: body.len() as u64, splice: Splice::new(body, place, plan) })
    }

    /// Where a body has its model, or could have one.
    pub fn place(facts: &Facts<'_>) -> Place {
        Place::of(facts)
    }

    /// The bytes that are kept.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Payload::Streamed { .. } => 0,
            Payload::Held(held) => held.splice.kept_bytes(),
        }
    }

    /// Keeps nothing but a name that a target's id could be.
    pub(super) fn forget(&mut self) {
        if let Payload::Held(held) = self {
            held.splice.forget();
        }
    }

    /// The length that a target gets, where it is known.
    pub(super) fn length(&self, stop: &Stop<'_>) -> Option<u64> {
        match self {
            Payload::Streamed { length } => *length,
            Payload::Held(Held { length, splice }) if splice.differs(stop) => {
                Some(splice.length(*length, &stop.target.id))
            }
            Payload::Held(Held { length, .. }) => Some(*length),
        }
    }

    /// How many bytes at the beginning are replaced for a target; `None` leaves it as it is.
    pub(super) fn replaces(&self, stop: &Stop<'_>) -> Option<usize> {
        match self {
            Payload::Held(Held { splice, .. }) if splice.differs(stop) => Some(splice.until()),
            _ => None,
        }
    }

    /// What replaces them. `None` if `read` reads fewer bytes than it was asked for.
    pub(super) fn replacement(&mut self, stop: &Stop<'_>, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Payload::Held(Held { splice, .. }) if splice.differs(stop) => splice.replacement(&stop.target.id, read),
            _ => None,
        }
    }
}
