//! Reading Envoy's messages as JSON, by paths (RFC 6901). What is not there is empty, as in protobuf.

use serde_json::Value;

/// The text at a path.
pub fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a path.
pub fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The members of the map at a path.
pub fn members<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = (&'v str, &'v Value)> + use<'v> {
    let map = value.pointer(path).and_then(Value::as_object);
    map.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Whether the flag at a path is set.
pub fn flag(value: &Value, path: &str) -> bool {
    value.pointer(path).and_then(Value::as_bool).unwrap_or(false)
}

/// The number at a path; those of 64 bits are written as text.
pub fn number(value: &Value, path: &str) -> Option<u64> {
    let number = value.pointer(path)?;
    number.as_u64().or_else(|| number.as_str()?.parse().ok())
}

/// The type of a message that may be any, without its package's host: `envoy.extensions.filters.http.wasm.v3.Wasm`.
pub fn message(any: &Value) -> &str {
    let named = text(any, "/@type");
    let named = if is_untyped(named) { text(any, "/type_url") } else { named };
    named.rsplit('/').next().unwrap_or_default()
}

/// The fields of such a message. Some tools hide its type in a `TypedStruct`.
pub fn fields(any: &Value) -> &Value {
    if is_untyped(text(any, "/@type")) { any.get("value").unwrap_or(&Value::Null) } else { any }
}

fn is_untyped(named: &str) -> bool {
    named.ends_with("/xds.type.v3.TypedStruct") || named.ends_with("/udpa.type.v1.TypedStruct")
}

/// All maps in a message, from the outside inwards.
pub fn maps(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                found.push(value);
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    found
}
