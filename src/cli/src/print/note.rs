//! Notes in a value: what a reader of the file has to be told, kept where the fact is known.
//!
//! | member | means |
//! |---|---|
//! | `"#key": "text"` | a comment at the member `key` of the same object |
//! | `"#": "text"` | a comment on the whole object, above it |
//! | `"&": "name"` | what the object is called, if equal ones follow that can be written as `*name` |
//!
//! They are for [`super::yaml`] alone. [`strip`] takes them out; programs and Envoy get nothing else.

use serde_json::{Map, Value};

/// The object with a comment above it. Other values have no room for one: there the object around them says it.
pub fn explained(text: &str, mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(MARK.to_owned(), Value::from(text));
    }
    object
}

/// The object with a name, by which the file says it again.
pub fn named(name: &str, mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(NAME.to_owned(), Value::from(name));
    }
    object
}

/// Adds a comment at a member, if it is there.
pub fn explain(object: &mut Value, key: &str, text: &str) {
    if let Value::Object(members) = object
        && members.contains_key(key)
    {
        members.insert(format!("{MARK}{key}"), Value::from(text));
    }
}

/// The value without its notes.
pub fn strip(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            facts(members).map(|(key, member)| (key.clone(), strip(member))).collect::<Map<String, Value>>().into()
        }
        Value::Array(items) => items.iter().map(strip).collect(),
        scalar => scalar.clone(),
    }
}

/// The members that are no notes.
pub fn facts(members: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    members.iter().filter(|(key, _)| !is_note(key))
}

/// The comment at the member `key`.
pub fn at<'v>(members: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    members.get(&format!("{MARK}{key}")).and_then(Value::as_str)
}

/// The comment on a whole object.
pub fn on(value: &Value) -> Option<&str> {
    value.get(MARK).and_then(Value::as_str)
}

/// What an object is called.
pub fn name(value: &Value) -> Option<&str> {
    value.get(NAME).and_then(Value::as_str)
}

/// The comments of an object that stand at no member.
pub fn astray(members: &Map<String, Value>) -> impl Iterator<Item = &String> {
    let at_member = |note: &str| note.strip_prefix(MARK).is_none_or(|key| key.is_empty() || members.contains_key(key));
    members.keys().filter(move |key| is_note(key) && !at_member(key))
}

fn is_note(key: &str) -> bool {
    key == NAME || key.starts_with(MARK)
}

const MARK: &str = "#";
const NAME: &str = "&";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_left_of_them() {
        let mut list = json!({"#b": "why 1", "b": 1});
        explain(&mut list, "c", "there is none");
        let value = explained("all", named("part", json!({"a": [list, {"&": "x", "#": "y"}]})));
        assert_eq!(strip(&value), json!({"a": [{"b": 1}, {}]}));
        assert_eq!((on(&value), name(&value)), (Some("all"), Some("part")));
    }

    #[test]
    fn one_without_its_member_is_found() {
        let Value::Object(members) = json!({"#": "all", "&": "x", "#a": "why", "a": 1, "#b": "whither"}) else {
            panic!()
        };
        assert_eq!(astray(&members).collect::<Vec<_>>(), ["#b"]);
    }
}
