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
    /// What is left out at its origin: what another account made, from which the conversation moved here.
    at_origin: Vec<Range<usize>>,
    /// What is left out at other accounts than its origin.
    elsewhere: Vec<Range<usize>>,
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
        let origin = origin::find(body, &references, config.sessions.keys(), permit.tenant(), accounts);
        let origin = origin.map_err(|Stranger(at)| unknown(at))?;
        if origin.untagged_pointer && config.has_several_tenants() {
            return Err(untagged());
        }
        let named = origin.account;
        let account = named.and_then(|account| config.sessions.account(account));
        let Some(account) = account else { return Ok(Brought::default()) };
        let untagged = origin.untagged_pointer || origin.untagged_cipher;
        let drops = origin.binding && permit.drops_foreign_reasoning();
        let mut at_origin = Vec::new();
        if let Some(second) = origin.second {
            let is_foreign = |range: &Range<usize>| {
                let mut within = origin.tags.iter().filter(|(tag, _)| range.start <= tag.start && tag.end <= range.end);
                within.any(|(_, made_by)| Some(*made_by) != named)
            };
            let cuts = drops.then(|| foreign::cuts(body, &is_foreign)).flatten();
            at_origin = cuts.ok_or_else(|| conflicting(second))?;
        }
        let elsewhere = drops.then(|| foreign::cuts(body, &|_| true)).flatten();
        let held = match &elsewhere {
            Some(_) => Held::First(account),
            None if origin.binding || untagged => Held::At(account),
            None => Held::Prefers(account),
        };
        let tags = origin.tags.into_iter().map(|(tag, _)| tag).collect();
        Ok(Brought { held, tags, at_origin, elsewhere: elsewhere.unwrap_or_default() })
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
        if self.at_origin.is_empty() && self.elsewhere.is_empty() {
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
            let goes = |cuts: &[Range<usize>]| cuts.iter().any(|cut| cut.start <= tag.start && tag.end <= cut.end);
            let whom = match (goes(&self.at_origin), goes(&self.elsewhere)) {
                (false, false) => Whom::All,
                (false, true) => Whom::Targets(origin.clone()),
                (true, false) => Whom::Targets(others.clone()),
                (true, true) => continue,
            };
            edits.add(out(tag, whom));
        }
        for (cuts, whom) in [(self.at_origin, origin), (self.elsewhere, others)] {
            for cut in cuts {
                edits.add(out(cut, Whom::Targets(whom.clone())));
            }
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
fn unknown(at: usize) -> ApiError {
    foreign(&format!("What stands at byte {at} of the request"))
}

/// Nothing that could be left out would let one of the accounts serve the request.
fn conflicting(at: usize) -> ApiError {
    let message = format!(
        "What stands at byte {at} of the request was made by another account than what stands before it, and no account can read both: begin a new conversation."
    );
    ApiError::new(400, "conflicting_origins", message)
}

/// Where tenants share an account, what the account keeps is bound to its tenant by its tag alone.
fn untagged() -> ApiError {
    let message = "The request refers to something that was not made through this endpoint (a response, a conversation, an item or a container by its id alone): send the items themselves.";
    ApiError::new(400, "foreign_reference", message)
}

#[cfg(test)]
mod tests;
