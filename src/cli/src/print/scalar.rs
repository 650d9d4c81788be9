//! Values on one line.

use serde_json::Value;

/// A value without members or items.
pub fn plain(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => word(text),
        Value::Object(_) => "{}".to_owned(),
        other => other.to_string(),
    }
}

/// A string without quotes where YAML reads it as that string in all its versions, else in JSON's quotes, which are YAML's.
pub fn word(text: &str) -> String {
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
