//! What holds where a tenant or a request says nothing.

use super::order::Order;
use crate::document::fields::{Fields, Found};
use crate::fault::Faults;
use crate::name::Named;

/// What holds where a tenant or a request says nothing.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// How targets are ranked.
    pub order: Order,
    /// The most targets that one request may try.
    pub max_attempts: u32,
    /// The tokens that `cheapest` assumes for a completion of unknown length.
    pub max_tokens: u64,
}

/// The most attempts that can be asked for.
pub(super) const MOST_ATTEMPTS: u64 = 32;

pub(super) fn read(found: Found<'_>, faults: &mut Faults) -> Defaults {
    let mut defaults = Defaults { order: Order::Ordered, max_attempts: 3, max_tokens: 1024 };
    if let Some(mut fields) = Fields::maybe(found, faults) {
        if let Some(text) = fields.optional_text("order", faults) {
            match Order::parse(text) {
                Some(order) => defaults.order = order,
                None => faults.unknown(&fields.place.key("order"), "order", text, Order::names()),
            }
        }
        if let Some(attempts) = fields.optional_integer("max_attempts", 1..=MOST_ATTEMPTS, faults) {
            defaults.max_attempts = attempts as u32;
        }
        if let Some(tokens) = fields.optional_integer("max_tokens", 1..=10_000_000, faults) {
            defaults.max_tokens = tokens;
        }
        fields.finish(faults);
    }
    defaults
}
