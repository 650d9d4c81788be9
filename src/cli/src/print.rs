//! JSON values written as YAML for people to read.

use serde_json::Value;

/// Writes `value` as a YAML document.
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0, false);
    out
}

/// `inline` where the first line continues a `- ` or a `key:`.
fn write(out: &mut String, value: &Value, depth: usize, inline: bool) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (position, (key, member)) in members.iter().enumerate() {
                if position > 0 || !inline {
                    indent(out, depth);
                }
                out.push_str(&word(key));
                out.push(':');
                below(out, member, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (position, item) in items.iter().enumerate() {
                if position > 0 || !inline {
                    indent(out, depth);
                }
                out.push_str("- ");
                write(out, item, depth + 1, true);
            }
        }
        scalar => {
            out.push_str(&plain(scalar));
            out.push('\n');
        }
    }
}

/// What follows `key:`.
fn below(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            write(out, value, depth + 1, false);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            write(out, value, depth + 1, false);
        }
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
            for line in text.lines() {
                // An empty line has no indentation.
                if !line.is_empty() {
                    indent(out, depth + 1);
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        Value::String(text) => match pretty_json(text) {
            Some(pretty) => {
                out.push_str(" |-\n");
                for line in pretty.lines() {
                    indent(out, depth + 1);
                    out.push_str(line);
                    out.push('\n');
                }
            }
            None => {
                out.push(' ');
                write(out, value, depth, true);
            }
        },
        scalar => {
            out.push(' ');
            write(out, scalar, depth, true);
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Whether a file in a string can stand as it is, its lines indented: several of them, none with a sign that YAML's
/// blocks cannot hold, the first without an indentation of its own, and at most one empty line's end at the end.
fn is_block(text: &str) -> bool {
    let several = text.trim_end_matches('\n').contains('\n');
    let plain = text
        .chars()
        .all(|c| c == '\n' || c == '\t' || !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    several && plain && !text.starts_with([' ', '\t', '\n']) && !text.ends_with("\n\n")
}

/// JSON in a string (the configuration of a plugin) is laid out over lines, one value of the second level each,
/// as a block that reads back as the same JSON.
fn pretty_json(text: &str) -> Option<String> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    let mut out = String::from("{");
    for (position, (key, member)) in members.iter().enumerate() {
        out.push_str(if position > 0 { ",\n" } else { "" });
        out.push_str(&format!("{}: ", Value::from(key.as_str())));
        lay_out(&mut out, member, 1);
    }
    out.push('}');
    Some(out)
}

/// Objects open to this depth; what is deeper stands on one line.
const OPEN: usize = 3;

fn lay_out(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if depth < OPEN && !members.is_empty() => {
            out.push_str("{\n");
            for (position, (key, member)) in members.iter().enumerate() {
                out.push_str(if position > 0 { ",\n" } else { "" });
                indent(out, depth);
                out.push_str(&format!("{}: ", Value::from(key.as_str())));
                lay_out(out, member, depth + 1);
            }
            out.push('}');
        }
        Value::Array(items) if depth <= OPEN && items.iter().any(Value::is_object) => {
            out.push_str("[\n");
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position > 0 { ",\n" } else { "" });
                indent(out, depth);
                lay_out(out, item, OPEN);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn plain(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => word(text),
        other => other.to_string(),
    }
}

/// A string without quotes where YAML reads it as that string in all its versions, else in JSON's quotes, which are YAML's.
fn word(text: &str) -> String {
    let first = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./ ()".contains(&byte));
    let spaced = text.ends_with(' ');
    let seconds = text.strip_suffix('s').is_some_and(|number| {
        number.parse::<f64>().is_ok() && number.starts_with(|first: char| first.is_ascii_digit())
    });
    let taken =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if seconds || first && rest && !spaced && !taken { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lays_out_maps_lists_and_embedded_json() {
        let value = json!({
            "name": "a b",
            "@type": "type.googleapis.com/x",
            "list": [{"a": 1, "b": [true, null]}, "off", []],
            "none": {},
            "value": "{\"role\":\"edge\",\"policy\":{\"endpoints\":{\"a\":{\"cloud\":\"aws\"}},\"models\":{\"m\":[{\"id\":1}]}}}",
        });
        let expected = r#"name: a b
"@type": type.googleapis.com/x
list:
  - a: 1
    b:
      - true
      - null
  - "off"
  - []
none: {}
value: |-
  {"role": "edge",
  "policy": {
    "endpoints": {
      "a": {"cloud":"aws"}},
    "models": {
      "m": [
        {"id":1}]}}}
"#;
        assert_eq!(yaml(&value), expected);
    }

    #[test]
    fn reads_back_as_what_it_was() {
        let value = json!({"a": ["x: y", "# no", "-", " lead", "trail ", "1", "1.5", "~", "ä", "{\"k\": \"v\"}", "a\nb", "0s", "%X%"],
            "file": "a: 1\n\n  b: \"2\" # c\n\td  \n", "open": "a\nb", "ends": "a\nb\n\n", "indented": " a\nb", "return": "a\r\nb", "line": "a\n"});
        let read: Value = serde_json::to_value(crate::yaml::read(&yaml(&value)).unwrap().node).unwrap();
        assert_eq!(read, value);
    }
}
