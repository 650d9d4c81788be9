//! The orders in which a plan tries its targets. Ties keep the file's order.

mod cheapest;
mod ordered;
mod weighted;

use super::{Candidate, Needs};
use crate::config::Order;
use crate::tenant::Permit;

pub use cheapest::cost;
pub use weighted::WeightedPicks;

/// Puts the candidates that fit into the permit's order.
pub(super) fn rank(permit: &Permit<'_>, needs: &Needs, fit: &mut [Candidate<'_>], picks: &mut WeightedPicks) {
    match permit.order() {
        Order::Ordered => ordered::rank(permit, fit),
        Order::Cheapest => cheapest::rank(permit, needs, fit),
        Order::Weighted => weighted::rank(fit, picks),
    }
}
