//! A request's body, as far as the module knows it: its length, and how it changes for a target.

use super::edit::{Edited, Edits};
use super::translation::Translation;
use crate::convert::{Asked, Conversion};
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
    Held(Box<Held>),
    /// There is none; one that comes all the same is left out. The request is of this method.
    Absent(&'static str),
}

/// A body that was held and read.
#[derive(Debug)]
pub struct Held {
    length: u64,
    /// How it changes for a target.
    edited: Edited,
    /// How it is translated, if some target of the plan needs it.
    translation: Option<Translation>,
}

impl Payload {
    /// A body that was read. Of it, only what stands before the last change is kept, in its own memory, and only if some
    /// target of the plan needs it.
    pub fn held(body: Vec<u8>, edits: Edits, plan: &Plan, translation: Option<Translation>) -> Payload {
        let translation = translation.map(|translation| translation.for_first(plan.at(0)));
        Payload::Held(Box::new(Held { length: body.len() as u64, edited: Edited::new(body, edits, plan), translation }))
    }

    /// What a translated response has to show again.
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Payload::Streamed { .. } | Payload::Absent(_) => None,
            Payload::Held(held) => held.translation.as_ref().map(Translation::asked),
        }
    }

    /// The members of the body that a target does not get.
    pub(super) fn left_out(&self, stop: &Stop<'_>) -> &[&'static str] {
        match self {
            Payload::Streamed { .. } | Payload::Absent(_) => &[],
            Payload::Held(held) => held.edited.left_out(stop),
        }
    }

    /// The method of the request.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Payload::Streamed { .. } | Payload::Held(_) => "POST",
            Payload::Absent(method) => method,
        }
    }

    /// Whether there is none.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Payload::Absent(_))
    }

    /// The bytes that are kept.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Payload::Streamed { .. } | Payload::Absent(_) => 0,
            Payload::Held(held) => {
                held.edited.kept_bytes() + held.translation.as_ref().map_or(0, Translation::kept_bytes)
            }
        }
    }

    /// Keeps nothing of the body but what says how it changes.
    pub(super) fn forget(&mut self) {
        if let Payload::Held(held) = self {
            held.edited.forget();
            held.translation.iter_mut().for_each(Translation::forget);
        }
    }

    /// The length that a target gets, where it is known before it is translated.
    pub(super) fn length(&self, stop: &Stop<'_>) -> Option<u64> {
        match self {
            Payload::Streamed { length } => *length,
            Payload::Absent(_) => None,
            Payload::Held(_) if stop.conversion != Conversion::Pass => None,
            Payload::Held(held) => Some(held.edited.length(held.length, stop)),
        }
    }

    /// How many bytes at the beginning are replaced for a target; `None` leaves it as it is.
    pub(super) fn replaces(&self, stop: &Stop<'_>) -> Option<usize> {
        match self {
            Payload::Streamed { .. } | Payload::Absent(_) => None,
            Payload::Held(held) if stop.conversion != Conversion::Pass => Some(held.length as usize),
            Payload::Held(held) => held.edited.until(stop),
        }
    }

    /// What replaces them. `None` if `read` reads fewer bytes than it was asked for.
    pub(super) fn replacement(&mut self, stop: &Stop<'_>, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Payload::Streamed { .. } | Payload::Absent(_) => None,
            Payload::Held(held) if stop.conversion != Conversion::Pass => {
                let length = held.length as usize;
                held.translation.as_mut()?.body(stop, || read(length))
            }
            Payload::Held(held) => held.edited.replacement(stop, read),
        }
    }
}
