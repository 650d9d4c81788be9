//! [`Order::Weighted`](crate::config::Order::Weighted): at any moment, no target is more than one pick away from its weight.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::api::Api;
use crate::config::TargetKey;
use crate::plan::Candidate;

/// The picks so far, for every set of candidates that has come up. One worker's own; the targets' keys outlive a
/// configuration, so that a change of the policy elsewhere leaves the shares as they are.
///
/// The rule is Tijdeman's for the chairman assignment problem (R. Tijdeman, Discrete Mathematics 32, 1980):
/// with `k` candidates it keeps every count within `1 − 1/(2k−2)` of its share after every pick, which no
/// rule can better. Counts begin anew after as many picks as the weights sum to, where all are exact.
#[derive(Debug, Default)]
pub struct WeightedPicks(HashMap<Vec<(TargetKey, u32)>, Vec<u64>>);

/// At most this many sets are remembered. A new one beyond it makes all begin anew, which costs no more than
/// one pick of accuracy each.
const MOST_SETS: usize = 1024;

impl WeightedPicks {
    /// Picks one of `candidates`, each with its weight. `None` where there is none with a weight.
    pub fn pick(&mut self, candidates: &[(TargetKey, u32)]) -> Option<TargetKey> {
        let candidates: Vec<(TargetKey, u32)> = candidates.iter().copied().filter(|(_, weight)| *weight > 0).collect();
        if let [(only, _)] = candidates.as_slice() {
            return Some(*only);
        }
        if self.0.len() >= MOST_SETS && !self.0.contains_key(&candidates) {
            self.0.clear();
        }
        let picks = self.0.entry(candidates.clone()).or_insert_with(|| vec![0; candidates.len()]);
        let chosen = next(&candidates, picks)?;
        let count = picks.get_mut(chosen)?;
        *count += 1;
        let total: u64 = candidates.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if picks.iter().sum::<u64>() >= total {
            picks.fill(0);
        }
        candidates.get(chosen).map(|(key, _)| *key)
    }
}

/// The first in proportion to the weights, if it is not given, whatever API it speaks: a weight is a share. The others by
/// weight, and of one weight those first that speak the client's API.
pub(super) fn rank(first: Option<TargetKey>, fit: &mut [Candidate<'_>], api: Api, picks: &mut WeightedPicks) {
    let first = first.or_else(|| {
        let weights = fit.iter().map(|candidate| (candidate.target.key, candidate.target.weight));
        picks.pick(&weights.collect::<Vec<_>>())
    });
    let rank = |candidate: &Candidate<'_>| {
        let weight = Reverse(candidate.target.weight);
        (Some(candidate.target.key) != first, weight, super::is_translated(candidate, api))
    };
    super::sort(fit, &|one, other| rank(one).cmp(&rank(other)));
}

/// The candidate whose next pick is due first, among those that may have one now.
fn next(candidates: &[(TargetKey, u32)], picks: &[u64]) -> Option<usize> {
    let total: i128 = candidates.iter().map(|(_, weight)| i128::from(*weight)).sum();
    let turn: i128 = picks.iter().map(|count| i128::from(*count)).sum::<i128>() + 1;
    // Everything is multiplied by `total × slack`, so that it stays in integers.
    let slack = 2 * candidates.len() as i128 - 2;
    let owed = |weight: u32, count: u64| (turn * i128::from(weight) - i128::from(count) * total) * slack;
    candidates
        .iter()
        .zip(picks)
        .enumerate()
        .filter(|(_, ((_, weight), count))| owed(*weight, **count) >= total)
        .min_by(|(_, ((_, one), one_count)), (_, ((_, other), other_count))| {
            let due = |weight: u32, count: u64| total * slack - total - owed(weight, count);
            // due / weight, compared crosswise.
            (due(*one, **one_count) * i128::from(*other)).cmp(&(due(*other, **other_count) * i128::from(*one)))
        })
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn key(number: usize) -> TargetKey {
        TargetKey::of("endpoint", &number.to_string())
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn keeps_every_share_within_one_pick_of_its_weight_at_every_moment() {
        for weights in [&[1, 1][..], &[3, 1], &[70, 20, 10], &[1, 1000], &[5, 3, 3, 2, 1, 1], &[999_983, 7, 1]] {
            let keys: Vec<TargetKey> = (0..weights.len()).map(key).collect();
            let candidates: Vec<(TargetKey, u32)> = keys.iter().copied().zip(weights.iter().copied()).collect();
            let total: u32 = weights.iter().sum();
            let mut picks = WeightedPicks::default();
            let mut counts = vec![0_u32; weights.len()];
            for turn in 1..=3_000_u32 {
                let picked = picks.pick(&candidates).unwrap();
                counts[keys.iter().position(|key| *key == picked).unwrap()] += 1;
                for (count, weight) in counts.iter().zip(weights) {
                    let share = f64::from(turn) * f64::from(*weight) / f64::from(total);
                    assert!((f64::from(*count) - share).abs() < 1.0, "{weights:?} after {turn}: {counts:?}");
                }
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn never_picks_a_weight_of_zero() {
        let mut picks = WeightedPicks::default();
        assert_eq!(picks.pick(&[(key(4), 0), (key(7), 2)]), Some(key(7)));
        assert_eq!(picks.pick(&[(key(4), 0)]), None);
        assert_eq!(picks.pick(&[]), None);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn remembers_only_so_many_sets() {
        let mut picks = WeightedPicks::default();
        for index in 0..5_000 {
            picks.pick(&[(key(index), 1), (key(index + 1), 1)]);
        }
        assert!(picks.0.len() <= MOST_SETS);
    }
}
