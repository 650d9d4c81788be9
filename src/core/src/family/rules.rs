//! What each family does not take, by form: data. What it does not take at one cloud only, that cloud's folder says.

use super::Family;
use crate::api::feature::{Feature, Features};
use crate::form::Form;

/// What families do not take in a form.
#[derive(Debug)]
pub struct Rule {
    /// The families.
    pub families: &'static [Family],
    /// The form in which they are asked.
    pub form: Form,
    /// When.
    pub when: When,
    /// What they do not take.
    pub refuses: &'static [Feature],
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whatever the request says.
    Always,
    /// While the model reasons: where the request says so, or nothing and the family does.
    Reasoning,
}

/// Every family that reasons.
const REASONING: &[Family] =
    &[Family::OSeries, Family::Gpt5, Family::Gpt51, Family::Gpt54, Family::Gpt56, Family::Gpt6];

/// What holds at every cloud.
const EVERYWHERE: [Rule; 7] = [
    // "Not supported with latest reasoning models": OpenAI's API reference, `stop` (2026-11).
    Rule { families: REASONING, form: Form::Chat, when: When::Always, refuses: &[Feature::Stop] },
    // MicrosoftDocs/azure-ai-docs, "Reasoning models", parameters that are not supported; OpenAI, "Using GPT-5.2",
    // parameters that are supported with effort `none` alone (2026-11).
    Rule {
        families: REASONING,
        form: Form::Chat,
        when: When::Reasoning,
        refuses: &[Feature::Sampling, Feature::Logprobs, Feature::LogitBias],
    },
    Rule {
        families: REASONING,
        form: Form::Responses,
        when: When::Reasoning,
        refuses: &[Feature::Sampling, Feature::Logprobs],
    },
    // "Function tools with reasoning_effort are not supported for … in /v1/chat/completions": the error of OpenAI, Azure
    // and Bedrock, by litellm 1.110 (2026-11).
    Rule {
        families: &[Family::Gpt54, Family::Gpt56, Family::Gpt6],
        form: Form::Chat,
        when: When::Reasoning,
        refuses: &[Feature::Tools],
    },
    // The efforts of GPT-6 begin with `none` and `low`: OpenAI, "Reasoning models" (2026-11).
    Rule { families: &[Family::Gpt6], form: Form::Chat, when: When::Always, refuses: &[Feature::MinimalReasoning] },
    Rule {
        families: &[Family::Gpt6],
        form: Form::Responses,
        when: When::Always,
        refuses: &[Feature::MinimalReasoning],
    },
    // Its servers (vLLM, and Bedrock's) know functions alone, and no verbosity: litellm 1.110's tables (2026-11).
    Rule {
        families: &[Family::GptOss],
        form: Form::Chat,
        when: When::Always,
        refuses: &[Feature::CustomTools, Feature::Verbosity],
    },
];

/// The rules of one target in one form. Without any, all passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    always: Features,
    reasoning: Features,
    reasons_unasked: bool,
    /// Whether a chat's `max_tokens` has to be called `max_completion_tokens`.
    pub renames_max_tokens: bool,
}

impl Rules {
    /// Those of a family in a form; `own` holds at its cloud.
    pub fn of(family: Option<Family>, form: Form, own: &[Rule]) -> Rules {
        let Some(family) = family else { return Rules::default() };
        let refused = |when: When| {
            let rules = EVERYWHERE.iter().chain(own);
            let rules = rules.filter(|rule| rule.families.contains(&family) && rule.form == form && rule.when == when);
            rules.flat_map(|rule| rule.refuses).copied().collect()
        };
        Rules {
            always: refused(When::Always),
            reasoning: refused(When::Reasoning),
            reasons_unasked: family.reasons_unasked(),
            renames_max_tokens: form == Form::Chat && family.has_no_max_tokens(),
        }
    }

    /// What is not taken of a request that uses these features.
    pub fn refused(&self, uses: Features) -> Features {
        let reasons = uses.has(Feature::Reasoning) || (self.reasons_unasked && !uses.has(Feature::ReasoningOff));
        let all = if reasons { self.always.union(self.reasoning) } else { self.always };
        all.shared(uses)
    }

    /// Whether they can change what becomes of a request.
    pub fn is_empty(&self) -> bool {
        self.always.is_empty() && self.reasoning.is_empty() && !self.renames_max_tokens
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::name::Named;

    #[wasm_bindgen_test(unsupported = test)]
    fn what_a_family_does_not_take_while_it_reasons() {
        use Feature::{
            CustomTools, LogitBias, MinimalReasoning, Reasoning, ReasoningOff, Sampling, Stop, Tools, Verbosity,
        };
        for (family, form, uses, refused) in [
            (Family::Gpt6, Form::Chat, &[Sampling, Tools][..], "sampling tools"),
            (Family::Gpt6, Form::Chat, &[Sampling, Tools, ReasoningOff], ""),
            (Family::Gpt6, Form::Chat, &[Stop, ReasoningOff], "stop"),
            (Family::Gpt6, Form::Responses, &[Sampling, Tools], "sampling"),
            (Family::Gpt6, Form::Responses, &[Reasoning, MinimalReasoning], "minimal_reasoning"),
            (Family::Gpt5, Form::Chat, &[Sampling, Tools, LogitBias], "sampling logit_bias"),
            (Family::Gpt54, Form::Chat, &[Sampling, Tools], ""),
            (Family::Gpt54, Form::Chat, &[Tools, Reasoning], "tools"),
            (Family::Gpt51, Form::Chat, &[Sampling, Tools, Reasoning], "sampling"),
            (Family::GptOss, Form::Chat, &[Sampling, Tools, Stop, CustomTools, Verbosity], "verbosity custom_tools"),
            (Family::Plain, Form::Chat, &[Sampling, Tools, Stop], ""),
        ] {
            let found = Rules::of(Some(family), form, &[]).refused(uses.iter().copied().collect());
            let expected: Features = refused.split_whitespace().filter_map(Feature::parse).collect();
            assert_eq!(found, expected, "{family:?} {form:?} {uses:?}");
        }
        assert!(Rules::of(Some(Family::Plain), Form::Chat, &[]).is_empty());
        assert!(Rules::of(None, Form::Chat, &[]).is_empty());
    }
}
