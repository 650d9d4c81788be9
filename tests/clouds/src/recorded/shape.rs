//! The shape of JSON: which keys there are and what type each value has.

use serde_json::Value;
use std::fmt;

/// One place where two values differ in shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `output[].content[].text`: the path without indices.
    pub path: String,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The real cloud sent it, the emulated one does not.
    OnlyRecorded,
    OnlyEmulated,
    Type {
        recorded: &'static str,
        emulated: &'static str,
    },
    Length {
        recorded: usize,
        emulated: usize,
    },
    /// Two texts that ought to be the same.
    Text {
        recorded: String,
        emulated: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match &self.kind {
            Kind::OnlyRecorded => write!(f, "only recorded"),
            Kind::OnlyEmulated => write!(f, "only emulated"),
            Kind::Type { recorded, emulated } => write!(f, "recorded {recorded}, emulated {emulated}"),
            Kind::Length { recorded, emulated } => write!(f, "recorded {recorded} entries, emulated {emulated}"),
            Kind::Text { recorded, emulated } => write!(f, "recorded `{recorded}`, emulated `{emulated}`"),
        }
    }
}

/// Texts that belong to the contract, not to the answer.
const FIXED: &[&str] = &["type", "object", "role", "status", "finish_reason", "source_type", "severity", "phase"];

/// Lists whose length is the model's affair, as long as there is something in both or in neither.
const COUNTLESS: &[&str] = &["summary", "logprobs", "bytes"];

/// Every path of a value, in the form of [`Difference::path`].
pub fn paths(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(value, &path, found);
                found.push(path);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, &format!("{path}[]"), found)),
        _ => {}
    }
}

/// Every difference in shape; a null fits every type.
pub fn compare(recorded: &Value, emulated: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    walk(recorded, emulated, "", &mut differences);
    differences
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn walk(recorded: &Value, emulated: &Value, path: &str, differences: &mut Vec<Difference>) {
    let mut differ = |path: String, kind| differences.push(Difference { path, kind });
    match (recorded, emulated) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(left), Value::Object(right)) => {
            let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in left {
                match right.get(key) {
                    Some(other) => walk(value, other, &join(key), differences),
                    None => differences.push(Difference { path: join(key), kind: Kind::OnlyRecorded }),
                }
            }
            for key in right.keys().filter(|key| !left.contains_key(*key)) {
                differences.push(Difference { path: join(key), kind: Kind::OnlyEmulated });
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            let key = path.rsplit('.').next().unwrap_or(path);
            let free = COUNTLESS.contains(&key) && left.is_empty() == right.is_empty();
            if left.len() != right.len() && !free {
                differ(path.to_owned(), Kind::Length { recorded: left.len(), emulated: right.len() });
            }
            for (left, right) in left.iter().zip(right) {
                walk(left, right, &format!("{path}[]"), differences);
            }
        }
        (Value::String(left), Value::String(right)) => {
            let key = path.rsplit('.').next().unwrap_or(path);
            if FIXED.contains(&key) && left != right {
                differ(path.to_owned(), Kind::Text { recorded: left.clone(), emulated: right.clone() });
            }
        }
        _ if named(recorded) == named(emulated) => {}
        _ => differ(path.to_owned(), Kind::Type { recorded: named(recorded), emulated: named(emulated) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_every_kind_of_difference() {
        let recorded = json!({"a": 1, "b": {"c": "x"}, "d": [{"e": 1}, {"e": 2}], "f": null, "type": "x", "g": 1.5});
        let emulated = json!({"a": "1", "b": {}, "d": [{"e": 1, "h": 2}], "f": 7, "type": "y", "g": 2, "i": 0});
        let found: Vec<String> = compare(&recorded, &emulated).iter().map(Difference::to_string).collect();
        let expected = [
            "a: recorded a number, emulated a string",
            "b.c: only recorded",
            "d: recorded 2 entries, emulated 1",
            "d[].h: only emulated",
            "type: recorded `x`, emulated `y`",
            "i: only emulated",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_shapes_do_not_differ() {
        let value = json!({"a": [1, "x", {"b": null}]});
        assert_eq!(compare(&value, &value), []);
        assert_eq!(compare(&value, &json!({"a": [2, "y", {"b": true}]})), []);
    }
}
