//! From a permit to a plan: which targets can serve a request, and in which order they are tried.
//!
//! A [`Plan`] is a proof: [`decide`] alone makes one, out of a [`Permit`] that only policy gives.

mod order;
mod unfit;

use std::rc::Rc;
use std::time::Duration;

use crate::api::Api;
use crate::api::body::Member;
use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::cloud::ModelAddress;
use crate::config::{Auth, Awaited, Config, Endpoint, Target, Version};
use crate::convert::{self, Conversion};
use crate::form::Form;
use crate::tenant::{Permit, Rule};

pub use order::{WeightedPicks, cost};
pub use unfit::{Unfit, not_at_origin};

/// What a request needs of a target, and what is known of its size.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// The API that the client speaks.
    pub api: Api,
    /// The features that it uses.
    pub features: Features,
    /// Those of them that are gone if members are cut from its body.
    pub removable: Features,
    /// The size of its body in bytes.
    pub bytes: u64,
    /// The most tokens that it lets the completion have.
    pub max_tokens: Option<u64>,
    /// Where it has to go for what it brings back.
    pub held: Held,
}

/// Where a request has to go for what it brings back of earlier responses. Accounts are given by their places in
/// [`Sessions::accounts`](crate::config::Sessions::accounts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Anywhere, as far as is known. What no other account could make sense of is tried at one target alone.
    #[default]
    Free,
    /// Anywhere; of equals, this account comes first, since it has the conversation in its cache.
    Prefers(usize),
    /// To this account: no other can read it.
    At(usize),
    /// To this account; to others without what they cannot read, if this one fails.
    First(usize),
}

impl Held {
    /// The account.
    pub fn account(self) -> Option<usize> {
        match self {
            Held::Free => None,
            Held::Prefers(account) | Held::At(account) | Held::First(account) => Some(account),
        }
    }
}

/// What a worker knows at this moment, beside policy and request.
pub struct Environment<'w> {
    /// The picks of [`Order::Weighted`](crate::config::Order::Weighted) so far.
    pub picks: &'w mut WeightedPicks,
    /// Tells whether there is a Google access token that is good now. Asked only if a target depends on it.
    pub google_token: &'w dyn Fn() -> bool,
    /// Tells the time, in seconds since 1970. Asked only if something of the request can expire.
    pub now: &'w dyn Fn() -> u64,
}

/// One target of the permitted model, and whether it can serve the request.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'c> {
    /// Its place in the configuration.
    pub index: usize,
    /// The target.
    pub target: &'c Target,
    /// The form in which it would serve the request, or why it cannot.
    pub fit: Result<Form, Unfit>,
}

/// Whose request a plan is for. It stays with the request to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The tenant; empty where only its policy is known.
    pub tenant: Rc<str>,
    /// The model's public name; empty where a response is asked for by its id.
    pub model: Rc<str>,
    /// The API that the client speaks.
    pub api: Api,
    /// The policy that decided.
    pub policy: Version,
}

/// One target that a plan has Envoy try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Planned {
    /// The target's place in the configuration.
    index: usize,
    /// The form in which it is asked.
    form: Form,
}

