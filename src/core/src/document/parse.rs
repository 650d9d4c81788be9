//! Reads a file that is JSON. The cursor that reads bodies reads this too: a second parser would be a tenth of the module.

use super::Node;
use crate::json::{Cursor, MOST_DEPTH, Malformed};

/// Why a text is no JSON that can be kept.
#[derive(Debug)]
enum Unreadable {
    Malformed(Malformed),
    Repeated(String),
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Unreadable {
        Unreadable::Malformed(malformed)
    }
}

/// Reads a text that is one JSON value.
///
/// # Errors
/// What is wrong, and where: it is no JSON, nested too deep, or a key stands twice.
pub fn parse(text: &[u8]) -> Result<Node, String> {
    let mut cursor = Cursor::new(text);
    let root = value(&mut cursor, 0).and_then(|root| Ok(cursor.end().map(|()| root)?));
    root.map_err(|why| match why {
        Unreadable::Malformed(Malformed { at, expected }) => {
            let before = text.get(..at).unwrap_or(text);
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            format!("expected {expected} at line {line} column {column}")
        }
        Unreadable::Repeated(key) => format!("duplicate key `{key}`"),
    })
}

/// Recurses, as deep as values may nest.
fn value(cursor: &mut Cursor<'_>, depth: u32) -> Result<Node, Unreadable> {
    let first = cursor.peek();
    if matches!(first, Some(b'{' | b'[')) && depth == MOST_DEPTH {
        return Err(malformed(cursor, "no deeper nesting"));
    }
    Ok(match first {
        Some(b'{') => {
            let mut members: Vec<(String, Node)> = Vec::new();
            cursor.object(|cursor, key| {
                let key = key.unescaped().ok_or_else(|| malformed(cursor, "no half of a character before it"))?;
                members.push((key.into_owned(), value(cursor, depth + 1)?));
                Ok::<(), Unreadable>(())
            })?;
            match super::node::repeated(&members) {
                Some(key) => return Err(Unreadable::Repeated(key.to_owned())),
                None => Node::Map(members),
            }
        }
        Some(b'[') => {
            let mut items = Vec::new();
            cursor.array(|cursor| {
                items.push(value(cursor, depth + 1)?);
                Ok::<(), Unreadable>(())
            })?;
            Node::List(items)
        }
        Some(b'"') => {
            let text = cursor.string("a string")?.unescaped();
            Node::Text(text.ok_or_else(|| malformed(cursor, "no half of a character before it"))?.into_owned())
        }
        Some(b't' | b'f') => cursor.boolean()?.map_or(Node::Null, Node::Bool),
        Some(b'n') => cursor.skip().map(|_| Node::Null)?,
        _ => {
            let number = cursor.number()?.filter(|number| number.is_finite());
            Node::Number(number.ok_or_else(|| malformed(cursor, "a number within bounds before it"))?)
        }
    })
}

fn malformed(cursor: &Cursor<'_>, expected: &'static str) -> Unreadable {
    Unreadable::Malformed(Malformed { at: cursor.at(), expected })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn reads_what_another_parser_reads() {
        let text = br#" {"a": [1, -2.5e3, true, false, null, "\u00e4\n\ud83d\ude00"], "": {}, "n": 9007199254740991} "#;
        assert_eq!(parse(text).unwrap(), serde_json::from_slice::<Node>(text).unwrap());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn says_where_it_is_no_json() {
        for (text, wrong) in [
            ("", "expected a value at line 1 column 1"),
            ("{\n \"a\" 1}", "expected `:` at line 2 column 6"),
            ("[1,]", "expected no trailing comma at line 1 column 4"),
            ("{} {}", "expected nothing after the value at line 1 column 4"),
            (r#"["\ud800"]"#, "expected no half of a character before it at line 1 column 10"),
            ("[1e999]", "expected a number within bounds before it at line 1 column 7"),
            (r#"{"tenants":{"a":1,"b":2,"a":2}}"#, "duplicate key `a`"),
            (r#"{"a":1,"\u0061":2}"#, "duplicate key `a`"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), wrong, "{text}");
        }
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(MOST_DEPTH as usize).as_bytes()).is_ok());
        assert!(
            parse(nested(MOST_DEPTH as usize + 1).as_bytes()).unwrap_err().starts_with("expected no deeper nesting")
        );
    }
}
