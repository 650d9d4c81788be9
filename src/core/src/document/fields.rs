//! Reading a map field by field: what is missing, misplaced or unknown is noted, and reading goes on.

use super::Node;
use crate::fault::{Faults, Place, one_of};
use crate::name::{self, Named};

/// A field that may be absent, with its place.
pub type Found<'n> = Option<(&'n Node, Place)>;

/// The fields of one map, each of which is to be asked for by name; [`Fields::finish`] reports the rest.
#[derive(Debug)]
pub struct Fields<'n> {
    members: &'n [(String, Node)],
    /// Where the map stands.
    pub place: Place,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Opens a map; anything else is a fault.
    #[inline(never)]
    pub fn open(node: &'n Node, place: Place, faults: &mut Faults) -> Option<Fields<'n>> {
        match node {
            Node::Map(members) => Some(Fields { members, place, asked: Vec::new() }),
            other => {
                faults.add(&place, format!("expected a map, found {}", other.kind()));
                None
            }
        }
    }

    /// Opens a map that may be absent.
    #[inline(never)]
    pub fn maybe(found: Found<'n>, faults: &mut Faults) -> Option<Fields<'n>> {
        found.and_then(|(node, place)| Fields::open(node, place, faults))
    }

    /// A field that may be absent. One without a value is a fault, of which [`Fields::finish`] tells: what is left of a list
    /// whose items were taken out must not mean what no list means.
    #[inline(never)]
    pub fn optional(&mut self, key: &'static str) -> Found<'n> {
        self.asked.push(key);
        let (_, node) = self.members.iter().find(|(name, _)| name == key)?;
        (*node != Node::Null).then(|| (node, self.place.key(key)))
    }

    /// A field that must be there.
    #[inline(never)]
    pub fn required(&mut self, key: &'static str, faults: &mut Faults) -> Found<'n> {
        self.required_or(key, || None, faults)
    }

    /// A field that must be there and names one of `known`, or several.
    #[inline(never)]
    pub fn required_of<'k>(
        &mut self,
        key: &'static str,
        known: impl IntoIterator<Item = &'k str>,
        faults: &mut Faults,
    ) -> Found<'n> {
        self.required_or(key, || Some(one_of(known)), faults)
    }

    fn required_or(
        &mut self,
        key: &'static str,
        help: impl FnOnce() -> Option<String>,
        faults: &mut Faults,
    ) -> Found<'n> {
        let found = self.optional(key);
        if found.is_none() && !self.members.iter().any(|(name, _)| name == key) {
            let message = format!("missing field `{key}`");
            match help() {
                Some(help) => faults.add_with_help(&self.place, message, help),
                None => faults.add(&self.place, message),
            }
        }
        found
    }

    /// A field that must be there and is the name of one of a closed set.
    #[inline(never)]
    pub fn required_named<N: Named>(&mut self, key: &'static str, faults: &mut Faults) -> Option<N> {
        let (node, place) = self.required_of(key, N::names(), faults)?;
        let text = text(node, &place, faults)?;
        let named = N::parse(text);
        if named.is_none() {
            faults.unknown(&place, key, text, N::names());
        }
        named
    }

    /// A string that must be there and not be empty.
    #[inline(never)]
    pub fn required_text(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'n str> {
        let (node, place) = self.required(key, faults)?;
        text(node, &place, faults)
    }

    /// A string that may be absent.
    #[inline(never)]
    pub fn optional_text(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'n str> {
        let (node, place) = self.optional(key)?;
        text(node, &place, faults)
    }

    /// A string that must be there and may stand in a host name.
    #[inline(never)]
    pub fn required_label(&mut self, key: &'static str, faults: &mut Faults) -> Option<String> {
        let text = self.required_text(key, faults)?;
        Some(self.checked_label(key, text, faults))
    }

    /// A string that may stand in a host name, or be absent.
    #[inline(never)]
    pub fn optional_label(&mut self, key: &'static str, faults: &mut Faults) -> Option<String> {
        let text = self.optional_text(key, faults)?;
        Some(self.checked_label(key, text, faults))
    }

    #[inline(never)]
    fn checked_label(&self, key: &str, text: &str, faults: &mut Faults) -> String {
        if !name::is_label(text) {
            faults.add_with_help(&self.place.key(key), format!("`{text}` cannot be a {key}"), "use a-z 0-9 -");
        }
        text.to_owned()
    }

    /// A boolean that may be absent.
    #[inline(never)]
    pub fn optional_bool(&mut self, key: &'static str, faults: &mut Faults) -> Option<bool> {
        let (node, place) = self.optional(key)?;
        match node {
            Node::Bool(value) => Some(*value),
            other => {
                faults.add(&place, format!("expected true or false, found {}", other.kind()));
                None
            }
        }
    }

    /// A whole number in `range` that may be absent.
    #[inline(never)]
    pub fn optional_integer(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
        faults: &mut Faults,
    ) -> Option<u64> {
        let (node, place) = self.optional(key)?;
        match node {
            Node::Number(value)
                if value.fract() == 0.0 && *value >= *range.start() as f64 && *value <= *range.end() as f64 =>
            {
                Some(*value as u64)
            }
            _ => {
                faults.add(&place, format!("expected a whole number from {} to {}", range.start(), range.end()));
                None
            }
        }
    }

    /// A number of at least 0 that must be there.
    #[inline(never)]
    pub fn required_amount(&mut self, key: &'static str, faults: &mut Faults) -> Option<f64> {
        let (node, place) = self.required(key, faults)?;
        match node {
            Node::Number(value) if *value >= 0.0 && value.is_finite() => Some(*value),
            other => {
                faults.add(&place, format!("expected a number of at least 0, found {}", other.kind()));
                None
            }
        }
    }

    /// Lets fields be that nobody can judge.
    #[inline(never)]
    pub fn leave(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// Refuses a field that stands there though nobody has asked for it, saying why.
    pub fn refuse(&mut self, key: &'static str, why: impl FnOnce() -> String, faults: &mut Faults) {
        if !self.asked.contains(&key) && self.members.iter().any(|(name, _)| name == key) {
            faults.add(&self.place.key(key), why());
            self.asked.push(key);
        }
    }

    /// Reports every field that nobody asked for, and every one that has no value.
    #[inline(never)]
    pub fn finish(self, faults: &mut Faults) {
        for (key, node) in self.members {
            if !self.asked.contains(&key.as_str()) {
                faults.unknown(&self.place.key(key), "field", key, self.asked.iter().copied());
            } else if *node == Node::Null {
                faults.add_with_help(&self.place.key(key), "has no value", "give it one, or take it out");
            }
        }
    }
}

/// The members of a map whose keys are names of the operator's choice.
#[inline(never)]
pub(crate) fn entries<'n>(
    node: &'n Node,
    place: &Place,
    faults: &mut Faults,
) -> impl Iterator<Item = (&'n str, &'n Node, Place)> + use<'n> {
    let members: &[(String, Node)] = match node {
        Node::Map(members) => members,
        other => {
            faults.add(place, format!("expected a map, found {}", other.kind()));
            &[]
        }
    };
    let place = place.clone();
    members.iter().map(move |(key, node)| (key.as_str(), node, place.key(key)))
}

