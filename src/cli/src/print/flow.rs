//! Small objects and lists on one line: `{address: contoso.example, port_value: 443}`.

use serde_json::Value;

use super::{embedded, note, scalar};

/// How deep an object on one line may be nested: what is deeper is read more easily over several.
const DEEPEST: usize = 3;

/// The longest text that is looked at, in bytes: it would fill the widest line, whatever its letters are.
const LONGEST: usize = 4 * super::FLOW_COLUMNS;

/// The value on one line, if it is small enough to be read there and nothing has to be said inside it.
pub fn flow(value: &Value) -> Option<String> {
    at(value, 0)
}

/// From how many items on a list of small ones is filled into lines, as a text is.
const FILLED: usize = 6;
/// What is small, in letters.
const SMALL: usize = 60;

/// The items of a list that is long, while each of them is small.
pub fn words(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array().filter(|items| items.len() >= FILLED)?;
    items.iter().map(|item| flow(item).filter(|line| line.chars().count() <= SMALL)).collect()
}

fn at(value: &Value, depth: usize) -> Option<String> {
    match value {
        Value::Object(members) if !members.is_empty() => {
            // A note has nowhere to stand, and the name of a type deserves a line.
            if depth == DEEPEST || note::facts(members).count() < members.len() || members.contains_key("@type") {
                return None;
            }
            let members: Option<Vec<String>> = members
                .iter()
                .map(|(key, member)| Some(format!("{}: {}", scalar::word(key), at(member, depth + 1)?)))
                .collect();
            Some(format!("{{{}}}", members?.join(", ")))
        }
        Value::Array(items) if !items.is_empty() => {
            let words: Option<Vec<String>> =
                items.iter().map(|item| if is_nested(item) { None } else { at(item, depth) }).collect();
            Some(format!("[{}]", words?.join(", ")))
        }
        // Too long for any line, which is seen without reading it.
        Value::String(text) if text.len() > LONGEST || embedded::block(text).is_some() => None,
        scalar => Some(scalar::plain(scalar)),
    }
}

fn is_nested(value: &Value) -> bool {
    value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fills_lines_with_what_is_small() {
        assert_eq!(words(&json!(vec![json!({"a": 1}); 6])), Some(vec!["{a: 1}".to_owned(); 6]));
        assert_eq!(words(&json!(vec![json!({"a": 1}); 5])), None);
        assert_eq!(words(&json!(vec![json!({"a": [{"b": 1}]}); 6])), None);
    }

    #[test]
    fn takes_what_is_small() {
        for (value, expected) in [
            (json!({"a": {"b": [1, "x: y", {}]}, "c": "0s"}), Some("{a: {b: [1, \"x: y\", {}]}, c: 0s}")),
            (json!({"a": {"b": {"c": {"d": 1}}}}), None),
            (json!({"a": [{"b": 1}]}), None),
            (json!({"a": 1, "#a": "why"}), None),
            (json!({"@type": "t"}), None),
            (json!({"a": "{\"json\": 1}"}), None),
        ] {
            assert_eq!(flow(&value).as_deref(), expected);
        }
    }
}
