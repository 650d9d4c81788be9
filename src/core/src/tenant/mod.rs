//! Who asks, and what they may do: the only place that makes a [`Permit`].

mod identity;
mod narrowing;
mod permit;

pub use permit::{Caller, Permit, Rule, allow_model, no_model, refused_by};
