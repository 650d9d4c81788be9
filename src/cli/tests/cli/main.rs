//! The binary itself, held to what it prints.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod check;
mod detour;
mod explain;
mod readme;
mod remarks;
mod render;
mod run;
mod schema;
