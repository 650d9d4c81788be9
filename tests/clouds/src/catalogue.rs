//! Which deployments and models the emulated clouds have, and what a deployment answers as.

/// How a model behaves at its API, which differs by family (design notes of the vendors, 2026-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// GPT-4o and 4.1: everything goes.
    Classic,
    /// o-series and GPT-5: `max_completion_tokens` only, no sampling parameters while they reason.
    Reasoning,
    /// GPT-5.6 and later: as `Reasoning`, and no function tools on chat completions while they reason.
    ReasoningNoChatTools,
    /// gpt-oss and other open models.
    Open,
}

/// A GPT's generation, by the digits in its name: `gpt-5.6-luna` is (5, 6), `gpt6sol-prod` (6, 0).
pub fn generation(name: &str) -> Option<(u32, u32)> {
    let (_, rest) = name.split_once("gpt")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let number = |text: &str| -> Option<u32> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        text.get(..digits)?.parse().ok()
    };
    let major = number(rest)?;
    Some((major, rest.split_once('.').and_then(|(_, minor)| number(minor)).unwrap_or(0)))
}

/// The family of a model or deployment.
pub fn family(name: &str) -> Family {
    let name = name.rsplit('/').next().unwrap_or(name);
    match generation(name) {
        Some(generation) if generation >= (5, 6) => Family::ReasoningNoChatTools,
        Some(generation) if generation >= (5, 0) => Family::Reasoning,
        Some(_) => Family::Classic,
        None if ["o1", "o3", "o4"].iter().any(|series| name.starts_with(series)) => Family::Reasoning,
        None => Family::Open,
    }
}

/// Azure's deployments, which every emulated resource has, with the model a deployment runs.
const AZURE: &[(&str, &str)] = &[
    ("gpt6sol-prod", "gpt-6.1-sol-2026-09-29"),
    ("gpt6luna-prod", "gpt-6-luna-2026-09-22"),
    ("gpt4o-classic", "gpt-4o-2024-11-20"),
    ("gpt-6.1-sol", "gpt-6.1-sol-2026-09-29"),
    ("gpt-6-luna", "gpt-6-luna-2026-09-22"),
    ("gpt-oss-120b", "gpt-oss-120b"),
];

const RUNTIME: &[&str] =
    &["us.openai.gpt-6.1-sol", "global.openai.gpt-6.1-sol", "us.openai.gpt-6-luna", "openai.gpt-oss-120b-1:0"];

/// Mantle's models under `/openai/v1`.
const MANTLE: &[&str] = &["openai.gpt-6.1-sol", "openai.gpt-6-luna", "openai.gpt-5.6-luna", "openai.gpt-5.5"];

/// Mantle's open models under `/v1`.
const MANTLE_OPEN: &[&str] =
    &["openai.gpt-oss-120b", "openai.gpt-oss-20b", "openai.gpt-oss-safeguard-120b", "openai.gpt-oss-safeguard-20b"];

/// OpenAI's own models at Google: a preview in `global` and `us`, Responses only.
const GCP_PUBLISHER: &[&str] = &["gpt-6-astra", "gpt-6-luna", "gpt-6.1-sol", "gpt-6.1-terra"];
const GCP_PUBLISHER_LOCATIONS: &[&str] = &["global", "us"];

/// Google's OpenAI-compatible chat endpoint.
const GCP_OPENAPI: &[&str] = &["openai/gpt-oss-120b-maas", "google/gemini-3.5-flash"];

/// OpenAI's own models, with the version that a name stands for.
const OPENAI: &[(&str, &str)] = &[
    ("gpt-6.1-sol", "gpt-6.1-sol-2026-09-29"),
    ("gpt-6.1-terra", "gpt-6.1-terra-2026-09-29"),
    ("gpt-6-astra", "gpt-6-astra-2026-09-03"),
    ("gpt-6-luna", "gpt-6-luna-2026-09-22"),
    ("gpt-4o", "gpt-4o-2024-11-20"),
];

pub const GCP_PROJECT: &str = "acme-ai";

