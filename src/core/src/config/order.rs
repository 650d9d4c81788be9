//! How the targets of a plan are ranked, by name.

use crate::name::Named;

/// How the targets of a plan are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the order of the tenant's clouds, then by the model's list.
    Ordered,
    /// The first in proportion to the weights, the others by weight.
    Weighted,
    /// By the price of the request at hand.
    Cheapest,
}

impl Named for Order {
    const ALL: &'static [Order] = &[Order::Ordered, Order::Weighted, Order::Cheapest];

    fn name(self) -> &'static str {
        match self {
            Order::Ordered => "ordered",
            Order::Weighted => "weighted",
            Order::Cheapest => "cheapest",
        }
    }
}
