//! The small words that every piece of an Envoy configuration is made of.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// A typed message: `fields` (a map) with the name of its type.
pub fn any(message: &str, fields: Value) -> Value {
    let mut typed = Map::new();
    typed.insert("@type".to_owned(), Value::String(format!("type.googleapis.com/{message}")));
    if let Value::Object(fields) = fields {
        typed.extend(fields);
    }
    Value::Object(typed)
}

/// A named extension with its configuration.
pub fn extension(name: &str, message: &str, fields: Value) -> Value {
    json!({"name": name, "typed_config": any(message, fields)})
}

/// A time as protobuf's JSON has it: seconds with a fraction.
pub fn duration(time: Duration) -> Value {
    let text = match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        millis => format!("{}.{millis:03}s", time.as_secs()),
    };
    Value::String(text)
}

/// A host (an IP address or, where the cluster resolves names, a DNS name) and a port.
pub fn socket(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}

/// An address to listen on.
pub fn listen(address: SocketAddr) -> Value {
    socket(&address.ip().to_string(), address.port())
}

/// Adds `key` to a map, where there is a value for it.
pub fn put(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Value::Object(map), Some(value)) = (object, value) {
        map.insert(key.to_owned(), value);
    }
}

/// A filter of the access log, or of a local reply, by an expression in CEL.
pub fn expression(expression: &str) -> Value {
    json!({"extension_filter": extension(
        "envoy.access_loggers.extension_filters.cel",
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        json!({"expression": expression}),
    )})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_as_protobuf_does() {
        assert_eq!(duration(Duration::from_secs(5)), "5s");
        assert_eq!(duration(Duration::from_millis(1)), "0.001s");
        assert_eq!(duration(Duration::from_millis(1_250)), "1.250s");
    }
}
