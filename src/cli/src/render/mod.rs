//! A policy as configuration: pieces that every format shares, and the formats.

pub mod digest;
pub mod envoy;
pub mod istio;
pub mod kubernetes;
pub mod live;
pub mod names;
pub mod piece;
pub mod rendered;
