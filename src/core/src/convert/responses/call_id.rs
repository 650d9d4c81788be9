//! Ids of tool calls, as a target of OpenAI's takes them.

use std::collections::BTreeMap;

use super::super::raw::Raw;
use crate::json::Writer;
use crate::session::calls::digest;

/// The longest id of a call that the Responses API takes, in characters. Histories that another vendor's model made
/// hold longer ones.
const LONGEST: usize = 64;

/// The ids of a history's calls. Bedrock counts calls anew in each turn (`call_0`), so that an id comes again: the later
/// one gets another, which its result gets, too.
#[derive(Debug, Default)]
pub(super) struct CallIds<'j>(BTreeMap<&'j [u8], Latest>);

/// The latest call of an id.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    /// How many calls have had the id.
    times: u64,
    /// Whether it called a custom tool.
    custom: bool,
}

impl<'j> CallIds<'j> {
    /// Writes the id of the next call.
    pub(super) fn write_call(&mut self, id: Raw<'j>, custom: bool, json: &mut Writer<'_>) {
        let latest = self.0.entry(id.bytes()).or_default();
        *latest = Latest { times: latest.times.saturating_add(1), custom };
        write(id, latest.times, json);
    }

    /// Writes the id that the result of the latest call with `id` names.
    pub(super) fn write_result(&self, id: Raw<'j>, json: &mut Writer<'_>) {
        write(id, self.0.get(id.bytes()).map_or(1, |latest| latest.times), json);
    }

    /// Whether the latest call with that id called a custom tool: its result is an item of another type.
    pub(super) fn is_custom(&self, id: Raw<'j>) -> bool {
        self.0.get(id.bytes()).is_some_and(|latest| latest.custom)
    }
}

/// Writes the id that stands there for the `times`th time. One that would be too long is replaced by a digest.
fn write(id: Raw<'_>, times: u64, json: &mut Writer<'_>) {
    let inner = id.inner().unwrap_or_default();
    let suffix = if times > 1 { format!("-{times}") } else { String::new() };
    json.begin_string();
    if inner.len() + suffix.len() <= LONGEST {
        json.raw_text(inner);
    } else {
        json.text("call_").text(&digest(inner, 32));
    }
    json.text(&suffix).end_string();
}
