//! What an answer says: its items, their pieces, why it ends, and how many tokens that is.

use super::example;
use super::steering::SteeredItem;
use super::{Api, Call};
use crate::fault::{marked, marked_number, without_markers};
use serde_json::{Map, Value};

pub struct Content {
    pub items: Vec<Item>,
    pub finish: Finish,
    pub input_tokens: usize,
    pub output_tokens: usize,
    pub reasoning_tokens: usize,
}

pub enum Item {
    Reasoning,
    /// Text in the pieces that a stream sends.
    Message(Vec<String>),
    Call {
        name: String,
        arguments: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

const REASONING_TOKENS: usize = 64;

impl Content {
    pub fn of(call: &Call<'_>) -> Self {
        let asked = last_user_text(call);
        let (mut items, mut finish) = match &call.steer {
            Some(steer) => (steered(&steer.items, steer.deltas), Finish::Stop),
            None => own(call, &asked),
        };
        if items.iter().any(|item| matches!(item, Item::Call { .. })) {
            finish = Finish::ToolCalls;
        }
        if call.plan.filtered {
            items.retain(|item| !matches!(item, Item::Call { .. }));
            finish = Finish::ContentFilter;
        }
        let said: usize = items
            .iter()
            .map(|item| match item {
                Item::Reasoning => 0,
                Item::Message(pieces) => pieces.iter().map(String::len).sum(),
                Item::Call { arguments, .. } => arguments.len(),
            })
            .sum();
        let reasons = items.iter().any(|item| matches!(item, Item::Reasoning));
        let reasoning_tokens = if reasons { REASONING_TOKENS } else { 0 };
        Self {
            items,
            finish,
            input_tokens: call.raw.len().div_ceil(4),
            output_tokens: said.div_ceil(4) + reasoning_tokens,
            reasoning_tokens,
        }
    }

    /// The text of all messages.
    pub fn text(&self) -> String {
        let pieces = self.items.iter().filter_map(|item| match item {
            Item::Message(pieces) => Some(pieces.concat()),
            _ => None,
        });
        pieces.collect()
    }

    pub fn calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.items.iter().filter_map(|item| match item {
            Item::Call { name, arguments } => Some((name.as_str(), arguments.as_str())),
            _ => None,
        })
    }

    pub fn reasons(&self) -> bool {
        self.reasoning_tokens > 0
    }
}

fn steered(items: &[SteeredItem], deltas: Option<usize>) -> Vec<Item> {
    let item = |item: &SteeredItem| match item {
        SteeredItem::Reasoning => Item::Reasoning,
        SteeredItem::Message(text) => Item::Message(pieces(text, deltas)),
        SteeredItem::Call { call, arguments } => {
            let arguments = match arguments {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => "{}".into(),
            };
            Item::Call { name: call.clone(), arguments }
        }
    };
    items.iter().map(item).collect()
}

fn own(call: &Call<'_>, asked: &str) -> (Vec<Item>, Finish) {
    let mut items = Vec::new();
    if marked(asked, "reasoning") {
        items.push(Item::Reasoning);
    }
    let calls = calls(call, asked);
    if !calls.is_empty() {
        items.extend(calls);
        return (items, Finish::ToolCalls);
    }
    let deltas = marked_number(asked, "events");
    let text = format!("{} {} {}: {}", call.cloud, call.place, call.model, without_markers(asked));
    let text = match schema(call) {
        Some(schema) => example::of(schema, &text).to_string(),
        None => lengthened(text, deltas.unwrap_or(0)),
    };
    let (text, finish) = shortened(call, text);
    items.push(Item::Message(pieces(&text, deltas)));
    (items, finish)
}

/// Words to reach the number of events that was asked for; numbered, so that a lost one shows.
fn lengthened(mut text: String, words: usize) -> String {
    for number in text.split(' ').count()..words {
        text.push_str(&format!(" #{number}"));
    }
    text
}

/// The text up to a stop sequence and within the tokens that were allowed.
fn shortened(call: &Call<'_>, mut text: String) -> (String, Finish) {
    let stops = match call.body.get("stop") {
        Some(Value::String(stop)) => vec![stop.as_str()],
        Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if let Some(at) = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop)).min() {
        text.truncate(at);
    }
    let limits = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
    let limit = limits.iter().find_map(|name| call.body.get(*name).and_then(Value::as_u64));
    let bytes =
        limit.and_then(|tokens| usize::try_from(tokens).ok()).map_or(usize::MAX, |tokens| tokens.saturating_mul(4));
    if text.len() <= bytes {
        return (text, Finish::Stop);
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    (text, Finish::Length)
}

/// A word each, or as many pieces as were asked for; joined they are the text.
fn pieces(text: &str, count: Option<usize>) -> Vec<String> {
    let mut pieces: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
    if let Some(count) = count.filter(|count| *count > 0) {
        // Not enough words: the last ones are split by characters.
        while pieces.len() < count {
            let Some(at) = pieces.iter().rposition(|piece| piece.chars().count() > 1) else { break };
            let Some(piece) = pieces.get_mut(at) else { break };
            let Some((middle, _)) = piece.char_indices().nth(piece.chars().count() / 2) else { break };
            let tail = piece.split_off(middle);
            pieces.insert(at + 1, tail);
        }
        let tail: String = pieces.iter().skip(count).map(String::as_str).collect();
        pieces.truncate(count);
        if let Some(last) = pieces.last_mut() {
            last.push_str(&tail);
        }
    }
    pieces
}

/// The calls that the last user text names with `call NAME`, or that `tool_choice` forces. Once a tool has
/// answered there are none: the next answer is text.
fn calls(call: &Call<'_>, asked: &str) -> Vec<Item> {
    let tools = functions(call);
    let choice = call.body.get("tool_choice");
    if tools.is_empty() || choice == Some(&Value::from("none")) || ends_with_result(call) {
        return Vec::new();
    }
    let item = |(name, parameters): &(&str, Option<&Value>)| {
        let arguments = parameters.map_or_else(|| "{}".into(), |schema| example::of(schema, "text").to_string());
        Item::Call { name: (*name).to_owned(), arguments }
    };
    let words: Vec<&str> = asked.split(|letter: char| letter.is_whitespace() || ",.;!?".contains(letter)).collect();
    let named = |name: &str| words.windows(2).any(|pair| pair == ["call", name]);
    let wanted: Vec<Item> = tools.iter().filter(|(name, _)| named(name)).map(item).collect();
    if !wanted.is_empty() {
        return wanted;
    }
    let forced = choice.and_then(|choice| choice.get("name").or_else(|| choice.pointer("/function/name")));
    let forced = match (forced.and_then(Value::as_str), choice) {
        (Some(name), _) => tools.iter().find(|(tool, _)| *tool == name),
        (None, Some(choice)) if choice == "required" => tools.first(),
        _ => None,
    };
    forced.map(item).into_iter().collect()
}

/// Function tools, in either API's form: name and parameters.
fn functions<'a>(call: &'a Call<'_>) -> Vec<(&'a str, Option<&'a Value>)> {
    let Some(Value::Array(tools)) = call.body.get("tools") else { return Vec::new() };
    let function = |tool: &'a Value| {
        if tool.get("type")? != "function" {
            return None;
        }
        let definition = tool.get("function").unwrap_or(tool);
        Some((definition.get("name")?.as_str()?, definition.get("parameters")))
    };
    tools.iter().filter_map(function).collect()
}

