//! What all workers of one Envoy share.

pub mod token;
