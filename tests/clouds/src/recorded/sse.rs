//! Event streams: the order and kinds of events, their framing, and the shape of each.

use super::common;
use super::shape::{self, Difference, Kind};
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Event {
    /// The `event:` line; of a chat completion's chunk, which has none, what it brings; else empty.
    pub name: String,
    pub data: Value,
    /// The names of the lines, in their order.
    lines: String,
    /// `[DONE]`, or whatever is no JSON.
    text: String,
}

pub fn parse(stream: &str) -> Vec<Event> {
    let blocks = stream.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks.map(event).collect()
}

fn event(block: &str) -> Event {
    let (mut name, mut text, mut lines) = (String::new(), String::new(), Vec::new());
    for line in block.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        lines.push(field);
        match field {
            "event" => value.clone_into(&mut name),
            "data" => value.clone_into(&mut text),
            _ => {}
        }
    }
    let data = serde_json::from_str(&text).unwrap_or_default();
    if name.is_empty() {
        brought(&data).unwrap_or_default().clone_into(&mut name);
    }
    let text = if Value::is_null(&data) { text } else { String::new() };
    Event { name, data, lines: lines.join(","), text }
}

const PROMPT_FILTER: &str = "prompt filter";
const FILTER_VERDICT: &str = "filter verdict";

/// What a chunk of a chat completion brings; pieces of a text or of arguments are deltas.
fn brought(chunk: &Value) -> Option<&'static str> {
    let Some(choice) = chunk.get("choices")?.as_array()?.first() else {
        let counts = chunk.get("usage").is_some_and(Value::is_object);
        return Some(if counts { "usage" } else { PROMPT_FILTER });
    };
    if choice.get("finish_reason").is_some_and(Value::is_string) {
        return Some("finish");
    }
    let Some(delta) = choice.get("delta") else {
        return Some(FILTER_VERDICT);
    };
    let has = |name: &str| delta.get(name).is_some_and(|value| !value.is_null());
    Some(match delta.pointer("/tool_calls/0") {
        _ if has("role") => "role",
        Some(call) if call.get("id").is_some() => "tool call",
        Some(_) => "arguments.delta",
        None if has("content") => "content.delta",
        None if has("refusal") => "refusal.delta",
        None => "other.delta",
    })
}

/// The events that OpenAI sends too: Azure's filters have some of their own in a chat completion's stream.
pub fn without_filters(events: Vec<Event>) -> Vec<Event> {
    events.into_iter().filter(|event| ![PROMPT_FILTER, FILTER_VERDICT].contains(&event.name.as_str())).collect()
}

/// What a chat completion's stream comes to: its first choice, as a whole answer would have it.
pub fn completion(events: &[Event]) -> Value {
    let mut content: Option<String> = None;
    let mut calls: Vec<(String, String)> = Vec::new();
    let deltas = events.iter().filter_map(|event| event.data.pointer("/choices/0/delta"));
    for delta in deltas {
        if let Some(piece) = delta.get("content").and_then(Value::as_str) {
            content.get_or_insert_default().push_str(piece);
        }
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| call.pointer(name).and_then(Value::as_str);
            if let Some(name) = text("/function/name") {
                calls.push((name.to_owned(), String::new()));
            }
            if let (Some((_, arguments)), Some(piece)) = (calls.last_mut(), text("/function/arguments")) {
                arguments.push_str(piece);
            }
        }
    }
    // The first chunk has an empty text where calls follow.
    let content = content.filter(|text| calls.is_empty() || !text.is_empty());
    let calls: Vec<Value> = calls
        .into_iter()
        .map(|(name, arguments)| json!({"function": {"name": name, "arguments": arguments}}))
        .collect();
    json!({"choices": [{"message": {"content": content, "tool_calls": calls}}]})
}

/// Runs of events of one name count once: how many pieces an answer has is the model's affair.
fn runs(events: &[Event]) -> Vec<&Event> {
    let mut runs: Vec<&Event> = Vec::new();
    for event in events {
        let same = runs.last().is_some_and(|last| last.name == event.name && last.text == event.text);
        if !same || !event.name.ends_with(".delta") {
            runs.push(event);
        }
    }
    runs
}

/// The events that have nothing to do with hosted tools.
pub fn common(events: Vec<Event>) -> Vec<Event> {
    let place = |event: &Event| event.data.get("output_index").and_then(Value::as_u64);
    let hosted: Vec<u64> =
        events.iter().filter(|event| event.data.get("item").is_some_and(common::is_hosted)).filter_map(place).collect();
    let kept = events.into_iter().filter(|event| {
        !place(event).is_some_and(|place| hosted.contains(&place)) && !event.name.contains("annotation")
    });
    kept.map(|event| Event { data: common::of(&event.data), ..event }).collect()
}

