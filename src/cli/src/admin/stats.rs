//! `/stats`: counters, gauges and texts by name.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was asked for, in the order of the names. Histograms are left out.
#[derive(Debug, Default)]
pub struct Stats(BTreeMap<String, Value>);

impl Stats {
    /// Reads `/stats?format=json`.
    pub fn new(reply: &Value) -> Stats {
        let list = reply.get("stats").and_then(Value::as_array).into_iter().flatten();
        let pair = |stat: &Value| Some((stat.get("name")?.as_str()?.to_owned(), stat.get("value")?.clone()));
        Stats(list.filter_map(pair).collect())
    }

    /// A counter or gauge; 0 where there is none.
    pub fn number(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// A text, if it says anything.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Whether Envoy has a statistic of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_u64()?)))
    }

    /// All texts that say anything.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        texts.filter(|(_, text)| !text.is_empty())
    }
}
