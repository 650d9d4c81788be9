//! What is wrong with a policy file, where, and how to mend it.

use std::fmt;

/// One step of a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A member of a map, by its key.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// Where in a file a fault stands: `tenants.acme.clouds[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(pub Vec<Step>);

impl Place {
    /// The place of member `key` of the map that stands here.
    pub fn key(&self, key: &str) -> Place {
        self.and(Step::Key(key.to_owned()))
    }

    /// The place of element `index` of the list that stands here.
    pub fn index(&self, index: usize) -> Place {
        self.and(Step::Index(index))
    }

    fn and(&self, step: Step) -> Place {
        let mut steps = self.0.clone();
        steps.push(step);
        Place(steps)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One fault of a file. Messages are lower case, without a full stop, with the input in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands; empty for the file as a whole.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that is known.
    pub help: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.0.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Collects every fault of a file, so that one reading shows them all.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, place: &Place, message: impl Into<String>) {
        self.push(place, message.into(), None);
    }

    /// Notes a fault and how to mend it.
    pub fn add_with_help(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(place, message.into(), Some(help.into()));
    }

    /// Notes that `given` is not one of `known`, and what was probably meant.
    pub fn unknown<'k>(&mut self, place: &Place, what: &str, given: &str, known: impl IntoIterator<Item = &'k str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let help = match closest(given, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "there is none to name".to_owned(),
            None => format!("one of {}", listed(&known)),
        };
        self.push(place, format!("unknown {what} `{given}`"), Some(help));
    }

    fn push(&mut self, place: &Place, message: String, help: Option<String>) {
        self.0.push(Fault { place: place.clone(), message, help });
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that was noted, in the order in which it was found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// At most this many names are listed in a help text; a file may know thousands.
const LISTED: usize = 12;

fn listed(known: &[&str]) -> String {
    let shown: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The candidate that `given` is probably a slip of: at most a third of its letters differ.
pub fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = given.chars().count().div_ceil(3).min(3);
    known
        .into_iter()
        .map(|candidate| (distance(given, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, one row at a time.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, a) in from.chars().enumerate() {
        let mut diagonal = removed;
        let mut left = removed + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(&to) {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = *cell;
            left = substituted.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_place_reads_like_a_path() {
        let place = Place::default().key("tenants").key("acme").key("clouds").index(1);
        assert_eq!(place.to_string(), "tenants.acme.clouds[1]");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn counts_the_edits_between_two_words() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("azur", "azure"), 1);
        assert_eq!(distance("same", "same"), 0);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn suggests_only_what_is_near() {
        assert_eq!(closest("azur", ["aws", "azure", "gcp"]), Some("azure"));
        assert_eq!(closest("oracle", ["aws", "azure", "gcp"]), None);
    }
}
