//! How a body changes for what a target's model takes: members are left out where policy lets them go, and an old name of
//! one gives way to the new one.

use crate::api::body::{self, Facts};
use crate::api::feature::Features;
use crate::plan::{self, Decision, Needs, Plan};
use crate::request::{Edit, Edits, Whom};

/// What is left out of a request for some targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The targets, by their places in the configuration.
    pub targets: Vec<usize>,
    /// The features.
    features: Features,
    /// The members that use them.
    pub names: Vec<&'static str>,
}

/// What is left out for those targets that can serve the request.
pub(super) fn left_out(decision: &Decision<'_>, needs: &Needs, facts: &Facts<'_>) -> Vec<LeftOut> {
    let mut all: Vec<LeftOut> = Vec::new();
    for candidate in &decision.candidates {
        let features = candidate.fit.map(|form| plan::left_out(candidate.target, form, needs)).unwrap_or_default();
        if features.is_empty() {
            continue;
        }
        match all.iter_mut().find(|left_out| left_out.features == features) {
            Some(same) => same.targets.push(candidate.index),
            None => {
                let members = facts.cuttable.iter().filter(|member| !member.uses.shared(features).is_empty());
                let names = members.map(|member| member.name).collect();
                all.push(LeftOut { targets: vec![candidate.index], features, names });
            }
        }
    }
    all
}

/// Notes what changes in the body.
pub(super) fn edit(left_out: Vec<LeftOut>, facts: &Facts<'_>, plan: &Plan, edits: &mut Edits) {
    if let Some(key) = &facts.max_tokens_key {
        let renaming = plan.iter().filter(|stop| stop.target.rules(stop.form).renames_max_tokens);
        let targets: Box<[usize]> = renaming.map(|stop| stop.index).collect();
        if !targets.is_empty() {
            let with = "\"max_completion_tokens\"".into();
            edits.add(Edit { range: key.clone(), with, whom: Whom::Targets(targets) });
        }
    }
    for LeftOut { targets, features, names } in left_out {
        let targets: Box<[usize]> = targets.into();
        for range in body::cuts(&facts.cuttable, |member| !member.uses.shared(features).is_empty()) {
            edits.add(Edit { range, with: "".into(), whom: Whom::Targets(targets.clone()) });
        }
        edits.leave_out(targets, names);
    }
}
