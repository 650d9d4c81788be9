//! JSON in a string: the configuration of a plugin.

use serde_json::Value;

/// Lays it out over lines, one value of the second level each,
/// as a block that reads back as the same JSON.
pub fn pretty_json(text: &str) -> Option<String> {
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

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}
