//! Differences that are known and right, each with its reason. Keep it short.

use super::exchange::Exchange;
use super::shape::{self, Difference, Kind};
use std::collections::HashSet;

/// Fields of OpenAI's own answers that are not emulated.
const OPENAI_ONLY: &[&str] = &[
    // Who pays: OpenAI's accounting.
    "billing",
    // What hosted tools cost: OpenAI's accounting, since August 2026.
    "tool_usage",
    // The schema of a tool's results, since September 2026.
    "tools[].output_schema",
    // The name that `summary` had until 2025.
    "reasoning.generate_summary",
    // Since August 2026; emulated for the newest models only, as most recordings are older.
    "usage.input_tokens_details.cache_write_tokens",
];

/// OpenAI's recordings are of many months, and older than its API in parts: a field that Azure's have, which are newer,
/// may be missing in them.
#[derive(Default)]
pub struct Allowed {
    chat: HashSet<String>,
    responses: HashSet<String>,
}

impl Allowed {
    pub fn new(exchanges: &[Exchange]) -> Self {
        let mut allowed = Self::default();
        for exchange in exchanges.iter().filter(|exchange| exchange.folder == "azure") {
            let known = if exchange.is_chat() { &mut allowed.chat } else { &mut allowed.responses };
            known.extend(shape::paths(&exchange.body));
        }
        allowed
    }

    pub fn has(&self, exchange: &Exchange, difference: &Difference) -> bool {
        // In a stream the response object lies in its event.
        let path = difference.path.strip_prefix("response.").unwrap_or(&difference.path);
        match difference.kind {
            Kind::OnlyRecorded => exchange.is_openai() && OPENAI_ONLY.contains(&path),
            Kind::OnlyEmulated if exchange.is_openai() => {
                let known = if exchange.is_chat() { &self.chat } else { &self.responses };
                known.contains(path)
            }
            _ => false,
        }
    }
}
