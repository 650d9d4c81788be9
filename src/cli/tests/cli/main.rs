//! The binary itself, held to what it prints.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod check;
mod clouds;
mod detour;
mod explain;
mod istio;
mod key;
mod kubernetes;
mod live;
mod readme;
mod remarks;
mod render;
mod run;
mod schema;
mod tokens;
