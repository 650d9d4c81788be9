//! Operations on responses that accounts keep. An id names no model: its tag leads to the account that made it; without one,
//! it can only be where policy leaves the tenant one account, and that account has no other tenant.

use std::rc::Rc;

use super::Weighed;
use super::session::{self, Brought};
use crate::api::Api;
use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::api::kept::{Kept, not_found};
use crate::config::{Awaited, Config};
use crate::name::Named;
use crate::plan::{self, Candidate, Environment, Held, Needs, Unfit};
use crate::session::origin;
use crate::session::tag::{Kind, Tagged};
use crate::tenant::Caller;

/// Weighs such an operation: the plan has the endpoints of one account alone.
///
/// # Errors
/// No account is known that has the response for this tenant.
pub(super) fn weigh<'c>(
    config: &'c Rc<Config>,
    caller: &'c Caller,
    kept: &Kept,
    environment: &mut Environment<'_>,
) -> Result<Weighed<'c>, ApiError> {
    let found = Found::of(config, caller, &kept.id)?;
    let after = kept.query.after.as_deref().map(|after| untagged(config, caller, found.account, after)).transpose()?;
    let permit = caller.permit_kept(config, found.account);
    let features: Features = [Feature::KeptResponses].into_iter().collect();
    let removable = Features::default();
    let needs =
        Needs { api: Api::Responses, features, removable, bytes: 0, max_tokens: None, held: Held::At(found.account) };
    let candidates = plan::consider(&permit, &needs, environment);
    let mut decision = plan::decide(&permit, &needs, candidates, environment);
    let query = kept.query.text(after.as_deref());
    decision.plan = match decision.plan {
        Ok(plan) => Ok(plan.below(&kept.path_below(&found.id), &query)),
        Err(error) => Err(refused(&decision.candidates, error)),
    };
    // A response is shown at once, whole or as a stream: no model is waited for.
    Ok(Weighed {
        permit,
        needs,
        awaited: Awaited::Stream,
        decision,
        operation: Some(kept.verb.name()),
        untranslatable: Vec::new(),
        translation: None,
        brought: Brought::default(),
        left_out: Vec::new(),
    })
}

/// A response, as the account knows it that keeps it.
struct Found {
    account: usize,
    id: String,
}

impl Found {
    fn of(config: &Rc<Config>, caller: &Caller, id: &str) -> Result<Found, ApiError> {
        if let Some(tagged) = Tagged::read(Kind::Id, id.as_bytes()) {
            let accounts = config.sessions.accounts.iter().map(|account| &*account.name);
            let maker = origin::maker(&tagged, config.sessions.keys(), caller.tenant(), accounts);
            let account = maker.and_then(|(account, _)| config.sessions.account(account));
            return match (account, plain(&tagged)) {
                (Some(account), Some(id)) => Ok(Found { account, id }),
                // Another tenant's, changed, or nobody's: the client cannot find out which.
                _ => Err(not_found(id)),
            };
        }
        let account = caller.own_account(config).ok_or_else(|| untraceable(id))?;
        Ok(Found { account, id: id.to_owned() })
    }
}

/// An item's id without its tag, which has to be one of the same account.
fn untagged(config: &Config, caller: &Caller, account: usize, id: &str) -> Result<String, ApiError> {
    let Some(tagged) = Tagged::read(Kind::Id, id.as_bytes()) else { return Ok(id.to_owned()) };
    let name = config.sessions.accounts.get(account).map(|account| &*account.name);
    let made = origin::maker(&tagged, config.sessions.keys(), caller.tenant(), name.into_iter());
    made.and_then(|_| plain(&tagged)).ok_or_else(|| session::foreign("Parameter `after`").about("after"))
}

/// A value without its tag.
fn plain(tagged: &Tagged<'_>) -> Option<String> {
    String::from_utf8([tagged.prefix, tagged.rest].concat()).ok()
}

/// An id without a tag, where it could be in several places, or could be another tenant's.
fn untraceable(id: &str) -> ApiError {
    let ApiError { message, .. } = not_found(id);
    let message = format!(
        "{message} It was not made through this endpoint, or cannot be found without the tag that its id had in the response: use the id as this endpoint gave it."
    );
    ApiError { message, ..not_found(id) }
}

/// What the client reads where no endpoint of the account is left; `error` where that does not speak of a model.
fn refused(candidates: &[Candidate<'_>], error: ApiError) -> ApiError {
    let unfit = || candidates.iter().filter_map(|candidate| candidate.fit.err());
    let any = |wanted: fn(&Unfit) -> bool| unfit().any(|unfit| wanted(&unfit));
    if any(|unfit| matches!(unfit, Unfit::NoCredential)) {
        let message = "The account that keeps this response has no credential at this moment.";
        return ApiError { retry_after: Some("1".to_owned()), ..ApiError::new(503, "no_credential", message) };
    }
    if any(|unfit| matches!(unfit, Unfit::Lacks(_))) {
        let message = "The cloud that made this response keeps none: it cannot be fetched, deleted or cancelled.";
        return ApiError::new(400, "unsupported_feature", message);
    }
    if any(|unfit| matches!(unfit, Unfit::Denied(_))) {
        return error;
    }
    let message =
        "The account that keeps this response serves this tenant no more, or the request's own headers leave it out.";
    ApiError::new(403, "origin_not_allowed", message).by_rule("origin")
}

#[cfg(test)]
mod tests;