fn conversation<'a>(call: &'a Call<'_>) -> &'a [Value] {
    let name = if call.api == Api::Chat { "messages" } else { "input" };
    call.body.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn ends_with_result(call: &Call<'_>) -> bool {
    conversation(call).last().is_some_and(|last| {
        last.get("role").is_some_and(|role| role == "tool")
            || last.get("type").is_some_and(|kind| kind == "function_call_output")
    })
}

fn last_user_text(call: &Call<'_>) -> String {
    if let Some(Value::String(text)) = call.body.get("input").filter(|_| call.api == Api::Responses) {
        return text.clone();
    }
    let last = conversation(call).iter().rev().find(|message| message.get("role").is_some_and(|role| role == "user"));
    match last.and_then(|message| message.get("content")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join(" ")
        }
        _ => String::new(),
    }
}

/// The JSON schema that the answer must fit.
fn schema<'a>(call: &'a Call<'_>) -> Option<&'a Value> {
    let format = match call.api {
        Api::Chat => call.body.get("response_format")?,
        Api::Responses => call.body.get("text")?.get("format")?,
    };
    match format.get("type")?.as_str()? {
        "json_schema" => format.pointer("/json_schema/schema").or_else(|| format.get("schema")),
        "json_object" => Some(format),
        _ => None,
    }
}

/// The fields of an object, for shapes that echo what they were asked.
pub fn echoed<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_or_as_many_as_asked_and_join_to_the_text() {
        let text = "azure r m: hello";
        for (count, expected) in [(None, 4), (Some(2), 2), (Some(7), 7), (Some(64), 16), (Some(0), 4)] {
            let pieces = pieces(text, count);
            assert_eq!(pieces.len(), expected, "{count:?}");
            assert_eq!(pieces.concat(), text, "{count:?}");
        }
        assert_eq!(lengthened("a b".into(), 4), "a b #2 #3");
    }
}
