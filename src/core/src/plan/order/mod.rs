//! The orders in which a plan tries its targets. Ties keep the file's order.

mod cheapest;
mod ordered;
mod weighted;

use super::{Candidate, Held, Needs};
use crate::config::Order;
use crate::tenant::Permit;

pub use cheapest::cost;
pub use weighted::WeightedPicks;

/// Puts the candidates that fit into the permit's order.
pub(super) fn rank(permit: &Permit<'_>, needs: &Needs, fit: &mut [Candidate<'_>], picks: &mut WeightedPicks) {
    let config = permit.config();
    let elsewhere = |candidate: &Candidate<'_>, account| config.account_of(candidate.target) != Some(account);
    // The orders keep equals as they stand.
    if let Some(account) = needs.held.account() {
        fit.sort_by_key(|candidate| elsewhere(candidate, account));
    }
    match permit.order() {
        Order::Ordered => ordered::rank(permit, fit),
        Order::Cheapest => cheapest::rank(permit, needs, fit),
        Order::Weighted => {
            let first =
                fit.first().filter(|first| needs.held.account().is_some_and(|account| !elsewhere(first, account)));
            weighted::rank(first.map(|first| first.target.key), fit, picks);
        }
    }
    if let Held::First(account) = needs.held {
        fit.sort_by_key(|candidate| elsewhere(candidate, account));
    }
}
