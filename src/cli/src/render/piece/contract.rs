//! What the module and the Envoy that is rendered for it have to agree on.

pub use multihome_core::contract::*;
