//! Whether what came out is what it has to be: JSON, and streams of events as each API has them.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Whether it is one JSON text.
pub fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Bytes as they are shown when something is wrong.
pub fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A rule, and what to say of its breach.
pub fn rule(holds: bool, breach: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(breach()) }
}

/// Takes a stream of ours apart: the name and the data of each event. It has no other form than ours.
fn events(out: &[u8]) -> Result<Vec<(&str, &str)>, String> {
    let text = std::str::from_utf8(out).map_err(|_| format!("the stream is not UTF-8: {}", shown(out)))?;
    rule(text.is_empty() || text.ends_with("\n\n"), || format!("the last event has no end: {}", shown(out)))?;
    text.split_terminator("\n\n")
        .map(|event| {
            let (name, data) = match event.strip_prefix("event: ") {
                Some(named) => named.split_once('\n').unwrap_or_default(),
                None => ("", event),
            };
            let data = data.strip_prefix("data: ").unwrap_or_default();
            let one_line = !data.contains(['\n', '\r']) && !name.contains('\r');
            rule(one_line && (data == "[DONE]" || is_json(data.as_bytes())), || format!("no event: {event:?}"))?;
            Ok((name, data))
        })
        .collect()
}

/// A stream of chat completions. `whole`: it ended well.
pub fn chat_stream(out: &[u8], whole: bool) -> Result<(), String> {
    let events = events(out)?;
    let done = events.iter().position(|(_, data)| *data == "[DONE]");
    let expected = whole.then(|| events.len().saturating_sub(1));
    rule(done == expected, || format!("[DONE] stands at {done:?} and not at {expected:?}: {}", shown(out)))?;
    let named = events.iter().find(|(name, _)| !name.is_empty());
    rule(named.is_none(), || format!("a chunk has the name {named:?}"))
}

#[derive(Deserialize)]
struct Typed<'e> {
    r#type: &'e str,
    sequence_number: usize,
}

/// A stream of the Responses API. `whole`: it ended well.
pub fn responses_stream(out: &[u8], whole: bool) -> Result<(), String> {
    let events = events(out)?;
    for (number, (name, data)) in events.iter().enumerate() {
        let typed = serde_json::from_str(data).map_err(|why| format!("{why}: {data}"))?;
        let Typed { r#type, sequence_number } = typed;
        rule(r#type == *name && sequence_number == number, || format!("event {number} is named {name}: {data}"))?;
        let ends = ["response.completed", "response.incomplete"].contains(name);
        let fails = ["response.failed", "error"].contains(name);
        let last = number + 1 == events.len();
        let right = if last && whole {
            ends
        } else if last {
            !ends
        } else {
            !ends && !fails
        };
        rule(right, || format!("{name} is event {number} of {}, whole: {whole}", events.len()))?;
    }
    rule(!whole || !events.is_empty(), || "a whole stream has no event".to_owned())
}
