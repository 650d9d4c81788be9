//! From a permit to a plan: which targets can serve a request, and in which order they are tried.

pub mod order;

use crate::api::Api;
use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::config::{Auth, Order, Price, Target};
use crate::name::Named;
use crate::tenant::{Permit, Rule};

pub use order::weighted::Shares;

/// What a request needs of a target, and what is known of its size.
#[derive(Clone, Copy)]
pub struct Needs<'w> {
    /// The API that the client speaks.
    pub api: Api,
    /// The features that it uses.
    pub features: Features,
    /// The size of its body in bytes.
    pub bytes: u64,
    /// The most tokens that it lets the answer have.
    pub max_tokens: Option<u64>,
    /// Tells whether there is a Google access token that is good for this moment.
    pub google_token: &'w dyn Fn() -> bool,
}

/// Why a target is not in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Policy refuses it.
    Refused(Rule),
    /// It does not speak the client's API form.
    Form,
    /// It lacks what the request uses.
    Lacks(Features),
    /// There is no credential for it at this moment.
    NoCredential,
}

impl Unfit {
    /// How near the target came to being fit: the reason that a client is told is the last hurdle.
    fn hurdle(self) -> (u8, Option<Rule>) {
        match self {
            Unfit::Refused(rule) => (0, Some(rule)),
            Unfit::Form => (1, None),
            Unfit::Lacks(_) => (2, None),
            Unfit::NoCredential => (3, None),
        }
    }
}

/// One target of the permitted model, and whether it can serve the request.
#[derive(Clone, Copy, Debug)]
pub struct Considered<'c> {
    /// Its place in the configuration.
    pub index: usize,
    /// The target.
    pub target: &'c Target,
    /// Why it cannot; `None` if it can.
    pub unfit: Option<Unfit>,
}

/// Looks at every target of the permitted model, in the file's order.
pub fn consider<'c>(permit: &Permit<'c>, needs: Needs<'_>) -> Vec<Considered<'c>> {
    let config = permit.config();
    let consider = |(index, target, refusal): (usize, &'c Target, Option<Rule>)| {
        let lacking = target.lacks.shared(needs.features);
        let unfit = if let Some(rule) = refusal {
            Some(Unfit::Refused(rule))
        } else if target.form_for(needs.api).is_none() {
            Some(Unfit::Form)
        } else if !lacking.is_empty() {
            Some(Unfit::Lacks(lacking))
        } else if config.endpoint_of(target).is_some_and(|endpoint| endpoint.auth == Auth::Metadata)
            && !(needs.google_token)()
        {
            Some(Unfit::NoCredential)
        } else {
            None
        };
        Considered { index, target, unfit }
    };
    permit.targets().map(consider).collect()
}

/// The targets of one request, out of those that were considered for it, in the order in which they are tried. Every one
/// satisfies the permit.
///
/// # Errors
/// What keeps every target from serving the request.
pub fn plan(
    permit: &Permit<'_>,
    needs: Needs<'_>,
    considered: &[Considered<'_>],
    shares: &mut Shares,
) -> Result<Vec<usize>, ApiError> {
    let mut fit = Vec::with_capacity(considered.len());
    let mut refused = None;
    for considered in considered {
        match considered.unfit {
            None => fit.push((considered.index, considered.target)),
            Some(unfit) => {
                refused = match (refused, unfit) {
                    (Some(Unfit::Lacks(one)), Unfit::Lacks(other)) => Some(Unfit::Lacks(one.union(other))),
                    (Some(other), _) if Unfit::hurdle(other) >= unfit.hurdle() => refused,
                    _ => Some(unfit),
                };
            }
        }
    }
    if fit.is_empty() {
        return Err(no_target(permit, needs, refused));
    }
    rank(permit, needs, &mut fit, shares);
    let most = if needs.features.of_one_account() { 1 } else { permit.max_attempts() };
    Ok(fit.into_iter().take(most).map(|(index, _)| index).collect())
}

/// Ties keep the file's order.
fn rank(permit: &Permit<'_>, needs: Needs<'_>, fit: &mut [(usize, &Target)], shares: &mut Shares) {
    match permit.order() {
        Order::Ordered => fit.sort_by_key(|(_, target)| {
            permit.config().endpoint_of(target).map_or(usize::MAX, |endpoint| permit.rank(endpoint.cloud))
        }),
        Order::Cheapest => {
            let tokens = needs.max_tokens.unwrap_or(permit.config().defaults.max_tokens);
            let cost = |target: &Target| target.price.map_or(f64::INFINITY, |price| cost(price, needs.bytes, tokens));
            fit.sort_by(|(_, one), (_, other)| cost(one).total_cmp(&cost(other)));
        }
        Order::Weighted => {
            let weights: Vec<(usize, u32)> = fit.iter().map(|(index, target)| (*index, target.weight)).collect();
            let first = shares.pick(&weights);
            fit.sort_by_key(|(index, target)| (Some(*index) != first, std::cmp::Reverse(target.weight)));
        }
    }
}

/// What a request will cost at most, in US dollars. Four bytes make a token, near enough to compare by.
pub fn cost(price: Price, bytes: u64, max_tokens: u64) -> f64 {
    (price.input * bytes as f64 / 4.0 + price.output * max_tokens as f64) / 1e6
}

fn no_target(permit: &Permit<'_>, needs: Needs<'_>, refused: Option<Unfit>) -> ApiError {
    let model = permit.model();
    match refused {
        None | Some(Unfit::Form) => {
            let (here, there) = match needs.api {
                Api::Chat => ("chat completions", "/v1/responses"),
                Api::Responses => ("the Responses API", "/v1/chat/completions"),
            };
            let message = format!("No target of model `{model}` that this tenant may use serves {here}; use {there}.");
            ApiError::new(400, "unsupported_operation", message).about("model")
        }
        Some(Unfit::Refused(rule)) => {
            let rule = rule.name();
            ApiError::new(403, "no_target_allowed", format!("Rule `{rule}` leaves no target for model `{model}`."))
                .about(rule)
        }
        Some(Unfit::Lacks(lacking)) => {
            let names: Vec<&str> = lacking.iter().map(Feature::name).collect();
            let message =
                format!("No target of model `{model}` that this tenant may use has: {}.", names.join(" and "));
            ApiError::new(400, "unsupported_feature", message)
        }
        Some(Unfit::NoCredential) => {
            let message = format!("No target of model `{model}` has a credential at this moment.");
            ApiError { retry_after: Some("1".to_owned()), ..ApiError::new(503, "no_credential", message) }
        }
    }
}

#[cfg(test)]
mod tests;
