//! Files that Envoy watches.

use serde_json::{Value, json};

/// Where Envoy finds a file in the folder `live`, to read it again whenever another is renamed over it.
pub fn watched(live: &str, file: &str) -> Value {
    json!({"path_config_source": {"path": format!("{live}/{file}")}, "resource_api_version": "V3"})
}

/// What such a file holds. Envoy shows the version on its `/stats`, as `….version_text`, once it has taken it.
pub fn file(version: &str, resources: Vec<Value>) -> Value {
    json!({"version_info": version, "resources": resources})
}
