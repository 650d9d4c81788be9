//! What a caller may do: the permit for one model, and the rule that keeps a caller from a target.

use std::borrow::Cow;
use std::rc::Rc;

use super::narrowing::{self, Narrowing};
use super::source::{self, Identity, NamedBy};
use crate::api::error::{ApiError, shown};
use crate::api::feature::{Feature, Features};
use crate::api::inbound::Inbound;
use crate::cloud::Cloud;
use crate::config::{Config, Endpoint, Grant, Order, Target, Users};
use crate::contract::{CLOUDS, RESIDENCY};
use crate::form::Form;

/// Who asks, with all that bounds what they may use. Every part has to allow what is done.
#[derive(Debug)]
pub struct Caller {
    tenant: Rc<str>,
    by: NamedBy,
    /// The tenant's own policy or the carried one; it also says how to rank.
    own: Rc<Grant>,
    /// What else has to allow, where requests carry policies.
    others: Vec<Rc<Grant>>,
    narrowing: Narrowing,
    order: Order,
    max_attempts: u32,
}

/// Why policy keeps a request from a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The tenant's clouds.
    Clouds,
    /// The tenant's residency.
    Residency,
    /// The tenant's targets.
    Targets,
    /// The client's own [`CLOUDS`].
    NarrowedClouds,
    /// The client's own [`RESIDENCY`].
    NarrowedResidency,
}

impl Rule {
    /// What the rule is called in the file, or by the client.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Clouds => "clouds",
            Rule::Residency => "residency",
            Rule::Targets => "targets",
            Rule::NarrowedClouds => CLOUDS,
            Rule::NarrowedResidency => RESIDENCY,
        }
    }
}

impl Caller {
    /// Finds out who asks. `now` gives the seconds since 1970, and is asked only where a key can expire.
    ///
    /// # Errors
    /// 401 for a tenant that is not known and a credential that does not hold, 400 for a header that makes no sense, 403 for
    /// an order that the tenant does not have.
    pub fn identify(config: &Config, inbound: &Inbound<'_>, now: &dyn Fn() -> u64) -> Result<Caller, ApiError> {
        Caller::new(config, inbound, source::identify(config, inbound, now)?)
    }

    /// The tenant of that name, whatever the request says of it: for whoever asks about policy and not about credentials.
    /// `None` where the file lists no such tenant.
    ///
    /// # Errors
    /// As above.
    pub fn listed(config: &Config, tenant: &str, inbound: &Inbound<'_>) -> Option<Result<Caller, ApiError>> {
        Some(Caller::new(config, inbound, source::listed(config, tenant)?))
    }

    fn new(config: &Config, inbound: &Inbound<'_>, identity: Identity) -> Result<Caller, ApiError> {
        let Identity { tenant, by, own, others } = identity;
        let narrowing = Narrowing::read(config, inbound)?;
        let order = narrowing::order(config, &own, &others, inbound.order)?;
        let asked = narrowing::max_attempts(inbound.max_attempts)?;
        let most = others.iter().map(|grant| grant.max_attempts).chain(asked).fold(own.max_attempts, u32::min);
        Ok(Caller { tenant, by, own, others, narrowing, order, max_attempts: most })
    }

    /// The tenant's name; empty where only its policy is known.
    pub fn tenant(&self) -> &Rc<str> {
        &self.tenant
    }

    /// What has named it.
    pub fn named_by(&self) -> &NamedBy {
        &self.by
    }

    /// All that has to allow what is done.
    fn grants(&self) -> impl Iterator<Item = &Grant> + Clone {
        std::iter::once(&self.own).chain(&self.others).map(|grant| &**grant)
    }

    /// Lets the caller use a model, or says why not.
    ///
    /// # Errors
    /// 404 for a model that the file does not list or the tenant may not use.
    pub fn permit<'c>(&'c self, config: &'c Rc<Config>, model: &str) -> Result<Permit<'c>, ApiError> {
        let Some((model, targets)) = config.model(model) else {
            return Err(no_model(model));
        };
        if !allow_model(self.grants(), model) {
            return Err(no_model(model).by_rule("models"));
        }
        Ok(Permit { caller: self, config, model: Rc::clone(model), targets: Cow::Borrowed(targets) })
    }

