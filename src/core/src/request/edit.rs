//! How a client's body changes for a target: some places are replaced, everything else stays byte for byte.
//!
//! The places are found when the body is read, once. What replaces them is put together when an attempt writes: one copy up
//! to the last place that changes for its target, however many there are. What stands behind is never touched.

use std::borrow::Cow;
use std::ops::Range;

use crate::api::body::Facts;
use crate::convert::Conversion;
use crate::name;
use crate::plan::{Plan, Stop};

/// One place of a body that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it stands; empty where something is put in.
    pub range: Range<usize>,
    /// What stands there instead: JSON's text, of whole tokens or within one.
    pub with: Cow<'static, str>,
    /// For whom.
    pub whom: Whom,
}

/// The targets for which a body changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All of them.
    All,
    /// Those at these places in the configuration.
    Targets(Box<[usize]>),
}

impl Edit {
    fn is_for(&self, stop: &Stop<'_>) -> bool {
        match &self.whom {
            Whom::All => true,
            Whom::Targets(targets) => targets.contains(&stop.index),
        }
    }
}

/// All places of a body that may change: that of the model, and others.
#[derive(Debug)]
pub struct Edits {
    model: ModelPlace,
    /// In their order; no two overlap.
    others: Vec<Edit>,
    /// The members that are left out by them, and for which targets.
    left_out: Vec<(Box<[usize]>, Vec<&'static str>)>,
}

/// Where a body has its model, or could have one.
#[derive(Debug)]
struct ModelPlace {
    range: Range<usize>,
    kind: Put,
    /// The model that the body names, if a target's id can be it: a client's word of any length is not kept, however long
    /// the cloud takes.
    named: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Put {
    /// In place of the value that stands there.
    Value,
    /// As a member of its own, before others or not.
    Member { others: bool },
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

impl ModelPlace {
    fn of(facts: &Facts<'_>) -> ModelPlace {
        let (range, kind) = match &facts.model_span {
            Some(span) => (span.clone(), Put::Value),
            None => (facts.opening..facts.opening, Put::Member { others: !facts.empty }),
        };
        let named = facts.model.as_ref().filter(|model| name::is_model(model));
        let named = named.map(|model| model.clone().into_owned());
        ModelPlace { range, kind, named }
    }

    fn is_for(&self, stop: &Stop<'_>) -> bool {
        !stop.address.model_in_path && self.named.as_ref() != Some(&stop.target.id)
    }
}

/// A place that changes for one target: where, and the parts that stand there instead.
type Change<'e> = (&'e Range<usize>, [&'e str; 3]);

impl Edits {
    /// The model's place alone, as a body's facts tell it.
    pub fn of(facts: &Facts<'_>) -> Edits {
        Edits { model: ModelPlace::of(facts), others: Vec::new(), left_out: Vec::new() }
    }

    /// Adds a place, which overlaps no other.
    pub fn add(&mut self, edit: Edit) {
        let behind = self.others.partition_point(|other| other.range.start <= edit.range.start);
        self.others.insert(behind, edit);
    }

    /// Notes that members are left out for targets, by their places in the configuration.
    pub fn leave_out(&mut self, targets: Box<[usize]>, names: Vec<&'static str>) {
        self.left_out.push((targets, names));
    }

    /// What changes for a target, in order.
    fn changes<'e>(&'e self, stop: &'e Stop<'_>) -> impl Iterator<Item = Change<'e>> {
        // What is put in where another place begins stands before it.
        let at = self.others.partition_point(|other| other.range.start < self.model.range.start);
        let (before, behind) = self.others.split_at_checked(at).unwrap_or((&self.others, &[]));
        let others = |edits: &'e [Edit]| {
            let ours = edits.iter().filter(|edit| edit.is_for(stop));
            ours.map(|edit| (&edit.range, [&*edit.with, "", ""]))
        };
        // The model's id is made of characters that need no escape (`name::is_model`).
        let (opening, closing) = self.model.kind.around();
        let model = self.model.is_for(stop).then_some((&self.model.range, [opening, stop.target.id.as_str(), closing]));
        others(before).chain(model).chain(others(behind))
    }

