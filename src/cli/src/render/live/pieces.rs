//! What a release consists of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::print::note;
use crate::render::digest;

/// What Envoy is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pieces {
    /// What Envoy is started with.
    pub bootstrap: Value,
    /// The clusters.
    pub clusters: Vec<Value>,
    /// The listeners.
    pub listeners: Vec<Value>,
    /// The routes of each listener that has the edge, by their name.
    pub routes: Map<String, Value>,
    /// The edge.
    pub edge: Value,
    /// What Envoy's runtime says of listeners.
    pub runtime: Value,
}

/// A resource's name.
pub fn name(resource: &Value) -> &str {
    resource.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The start of the SHA-256 of a value, without its notes.
pub fn digest(value: &Value) -> String {
    digest::of(note::strip(value).to_string(), 4)
}
