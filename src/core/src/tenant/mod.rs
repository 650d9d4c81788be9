//! Who asks, and what they may do: the only place that makes a [`Permit`].

use std::rc::Rc;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::cloud::{Cloud, Clouds};
use crate::config::{Config, Grant, Order, Target, parse_grant};
use crate::contract;
use crate::name::Named;

/// Who asks, with all that bounds what they may use. Every part has to allow what is done.
#[derive(Debug)]
pub struct Caller {
    /// The tenant's own policy or the carried one; it also says how to rank.
    own: Rc<Grant>,
    /// What else has to allow, where requests carry policies.
    others: Vec<Rc<Grant>>,
    narrowing: Narrowing,
    order: Order,
    max_attempts: u32,
}

/// What a client's own headers leave of what policy allows.
#[derive(Debug, Default)]
struct Narrowing {
    clouds: Option<Clouds>,
    /// Each label once, shared with the configuration: what a client repeats takes no memory.
    residency: Option<Vec<Rc<str>>>,
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
    /// The client's own [`contract::CLOUDS`].
    NarrowedClouds,
    /// The client's own [`contract::RESIDENCY`].
    NarrowedResidency,
}

impl Rule {
    /// What the rule is called in the file, or by the client.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Clouds => "clouds",
            Rule::Residency => "residency",
            Rule::Targets => "targets",
            Rule::NarrowedClouds => contract::CLOUDS,
            Rule::NarrowedResidency => contract::RESIDENCY,
        }
    }
}

impl Caller {
    /// Finds out who asks.
    ///
    /// # Errors
    /// 401 for a tenant that is not known, 400 for a header that makes no sense, 403 for an order that
    /// the tenant does not have.
    pub fn identify(config: &Config, inbound: &Inbound<'_>) -> Result<Caller, ApiError> {
        let (own, others) = grants(config, inbound)?;
        let narrowing = Narrowing {
            clouds: words(contract::CLOUDS, inbound.clouds)?.map(clouds).transpose()?,
            residency: words(contract::RESIDENCY, inbound.residency)?
                .map(|words| residencies(config, words))
                .transpose()?,
        };
        let order = order(config, &own, &others, inbound.order)?;
        let asked = max_attempts(inbound.max_attempts)?;
        let most = others.iter().map(|grant| grant.max_attempts).chain(asked).fold(own.max_attempts, u32::min);
        Ok(Caller { own, others, narrowing, order, max_attempts: most })
    }

    /// Whether every grant allows it.
    fn all_allow(&self, allows: impl Fn(&Grant) -> bool) -> bool {
        allows(&self.own) && self.others.iter().all(|grant| allows(grant))
    }

    /// Lets the caller use a model, or says why not.
    ///
    /// # Errors
    /// 404 for a model that no file lists, 403 for one that the tenant may not use.
    pub fn permit<'c>(&'c self, config: &'c Config, model: &'c str) -> Result<Permit<'c>, ApiError> {
        let Some(targets) = config.model(model) else {
            let message = format!("The model `{}` does not exist.", shown(model));
            return Err(ApiError::new(404, "model_not_found", message).about("model"));
        };
        if !self.all_allow(|grant| grant.allows_model(model)) {
            let message = format!("Policy rule `models` does not allow model `{model}` for this tenant.");
            return Err(ApiError::new(403, "model_not_allowed", message).about("model"));
        }
        Ok(Permit { caller: self, config, model, targets })
    }

    /// The rule that keeps the caller from a target, if there is one. The order of the checks is the order of [`Rule`].
    fn refusal(&self, config: &Config, target: &Target) -> Option<Rule> {
        let Some(endpoint) = config.endpoint_of(target) else {
            return Some(Rule::Targets);
        };
        if !self.all_allow(|grant| grant.clouds.contains(&endpoint.cloud)) {
            return Some(Rule::Clouds);
        }
        if !self.all_allow(|grant| grant.allows_residency(&endpoint.residency)) {
            return Some(Rule::Residency);
        }
        if !self.all_allow(|grant| grant.allows_endpoint(&endpoint.name)) {
            return Some(Rule::Targets);
        }
        if self.narrowing.clouds.as_ref().is_some_and(|clouds| !clouds.contains(&endpoint.cloud)) {
            return Some(Rule::NarrowedClouds);
        }
        if self.narrowing.residency.as_ref().is_some_and(|labels| !labels.contains(&endpoint.residency)) {
            return Some(Rule::NarrowedResidency);
        }
        None
    }
}

