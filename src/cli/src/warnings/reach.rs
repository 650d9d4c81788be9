//! Who gets what: endpoints and models that nobody reaches, and what a tenant lists and does not get. Core judges.

use std::collections::BTreeSet;

use multihome_core::config::{Config, Grant, Order, Target};
use multihome_core::fault::{Fault, Place, closest};
use multihome_core::tenant::{Rule, allow_model, refused_by};

use super::targets::models;
use super::warning;

/// Whoever may ask: a tenant of the file, or one whose policy a request carries.
struct Asker<'c> {
    place: Place,
    /// Its own entry, or the ceiling of what is carried.
    own: &'c Grant,
    /// What else has to allow.
    bound: Option<&'c Grant>,
}

impl<'c> Asker<'c> {
    fn all(config: &'c Config) -> Vec<Asker<'c>> {
        let identity = &config.identity;
        let of_header = identity.header().and_then(|header| {
            let carried = header.carried.as_ref()?;
            Some((header.place.key("policy"), &carried.ceiling, carried.required))
        });
        let of_tokens: Vec<_> = identity
            .tokens()
            .filter_map(|token| {
                let carried = token.carried.as_ref()?;
                Some((token.place.key("jwt").key("policy"), &carried.ceiling, carried.required))
            })
            .collect();
        // Where each request has to carry a policy, no tenant gets beyond the ceiling.
        let only = identity.sources.len() == 1;
        let bound = of_header.iter().chain(&of_tokens).find(|(_, _, required)| only && *required);
        let bound = bound.map(|(_, ceiling, _)| &***ceiling);
        let mut tenants: Vec<_> = config.tenants.iter().collect();
        tenants.sort_unstable_by_key(|(name, _)| &***name);
        let tenant = |(name, own): (&std::rc::Rc<str>, &'c std::rc::Rc<Grant>)| Asker {
            place: Place::default().key("tenants").key(name),
            own,
            bound,
        };
        let ceilings = of_header.into_iter().chain(of_tokens).map(|(place, ceiling, _)| Asker {
            place: place.key("ceiling"),
            own: ceiling,
            bound: None,
        });
        tenants.into_iter().map(tenant).chain(ceilings).collect()
    }

    fn grants(&self) -> impl Iterator<Item = &'c Grant> + Clone {
        std::iter::once(self.own).chain(self.bound)
    }

    /// The rule that keeps it from a target of a model that it may use.
    fn refusal(&self, config: &Config, target: &Target) -> Option<Rule> {
        config.endpoint_of(target).and_then(|endpoint| refused_by(self.grants(), endpoint))
    }

    /// Whether it gets the target, for some request.
    fn gets(&self, config: &Config, model: &str, target: &Target) -> bool {
        allow_model(self.grants(), model) && self.refusal(config, target).is_none()
    }

    fn ranks_by_price(&self, config: &Config) -> bool {
        let fallback = [config.defaults.order];
        self.own.orders.as_deref().unwrap_or(&fallback).contains(&Order::Cheapest)
    }
}

/// All of it.
pub(super) fn of(config: &Config) -> Vec<Fault> {
    let askers = Asker::all(config);
    let mut warnings = endpoints(config, &askers);
    warnings.extend(unreached_models(config, &askers));
    for asker in &askers {
        warnings.extend(left_with_nothing(config, asker));
    }
    warnings.extend(unpriced(config, &askers));
    warnings
}

fn endpoints(config: &Config, askers: &[Asker<'_>]) -> Vec<Fault> {
    let models = models(config);
    let mut warnings = Vec::new();
    for (position, endpoint) in config.endpoints.iter().enumerate() {
        let place = Place::default().key("endpoints").key(&endpoint.name);
        let mut on = models
            .iter()
            .flat_map(|(model, targets)| targets.iter().map(move |target| (*model, *target)))
            .filter(|(_, target)| target.endpoint == position)
            .peekable();
        if on.peek().is_none() {
            warnings.push(warning(place, "no model uses it", "add a target under `models`, or take it out"));
            continue;
        }
        if on.any(|(model, target)| askers.iter().any(|asker| asker.gets(config, model, target))) {
            continue;
        }
        let label = &*endpoint.residency;
        let accepted: BTreeSet<&str> =
            askers.iter().flat_map(|asker| &asker.own.residency).map(String::as_str).collect();
        if accepted.contains(label) {
            let help = "`multihome explain --matrix` shows which rule refuses it";
            warnings.push(warning(place, "no tenant may use it", help));
        } else {
            let help = match closest(label, accepted) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "add it to the `residency` of a tenant".to_owned(),
            };
            warnings.push(warning(place.key("residency"), format!("no tenant accepts `{label}`"), help));
        }
    }
    warnings
}

fn unreached_models(config: &Config, askers: &[Asker<'_>]) -> Vec<Fault> {
    let reached = |(model, targets): &(&str, Vec<&Target>)| {
        askers.iter().any(|asker| targets.iter().any(|target| asker.gets(config, model, target)))
    };
    let unreached = models(config).into_iter().filter(|model| !reached(model));
    let warned = |(model, _): (&str, _)| {
        let place = Place::default().key("models").key(model);
        let help = "`multihome explain --matrix` shows which rule refuses it";
        warning(place, "no tenant gets it", help)
    };
    unreached.map(warned).collect()
}

/// An entry that allows nothing, or lists a model by name and allows none of its targets.
fn left_with_nothing(config: &Config, asker: &Asker<'_>) -> Vec<Fault> {
    let models = models(config);
    let gets = |(model, targets): &(&str, Vec<&Target>)| targets.iter().any(|target| asker.gets(config, model, target));
    if !models.iter().any(gets) {
        let message =
            "nothing is left of what it may use: no target fits its clouds, residency, models and targets together";
        let help = "`multihome explain --matrix` shows which rule refuses what";
        return vec![warning(asker.place.clone(), message, help)];
    }
    let mut warnings = Vec::new();
    for (index, pattern) in asker.own.models.iter().enumerate() {
        let Some(named) = models.iter().find(|(model, _)| *model == pattern.as_str()) else { continue };
        if gets(named) {
            continue;
        }
        let (model, targets) = named;
        let rules: BTreeSet<&str> =
            targets.iter().filter_map(|target| asker.refusal(config, target)).map(Rule::name).collect();
        let rules: Vec<String> = rules.into_iter().map(|rule| format!("`{rule}`")).collect();
        // Its own entry allows it, and the ceiling's `models` do not.
        let rules = if rules.is_empty() { "`models` of the ceiling".to_owned() } else { rules.join(" and ") };
        let place = asker.place.key("models").index(index);
        let message = format!("`{model}` is listed and cannot be had: all of its targets are refused by {rules}");
        warnings.push(warning(place, message, "widen that rule, or take the model out"));
    }
    warnings
}

/// Targets without a price that `cheapest` would have to compare.
fn unpriced(config: &Config, askers: &[Asker<'_>]) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for (model, targets) in models(config) {
        for target in targets.iter().filter(|target| target.price.is_none()) {
            let ranked = |asker: &&Asker<'_>| asker.ranks_by_price(config) && asker.gets(config, model, target);
            if let Some(asker) = askers.iter().find(ranked) {
                let message = format!("has no price: `cheapest`, for {} at least, tries it last", asker.place);
                warnings.push(warning(target.place.clone(), message, "add `price: {input: …, output: …}`"));
            }
        }
    }
    warnings
}
