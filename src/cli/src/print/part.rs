//! What stands several times in a file: written once, with an anchor (`&name`), and from then on as an alias (`*name`).
//!
//! Merge keys (`<<`) would say more, but Envoy (1.39 and 1.40) takes them for fields.

use std::collections::HashMap;

use serde_json::Value;

use super::{embedded, flow, note};

/// From how many lines on a part that nobody gave a name to is said once. Shorter ones may be the same by chance (two
/// endpoints of one host), and a reader would rather see all of them.
const LINES: usize = 25;
/// The same for a part with a name, which says what it is.
const LINES_OF_NAMED: usize = 3;

/// The parts of one document that stand in it more than once.
#[derive(Debug, Default)]
pub struct Parts {
    /// Of each part, as [`identity`] has it, the name that it should have.
    wanted: HashMap<String, String>,
    /// The name that it has, once it stands in the file.
    written: HashMap<String, String>,
}

/// How a value is to be written.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// As it is.
    Plain,
    /// As it is, under a name.
    First(String),
    /// As the name alone.
    Again(String),
}

impl Parts {
    /// Looks for what stands more than once.
    pub fn of(document: &Value) -> Parts {
        let mut search = Search::default();
        search.collect_names(document);
        search.walk("", document);
        Parts { wanted: search.repeated, written: HashMap::new() }
    }

    /// To be asked for each value in the order of the document, and not for those in one that is written again.
    pub fn next(&mut self, value: &Value) -> Written {
        if self.wanted.is_empty() || !is_container(value) {
            return Written::Plain;
        }
        let part = identity(value);
        if let Some(name) = self.written.get(&part) {
            return Written::Again(name.clone());
        }
        let Some(wanted) = self.wanted.get(&part) else { return Written::Plain };
        let mut name = wanted.clone();
        for number in 2.. {
            if !self.written.values().any(|taken| *taken == name) {
                break;
            }
            name = format!("{wanted}-{number}");
        }
        self.written.insert(part, name.clone());
        Written::First(name)
    }
}

#[derive(Default)]
struct Search {
    /// By identity, the names that parts were given.
    given: HashMap<String, String>,
    /// By identity, the name of what could stand again.
    seen: HashMap<String, String>,
    repeated: HashMap<String, String>,
}

impl Search {
    fn collect_names(&mut self, value: &Value) {
        if let Some(name) = note::name(value) {
            self.given.entry(identity(value)).or_insert_with(|| name.to_owned());
        }
        match value {
            Value::Object(members) => note::facts(members).for_each(|(_, member)| self.collect_names(member)),
            Value::Array(items) => items.iter().for_each(|item| self.collect_names(item)),
            _ => {}
        }
    }

    /// `key` is the member that the value stands in.
    fn walk(&mut self, key: &str, value: &Value) {
        if !is_container(value) {
            return;
        }
        let part = identity(value);
        let given = self.given.get(&part).cloned();
        let least = if given.is_some() { LINES_OF_NAMED } else { LINES };
        if lines(value) >= least {
            if let Some(name) = self.seen.get(&part) {
                self.repeated.insert(part, name.clone());
                return;
            }
            self.seen.insert(part, given.unwrap_or_else(|| found_name(key, value)));
        }
        match value {
            Value::Object(members) => note::facts(members).for_each(|(key, member)| self.walk(key, member)),
            Value::Array(items) => items.iter().for_each(|item| self.walk("", item)),
            _ => {}
        }
    }
}

fn is_container(value: &Value) -> bool {
    match value {
        Value::Object(members) => note::facts(members).next().is_some(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// What two parts have in common that say the same, whatever is said about them.
fn identity(value: &Value) -> String {
    note::strip(value).to_string()
}

/// About so many letters fit on a line where it stands deep.
const SHORT: usize = 60;

/// From how many bytes on a text is taken for large without being laid out: a policy with a hundred thousand API keys has eight
/// million, and stands in ten parts of which each is asked.
const LONG: usize = 16 << 10;

/// About how many lines a value takes.
pub fn lines(value: &Value) -> usize {
    if flow::flow(value).is_some_and(|line| line.chars().count() <= SHORT) {
        return 1;
    }
    match value {
        Value::Object(members) => {
            let below = |member: &Value| if is_container(member) { 1 + lines(member) } else { lines(member) };
            note::facts(members).map(|(_, member)| below(member)).sum()
        }
        Value::Array(items) => items.iter().map(lines).sum(),
        Value::String(text) if text.len() > LONG => text.len() / SHORT,
        Value::String(text) => embedded::block(text).map_or(1, |(_, block)| 1 + block.lines().count()),
        _ => 1,
    }
}

/// By the member that it stands in; an item of a list by its own member `name`, of which the last word tells most.
fn found_name(key: &str, value: &Value) -> String {
    let own = value.get("name").and_then(Value::as_str).unwrap_or("part");
    let found = if key.is_empty() { own.rsplit('.').next().unwrap_or(own) } else { key };
    found.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_the_largest_that_repeat() {
        let of = || (1..=25).map(|number| json!({"@type": number})).collect::<Value>();
        let long = |first: &str| json!({"name": first, "of": of()});
        let document = json!({"a": long("envoy.x"), "b": [long("envoy.x"), long("y")], "c": {"&": "short", "@type": 1, "e": 2, "f": 3}, "g": {"@type": 1, "e": 2, "f": 3}});
        let mut parts = Parts::of(&document);
        let mut ask = |value: &Value| parts.next(value);
        assert_eq!(ask(&document), Written::Plain);
        assert_eq!(ask(&long("envoy.x")), Written::First("a".to_owned()));
        assert_eq!(ask(&of()), Written::First("of".to_owned()));
        assert_eq!(ask(&long("envoy.x")), Written::Again("a".to_owned()));
        assert_eq!(ask(&long("y")), Written::Plain);
        assert_eq!(ask(&of()), Written::Again("of".to_owned()));
        assert_eq!(ask(&document["c"]), Written::First("short".to_owned()));
        assert_eq!(ask(&document["g"]), Written::Again("short".to_owned()));
    }

    #[test]
    fn two_parts_never_share_a_name() {
        let long = |last: usize| json!({"name": "x", "of": vec![json!({"@type": last}); 25]});
        let document = json!([long(1), long(2), long(1), long(2)]);
        let mut parts = Parts::of(&document);
        assert_eq!(parts.next(&long(1)), Written::First("x".to_owned()));
        assert_eq!(parts.next(&long(2)), Written::First("x-2".to_owned()));
    }
}
