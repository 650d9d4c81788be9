//! Families of models, which differ in what they take of the API that all of them speak; and their rules, as data.
//!
//! A model of no known family passes untouched: its cloud refuses what it does not take, in its own words.

mod rules;

pub use rules::{Rule, Rules, When};

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Models without rules: GPT-4, and those of the later ones that chat without reasoning.
    Plain,
    /// o1, o3 and o4, which always reason.
    OSeries,
    /// GPT-5, which reasons unless it is told not to.
    Gpt5,
    /// GPT-5.1 to 5.3, which reason only if they are told to.
    Gpt51,
    /// GPT-5.4 and 5.5, which do too, and take no tools in chat completions then.
    Gpt54,
    /// GPT-5.6 and later, which reason unless they are told not to.
    Gpt56,
    /// GPT-6.
    Gpt6,
    /// gpt-oss.
    GptOss,
}

/// The largest generation: in the names of deployments a number such as 54 may be 5.4.
const LATEST: u32 = 9;

impl Family {
    /// The family that a name tells: a model's, a profile's, an ARN's, a deployment's. `None` where none is known.
    pub fn of(name: &str) -> Option<Family> {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        if name.contains("gpt-oss") {
            return Some(Family::GptOss);
        }
        if let Some((_, rest)) = name.split_once("gpt") {
            let (major, rest) = number(rest.strip_prefix('-').unwrap_or(rest))?;
            let minor = rest.strip_prefix('.').and_then(number);
            let (minor, rest) = minor.unwrap_or((0, rest));
            return match (major, minor) {
                (0..=4, _) => Some(Family::Plain),
                (LATEST.., _) if major > LATEST => None,
                _ if rest.starts_with("-chat") => Some(Family::Plain),
                (5, 0) => Some(Family::Gpt5),
                (5, 1..=3) => Some(Family::Gpt51),
                (5, 4..=5) => Some(Family::Gpt54),
                (5, _) => Some(Family::Gpt56),
                _ => Some(Family::Gpt6),
            };
        }
        let series = |series: &&str| {
            let rest = name.strip_prefix(*series);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
        };
        ["o1", "o3", "o4"].iter().any(series).then_some(Family::OSeries)
    }

    /// Whether it reasons where the request says nothing of it. Source: OpenAI, "Reasoning models" and the models' guides
    /// (2026-11).
    fn reasons_unasked(self) -> bool {
        matches!(self, Family::OSeries | Family::Gpt5 | Family::Gpt56 | Family::Gpt6)
    }

    /// Whether a chat completion is limited by `max_completion_tokens` alone. Source: MicrosoftDocs/azure-ai-docs,
    /// "Reasoning models"; OpenAI's API reference, `max_tokens` (2026-11).
    fn has_no_max_tokens(self) -> bool {
        !matches!(self, Family::Plain | Family::GptOss)
    }
}

/// The number that a text begins with, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_name_tells_its_family() {
        for (name, family) in [
            ("gpt-6.1-sol", Some(Family::Gpt6)),
            ("us.openai.gpt-6-luna", Some(Family::Gpt6)),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6.1-sol", Some(Family::Gpt6)),
            ("gpt6sol-prod", Some(Family::Gpt6)),
            ("GPT-5.6-Terra", Some(Family::Gpt56)),
            ("openai.gpt-5.5", Some(Family::Gpt54)),
            ("gpt-5.2-2025-12-11", Some(Family::Gpt51)),
            ("gpt-5-mini", Some(Family::Gpt5)),
            ("gpt-5-chat", Some(Family::Plain)),
            ("gpt-4.1-nano", Some(Family::Plain)),
            ("gpt4o-classic", Some(Family::Plain)),
            ("o3-mini", Some(Family::OSeries)),
            ("o1", Some(Family::OSeries)),
            ("openai.gpt-oss-120b-1:0", Some(Family::GptOss)),
            ("openai/gpt-oss-120b-maas", Some(Family::GptOss)),
            // It may be 5.4.
            ("gpt54-classic", None),
            ("google/gemini-3.5-flash", None),
            ("o3x", None),
            ("sol", None),
            ("gpt", None),
            ("", None),
        ] {
            assert_eq!(Family::of(name), family, "{name}");
        }
    }
}
