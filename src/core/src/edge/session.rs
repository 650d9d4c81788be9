//! What a request brings back of earlier responses: where it has to go, and what is taken off it on the way.

use std::ops::Range;

use crate::api::Api;
use crate::api::error::ApiError;
use crate::config::Config;
use crate::plan::{Candidate, Held, Plan, Unfit, not_at_origin};
use crate::request::{Edit, Edits, Whom};
use crate::session::{Stranger, foreign, origin, references};
use crate::tenant::Permit;

/// What a request brings back.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// Where it has to go for it.
    pub held: Held,
    /// Its tags, which no cloud gets.
    tags: Vec<Range<usize>>,
    /// What is left out at other accounts than its origin.
    cuts: Vec<Range<usize>>,
}

impl Brought {
    /// Reads what a request for a permitted model brings back.
    ///
    /// # Errors
    /// It brings back what no account can serve this tenant.
    pub fn read(permit: &Permit<'_>, api: Api, body: &[u8]) -> Result<Brought, ApiError> {
        if api != Api::Responses || !permit.tags() {
            return Ok(Brought::default());
        }
        let references = references::read(body);
        if references.is_empty() {
            return Ok(Brought::default());
        }
        let config: &Config = permit.config();
        let accounts = config.sessions.accounts.iter().map(|account| &*account.name);
        let origin = origin::find(body, &references, &config.sessions.keys(), permit.tenant(), accounts);
        let origin = origin.map_err(|stranger| refuse(stranger, body))?;
        if origin.untagged_pointer && config.has_several_tenants() {
            return Err(untagged());
        }
        let account = origin.account.and_then(|account| config.sessions.account(account));
        let Some(account) = account else { return Ok(Brought::default()) };
        let untagged = origin.untagged_pointer || origin.untagged_cipher;
        let cuts = (origin.binding && permit.drops_foreign_reasoning()).then(|| foreign::cuts(body)).flatten();
        let held = match &cuts {
            Some(_) => Held::First(account),
            None if origin.binding || untagged => Held::At(account),
            None => Held::Prefers(account),
        };
        Ok(Brought { held, tags: origin.tags, cuts: cuts.unwrap_or_default() })
    }

    /// Refuses a request that policy keeps from the account that it is held to.
    ///
    /// # Errors
    /// No candidate stands there that policy allows.
    pub fn check(&self, permit: &Permit<'_>, candidates: &[Candidate<'_>]) -> Result<(), ApiError> {
        let Held::At(account) = self.held else { return Ok(()) };
        let is_there = |candidate: &Candidate<'_>| permit.config().account_of(candidate.target) == Some(account);
        let mut there = candidates.iter().filter(|candidate| is_there(candidate));
        if there.all(|candidate| matches!(candidate.fit, Err(Unfit::Policy(_)))) {
            return Err(not_at_origin(permit.model()));
        }
        Ok(())
    }

    /// Notes what changes in the body.
    pub fn edit(self, plan: &Plan, edits: &mut Edits) {
        let out = |range, whom| Edit { range, with: "".into(), whom };
        if self.cuts.is_empty() {
            return self.tags.into_iter().for_each(|tag| edits.add(out(tag, Whom::All)));
        }
        let config = plan.config();
        let is_origin = |account| account == self.held.account();
        let (origin, others): (Vec<_>, Vec<_>) =
            plan.iter().partition(|stop| is_origin(config.account_of(stop.target)));
        let [origin, others] =
            [origin, others].map(|stops| stops.iter().map(|stop| stop.index).collect::<Box<[usize]>>());
        for tag in self.tags {
            // What is left out goes with its tag.
            let cut = self.cuts.iter().any(|cut| cut.start <= tag.start && tag.end <= cut.end);
            edits.add(out(tag, if cut { Whom::Targets(origin.clone()) } else { Whom::All }));
        }
        for cut in self.cuts {
            edits.add(out(cut, Whom::Targets(others.clone())));
        }
    }
}

/// The client brings back what was not made for it.
pub(super) fn foreign(what: &str) -> ApiError {
    let message = format!(
        "{what} was not made for this tenant by an account behind this endpoint, or was changed since: begin a new conversation."
    );
    ApiError::new(400, "foreign_reference", message)
}

/// The same words for what another tenant has and for what nobody has.
fn refuse(stranger: Stranger, body: &[u8]) -> ApiError {
    let place = |at: usize| at.min(body.len());
    match stranger {
        Stranger::Unknown(at) => foreign(&format!("What stands at byte {} of the request", place(at))),
        Stranger::Second(at) => {
            let message = format!(
                "What stands at byte {} of the request was made by another account than what stands before it, and no account can read both: begin a new conversation.",
                place(at)
            );
            ApiError::new(400, "conflicting_origins", message)
        }
    }
}

/// Where tenants share an account, what the account keeps is bound to its tenant by its tag alone.
fn untagged() -> ApiError {
    let message = "The request refers to something that was not made through this endpoint (a response, a conversation, an item or a container by its id alone): send the items themselves.";
    ApiError::new(400, "foreign_reference", message)
}

#[cfg(test)]
mod tests;
