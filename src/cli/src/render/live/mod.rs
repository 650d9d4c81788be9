//! A policy for an Envoy that is not restarted for the next one: a bootstrap that stays, and files that Envoy watches.
//!
//! ```text
//! listener ─ multihome-a (off) ─ multihome-b (off) ─ router          listeners.yaml
//!    │            │ edge-a.yaml       │ edge-b.yaml
//!    └─ routes: switch one of the two slots on, and lead to the clusters of its policy   route-*.yaml
//! ```
//!
//! The edge comes by extension discovery into one of two slots, and both are off in the chain. The routes switch one on. So
//! to replace the file of a listener's routes is to change over, for every request as a whole: it is decided by one policy
//! and goes to that policy's clusters. Streams keep the filters and routes that they began with.

pub mod pieces;
pub mod release;
pub mod resource;
pub mod slot;
pub mod split;