pub fn compare(recorded: &[Event], emulated: &[Event]) -> Vec<Difference> {
    let mut differences = numbering(emulated);
    let (left, right) = (runs(recorded), runs(emulated));
    let names = |events: &[&Event]| {
        let shown =
            events.iter().map(|event| if event.name.is_empty() { event.text.clone() } else { event.name.clone() });
        shown.collect::<Vec<_>>().join(" ")
    };
    let mut texts = |path: &str, recorded: String, emulated: String| {
        if recorded != emulated {
            differences.push(Difference { path: path.to_owned(), kind: Kind::Text { recorded, emulated } });
        }
    };
    texts("(order of events)", names(&left), names(&right));
    for (left, right) in left.iter().zip(&right).filter(|(left, right)| left.name == right.name) {
        texts(&format!("{} (lines)", left.name), left.lines.clone(), right.lines.clone());
    }
    for (left, right) in left.iter().zip(&right).filter(|(left, right)| left.name == right.name) {
        differences.extend(shape::compare(&left.data, &right.data));
    }
    differences
}

/// Events that bear numbers are numbered from 0 on.
fn numbering(events: &[Event]) -> Vec<Difference> {
    let numbers: Vec<u64> = events.iter().filter_map(|event| event.data.get("sequence_number")?.as_u64()).collect();
    let expected: Vec<u64> = (0..).take(numbers.len()).collect();
    if numbers == expected {
        return Vec::new();
    }
    let kind = Kind::Text { recorded: format!("{expected:?}"), emulated: format!("{numbers:?}") };
    vec![Difference { path: "sequence_number".into(), kind }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(recorded: &str, emulated: &str) -> Vec<String> {
        compare(&parse(recorded), &parse(emulated)).iter().map(Difference::to_string).collect()
    }

    const STREAM: &str = "event: a\ndata: {\"x\":1,\"sequence_number\":0}\n\nevent: b.delta\ndata: {\"y\":1,\"sequence_number\":1}\n\nevent: b.delta\ndata: {\"y\":2,\"sequence_number\":2}\n\ndata: [DONE]\n\n";

    #[test]
    fn the_number_of_deltas_does_not_matter() {
        let shorter = STREAM.replacen("event: b.delta\ndata: {\"y\":2,\"sequence_number\":2}\n\n", "", 1);
        assert_eq!(differences(STREAM, &shorter), Vec::<String>::new());
    }

    const CHAT: &str = concat!(
        r#"data: {"choices":[],"prompt_filter_results":[]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"content":"a "},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"content":"b"},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        "\n\n",
        r#"data: {"choices":[{"finish_reason":null,"content_filter_offsets":{}}]}"#,
        "\n\n",
        r#"data: {"choices":[],"usage":{"total_tokens":1}}"#,
        "\n\ndata: [DONE]\n\n"
    );

    #[test]
    fn chunks_of_a_chat_completion_are_named_by_what_they_bring() {
        let events = parse(CHAT);
        let names: Vec<&str> = runs(&events).iter().map(|event| event.name.as_str()).collect();
        let openai = ["role", "content.delta", "tool call", "arguments.delta", "finish", "usage", ""];
        let azure = [&[PROMPT_FILTER], &openai[..5], &[FILTER_VERDICT], &openai[5..]].concat();
        assert_eq!(names, azure);
        let message = json!({"content": "a b", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]});
        assert_eq!(completion(&events), json!({"choices": [{"message": message}]}));
        let events = without_filters(events);
        let names: Vec<&str> = runs(&events).iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, openai);
    }

    #[test]
    fn a_chunk_that_lacks_or_that_has_another_shape_is_a_difference() {
        let fewer =
            CHAT.replacen("data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":null}]}\n\n", "", 1);
        assert_eq!(differences(CHAT, &fewer), Vec::<String>::new());
        let no_usage = CHAT.replacen("data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n", "", 1);
        assert!(differences(CHAT, &no_usage)[0].starts_with("(order of events)"));
        let reshaped = CHAT.replacen("\"total_tokens\":1", "\"total_tokens\":\"1\"", 1);
        assert_eq!(differences(CHAT, &reshaped), ["usage.total_tokens: recorded a number, emulated a string"]);
    }

    #[test]
    fn order_framing_shape_and_numbers_do() {
        let swapped = "event: b.delta\ndata: {}\n\nevent: a\ndata: {}\n\n";
        assert!(differences(STREAM, swapped)[0].starts_with("(order of events)"));
        let reframed = STREAM.replacen(
            "event: a\ndata: {\"x\":1,\"sequence_number\":0}",
            "data: {\"x\":1,\"sequence_number\":0}\nevent: a",
            1,
        );
        assert_eq!(differences(STREAM, &reframed), ["a (lines): recorded `event,data`, emulated `data,event`"]);
        assert_eq!(
            differences(STREAM, &STREAM.replacen("\"x\":1", "\"x\":\"1\"", 1)),
            ["x: recorded a number, emulated a string"]
        );
        assert!(differences(STREAM, &STREAM.replacen("number\":2", "number\":7", 1))[0].starts_with("sequence_number"));
    }
}
