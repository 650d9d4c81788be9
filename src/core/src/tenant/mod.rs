//! Who asks, and what they may do: the only place that makes a [`Permit`].

mod narrowing;
mod permit;
mod source;

pub use permit::{Caller, Permit, Rule, allow_model, no_model, refused_by};
pub use source::{NamedBy, brings_token};
