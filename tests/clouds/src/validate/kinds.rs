//! Types and ranges of single fields, with OpenAI's messages.

use super::{Checked, Invalid};
use serde_json::{Map, Value};

/// What a field may hold. `null` is allowed wherever a field may be absent.
pub enum Kind {
    Text,
    /// A text of at most that many characters.
    Short(usize),
    /// An id of at most 64 characters that begins so.
    Id(&'static str),
    Flag,
    Object,
    List,
    Integer {
        min: i64,
        max: i64,
    },
    Decimal {
        min: f64,
        max: f64,
    },
    OneOf(&'static [&'static str]),
    /// A text or a list of at most that many.
    TextOrList(usize),
    /// A text or an object.
    TextOrObject,
    Any,
}

/// A JSON value as OpenAI names its type.
pub fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

pub fn wrong_type(param: &str, expected: &str, got: &Value) -> Invalid {
    let message = format!("Invalid type for '{param}': expected {expected}, but got {} instead.", named(got));
    Invalid::new("invalid_type", param, message)
}

pub fn text<'a>(value: &'a Value, param: &str) -> Result<&'a str, Invalid> {
    value.as_str().ok_or_else(|| wrong_type(param, "a string", value))
}

pub fn list<'a>(value: &'a Value, param: &str) -> Result<&'a Vec<Value>, Invalid> {
    value.as_array().ok_or_else(|| wrong_type(param, "an array of objects", value))
}

pub fn object<'a>(value: &'a Value, param: &str) -> Result<&'a Map<String, Value>, Invalid> {
    value.as_object().ok_or_else(|| wrong_type(param, "an object", value))
}

/// A field that must be there.
pub fn required<'a>(object: &'a Map<String, Value>, name: &str, place: &str) -> Result<&'a Value, Invalid> {
    match object.get(name) {
        None => Err(Invalid::missing(&join(place, name))),
        Some(value) => Ok(value),
    }
}

pub fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

pub fn one_of(value: &Value, allowed: &[&str], param: &str) -> Checked {
    let got = text(value, param)?;
    if allowed.contains(&got) {
        return Ok(());
    }
    let listed: Vec<String> = allowed.iter().map(|value| format!("'{value}'")).collect();
    let listed = match listed.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
        _ => listed.concat(),
    };
    Err(Invalid::value(param, format!("Invalid value: '{got}'. Supported values are: {listed}.")))
}

pub fn check(value: &Value, kind: &Kind, param: &str) -> Checked {
    if value.is_null() {
        return Ok(());
    }
    match kind {
        Kind::Any => Ok(()),
        Kind::Text => text(value, param).map(drop),
        Kind::Short(most) => short(value, *most, param).map(drop),
        Kind::Id(prefix) => id(value, prefix, param),
        Kind::Flag => value.as_bool().map(drop).ok_or_else(|| wrong_type(param, "a boolean", value)),
        Kind::Object => object(value, param).map(drop),
        Kind::List => list(value, param).map(drop),
        Kind::OneOf(allowed) => one_of(value, allowed, param),
        Kind::Integer { min, max } => integer(value, *min, *max, param),
        Kind::Decimal { min, max } => decimal(value, *min, *max, param),
        Kind::TextOrObject if value.is_string() || value.is_object() => Ok(()),
        Kind::TextOrObject => Err(wrong_type(param, "one of a string or object", value)),
        Kind::TextOrList(max) => text_or_list(value, *max, param),
    }
}

fn integer(value: &Value, min: i64, max: i64, param: &str) -> Checked {
    let number = value.as_i64().ok_or_else(|| wrong_type(param, "an integer", value))?;
    if number < min {
        let message = format!(
            "Invalid '{param}': integer below minimum value. Expected a value >= {min}, but got {number} instead."
        );
        return Err(Invalid::new("integer_below_min_value", param, message));
    }
    if number > max {
        let message = format!(
            "Invalid '{param}': integer above maximum value. Expected a value <= {max}, but got {number} instead."
        );
        return Err(Invalid::new("integer_above_max_value", param, message));
    }
    Ok(())
}