/// Proof that policy lets a caller use a model. Only [`Caller::permit`] makes one; plans are made of it.
#[derive(Debug)]
pub struct Permit<'c> {
    caller: &'c Caller,
    config: &'c Config,
    model: &'c str,
    targets: &'c [usize],
}

impl<'c> Permit<'c> {
    /// The configuration that it was made from.
    pub fn config(&self) -> &'c Config {
        self.config
    }

    /// The model's public name.
    pub fn model(&self) -> &'c str {
        self.model
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

    /// Every target of the model, with the rule that refuses it, in the file's order.
    pub fn targets(&self) -> impl Iterator<Item = (usize, &'c Target, Option<Rule>)> {
        let (config, caller) = (self.config, self.caller);
        self.targets.iter().filter_map(move |index| {
            let target = config.targets.get(*index)?;
            Some((*index, target, caller.refusal(config, target)))
        })
    }
}

fn unknown_tenant() -> ApiError {
    ApiError::new(401, "unknown_tenant", "The request does not name a tenant that this endpoint knows.")
}

/// The policies that hold for a request. A carried policy stays within the ceiling and, where the file lists
/// the tenant too, within that tenant's entry.
fn grants(config: &Config, inbound: &Inbound<'_>) -> Result<(Rc<Grant>, Vec<Rc<Grant>>), ApiError> {
    let name = &config.identity.header;
    let tenant = match inbound.tenant {
        Single::Absent => None,
        Single::Once(value) => Some(std::str::from_utf8(value).map_err(|_| unknown_tenant())?),
        Single::Repeated => return Err(invalid_header(name, "stands more than once")),
    };
    let listed = tenant.and_then(|tenant| config.tenants.get(tenant));
    let carried = match (&config.identity.carried, inbound.carried) {
        (None, _) | (_, Single::Absent) => None,
        (Some(carried), Single::Repeated) => return Err(invalid_header(&carried.header, "stands more than once")),
        (Some(carried), Single::Once(value)) => Some((carried, value)),
    };
    let Some((carried, value)) = carried else {
        return listed.map(|grant| (Rc::clone(grant), Vec::new())).ok_or_else(unknown_tenant);
    };
    let own = read_carried(config, value).map_err(|why| invalid_header(&carried.header, &why))?;
    let others = [&carried.ceiling].into_iter().chain(listed).map(Rc::clone).collect();
    Ok((Rc::new(own), others))
}

/// A carried policy is at most this long: Envoy's own limit for all headers is 60 KiB.
const MOST_CARRIED: usize = 16 << 10;

/// base64url, with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn read_carried(config: &Config, value: &[u8]) -> Result<Grant, String> {
    if value.len() > MOST_CARRIED {
        return Err(format!("is longer than {MOST_CARRIED} bytes"));
    }
    let decoded;
    let json = if value.trim_ascii_start().starts_with(b"{") {
        value
    } else {
        decoded = BASE64URL.decode(value.trim_ascii()).map_err(|_| "is neither JSON nor base64url".to_owned())?;
        &decoded
    };
    parse_grant(json, &config.defaults).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("is no policy: {}", faults.join("; "))
    })
}

