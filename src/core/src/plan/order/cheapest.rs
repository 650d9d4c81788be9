//! [`Order::Cheapest`](crate::config::Order::Cheapest): by what the request at hand will cost at most.

use crate::config::Price;
use crate::plan::{Candidate, Needs};
use crate::tenant::Permit;

/// A target without a price comes last.
pub(super) fn rank(permit: &Permit<'_>, needs: &Needs, fit: &mut [Candidate<'_>]) {
    let tokens = needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens);
    let cost = |candidate: &Candidate<'_>| {
        candidate.target.price.map_or(f64::INFINITY, |price| cost(price, needs.bytes, tokens))
    };
    let translated = |candidate: &Candidate<'_>| super::is_translated(candidate, needs.api);
    super::sort(fit, &|one, other| cost(one).total_cmp(&cost(other)).then(translated(one).cmp(&translated(other))));
}

/// What a request will cost at most, in US dollars. Four bytes make a token, near enough to compare by.
pub fn cost(price: Price, bytes: u64, max_tokens: u64) -> f64 {
    (price.input * bytes as f64 / 4.0 + price.output * max_tokens as f64) / 1e6
}
