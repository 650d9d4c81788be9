//! The two places for the edge in a filter chain, of which the routes switch one on.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::resource::watched;
use crate::render::piece::any::any;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both, in their order in the chain.
    pub const BOTH: [Slot; 2] = [Slot::A, Slot::B];

    /// The filter's name.
    pub fn filter(self) -> &'static str {
        match self {
            Slot::A => "multihome-a",
            Slot::B => "multihome-b",
        }
    }

    /// The file that says what it holds.
    pub fn file(self) -> &'static str {
        match self {
            Slot::A => "edge-a.yaml",
            Slot::B => "edge-b.yaml",
        }
    }

    /// The one that is free when this one serves.
    pub fn other(self) -> Slot {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }

    /// The slot in the chain: off, until a route switches it on.
    pub fn in_chain(self, live: &str) -> Value {
        let types: Vec<String> = [WASM, EMPTY].iter().map(|of| format!("type.googleapis.com/{of}")).collect();
        json!({
            "name": self.filter(),
            "disabled": true,
            "config_discovery": {
                "config_source": watched(live, self.file()),
                "type_urls": types,
            },
        })
    }

    /// The resource that fills it with the edge.
    pub fn filled(self, edge: &Value) -> Value {
        self.resource(edge.clone())
    }

    /// The resource that empties it. Envoy takes back no filter that it discovered, so this one does nothing; a request that
    /// came by it would find no cluster.
    pub fn emptied(self) -> Value {
        self.resource(any(EMPTY, json!({})))
    }

    fn resource(self, typed_config: Value) -> Value {
        any("envoy.config.core.v3.TypedExtensionConfig", json!({"name": self.filter(), "typed_config": typed_config}))
    }
}

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const EMPTY: &str = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
