//! A target's model id in a client's body: one place is replaced, everything else stays byte for byte.

use crate::api::body::Facts;
use crate::name;
use crate::plan::{Plan, Stop};

/// Where a target's model id goes in a body: everything up to `until` is replaced, the rest stays.
#[derive(Debug)]
pub struct Splice {
    /// What stands before the model's value, until the first attempt was made: it is seldom needed again, and may be
    /// long. `None` too if no target of the plan needs it.
    before: Option<Vec<u8>>,
    place: Place,
}

/// Where a body has its model, or could have one.
#[derive(Debug)]
pub struct Place {
    from: usize,
    until: usize,
    kind: Put,
    /// The model that the body names, if a target's id can be it: a client's word of any length is not kept, however long
    /// the cloud takes.
    named: Option<String>,
}

impl Place {
    /// The place that a body's facts tell.
    pub fn of(facts: &Facts<'_>) -> Place {
        let (from, until, kind) = match &facts.model_span {
            Some(span) => (span.start, span.end, Put::Value),
            None => (facts.opening, facts.opening, Put::Member { others: !facts.empty }),
        };
        let named = facts.model.as_ref().filter(|model| name::is_model(model));
        let named = named.map(|model| model.clone().into_owned());
        Place { from, until, kind, named }
    }
}

#[derive(Clone, Copy, Debug)]
enum Put {
    /// In place of the value that stands there.
    Value,
    /// As a member of its own, before others or not.
    Member { others: bool },
}

impl Splice {
    /// How a body is to be spliced for the targets of a plan. Of the body, only what stands before the model is
    /// kept, in its own memory, and only if some target needs it.
    pub fn new(mut body: Vec<u8>, place: Place, plan: &Plan) -> Splice {
        let mut splice = Splice { before: None, place };
        if plan.iter().any(|stop| splice.differs(&stop)) {
            body.truncate(splice.place.from);
            splice.before = Some(body);
        }
        splice
    }

    /// Whether a target gets another body than the client's.
    pub fn differs(&self, stop: &Stop<'_>) -> bool {
        !stop.address.model_in_path && self.place.named.as_ref() != Some(&stop.target.id)
    }

    /// How many bytes at the beginning of the body are replaced.
    pub fn until(&self) -> usize {
        self.place.until
    }

    /// The length that a body of `length` bytes has with the model `id`.
    pub fn length(&self, length: u64, id: &str) -> u64 {
        let (opening, closing) = self.place.kind.around();
        length - self.place.until as u64 + (self.place.from + opening.len() + id.len() + closing.len()) as u64
    }

    /// What replaces them for the model `id`, which is made of characters that need no escape (`name::is_model`).
    /// `read` reads so many bytes at the beginning of the body, where they are not kept any more; `None` if it does not.
    pub fn replacement(&mut self, id: &str, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        let mut bytes = self.before.take().unwrap_or_else(|| read(self.place.from));
        if bytes.len() != self.place.from {
            return None;
        }
        let (opening, closing) = self.place.kind.around();
        for part in [opening, id, closing] {
            bytes.extend_from_slice(part.as_bytes());
        }
        Some(bytes)
    }

    /// The bytes that it keeps.
    pub fn kept_bytes(&self) -> usize {
        self.before.as_ref().map_or(0, Vec::capacity) + self.place.named.as_ref().map_or(0, String::capacity)
    }

    /// Gives them up, but for a name that a target's id could be.
    pub fn forget(&mut self) {
        self.before = None;
    }
}

impl Put {
    /// What stands around the id.
    fn around(self) -> (&'static str, &'static str) {
        match self {
            Put::Value => ("\"", "\""),
            Put::Member { others: true } => ("\"model\":\"", "\","),
            Put::Member { others: false } => ("\"model\":\"", "\""),
        }
    }
}
