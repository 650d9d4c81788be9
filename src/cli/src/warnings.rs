//! What is probably not meant in a policy that has no faults.

use std::time::Duration;

use multihome_core::config::{Awaited, Config, Target, Timeouts};
use multihome_core::form::Form;

/// One sentence for each.
pub fn of(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    for (position, endpoint) in config.endpoints.iter().enumerate() {
        if !config.targets.iter().any(|target| target.endpoint == position) {
            warnings.push(format!("endpoints.{}: no model uses it", endpoint.name));
        }
        warnings.extend(endpoint.site.doubt().map(|doubt| format!("endpoints.{}.{doubt}", endpoint.name)));
    }
    warnings.extend(of_times(config));
    warnings.extend(repeated(config));
    warnings.extend(misplaced(config));
    let mut tenants: Vec<_> = config.tenants.iter().collect();
    tenants.sort_by_key(|(name, _)| &***name);
    for (name, grant) in tenants {
        let usable = config.models.iter().any(|(model, targets)| {
            grant.allows_model(model)
                && targets.iter().filter_map(|index| config.targets.get(*index)).any(|target| {
                    config.endpoint_of(target).is_some_and(|endpoint| {
                        grant.clouds.contains(&endpoint.cloud)
                            && grant.allows_residency(&endpoint.residency)
                            && grant.allows_endpoint(&endpoint.name)
                    })
                })
        });
        if !usable {
            warnings.push(format!("tenants.{name}: nothing is left of what it may use: no target fits its clouds, residency, models and targets together"));
        }
    }
    warnings
}

/// The times that have no effect, or that no client waits for.
fn of_times(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let Timeouts { connect, first_byte, whole, .. } = config.timeouts;
    if connect > first_byte.min(whole) {
        let before = if first_byte <= whole { "first_byte" } else { "whole" };
        warnings.push(format!("timeouts.connect: has no effect, `{before}` ends the attempt before"));
    }
    for (field, awaited, most) in
        [("first_byte", Awaited::Stream, MOST_FOR_STREAM), ("whole", Awaited::Whole, MOST_FOR_WHOLE)]
    {
        let longest = config.longest_wait(awaited);
        if longest > most {
            warnings.push(format!(
                "timeouts.{field}: with all attempts a client may wait {} minutes for its response to begin; lower it, or `max_attempts`",
                longest.as_secs() / 60
            ));
        }
    }
    warnings
}

/// What OpenAI's SDKs wait for a response, with nothing of a stream begun.
const MOST_FOR_STREAM: Duration = Duration::from_secs(600);
/// Six attempts of the default.
const MOST_FOR_WHOLE: Duration = Duration::from_secs(3600);

/// The targets of a model that stand there before: after its failure the same would be asked the same again.
fn repeated(config: &Config) -> Vec<String> {
    let mut models: Vec<_> = config.models.iter().collect();
    models.sort_by_key(|(name, _)| &***name);
    let mut warnings = Vec::new();
    for (name, indices) in models {
        let targets: Vec<_> = indices.iter().filter_map(|index| config.targets.get(*index)).collect();
        for (position, target) in targets.iter().enumerate() {
            let same = |other: &&_| same_in_a_form(target, other);
            if let Some(first) = targets.iter().take(position).position(same) {
                warnings.push(format!("models.{name}[{position}]: is asked what models.{name}[{first}] is asked"));
            }
        }
    }
    warnings
}

/// The targets that their cloud probably does not serve where they stand.
fn misplaced(config: &Config) -> Vec<String> {
    let mut models: Vec<_> = config.models.iter().collect();
    models.sort_by_key(|(name, _)| &***name);
    let mut warnings = Vec::new();
    for (name, indices) in models {
        for (position, target) in indices.iter().filter_map(|index| config.targets.get(*index)).enumerate() {
            let forms: Vec<Form> = target.addresses.iter().map(|(form, _)| *form).collect();
            let doubt = config.endpoint_of(target).and_then(|endpoint| endpoint.site.doubt_about(&forms));
            warnings.extend(doubt.map(|doubt| format!("models.{name}[{position}]: {doubt}")));
        }
    }
    warnings
}

fn same_in_a_form(one: &Target, other: &Target) -> bool {
    one.endpoint == other.endpoint
        && one.id == other.id
        && one.addresses.iter().any(|address| other.addresses.contains(address))
}