/// The targets of one request in the order in which they are tried. Every one satisfies the permit; there is at least one.
///
/// ```
/// use multihome_core::api::Api;
/// use multihome_core::api::feature::Features;
/// use multihome_core::plan::{self, Environment, Held, Needs, WeightedPicks};
/// # use std::rc::Rc;
/// # use multihome_core::api::inbound::{Inbound, Single};
/// # use multihome_core::config;
/// # use multihome_core::tenant::Caller;
/// # let text = br#"{
/// #   "endpoints": {"azure": {"cloud": "azure", "resource": "contoso", "residency": "us", "auth": {"api_key": {"sds": "key"}}},
/// #                 "aws": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"}},
/// #   "models": {"gpt-6.1-sol": [{"endpoint": "azure", "id": "sol", "form": "openai.chat"},
/// #                              {"endpoint": "aws", "id": "us.openai.gpt-6.1-sol", "form": "openai.chat"}]},
/// #   "tenants": {"acme": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["gpt-*"]}},
/// #   "identity": {"trust": {"listeners": ["default"]}}}"#;
/// # let config = Rc::new(config::check(&config::parse_json(text).unwrap()).unwrap());
/// # let inbound = Inbound { tenant: Single::Once(b"acme"), ..Inbound::default() };
/// # let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
/// let permit = caller.permit(&config, "gpt-6.1-sol").unwrap();
/// let needs = Needs { api: Api::Chat, features: Features::default(), removable: Features::default(), bytes: 200, max_tokens: None, held: Held::Free };
/// let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
/// let candidates = plan::consider(&permit, &needs, &environment);
/// let plan = plan::decide(&permit, &needs, candidates, &mut environment).plan.unwrap();
/// let tried: Vec<&str> = plan.iter().map(|stop| stop.endpoint.name.as_str()).collect();
/// assert_eq!(tried, ["azure", "aws"]);
/// assert_eq!(&*plan.subject().tenant, "acme");
/// ```
#[derive(Debug)]
pub struct Plan {
    config: Rc<Config>,
    subject: Subject,
    held: Held,
    tries: Vec<Planned>,
    /// Where each is asked, where that is not at its target's own path.
    paths: Vec<String>,
}

/// One target of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'p> {
    /// The target's place in the configuration.
    pub index: usize,
    /// The target.
    pub target: &'p Target,
    /// The endpoint that it stands on.
    pub endpoint: &'p Endpoint,
    /// The form in which it is asked.
    pub form: Form,
    /// How that serves the client's API.
    pub conversion: Conversion,
    /// Where the target is asked for what its form is for.
    pub address: &'p ModelAddress,
    /// Where it is asked.
    pub path: &'p str,
}

/// What was decided on a request, and out of what: `explain` prints all of it.
#[derive(Debug)]
pub struct Decision<'c> {
    /// Every target of the model, in the file's order.
    pub candidates: Vec<Candidate<'c>>,
    /// The plan, or what keeps every target from serving the request.
    pub plan: Result<Plan, ApiError>,
}

impl Plan {
    /// Whose request it is for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The configuration that it was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The account that made what the request brings back.
    pub fn origin(&self) -> Option<&Rc<str>> {
        Some(&self.config.sessions.accounts.get(self.held.account()?)?.name)
    }

    /// Whether a target is asked without what only the request's origin can read.
    pub fn leaves_out(&self, stop: &Stop<'_>) -> bool {
        matches!(self.held, Held::First(account) if self.config.account_of(stop.target) != Some(account))
    }

    /// Whether one account alone can serve the request, since that has what the request refers to.
    pub fn is_held(&self) -> bool {
        matches!(self.held, Held::At(_))
    }

    /// The same, asked for what stands below the paths of its targets: `/resp_1/cancel`, with these parameters.
    #[must_use]
    pub fn below(mut self, rest: &str, query: &str) -> Plan {
        self.paths = self.iter().map(|stop| stop.address.below(rest, query)).collect();
        self
    }

    /// How many targets it has.
    pub fn tries(&self) -> usize {
        self.tries.len()
    }

    /// How long each of its targets may take until its response begins: as long as the most patient endpoint says, since Envoy
    /// knows one time for all tries of a request.
    pub fn try_time(&self, awaited: Awaited) -> Duration {
        let times = self.iter().map(|stop| self.config.response_time(stop.endpoint, awaited));
        times.max().unwrap_or_else(|| self.config.timeouts.response(awaited))
    }

