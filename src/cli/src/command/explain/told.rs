//! What was decided on a request, in words and numbers that a person and a program can read.

use std::time::Duration;

use multihome_core::api::error::ApiError;
use multihome_core::api::feature::{Feature, Features};
use multihome_core::config::{Awaited, Config, Order, Target};
use multihome_core::convert::{self, Conversion};
use multihome_core::edge::Weighed;
use multihome_core::name::Named;
use multihome_core::plan::{self, Candidate, Held, Needs, Plan, Unfit};
use multihome_core::tenant::{Permit, Rule};
use serde::Serialize;
use serde_json::{Value, json};

use super::listener::Entrance;

/// All that was weighed. Empty where no target was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    pub tenant: String,
    /// What has named the tenant, as the access log has it.
    pub named_by: String,
    pub model: String,
    pub api: &'static str,
    /// What is asked, where that is not a completion or a response.
    pub operation: Option<&'static str>,
    /// The features that the request uses.
    pub uses: Vec<&'static str>,
    pub order: &'static str,
    /// The rule of that order.
    pub by: String,
    pub max_attempts: usize,
    /// Why there is one attempt only, whatever policy says.
    pub one_account: bool,
    /// The account that made what the request brings back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How long the client may wait; `None` where the request is denied.
    pub wait: Option<Wait>,
    pub targets: Vec<Row>,
}

/// Where a request has to go for what it brings back.
#[derive(Debug, Serialize)]
pub(super) struct Origin {
    pub account: String,
    /// What that account's failure would lead to.
    pub held: HeldTo,
}

/// How strongly a request is held to its origin.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HeldTo {
    /// No other account can read it.
    Only,
    /// Others can, without its reasoning.
    First,
    /// Others can; of equals, it comes first.
    Preferred,
}

impl Origin {
    fn of(permit: &Permit<'_>, held: Held) -> Option<Origin> {
        let held_to = match held {
            Held::Free => return None,
            Held::At(_) => HeldTo::Only,
            Held::First(_) => HeldTo::First,
            Held::Prefers(_) => HeldTo::Preferred,
        };
        let account = permit.config().sessions.accounts.get(held.account()?)?;
        Some(Origin { account: account.name.to_string(), held: held_to })
    }
}

/// The longest that a client may wait for its response to begin.
#[derive(Debug, Serialize)]
pub(super) struct Wait {
    /// A stream, or a whole response.
    pub streamed: bool,
    /// How many targets Envoy tries.
    pub targets: usize,
    /// How long each may take.
    pub each_ms: u64,
    /// All of them.
    pub most_ms: u64,
}

impl Wait {
    fn of(plan: &Plan, awaited: Awaited) -> Wait {
        let (time, targets) = (plan.try_time(awaited), plan.tries());
        let all = time.saturating_mul(u32::try_from(targets).unwrap_or(u32::MAX));
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Wait { streamed: awaited == Awaited::Stream, targets, each_ms: ms(time), most_ms: ms(all) }
    }
}

/// One target.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Its place in the plan, from 1.
    pub rank: Option<usize>,
    pub endpoint: String,
    pub cloud: &'static str,
    pub region: String,
    pub residency: String,
    pub id: String,
    /// The form in which it is asked.
    pub form: Option<&'static str>,
    /// Whether the request is translated for that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub translated: bool,
    /// What it does not get of the request: fields, and the reasoning that only the origin can read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<&'static str>,
    /// Where it is asked.
    pub url: Option<String>,
    /// Under `weighted`.
    pub weight: Option<u32>,
    /// The share of such requests for which it comes first, from 0 to 1, under `weighted`.
    pub share: Option<f64>,
    /// What the request costs there at most, in US dollars, under `cheapest`.
    pub cost: Option<f64>,
    /// Why it cannot serve the request, in a sentence.
    pub refused: Option<String>,
    /// The same in a word, as the access log has it.
    pub unfit: Option<String>,
}

/// What the client reads instead, and what the operator can do.
#[derive(Debug)]
pub(super) struct Denial {
    pub error: ApiError,
    pub help: Option<String>,
}

impl Told {
    /// In the order of the attempts, then of the file.
    pub fn of(weighed: &Weighed<'_>) -> Told {
        let Weighed { permit, needs, awaited, decision, operation, .. } = weighed;
        let mut targets: Vec<Row> =
            decision.candidates.iter().filter_map(|candidate| Row::of(candidate, weighed)).collect();
        targets.sort_by_key(|row| row.rank.unwrap_or(usize::MAX));
        Told {
            tenant: permit.tenant().to_string(),
            named_by: named_by(permit),
            model: permit.model().to_string(),
            api: needs.api.name(),
            operation: *operation,
            uses: names(needs.features),
            order: permit.order().name(),
            by: rule(permit, needs),
            max_attempts: permit.max_attempts(),
            one_account: needs.features.of_one_account() && matches!(needs.held, Held::Free | Held::Prefers(_)),
            origin: Origin::of(permit, needs.held),
            wait: decision.plan.as_ref().ok().map(|plan| Wait::of(plan, *awaited)),
            targets,
        }
    }

    /// For programs.
    pub fn json(&self, config: &Config, denied: Option<&Denial>, entrance: Option<&Entrance>) -> String {
        let denied = denied.map(|Denial { error, help }| {
            json!({"status": error.status, "code": error.code, "message": error.message, "param": error.param, "rule": error.rule, "help": help})
        });
        let weighed = !self.api.is_empty();
        let all = json!({
            "version": config.version.to_string(),
            "listener": entrance.map(Entrance::json),
            "request": weighed.then(|| serde_json::to_value(self).unwrap_or(Value::Null)),
            "denied": denied,
        });
        format!("{all:#}\n")
    }
}

