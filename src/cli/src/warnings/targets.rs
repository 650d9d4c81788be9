//! What is probably not meant about a model's targets, whoever asks for it.

use multihome_core::config::{Config, Target};
use multihome_core::fault::{Fault, Place};

use super::warning;

/// Duplicates, prices of the wrong unit, and what a cloud probably does not have.
pub(super) fn of(config: &Config) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for (model, targets) in models(config) {
        for (index, target) in targets.iter().enumerate() {
            let place = &target.place;
            warnings.extend(duplicate(target, targets.iter().take(index)));
            let doubt = config
                .endpoint_of(target)
                .and_then(|endpoint| endpoint.site.doubt_about(&target.id, &target.addresses));
            warnings.extend(doubt.map(|doubt| warning(place.key(doubt.field), doubt.message, doubt.help)));
            if model.contains("gpt") || target.id.contains("gpt") {
                warnings.extend(price(target, place));
            }
        }
    }
    warnings
}

/// The models by their names, each with its targets in the file's order.
pub(super) fn models(config: &Config) -> Vec<(&str, Vec<&Target>)> {
    let targets = |indices: &[usize]| indices.iter().filter_map(|index| config.targets.get(*index)).collect();
    let mut models: Vec<_> = config.models.iter().map(|(name, indices)| (&**name, targets(indices))).collect();
    models.sort_unstable_by_key(|(name, _)| *name);
    models
}

/// After the first one's failure the same would be asked the same again.
fn duplicate<'t>(target: &Target, mut before: impl Iterator<Item = &'t &'t Target>) -> Option<Fault> {
    let same = |other: &&&Target| {
        target.endpoint == other.endpoint
            && target.id == other.id
            && target.addresses.iter().any(|address| other.addresses.contains(address))
    };
    let message = format!("duplicate of {}: same endpoint, id and form", before.find(same)?.place);
    Some(warning(target.place.clone(), message, "take one of them out"))
}

/// No GPT has ever cost less, in US dollars for a million tokens of any kind that this file prices (2026-11).
const LEAST_PRICE: f64 = 0.02;

/// A price of nothing is meant: throughput that is paid for otherwise.
fn price(target: &Target, place: &Place) -> Vec<Fault> {
    let Some(price) = target.price else { return Vec::new() };
    let low = |(_, price): &(&str, f64)| *price > 0.0 && *price < LEAST_PRICE;
    let warned = |(field, price): (&str, f64)| {
        let message = format!("{price} US dollars for a million tokens is less than any GPT costs");
        // To six digits: 0.002 times 1000 is not quite 2.
        let thousand = (price * 1e9).round() / 1e6;
        warning(place.key("price").key(field), message, format!("write {thousand} if this is the price of 1,000"))
    };
    [("input", price.input), ("output", price.output)].into_iter().filter(low).map(warned).collect()
}