    /// The last place that changes for a target; `None` where none does.
    fn last(&self, stop: &Stop<'_>) -> Option<&Range<usize>> {
        let other = self.others.iter().rfind(|edit| edit.is_for(stop)).map(|edit| &edit.range);
        let model = self.model.is_for(stop).then_some(&self.model.range);
        match (other, model) {
            (Some(other), Some(model)) if other.start < model.start => Some(model),
            (other, model) => other.or(model),
        }
    }
}

/// Room for what is put in beyond what stood there, in bytes: a model's id.
const ROOM: usize = 256;

/// A body that was read, as far as it is needed to change it.
#[derive(Debug)]
pub struct Edited {
    /// The body up to the start of the last place that changes for any target, until the first attempt was made: it is
    /// seldom needed again, and may be long. `None` too if nothing changes for any target of the plan.
    before: Option<Vec<u8>>,
    edits: Edits,
}

impl Edited {
    /// A body that is to be changed for the targets of a plan. Of it, only what stands before the last change is kept, in its
    /// own memory.
    pub fn new(mut body: Vec<u8>, edits: Edits, plan: &Plan) -> Edited {
        let native = plan.iter().filter(|stop| stop.conversion == Conversion::Pass);
        let last = native.filter_map(|stop| edits.last(&stop).map(|range| range.start)).max();
        let before = last.map(|last| {
            body.truncate(last);
            body
        });
        Edited { before, edits }
    }

    /// How many bytes at the beginning are replaced for a target; `None` where it gets the client's body as it is.
    pub fn until(&self, stop: &Stop<'_>) -> Option<usize> {
        self.edits.last(stop).map(|range| range.end)
    }

    /// The length that a body of `length` bytes has for a target.
    pub fn length(&self, length: u64, stop: &Stop<'_>) -> u64 {
        self.edits.changes(stop).fold(length, |length, (range, parts)| {
            let put: usize = parts.iter().map(|part| part.len()).sum();
            length.saturating_sub(range.len() as u64) + put as u64
        })
    }

    /// What replaces the beginning for a target. `read` reads so many bytes of it, where they are not kept any more; `None`
    /// if it reads fewer.
    pub fn replacement(&mut self, stop: &Stop<'_>, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        let from = self.edits.last(stop)?.start;
        let mut before = self.before.take().unwrap_or_else(|| read(from));
        if before.len() < from {
            return None;
        }
        before.truncate(from);
        let mut changes = self.edits.changes(stop).peekable();
        let mut written: Option<Vec<u8>> = None;
        let mut at = 0;
        while let Some((range, parts)) = changes.next() {
            let bytes = match &mut written {
                // Where nothing else changes, what stands before goes on in its own memory.
                None if changes.peek().is_none() => written.insert(std::mem::take(&mut before)),
                None => written.insert(Vec::with_capacity(from + ROOM)),
                Some(written) => written,
            };
            if !before.is_empty() {
                bytes.extend_from_slice(before.get(at..range.start)?);
            }
            parts.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
            at = range.end;
        }
        written
    }

    /// The members that are left out for a target.
    pub fn left_out(&self, stop: &Stop<'_>) -> &[&'static str] {
        let found = self.edits.left_out.iter().find(|(targets, _)| targets.contains(&stop.index));
        found.map(|(_, names)| names.as_slice()).unwrap_or_default()
    }

    /// The bytes that it keeps.
    pub fn kept_bytes(&self) -> usize {
        let others = |edit: &Edit| edit.with.len() + size_of::<Edit>();
        self.before.as_ref().map_or(0, Vec::capacity)
            + self.edits.model.named.as_ref().map_or(0, String::capacity)
            + self.edits.others.iter().map(others).sum::<usize>()
    }

    /// Gives up what it kept of the body, but for what says how it changes.
    pub fn forget(&mut self) {
        self.before = None;
    }
}
