//! Event streams: the order and kinds of events, their framing, and the shape of each.

use super::common;
use super::shape::{self, Difference, Kind};
use serde_json::Value;

#[derive(Debug)]
pub struct Event {
    /// The `event:` line, or empty.
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
    let text = if Value::is_null(&data) { text } else { String::new() };
    Event { name, data, lines: lines.join(","), text }
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