fn named_by(permit: &Permit<'_>) -> String {
    let mut word = String::new();
    permit.named_by().write_to(&mut word);
    word
}

impl Row {
    fn of(candidate: &Candidate<'_>, weighed: &Weighed<'_>) -> Option<Row> {
        let Weighed { permit, needs, decision, .. } = weighed;
        let target = candidate.target;
        let endpoint = permit.config().endpoint_of(target)?;
        let plan = decision.plan.as_ref().ok();
        let rank = plan.and_then(|plan| plan.iter().position(|stop| stop.index == candidate.index));
        let path = plan.and_then(|plan| Some(plan.at(rank?)?.path));
        let leaves_out = |plan: &&Plan| plan.iter().any(|stop| stop.index == candidate.index && plan.leaves_out(&stop));
        let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
        let form = candidate.fit.ok();
        let url = |address: &str| format!("{scheme}://{}{address}", endpoint.host);
        let fits_weighted = form.is_some() && permit.order() == Order::Weighted;
        let refused = |unfit| match unfit {
            Unfit::Untranslatable => format!("cannot be translated: {}", weighed.untranslatable.join(", ")),
            unfit => reason(unfit, needs, endpoint.cloud.name(), &endpoint.residency),
        };
        let left_out = weighed.left_out.iter().find(|left_out| left_out.targets.contains(&candidate.index));
        let conversion = form.and_then(|form| convert::between(needs.api, form));
        Some(Row {
            rank: rank.map(|rank| rank + 1),
            endpoint: endpoint.name.clone(),
            cloud: endpoint.cloud.name(),
            region: endpoint.region.clone(),
            residency: endpoint.residency.to_string(),
            id: target.id.clone(),
            form: form.map(Named::name),
            translated: conversion.is_some_and(|conversion| conversion != Conversion::Pass),
            left_out: {
                let mut names = left_out.map(|left_out| left_out.names.clone()).unwrap_or_default();
                names.extend(plan.filter(leaves_out).map(|_| "reasoning"));
                names
            },
            url: form.and_then(|form| target.address(form)).map(|address| url(path.unwrap_or(&address.path))),
            weight: fits_weighted.then_some(target.weight),
            share: fits_weighted.then(|| share(target, &decision.candidates)),
            cost: cost(target, permit, needs).filter(|_| form.is_some()),
            refused: candidate.fit.err().map(refused),
            unfit: candidate.fit.err().map(|unfit| unfit.to_string()),
        })
    }
}

/// The part of its weight in those of all that fit. Where none has a weight, the file's order decides.
fn share(target: &Target, candidates: &[Candidate<'_>]) -> f64 {
    let fit = candidates.iter().filter(|candidate| candidate.fit.is_ok());
    let total: u64 = fit.map(|candidate| u64::from(candidate.target.weight)).sum();
    if total == 0 { 0.0 } else { f64::from(target.weight) / total as f64 }
}

fn cost(target: &Target, permit: &Permit<'_>, needs: &Needs) -> Option<f64> {
    let price = target.price.filter(|_| permit.order() == Order::Cheapest)?;
    Some(plan::cost(price, needs.bytes, max_tokens(permit, needs)))
}

fn max_tokens(permit: &Permit<'_>, needs: &Needs) -> u64 {
    needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens)
}

fn rule(permit: &Permit<'_>, needs: &Needs) -> String {
    match permit.order() {
        Order::Ordered => "by the tenant's clouds, then as the model lists its targets".to_owned(),
        Order::Weighted => "the first in proportion to the weights, the others by weight".to_owned(),
        Order::Cheapest => {
            format!("for {} bytes in and at most {} tokens out", needs.bytes, max_tokens(permit, needs))
        }
    }
}

fn names(features: Features) -> Vec<&'static str> {
    features.iter().map(Feature::name).collect()
}

fn reason(unfit: Unfit, needs: &Needs, cloud: &str, residency: &str) -> String {
    match unfit {
        Unfit::Untranslatable => "cannot be translated".to_owned(),
        Unfit::Form => format!("does not speak {}", needs.api.name()),
        Unfit::Policy(Rule::Clouds) => format!("policy's `clouds` does not hold `{cloud}`"),
        Unfit::Policy(Rule::Residency) => format!("policy's `residency` does not hold `{residency}`"),
        Unfit::Policy(Rule::Targets) => "policy's `targets` does not match it".to_owned(),
        Unfit::Policy(rule @ Rule::NarrowedClouds) => format!("the request's {} leaves out `{cloud}`", rule.name()),
        Unfit::Policy(rule @ Rule::NarrowedResidency) => {
            format!("the request's {} leaves out `{residency}`", rule.name())
        }
        Unfit::Denied(features) => format!("policy's `denies` holds {}", names(features).join(", ")),
        Unfit::Lacks(features) => format!("lacks {}", names(features).join(", ")),
        Unfit::NoCredential => "there is no Google access token".to_owned(),
        Unfit::Lost => {
            "its responses have no tags, and its account has other tenants: one that is made in the background \
                        could not be found again"
                .to_owned()
        }
        Unfit::Origin => "another account made what the request brings back".to_owned(),
    }
}