fn invalid_header(name: &str, why: &str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{name}` {why}.")).about(name.to_owned())
}

/// The longest list that a client may send: far more than there are clouds or residencies to name.
const MOST_LIST: usize = 1024;

/// The comma-separated words of a header.
fn words<'h>(name: &str, header: Single<'h>) -> Result<Option<impl Iterator<Item = &'h str> + use<'h>>, ApiError> {
    let Some(text) = once(name, header)? else { return Ok(None) };
    if text.len() > MOST_LIST {
        return Err(invalid_header(name, &format!("is longer than {MOST_LIST} bytes; name each word once")));
    }
    let words = text.split(',').map(str::trim);
    if words.clone().any(str::is_empty) {
        return Err(invalid_header(name, "holds an empty word; write a list such as `a, b`"));
    }
    Ok(Some(words))
}

fn once<'h>(name: &str, header: Single<'h>) -> Result<Option<&'h str>, ApiError> {
    match header {
        Single::Absent => Ok(None),
        Single::Once(value) => match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(invalid_header(name, "is not UTF-8")),
        },
        Single::Repeated => Err(invalid_header(name, "stands more than once")),
    }
}

fn clouds<'h>(words: impl Iterator<Item = &'h str>) -> Result<Clouds, ApiError> {
    let mut clouds = Clouds::new();
    for word in words {
        let Some(cloud) = Cloud::parse(word) else {
            let why = format!("names `{}`; there are azure, aws and gcp", shown(word));
            return Err(invalid_header(contract::CLOUDS, &why));
        };
        if !clouds.contains(&cloud) {
            clouds.push(cloud);
        }
    }
    Ok(clouds)
}

fn residencies<'h>(config: &Config, words: impl Iterator<Item = &'h str>) -> Result<Vec<Rc<str>>, ApiError> {
    let mut labels: Vec<Rc<str>> = Vec::new();
    for word in words {
        let Some(endpoint) = config.endpoints.iter().find(|endpoint| &*endpoint.residency == word) else {
            let why = format!("names `{}`, which no endpoint has", shown(word));
            return Err(invalid_header(contract::RESIDENCY, &why));
        };
        if !labels.contains(&endpoint.residency) {
            labels.push(Rc::clone(&endpoint.residency));
        }
    }
    Ok(labels)
}

/// The order that the request picks, else the first that every grant allows. A carried policy that says nothing of orders
/// takes those of the tenant's entry, or else of the ceiling.
fn order(config: &Config, own: &Grant, others: &[Rc<Grant>], header: Single<'_>) -> Result<Order, ApiError> {
    let bounds = || others.iter().filter_map(|grant| grant.orders.as_deref());
    let fallback = [config.defaults.order];
    let own = own.orders.as_deref().or_else(|| bounds().next_back()).unwrap_or(&fallback);
    let mut allowed = own.iter().copied().filter(|order| bounds().all(|bound| bound.contains(order)));
    let Some(text) = once(contract::ORDER, header)? else {
        let message = "Policy rule `order` leaves no order that the policy, the ceiling and the tenant's entry share.";
        return allowed.next().ok_or_else(|| ApiError::new(403, "order_not_allowed", message).about("order"));
    };
    let Some(picked) = Order::parse(text) else {
        return Err(invalid_header(contract::ORDER, "takes ordered, weighted or cheapest"));
    };
    allowed.find(|order| *order == picked).ok_or_else(|| {
        let message = format!("Policy rule `order` does not allow `{text}` for this tenant.");
        ApiError::new(403, "order_not_allowed", message).about(contract::ORDER)
    })
}

fn max_attempts(header: Single<'_>) -> Result<Option<u32>, ApiError> {
    let Some(text) = once(contract::MAX_ATTEMPTS, header)? else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(attempts) if attempts > 0 => Ok(Some(attempts)),
        _ => Err(invalid_header(contract::MAX_ATTEMPTS, "takes a whole number from 1")),
    }
}

/// At most this much of what a client wrote is repeated to it.
const REPEATED: usize = 100;

/// A client's word, fit for a message.
fn shown(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(REPEATED).collect()
}