/// The same of a map that has to name something.
#[inline(never)]
pub(crate) fn some_entries<'n>(
    node: &'n Node,
    place: &Place,
    faults: &mut Faults,
) -> impl Iterator<Item = (&'n str, &'n Node, Place)> + use<'n> {
    if matches!(node, Node::Map(members) if members.is_empty()) {
        faults.add_with_help(place, "is empty", "name at least one");
    }
    entries(node, place, faults)
}

/// A string that is not empty.
#[inline(never)]
pub(crate) fn text<'n>(node: &'n Node, place: &Place, faults: &mut Faults) -> Option<&'n str> {
    match node {
        Node::Text(value) if !value.is_empty() => Some(value),
        Node::Text(_) => {
            faults.add_with_help(place, "is empty", "write a value, or take it out");
            None
        }
        Node::Number(_) | Node::Bool(_) => {
            faults.add_with_help(place, format!("expected a string, found {}", node.kind()), "put it in quotes");
            None
        }
        other => {
            faults.add(place, format!("expected a string, found {}", other.kind()));
            None
        }
    }
}

/// A list of strings, each with its place. An empty list is allowed: it says "none".
#[inline(never)]
pub(crate) fn texts<'n>(node: &'n Node, place: &Place, faults: &mut Faults) -> Vec<(&'n str, Place)> {
    match node {
        Node::List(items) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let place = place.index(index);
                text(item, &place, faults).map(|value| (value, place))
            })
            .collect(),
        other => {
            faults.add(place, format!("expected a list of strings, found {}", other.kind()));
            Vec::new()
        }
    }
}

/// One string, or a list of them.
#[inline(never)]
pub(crate) fn one_or_more<'n>(node: &'n Node, place: &Place, faults: &mut Faults) -> Vec<(&'n str, Place)> {
    match node {
        Node::Text(_) => text(node, place, faults).map(|value| (value, place.clone())).into_iter().collect(),
        _ => texts(node, place, faults),
    }
}
