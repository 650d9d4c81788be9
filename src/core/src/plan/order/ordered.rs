//! [`Order::Ordered`](crate::config::Order::Ordered): by the tenant's own list of clouds, then as the model lists its targets.

use crate::plan::Candidate;
use crate::tenant::Permit;

pub(super) fn rank(permit: &Permit<'_>, fit: &mut [Candidate<'_>]) {
    let rank = |candidate: &Candidate<'_>| {
        permit.config().endpoint_of(candidate.target).map_or(usize::MAX, |endpoint| permit.rank(endpoint.cloud))
    };
    super::sort(fit, &|one, other| rank(one).cmp(&rank(other)));
}