fn decimal(value: &Value, min: f64, max: f64, param: &str) -> Checked {
    let number = value.as_f64().ok_or_else(|| wrong_type(param, "a decimal", value))?;
    if number < min {
        let message = format!(
            "Invalid '{param}': decimal below minimum value. Expected a value >= {min}, but got {number} instead."
        );
        return Err(Invalid::new("decimal_below_min_value", param, message));
    }
    if number > max {
        let message = format!(
            "Invalid '{param}': decimal above maximum value. Expected a value <= {max}, but got {number} instead."
        );
        return Err(Invalid::new("decimal_above_max_value", param, message));
    }
    Ok(())
}

fn text_or_list(value: &Value, max: usize, param: &str) -> Checked {
    match value {
        Value::String(_) => Ok(()),
        Value::Array(items) if items.len() > max => {
            let message = format!(
                "Invalid '{param}': array too long. Expected an array with maximum length {max}, but got an array with length {} instead.",
                items.len()
            );
            Err(Invalid::new("array_above_max_length", param, message))
        }
        Value::Array(items) => {
            let mut places = items.iter().enumerate();
            places.try_for_each(|(index, item)| text(item, &format!("{param}[{index}]")).map(drop))
        }
        _ => Err(wrong_type(param, "one of a string or array of strings", value)),
    }
}

/// Function and tool names: 1 to 64 of letters, digits, `_` and `-`.
pub fn tool_name(value: &Value, param: &str) -> Checked {
    let name = text(value, param)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() {
        let message = format!(
            "Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead."
        );
        return Err(Invalid::new("empty_string", param, message));
    }
    short(value, 64, param)?;
    if name.bytes().all(legal) {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    );
    Err(Invalid::value(param, message))
}

/// Up to 16 pairs of texts.
pub fn metadata(value: &Value, param: &str) -> Checked {
    if value.is_null() {
        return Ok(());
    }
    let pairs = object(value, param)?;
    if pairs.len() > 16 {
        let message = format!(
            "Invalid '{param}': too many properties. Expected an object with at most 16 properties, but got an object with {} properties instead.",
            pairs.len()
        );
        return Err(Invalid::new("object_above_max_properties", param, message));
    }
    pairs.iter().try_for_each(|(key, value)| {
        if key.chars().count() > 64 {
            let message = format!(
                "Invalid '{param}': key too long. Expected keys with maximum length 64, but got a key with length {} instead.",
                key.chars().count()
            );
            return Err(Invalid::new("string_above_max_length", param, message));
        }
        short(value, 512, &join(param, key)).map(drop)
    })
}

/// A text of at most so many characters.
pub fn short<'a>(value: &'a Value, most: usize, param: &str) -> Result<&'a str, Invalid> {
    let got = text(value, param)?;
    let length = got.chars().count();
    if length <= most {
        return Ok(got);
    }
    let message = format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string with length {length} instead."
    );
    Err(Invalid::new("string_above_max_length", param, message))
}

/// An id that begins as its kind does.
pub fn id(value: &Value, prefix: &str, param: &str) -> Checked {
    let got = short(value, 64, param)?;
    if got.starts_with(prefix) {
        return Ok(());
    }
    let message = format!("Invalid '{param}': '{got}'. Expected an ID that begins with '{prefix}'.");
    Err(Invalid::value(param, message))
}

/// What an object may hold, and nothing else.
pub fn only(value: &Value, fields: &[(&str, Kind)], param: &str) -> Checked {
    for (name, value) in object(value, param)? {
        let place = join(param, name);
        match fields.iter().find(|(known, _)| known == name) {
            Some((_, kind)) => check(value, kind, &place)?,
            None => {
                return Err(Invalid::new("unknown_parameter", place.clone(), format!("Unknown parameter: '{place}'.")));
            }
        }
    }
    Ok(())
}

/// The format of a custom tool's input: free text, or a grammar.
pub fn custom_format(format: &Value, place: &str) -> Checked {
    if format.is_null() {
        return Ok(());
    }
    let format = object(format, place)?;
    let kind = required(format, "type", place)?;
    one_of(kind, &["text", "grammar"], &join(place, "type"))?;
    if kind == "text" {
        return Ok(());
    }
    text(required(format, "definition", place)?, &join(place, "definition"))?;
    one_of(required(format, "syntax", place)?, &["lark", "regex"], &join(place, "syntax"))
}