    /// Lets the caller use what an account keeps, if policy lets it use some model by Responses there: through one target an
    /// endpoint, which keeps responses if one of that endpoint's does. Nothing is left where policy allows no such model.
    pub fn permit_kept<'c>(&'c self, config: &'c Rc<Config>, account: usize) -> Permit<'c> {
        let models = config.models.iter().filter(|(name, _)| allow_model(self.grants(), name));
        let mut all: Vec<usize> = models.flat_map(|(_, targets)| targets.iter().copied()).collect();
        all.sort_unstable();
        let mut chosen: Vec<(usize, &Target)> = Vec::new();
        for (index, target) in all.into_iter().filter_map(|index| Some((index, config.targets.get(index)?))) {
            if target.address(Form::Responses).is_none() || config.account_of(target) != Some(account) {
                continue;
            }
            match chosen.iter_mut().find(|(_, other)| other.endpoint == target.endpoint) {
                Some(other) if !keeps(other.1) && keeps(target) => *other = (index, target),
                Some(_) => {}
                None => chosen.push((index, target)),
            }
        }
        let targets = chosen.into_iter().map(|(index, _)| index).collect();
        Permit { caller: self, config, model: Rc::from(""), targets: Cow::Owned(targets) }
    }

    /// The account that keeps all that policy lets the caller have kept, and that no other tenant uses: what it keeps is the
    /// caller's own, and can be found without a tag. What the client's headers leave makes no difference.
    pub fn own_account(&self, config: &Rc<Config>) -> Option<usize> {
        let keeps_for_caller = |account: &usize| {
            let permit = self.permit_kept(config, *account);
            let mut targets = permit.targets.iter().filter_map(|index| config.targets.get(*index));
            targets.any(|target| {
                let endpoint = config.endpoint_of(target);
                keeps(target) && endpoint.is_some_and(|endpoint| refused_by(self.grants(), endpoint).is_none())
            })
        };
        let mut accounts = (0..config.sessions.accounts.len()).filter(keeps_for_caller);
        let (only, None) = (accounts.next()?, accounts.next()) else { return None };
        let users = &config.sessions.accounts.get(only)?.users;
        matches!(users, Users::One(tenant) if *tenant == self.tenant).then_some(only)
    }

    /// The rule that keeps the caller from a target, if there is one. The order of the checks is the order of [`Rule`].
    fn refusal(&self, config: &Config, target: &Target) -> Option<Rule> {
        let Some(endpoint) = config.endpoint_of(target) else {
            return Some(Rule::Targets);
        };
        if let Some(rule) = refused_by(self.grants(), endpoint) {
            return Some(rule);
        }
        if !self.narrowing.leaves_cloud(endpoint) {
            return Some(Rule::NarrowedClouds);
        }
        if !self.narrowing.leaves_residency(endpoint) {
            return Some(Rule::NarrowedResidency);
        }
        None
    }
}

/// Whether a target's responses can be asked for again where it stands.
fn keeps(target: &Target) -> bool {
    !target.lacks.has(Feature::KeptResponses)
}

/// Whether all of the grants allow the model of that name.
pub fn allow_model<'g>(mut grants: impl Iterator<Item = &'g Grant>, model: &str) -> bool {
    grants.all(|grant| grant.allows_model(model))
}

/// The rule by which one of the grants refuses an endpoint. What holds for a request holds for whoever judges a file: there is
/// no other place that does, but [`Grant::allows`] for one grant.
pub fn refused_by<'g>(grants: impl Iterator<Item = &'g Grant> + Clone, endpoint: &Endpoint) -> Option<Rule> {
    let all_allow = |allows: &dyn Fn(&Grant) -> bool| grants.clone().all(allows);
    if !all_allow(&|grant| grant.clouds.contains(&endpoint.cloud)) {
        Some(Rule::Clouds)
    } else if !all_allow(&|grant| grant.allows_residency(&endpoint.residency)) {
        Some(Rule::Residency)
    } else if !all_allow(&|grant| grant.allows_endpoint(&endpoint.name)) {
        Some(Rule::Targets)
    } else {
        None
    }
}

/// The same words for a model that does not exist and for one that the tenant may not use: a client cannot find out which
/// models there are for others.
pub fn no_model(model: &str) -> ApiError {
    let message = format!("The model `{}` does not exist or this tenant may not use it.", shown(model));
    ApiError::new(404, "model_not_found", message).about("model")
}

