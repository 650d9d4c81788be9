//! The orders in which a plan tries its targets. Ties keep the file's order.

mod cheapest;
mod ordered;
mod weighted;

use std::cmp::Ordering;

use super::{Candidate, Held, Needs};
use crate::api::Api;
use crate::config::Order;
use crate::convert::{self, Conversion};
use crate::tenant::Permit;

pub use cheapest::cost;
pub use weighted::WeightedPicks;

/// Puts the candidates that fit into the permit's order.
pub(super) fn rank(permit: &Permit<'_>, needs: &Needs, fit: &mut [Candidate<'_>], picks: &mut WeightedPicks) {
    let config = permit.config();
    let elsewhere = |candidate: &Candidate<'_>, account| config.account_of(candidate.target) != Some(account);
    let first_at = |fit: &mut [Candidate<'_>], account| {
        sort(fit, &|one, other| elsewhere(one, account).cmp(&elsewhere(other, account)));
    };
    // The orders keep equals as they stand.
    if let Some(account) = needs.held.account() {
        first_at(fit, account);
    }
    match permit.order() {
        Order::Ordered => ordered::rank(permit, fit, needs.api),
        Order::Cheapest => cheapest::rank(permit, needs, fit),
        Order::Weighted => {
            let first =
                fit.first().filter(|first| needs.held.account().is_some_and(|account| !elsewhere(first, account)));
            weighted::rank(first.map(|first| first.target.key), fit, needs.api, picks);
        }
    }
    if let Held::First(account) = needs.held {
        first_at(fit, account);
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
