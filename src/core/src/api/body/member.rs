//! The members of a body that can be cut out of it: where they stand, and what of the text goes with them.

use std::ops::Range;

use crate::api::feature::{Feature, Features};

/// The members that can be cut, with the features that are gone then: each is of the top level, and says nothing but how a
/// completion is made.
pub const CUTTABLE: [(Feature, &[&str]); 12] = [
    (Feature::Sampling, &["temperature", "top_p", "presence_penalty", "frequency_penalty"]),
    (Feature::Logprobs, &["logprobs", "top_logprobs"]),
    (Feature::LogitBias, &["logit_bias"]),
    (Feature::Stop, &["stop"]),
    (Feature::Choices, &["n"]),
    (Feature::Verbosity, &["verbosity"]),
    (Feature::ServiceTier, &["service_tier"]),
    (Feature::JsonObject, &["response_format"]),
    (Feature::JsonSchema, &["response_format"]),
    (Feature::WebSearch, &["web_search_options"]),
    (Feature::Reasoning, &["reasoning_effort"]),
    (Feature::MinimalReasoning, &["reasoning_effort"]),
];

/// A member that can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub name: &'static str,
    /// The features that it uses.
    pub uses: Features,
    /// From its key to the end of its value.
    span: Range<usize>,
    /// Where the value before it ends; `None` for the first.
    before: Option<usize>,
    /// Where the next key begins; `None` for the last.
    next: Option<usize>,
}

/// The members of a body, while it is read.
#[derive(Default)]
pub(super) struct Members {
    all: usize,
    cuttable: Vec<Member>,
    /// What is used by members that cannot be cut.
    staying: Features,
    /// Where the key of the one that is read begins.
    start: usize,
    /// Where the value before it ends.
    before: Option<usize>,
    /// Whether it is the last of `cuttable`.
    is_cuttable: bool,
}

impl Members {
    /// A member begins.
    pub fn begin(&mut self, start: usize) {
        if std::mem::take(&mut self.is_cuttable)
            && let Some(last) = self.cuttable.last_mut()
        {
            last.next = Some(start);
        }
        self.start = start;
        self.all += 1;
    }

    /// What the member uses.
    pub fn note(&mut self, name: &'static str, uses: Features) {
        let is_cuttable = |feature| CUTTABLE.iter().any(|(known, names)| *known == feature && names.contains(&name));
        if uses.is_empty() {
            return;
        }
        if !uses.iter().all(is_cuttable) {
            self.staying = self.staying.union(uses);
            return;
        }
        let (start, before) = (self.start, self.before);
        self.cuttable.push(Member { name, uses, span: start..start, before, next: None });
        self.is_cuttable = true;
    }

    /// The member has ended.
    pub fn end(&mut self, end: usize) {
        self.before = Some(end);
        if self.is_cuttable
            && let Some(last) = self.cuttable.last_mut()
        {
            last.span.end = end;
        }
    }

    /// Those that can be cut, if others stay, and the features that are gone then.
    pub fn cuttable(self) -> (Vec<Member>, Features) {
        if self.cuttable.len() == self.all {
            return (Vec::new(), Features::default());
        }
        let uses = self.cuttable.iter().fold(Features::default(), |uses, member| uses.union(member.uses));
        let removable = uses.without(self.staying);
        (self.cuttable, removable)
    }
}

/// What is cut out of a body for some of its members, with the commas that would be too many; in its order. Some other
/// member stays.
pub fn cuts(members: &[Member], is_cut: impl Fn(&Member) -> bool) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    // Behind the last member that stays, the comma before goes with each; else the one behind.
    let mut end_of_all = None;
    for member in members.iter().rev().filter(|member| is_cut(member)) {
        let trails = member.next == end_of_all;
        if trails {
            end_of_all = Some(member.span.start);
        }
        cuts.push(match (trails, member.before, member.next) {
            (true, Some(before), _) => before..member.span.end,
            (_, _, Some(next)) => member.span.start..next,
            _ => member.span.clone(),
        });
    }
    cuts.reverse();
    cuts
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::api::Api;
    use crate::api::body::read;

    fn without(body: &str, names: &[&str]) -> String {
        let facts = read(body.as_bytes(), Api::Chat).unwrap();
        let mut left = body.to_owned();
        for cut in cuts(&facts.cuttable, |member| names.contains(&member.name)).into_iter().rev() {
            left.replace_range(cut, "");
        }
        left
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_member_goes_with_one_comma() {
        let body = r#"{ "stop" : "a" , "n":2,"m":1, "top_p":0.5 ,"x":[ ] , "logit_bias":{"1":1}, "temperature": 0 }"#;
        for (names, left) in [
            (&["stop"][..], r#"{ "n":2,"m":1, "top_p":0.5 ,"x":[ ] , "logit_bias":{"1":1}, "temperature": 0 }"#),
            (&["stop", "n"], r#"{ "m":1, "top_p":0.5 ,"x":[ ] , "logit_bias":{"1":1}, "temperature": 0 }"#),
            (&["n", "top_p"], r#"{ "stop" : "a" , "m":1, "x":[ ] , "logit_bias":{"1":1}, "temperature": 0 }"#),
            (&["temperature"], r#"{ "stop" : "a" , "n":2,"m":1, "top_p":0.5 ,"x":[ ] , "logit_bias":{"1":1} }"#),
            (&["logit_bias"], r#"{ "stop" : "a" , "n":2,"m":1, "top_p":0.5 ,"x":[ ] , "temperature": 0 }"#),
            (&["logit_bias", "temperature"], r#"{ "stop" : "a" , "n":2,"m":1, "top_p":0.5 ,"x":[ ] }"#),
            (&["stop", "n", "top_p", "logit_bias", "temperature"], r#"{ "m":1, "x":[ ] }"#),
        ] {
            assert_eq!(without(body, names), left, "{names:?}");
            assert!(read(left.as_bytes(), Api::Chat).is_ok());
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_stands_elsewhere_too_is_not_removable() {
        let removable = |body: &str| read(body.as_bytes(), Api::Chat).unwrap().removable;
        let search: Features = [Feature::WebSearch].into_iter().collect();
        assert_eq!(removable(r#"{"web_search_options":{},"messages":[]}"#), search);
        assert!(removable(r#"{"web_search_options":{},"tools":[{"type":"web_search"}]}"#).is_empty());
        assert!(removable(r#"{"web_search_options":{}}"#).is_empty(), "nothing would be left");
    }
}