    /// The target that is tried at `position`, from 0.
    pub fn at(&self, position: usize) -> Option<Stop<'_>> {
        let Planned { index, form } = *self.tries.get(position)?;
        let target = self.config.targets.get(index)?;
        let conversion = convert::between(self.subject.api, form)?;
        let endpoint = self.config.endpoint_of(target)?;
        let address = target.address(form)?;
        let path = self.paths.get(position).unwrap_or(&address.path);
        Some(Stop { index, target, endpoint, form, conversion, address, path })
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Stop<'_>> {
        (0..self.tries.len()).filter_map(|position| self.at(position))
    }
}

/// Looks at every target of the permitted model, in the file's order.
pub fn consider<'c>(permit: &Permit<'c>, needs: &Needs, environment: &Environment<'_>) -> Vec<Candidate<'c>> {
    let config = permit.config();
    let denied = permit.denies().shared(needs.features);
    let translates = permit.translates();
    let consider = |(index, target, refusal): (usize, &'c Target, Option<Rule>)| {
        let fit = match (refusal, choose_form(target, needs, translates)) {
            (Some(rule), _) => Err(Unfit::Policy(rule)),
            (None, _) if !denied.is_empty() => Err(Unfit::Denied(denied)),
            (None, Err(unfit)) => Err(unfit),
            (None, Ok(_)) if is_elsewhere(config, target, needs.held) => Err(Unfit::Origin),
            (None, Ok(_)) if needs.features.has(Feature::Background) && !permit.finds_again(target) => Err(Unfit::Lost),
            (None, Ok(form)) => {
                let keyed = config.endpoint_of(target).is_some_and(|endpoint| endpoint.auth == Auth::Metadata);
                if keyed && !(environment.google_token)() { Err(Unfit::NoCredential) } else { Ok(form) }
            }
        };
        Candidate { index, target, fit }
    };
    permit.targets().map(consider).collect()
}

/// The form in which a target can serve a request: the first that has what it uses.
fn choose_form(target: &Target, needs: &Needs, translates: bool) -> Result<Form, Unfit> {
    let mut unfit = Unfit::Form;
    let forms = target.forms_for(needs.api);
    for (form, _) in forms.filter(|(_, conversion)| translates || *conversion == Conversion::Pass) {
        let lacking = target.lacking(form, needs.features).without(left_out(target, form, needs));
        if lacking.is_empty() {
            return Ok(form);
        }
        if unfit == Unfit::Form {
            unfit = Unfit::Lacks(lacking);
        }
    }
    Err(unfit)
}

/// The features that are left out of a request for a target, in a form: what it lacks and policy lets go. A translation is
/// of the whole request.
pub fn left_out(target: &Target, form: Form, needs: &Needs) -> Features {
    let most = target.drop.shared(needs.removable);
    if most.is_empty() || convert::between(needs.api, form) != Some(Conversion::Pass) {
        return Features::default();
    }
    target.lacking(form, needs.features).shared(most)
}

/// Whether a request is held to another account than the target's.
fn is_elsewhere(config: &Config, target: &Target, held: Held) -> bool {
    matches!(held, Held::At(account) if config.account_of(target) != Some(account))
}

/// Keeps those candidates that would have to be translated to from a request that cannot be. `try_out` says of one, in a form,
/// for a model's id of a cloud, whether the request can be translated, or else what of it cannot. Gives the names of that.
///
/// Whether a request can be translated does not depend on the target: it is tried once.
pub fn try_translation(
    candidates: &mut [Candidate<'_>],
    api: Api,
    try_out: impl FnOnce(Conversion, &str) -> Result<(), Vec<String>>,
) -> Vec<String> {
    let conversion = |candidate: &Candidate<'_>| {
        convert::between(api, candidate.fit.ok()?).filter(|conversion| *conversion != Conversion::Pass)
    };
    let Some((conversion_of, id)) =
        candidates.iter().find_map(|candidate| Some((conversion(candidate)?, candidate.target.id.as_str())))
    else {
        return Vec::new();
    };
    let Err(names) = try_out(conversion_of, id) else { return Vec::new() };
    for candidate in candidates.iter_mut().filter(|candidate| conversion(candidate).is_some()) {
        candidate.fit = Err(Unfit::Untranslatable);
    }
    names
}

