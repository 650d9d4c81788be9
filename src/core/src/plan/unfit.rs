//! Why a target cannot serve a request, and what a client reads where that is so of all.

use std::fmt;

use crate::api::Api;
use crate::api::body::Member;
use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::name::Named;
use crate::tenant::Rule;

/// Why a target is not in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A rule of policy, or of the client's own headers, refuses it.
    Policy(Rule),
    /// Policy lets no request of the tenant use these.
    Denied(Features),
    /// It speaks no form that serves the client's API.
    Form,
    /// It lacks what the request uses.
    Lacks(Features),
    /// Its responses carry no tag, and its account has other tenants: one that is made in the background could not be found
    /// again.
    Lost,
    /// Another account made what the request brings back, and only that one can read it.
    Origin,
    /// The request cannot be translated to what it speaks.
    Untranslatable,
    /// There is no credential for it at this moment.
    NoCredential,
}

impl Unfit {
    /// How near the target came to being fit: the client reads the last hurdle.
    fn hurdle(self) -> (u8, Option<Rule>) {
        match self {
            Unfit::Origin => (0, None),
            Unfit::Policy(rule) => (1, Some(rule)),
            Unfit::Denied(_) => (2, None),
            Unfit::Form => (3, None),
            Unfit::Lacks(_) => (4, None),
            Unfit::Lost => (5, None),
            Unfit::Untranslatable => (6, None),
            Unfit::NoCredential => (7, None),
        }
    }
}

/// As the record has it: `residency`, `form`, `lacks-tools-images`, `origin`, `lost`, `untranslatable`, `credential`.
impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Policy(rule) => f.write_str(rule.name()),
            Unfit::Form => f.write_str("form"),
            Unfit::Origin => f.write_str("origin"),
            Unfit::Lost => f.write_str("lost"),
            Unfit::Untranslatable => f.write_str("untranslatable"),
            Unfit::NoCredential => f.write_str("credential"),
            Unfit::Denied(features) | Unfit::Lacks(features) => {
                f.write_str(if matches!(self, Unfit::Denied(_)) { "denies" } else { "lacks" })?;
                features.iter().try_for_each(|feature| {
                    f.write_str("-")?;
                    f.write_str(feature.name())
                })
            }
        }
    }
}

/// What the client reads where none of a model's targets that it may use stands at the account that made what it brings back.
pub fn not_at_origin(model: &str) -> ApiError {
    let message = format!(
        "The account that made what this request brings back serves model `{model}` to this tenant no more: begin a new conversation."
    );
    ApiError::new(403, "origin_not_allowed", message).by_rule("origin")
}

/// The last hurdle that any target failed at.
pub(super) fn last_hurdle(unfit: impl Iterator<Item = Unfit>) -> Option<Unfit> {
    unfit.reduce(|last, unfit| match (last, unfit) {
        (Unfit::Lacks(one), Unfit::Lacks(other)) => Unfit::Lacks(one.union(other)),
        _ if last.hurdle() >= unfit.hurdle() => last,
        _ => unfit,
    })
}

/// What the client reads where no target is left: the last hurdle that any of them failed at.
pub(super) fn no_target(model: &str, api: Api, unfit: impl Iterator<Item = Unfit>) -> ApiError {
    match last_hurdle(unfit) {
        None | Some(Unfit::Form) => {
            let (here, there) = match api {
                Api::Chat => ("chat completions", "/v1/responses"),
                Api::Responses => ("the Responses API", "/v1/chat/completions"),
            };
            let message = format!("No target of model `{model}` that this tenant may use serves {here}; use {there}.");
            ApiError::new(400, "unsupported_operation", message).about("model")
        }
        Some(Unfit::Origin) => not_at_origin(model),
        Some(Unfit::Policy(rule)) => {
            let rule = rule.name();
            ApiError::new(403, "no_target_allowed", format!("Rule `{rule}` leaves no target for model `{model}`."))
                .about(rule)
                .by_rule(rule)
        }
        Some(Unfit::Denied(denied)) => {
            let names: Vec<&str> = denied.iter().map(Feature::name).collect();
            let message = format!("Policy rule `denies` does not let this tenant use: {}.", names.join(" and "));
            ApiError::new(403, "feature_not_allowed", message).by_rule("denies")
        }
        Some(Unfit::Lacks(features)) => lacking(model, features, &[], &[]),
        Some(Unfit::Lost) => {
            let message = format!(
                "`background` is true, and a response of model `{model}` could not be found again: several tenants share its account, and one account alone leaves no tags (`sessions` of the policy). Leave `background` out, and set `stream` to true for a response that takes long."
            );
            ApiError::new(400, "unsupported_feature", message).about("background")
        }
        Some(Unfit::Untranslatable) => untranslatable(model, api, &[], &[]),
        Some(Unfit::NoCredential) => {
            let message = format!("No target of model `{model}` has a credential at this moment.");
            ApiError { retry_after: Some("1".to_owned()), ..ApiError::new(503, "no_credential", message) }
        }
    }
}

/// What the client reads where the targets that are left do not speak its API, and the request cannot be translated for them:
/// what of it cannot, and which targets they are.
pub(super) fn untranslatable(model: &str, api: Api, names: &[String], targets: &[&str]) -> ApiError {
    let here = match api {
        Api::Chat => "chat completions",
        Api::Responses => "the Responses API",
    };
    let of = if targets.is_empty() { String::new() } else { format!(" for {}", targets.join(", ")) };
    let message = format!(
        "No target of model `{model}` that this tenant may use speaks {here}, and the request cannot be translated{of}: {}.",
        names.join(", ")
    );
    ApiError { param: names.first().cloned().map(Into::into), ..ApiError::new(400, "unsupported_feature", message) }
}

/// What the client reads where the targets that are left lack what the request uses: which of its members do, where each is
/// a field of its own, and which targets they are.
pub(super) fn lacking(model: &str, lacking: Features, members: &[Member], targets: &[&str]) -> ApiError {
    let members_of = |feature: Feature| members.iter().filter(move |member| member.uses.has(feature));
    let named = |feature: Feature| {
        let fields: Vec<String> = members_of(feature).map(|member| format!("`{}`", member.name)).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        format!("{}{fields}", feature.name())
    };
    let names: Vec<String> = lacking.iter().map(named).collect();
    let asked = if targets.is_empty() {
        String::new()
    } else {
        format!(" Targets that lack some of it: {}.", targets.join(", "))
    };
    let message = format!("No target of model `{model}` that this tenant may use has: {}.{asked}", names.join(" and "));
    let param = lacking.iter().flat_map(members_of).map(|member| member.name.into()).next();
    ApiError { param, ..ApiError::new(400, "unsupported_feature", message) }
}
