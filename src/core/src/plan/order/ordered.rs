//! [`Order::Ordered`](crate::config::Order::Ordered): by the tenant's own list of clouds, then as the model lists its targets.

use crate::api::Api;
use crate::plan::Candidate;
use crate::tenant::Permit;

pub(super) fn rank(permit: &Permit<'_>, fit: &mut [Candidate<'_>], api: Api) {
    let rank = |candidate: &Candidate<'_>| {
        let endpoint = permit.config().endpoint_of(candidate.target);
        let cloud = endpoint.map_or(usize::MAX, |endpoint| permit.rank(endpoint.cloud));
        (cloud, super::is_translated(candidate, api))
    };
    super::sort(fit, &|one, other| rank(one).cmp(&rank(other)));
}
