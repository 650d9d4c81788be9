//! The orders in which a plan tries its targets. Ties keep the file's order.

mod cheapest;
mod ordered;
mod weighted;

use std::cmp::Ordering;

use super::{Candidate, Needs};
use crate::api::Api;
use crate::config::Order;
use crate::convert::{self, Conversion};
use crate::tenant::Permit;

pub use cheapest::cost;
pub use weighted::WeightedPicks;

/// Puts the candidates that fit into the permit's order.
pub(super) fn rank(permit: &Permit<'_>, needs: &Needs, fit: &mut [Candidate<'_>], picks: &mut WeightedPicks) {
    match permit.order() {
        Order::Ordered => ordered::rank(permit, fit, needs.api),
        Order::Cheapest => cheapest::rank(permit, needs, fit),
        Order::Weighted => weighted::rank(fit, picks),
    }
}

/// Whether a candidate would have to be translated to: of two that are equal, one that speaks the client's API comes first.
fn is_translated(candidate: &Candidate<'_>, api: Api) -> bool {
    candidate.fit.ok().and_then(|form| convert::between(api, form)) != Some(Conversion::Pass)
}

/// Sorts the few targets of one model by insertion, ties in the file's order: the standard library's sort is 15 KB of the
/// module for each thing that is sorted, and slower where there are few.
fn sort(fit: &mut [Candidate<'_>], compare: &dyn Fn(&Candidate<'_>, &Candidate<'_>) -> Ordering) {
    for sorted in 1..fit.len() {
        let Some((latest, before)) = fit.get_mut(..=sorted).and_then(<[_]>::split_last_mut) else { return };
        let place = before.iter().rposition(|earlier| compare(earlier, latest).is_le()).map_or(0, |place| place + 1);
        if let Some(moved) = fit.get_mut(place..=sorted) {
            moved.rotate_right(1);
        }
    }
}
