//! A value that fits a JSON schema, for tool arguments and structured outputs.

use serde_json::{Map, Value, json};

/// Schemas may refer to themselves; deeper than this an example ends.
const MAX_DEPTH: usize = 8;

/// An example of a schema whose texts all read `text`.
pub fn of(schema: &Value, text: &str) -> Value {
    build(schema, schema, text, 0)
}

fn build(root: &Value, schema: &Value, text: &str, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let pointer = target.strip_prefix('#').unwrap_or(target);
        return root.pointer(pointer).map_or(Value::Null, |target| build(root, target, text, depth + 1));
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    let alternative = ["anyOf", "oneOf", "allOf"].iter().find_map(|name| schema.get(*name)?.get(0));
    if let Some(alternative) = alternative {
        return build(root, alternative, text, depth + 1);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") => json!(text),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => match schema.get("items") {
            Some(items) => json!([build(root, items, text, depth + 1)]),
            None => json!([]),
        },
        Some("json_object") => json!({"answer": text}),
        _ => object(root, schema, text, depth),
    }
}

/// The required properties, or all of them where none is.
fn object(root: &Value, schema: &Value, text: &str, depth: usize) -> Value {
    let Some(Value::Object(properties)) = schema.get("properties") else { return json!({}) };
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => properties.keys().map(String::as_str).collect(),
    };
    let fields = required
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), build(root, properties.get(name)?, text, depth + 1))));
    Value::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_the_schema() {
        let schema = json!({
            "type": "object", "required": ["city", "days", "unit", "tags", "next"],
            "properties": {
                "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]},
                "tags": {"type": "array", "items": {"type": "boolean"}}, "skipped": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "$defs": {"node": {"type": "object", "properties": {"id": {"type": ["string", "null"]}}}},
        });
        let expected = json!({"city": "x", "days": 1, "unit": "C", "tags": [true], "next": {"id": "x"}});
        assert_eq!(of(&schema, "x"), expected);
    }

    #[test]
    fn ends_in_a_schema_that_contains_itself() {
        let schema = json!({"type": "object", "properties": {"self": {"$ref": "#"}}});
        assert!(of(&schema, "x").to_string().len() < 200);
    }
}
