//! A string of several lines: the configuration of a plugin, which is JSON, or a whole file.

use serde_json::Value;

/// The string as a block of YAML: its sign and its lines.
pub fn block(text: &str) -> Option<(&'static str, String)> {
    match text.ends_with('\n') {
        _ if !is_file(text) => Some(("|-", pretty_json(text)?)),
        true => Some(("|", text.to_owned())),
        false => Some(("|-", text.to_owned())),
    }
}

/// Whether a file in a string can stand as it is, its lines indented: several of them, none with a sign that a block cannot
/// hold, the first without an indentation of its own, and no empty line at the end.
fn is_file(text: &str) -> bool {
    let several = text.trim_end_matches('\n').contains('\n');
    let held =
        |c: char| matches!(c, '\n' | '\t') || !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    several && text.chars().all(held) && !text.starts_with([' ', '\t', '\n']) && !text.ends_with("\n\n")
}

/// Lays JSON out over lines, one value of the second level each, so that it reads back as the same JSON.
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

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}
