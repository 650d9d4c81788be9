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
    #[inline(never)]
    pub fn key(&self, key: &str) -> Place {
        self.and(Step::Key(key.to_owned()))
    }

    /// The place of element `index` of the list that stands here.
    #[inline(never)]
    pub fn index(&self, index: usize) -> Place {
        self.and(Step::Index(index))
    }

    #[inline(never)]
    fn and(&self, step: Step) -> Place {
        let mut steps = self.0.clone();
        steps.push(step);
        Place(steps)
    }
}

/// Out of line, once for all readers of policy, each of which drops dozens.
impl Drop for Place {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.clear();
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
    #[cold]
    #[inline(never)]
    pub fn add(&mut self, place: &Place, message: impl Into<String>) {
        self.push(place, message.into(), None);
    }

    /// Notes a fault and how to mend it.
    #[cold]
    #[inline(never)]
    pub fn add_with_help(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(place, message.into(), Some(help.into()));
    }

    /// Notes that `given` is not one of `known`, and what was probably meant.
    #[cold]
    #[inline(never)]
    pub fn unknown<'k>(&mut self, place: &Place, what: &str, given: &str, known: impl IntoIterator<Item = &'k str>) {
        self.push(
            place,
            format!("unknown {what} `{given}`"),
            Some(instead_of(given, &known.into_iter().collect::<Vec<_>>())),
        );
    }

    #[cold]
    #[inline(never)]
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

/// What to write instead of `given`: the one that was probably meant, else what there is.
#[inline(never)]
pub fn instead<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    instead_of(given, &known.into_iter().collect::<Vec<_>>())
}

#[cold]
#[inline(never)]
fn instead_of(given: &str, known: &[&str]) -> String {
    match closest(given, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => one_of_these(known),
    }
}

/// What there is to choose from.
#[inline(never)]
pub fn one_of<'k>(known: impl IntoIterator<Item = &'k str>) -> String {
    one_of_these(&known.into_iter().collect::<Vec<_>>())
}

#[cold]
#[inline(never)]
fn one_of_these(known: &[&str]) -> String {
    if known.is_empty() { "there is none to name".to_owned() } else { format!("one of {}", listed(known)) }
}

/// At most this many names are listed in a help text; a file may know thousands.
const LISTED: usize = 12;

fn listed(known: &[&str]) -> String {
    let shown: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The one candidate that `given` is probably a slip of. What decides where data goes must not be guessed: on a tie there is
/// none. The nearest kind of slip wins: another case, then letters that changed places (`ue` is `eu`, not `us`), then one
/// edit, two and three, up to a third of the letters.
#[inline(never)]
pub fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let slips = known.into_iter().filter_map(|candidate| Some((slip(given, candidate)?, candidate)));
    let mut nearest: Option<(usize, Vec<&str>)> = None;
    for (slip, candidate) in slips {
        match &mut nearest {
            Some((least, candidates)) if *least == slip => candidates.push(candidate),
            Some((least, _)) if *least < slip => {}
            _ => nearest = Some((slip, vec![candidate])),
        }
    }
    match nearest?.1.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// How far `given` is from `meant`, where it may be a slip of it at all.
fn slip(given: &str, meant: &str) -> Option<usize> {
    let (given, meant) = (given.to_ascii_lowercase(), meant.to_ascii_lowercase());
    let (from, to): (Vec<char>, Vec<char>) = (given.chars().collect(), meant.chars().collect());
    let edits = distance(&from, &to);
    let count = |letters: &[char], letter: &char| letters.iter().filter(|other| *other == letter).count();
    let same_letters = from.len() == to.len() && from.iter().all(|letter| count(&from, letter) == count(&to, letter));
    // Half of a word of two letters is no slip: `uk` is not `us`.
    let replaced = from.len() == to.len() && from.len() <= 2 && !same_letters;
    let allowed = from.len().div_ceil(3).min(3);
    // Between two edits of one number, the one that only changed places is nearer.
    (edits <= allowed && !replaced).then_some(2 * edits + usize::from(!same_letters))
}

/// How many letters have to be put in, taken out, replaced, or changed for their neighbour (the distance of Damerau and
/// Levenshtein, each letter touched once), two rows at a time.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (removed, a) in from.iter().enumerate() {
        let mut row = vec![removed + 1];
        let mut left_letter = None;
        for (column, b) in to.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&above, column) + usize::from(a != b);
            let mut edits = replaced.min(at(&above, column + 1) + 1).min(at(&row, column) + 1);
            if last == Some(*b) && left_letter == Some(*a) && column > 0 {
                edits = edits.min(at(&before, column - 1).saturating_add(1));
            }
            row.push(edits);
            left_letter = Some(*b);
        }
        before = std::mem::replace(&mut above, row);
        last = Some(*a);
    }
    above.last().copied().unwrap_or(0)
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
        for (from, to, edits) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("azur", "azure", 1),
            ("same", "same", 0),
            ("ue", "eu", 1),
            ("gpc", "gcp", 1),
            ("abcd", "badc", 2),
            ("ca", "abc", 3),
        ] {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(from), &letters(to)), edits, "{from} {to}");
        }
    }

    /// What is written, what there is, and what is suggested.
    #[wasm_bindgen_test(unsupported = test)]
    fn suggests_what_is_near_and_nothing_that_is_a_guess() {
        for (given, known, meant) in [
            ("azur", &["aws", "azure", "gcp"][..], Some("azure")),
            ("oracle", &["aws", "azure", "gcp"], None),
            ("gpc", &["aws", "azure", "gcp"], Some("gcp")),
            // A slip of the fingers is not another continent.
            ("ue", &["us", "eu"], Some("eu")),
            ("su", &["eu", "us"], Some("us")),
            ("ue", &["us"], None),
            ("uk", &["us", "eu"], None),
            ("EU", &["eu", "us"], Some("eu")),
            ("UE", &["us", "eu"], Some("eu")),
            ("eur", &["us", "eu"], Some("eu")),
            ("u", &["us", "eu"], None),
            ("AZURE", &["azure"], Some("azure")),
            ("Eu", &["EU", "eu"], None),
            ("aws-use3", &["aws-use1", "aws-use2"], None),
            ("residencey", &["residency", "region"], Some("residency")),
        ] {
            assert_eq!(closest(given, known.iter().copied()), meant, "{given} {known:?}");
        }
        assert_eq!(instead("uk", ["eu", "us"]), "one of `eu`, `us`");
    }
}