/// Proof that policy lets a caller use a model, or what an account keeps. Only [`Caller::permit`] and
/// [`Caller::permit_kept`] make one; plans are made of it.
///
/// ```
/// use std::rc::Rc;
///
/// use multihome_core::api::inbound::{Inbound, Single};
/// use multihome_core::config;
/// use multihome_core::tenant::Caller;
///
/// # let text = br#"{
/// #   "endpoints": {"azure": {"cloud": "azure", "resource": "contoso", "residency": "us", "auth": {"api_key": {"sds": "key"}}},
/// #                 "aws": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"}},
/// #   "models": {"gpt-6.1-sol": [{"endpoint": "azure", "id": "sol", "form": "openai.chat"},
/// #                              {"endpoint": "aws", "id": "us.openai.gpt-6.1-sol", "form": "openai.chat"}]},
/// #   "tenants": {"acme": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["gpt-*"]}},
/// #   "identity": {"trust": {"listeners": ["default"]}}}"#;
/// let config = Rc::new(config::check(&config::parse_json(text).unwrap()).unwrap());
/// let inbound = Inbound { tenant: Single::Once(b"acme"), ..Inbound::default() };
/// let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
/// let permit = caller.permit(&config, "gpt-6.1-sol").unwrap();
/// assert_eq!(permit.targets().count(), 2);
/// assert_eq!(caller.permit(&config, "gpt-9").unwrap_err().status, 404);
/// ```
#[derive(Debug)]
pub struct Permit<'c> {
    caller: &'c Caller,
    config: &'c Rc<Config>,
    model: Rc<str>,
    targets: Cow<'c, [usize]>,
}

impl<'c> Permit<'c> {
    /// The configuration that it was made from.
    pub fn config(&self) -> &'c Rc<Config> {
        self.config
    }

    /// The model's public name; empty where the permit is for what an account keeps.
    pub fn model(&self) -> &Rc<str> {
        &self.model
    }

    /// The tenant's name; empty where only its policy is known.
    pub fn tenant(&self) -> &'c Rc<str> {
        &self.caller.tenant
    }

    /// What has named it.
    pub fn named_by(&self) -> &'c NamedBy {
        &self.caller.by
    }

    /// How targets are to be ranked.
    pub fn order(&self) -> Order {
        self.caller.order
    }

    /// The most targets that may be tried.
    pub fn max_attempts(&self) -> usize {
        self.caller.max_attempts as usize
    }

    /// The rank of a cloud in the tenant's own order.
    pub fn rank(&self, cloud: Cloud) -> usize {
        let clouds = &self.caller.own.clouds;
        clouds.iter().position(|own| *own == cloud).unwrap_or(clouds.len())
    }

    /// What no request may use, by any of the policies that hold.
    pub fn denies(&self) -> Features {
        self.caller.others.iter().fold(self.caller.own.denies, |denied, grant| denied.union(grant.denies))
    }

    /// Whether a request may go on without the reasoning that another account encrypted; all policies that hold say so.
    pub fn drops_foreign_reasoning(&self) -> bool {
        self.caller.grants().all(|grant| grant.drops_foreign_reasoning)
    }

    /// Whether the values that the model's responses give are tagged.
    pub fn tags(&self) -> bool {
        self.config.tags(&self.targets)
    }

    /// Whether a response that a target keeps can be found again, by its tag or since there is one place only where it can
    /// be.
    pub fn finds_again(&self, target: &Target) -> bool {
        let account = self.config.account_of(target);
        account.is_some_and(|account| {
            self.config.sessions.is_tagged(account) || self.caller.own_account(self.config) == Some(account)
        })
    }

    /// Whether requests may be translated, by all of the policies that hold.
    pub fn translates(&self) -> bool {
        self.caller.grants().all(|grant| grant.translate)
    }

    /// Every target of the model, with the rule that refuses it, in the file's order.
    pub fn targets(&self) -> impl Iterator<Item = (usize, &'c Target, Option<Rule>)> + '_ {
        let (config, caller): (&Config, &Caller) = (self.config, self.caller);
        self.targets.iter().filter_map(move |index| {
            let target = config.targets.get(*index)?;
            Some((*index, target, caller.refusal(config, target)))
        })
    }
}