/// Leaves out the candidates that would have to be translated to.
pub fn leave_out_translation(candidates: &mut [Candidate<'_>], api: Api) {
    for candidate in candidates {
        if candidate.fit.is_ok_and(|form| convert::between(api, form) != Some(Conversion::Pass)) {
            candidate.fit = Err(Unfit::Form);
        }
    }
}

/// The error of a decision that has no plan since the request cannot be translated: with what of it cannot, and for whom.
pub fn name_untranslatable(decision: &mut Decision<'_>, permit: &Permit<'_>, api: Api, names: &[String]) {
    let hurdle = |candidate: &&Candidate<'_>| candidate.fit == Err(Unfit::Untranslatable);
    let nearer = |candidate: &Candidate<'_>| matches!(candidate.fit, Err(Unfit::NoCredential));
    if decision.plan.is_ok() || names.is_empty() || decision.candidates.iter().any(nearer) {
        return;
    }
    let name = |candidate: &Candidate<'_>| Some(permit.config().endpoint_of(candidate.target)?.name.as_str());
    let targets: Vec<&str> = decision.candidates.iter().filter(hurdle).filter_map(name).collect();
    if !targets.is_empty() {
        decision.plan = Err(unfit::untranslatable(permit.model(), api, names, &targets));
    }
}

/// The error of a decision that has no plan since the targets lack what is used: with the members of the body that use it,
/// and the targets.
pub fn name_lacking(decision: &mut Decision<'_>, permit: &Permit<'_>, members: &[Member]) {
    let lacking = |candidate: &Candidate<'_>| match candidate.fit {
        Err(Unfit::Lacks(lacking)) => Some(lacking),
        _ => None,
    };
    let unfit = decision.candidates.iter().filter_map(|candidate| candidate.fit.err());
    if decision.plan.is_ok() || !matches!(unfit::last_hurdle(unfit), Some(Unfit::Lacks(_))) {
        return;
    }
    let all = decision.candidates.iter().filter_map(lacking).fold(Features::default(), Features::union);
    let name = |candidate: &Candidate<'_>| Some(permit.config().endpoint_of(candidate.target)?.name.as_str());
    let targets: Vec<&str> =
        decision.candidates.iter().filter(|candidate| lacking(candidate).is_some()).filter_map(name).collect();
    decision.plan = Err(unfit::lacking(permit.model(), all, members, &targets));
}

/// Makes the plan out of the candidates that [`consider`] gave for the same permit and needs.
pub fn decide<'c>(
    permit: &Permit<'c>,
    needs: &Needs,
    candidates: Vec<Candidate<'c>>,
    environment: &mut Environment<'_>,
) -> Decision<'c> {
    let mut fit: Vec<Candidate<'c>> = Vec::with_capacity(candidates.len());
    fit.extend(candidates.iter().filter(|candidate| candidate.fit.is_ok()));
    if fit.is_empty() {
        let unfit = candidates.iter().filter_map(|candidate| candidate.fit.err());
        let error = unfit::no_target(permit.model(), needs.api, unfit);
        return Decision { candidates, plan: Err(error) };
    }
    order::rank(permit, needs, &mut fit, environment.picks);
    let most = match needs.held {
        Held::Free | Held::Prefers(_) if needs.features.of_one_account() => 1,
        _ => permit.max_attempts(),
    };
    let tries = fit
        .iter()
        .filter_map(|candidate| Some(Planned { index: candidate.index, form: candidate.fit.ok()? }))
        .take(most)
        .collect();
    let subject = Subject {
        tenant: Rc::clone(permit.tenant()),
        model: Rc::clone(permit.model()),
        api: needs.api,
        policy: permit.config().version,
    };
    let (config, held) = (Rc::clone(permit.config()), needs.held);
    Decision { candidates, plan: Ok(Plan { config, subject, held, tries, paths: Vec::new() }) }
}

#[cfg(test)]
mod tests;