#[derive(Default)]
pub struct Catalogue {
    /// Names that exist everywhere, given at the command line.
    extra: Vec<String>,
}

impl Catalogue {
    pub fn new(extra: Vec<String>) -> Self {
        Self { extra }
    }

    fn has(&self, list: &[&str], name: &str) -> bool {
        list.contains(&name) || self.extra.iter().any(|extra| extra == name)
    }

    /// The model behind an Azure deployment.
    pub fn azure(&self, deployment: &str) -> Option<String> {
        let known = AZURE.iter().find(|(name, _)| *name == deployment).map(|(_, model)| (*model).to_owned());
        known.or_else(|| self.has(&[], deployment).then(|| deployment.to_owned()))
    }

    pub fn runtime(&self, model: &str) -> bool {
        self.has(RUNTIME, model)
    }

    /// Mantle's prefix for a model: `/openai/v1` or `/v1`.
    pub fn mantle(&self, model: &str) -> Option<&'static str> {
        if self.has(MANTLE_OPEN, model) && !MANTLE.contains(&model) && model.contains("gpt-oss") {
            Some("/v1")
        } else if self.has(MANTLE, model) {
            Some("/openai/v1")
        } else {
            None
        }
    }

    pub fn gcp_publisher(&self, model: &str, location: &str) -> bool {
        self.has(GCP_PUBLISHER, model) && GCP_PUBLISHER_LOCATIONS.contains(&location)
    }

    /// The version of one of OpenAI's models.
    pub fn openai(&self, model: &str) -> Option<String> {
        let known = OPENAI.iter().find(|(name, _)| *name == model).map(|(_, version)| (*version).to_owned());
        known.or_else(|| self.has(&[], model).then(|| model.to_owned()))
    }

    /// The names of OpenAI's models.
    pub fn openai_models(&self) -> impl Iterator<Item = &str> {
        OPENAI.iter().map(|(name, _)| *name).chain(self.extra.iter().map(String::as_str))
    }

    pub fn gcp_openapi(&self, model: &str) -> bool {
        self.has(GCP_OPENAPI, model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_follow_the_generation_in_the_name() {
        let rows = [
            ("gpt6sol-prod", Family::ReasoningNoChatTools),
            ("us.openai.gpt-6.1-sol", Family::ReasoningNoChatTools),
            ("openai.gpt-5.6-luna", Family::ReasoningNoChatTools),
            ("openai.gpt-5.5", Family::Reasoning),
            ("gpt-5-mini", Family::Reasoning),
            ("o3-mini", Family::Reasoning),
            ("gpt4o-classic", Family::Classic),
            ("gpt-4.1", Family::Classic),
            ("gpt-6.1-sol", Family::ReasoningNoChatTools),
            ("gpt-5.2-2025-12-11", Family::Reasoning),
            ("openai.gpt-oss-120b-1:0", Family::Open),
            ("openai/gpt-oss-120b-maas", Family::Open),
            ("google/gemini-3.5-flash", Family::Open),
        ];
        for (name, expected) in rows {
            assert_eq!(family(name), expected, "{name}");
        }
    }

    #[test]
    fn extra_names_exist_everywhere() {
        let catalogue = Catalogue::new(vec!["gpt-9".into()]);
        assert_eq!(catalogue.azure("gpt-9").as_deref(), Some("gpt-9"));
        assert!(catalogue.runtime("gpt-9") && catalogue.gcp_openapi("gpt-9"));
        assert_eq!(catalogue.mantle("gpt-9"), Some("/openai/v1"));
        assert_eq!(catalogue.azure("gpt-10"), None);
    }

    #[test]
    fn mantle_knows_one_prefix_per_model() {
        let catalogue = Catalogue::default();
        assert_eq!(catalogue.mantle("openai.gpt-5.5"), Some("/openai/v1"));
        assert_eq!(catalogue.mantle("openai.gpt-oss-20b"), Some("/v1"));
        assert_eq!(catalogue.mantle("us.openai.gpt-6.1-sol"), None);
    }
}
