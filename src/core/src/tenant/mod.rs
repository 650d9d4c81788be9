//! Who asks, and what they may do: the only place that makes a [`Permit`].

mod identity;
mod narrowing;
mod permit;

pub use permit::{Caller, Permit, Rule, no_model};
