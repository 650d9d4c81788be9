//! What an answer says: its items, their pieces, why it ends, and how many tokens that is.

use super::example;
use super::led::{of_step, rest_of_script, scripted, since};
use super::script::{self, Since};
use super::steering::SteeredItem;
use super::{Api, Call};
use crate::fault::{marked, marked_number, without_markers};
use serde_json::{Map, Value};

pub struct Content {
    pub items: Vec<Item>,
    pub finish: Finish,
    pub input_tokens: usize,
    /// Of the input, read from the cache.
    pub cached_tokens: usize,
    pub output_tokens: usize,
    pub reasoning_tokens: usize,
    pub order: Order,
    /// Only the finished response has the encrypted content, as Azure is reported to do.
    pub late: bool,
}

pub enum Item {
    Reasoning,
    /// Text in the pieces that a stream sends.
    Message(Vec<String>),
    Refusal(Vec<String>),
    Call {
        name: String,
        /// Where the tool was found, if it is not offered by itself.
        namespace: Option<String>,
        arguments: String,
    },
    Custom {
        name: String,
        namespace: Option<String>,
        input: String,
    },
    /// A conversation so far, to be sealed.
    Compaction(String),
    /// An item of a hosted tool, without its id.
    Raw(Value),
}

/// The order of what a stream says of several calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    InTurn,
    /// Their pieces in alternation.
    Interleaved,
    /// No pieces: the arguments come whole.
    DoneOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

impl Finish {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "stop" => Some(Self::Stop),
            "length" => Some(Self::Length),
            "tool_calls" => Some(Self::ToolCalls),
            "content_filter" => Some(Self::ContentFilter),
            _ => None,
        }
    }
}

const REASONING_TOKENS: usize = 64;

impl Content {
    pub fn of(call: &Call<'_>) -> Self {
        let marked_text = last_user_text(call);
        let asked = script::stripped(&marked_text);
        let mut order = order(&asked);
        let (mut items, mut finish) = match &call.steer {
            Some(steer) => (steered(&steer.items, steer.deltas), None),
            None => match scripted(call) {
                Some((step, reasons)) => {
                    order = if step.order == Order::InTurn { order } else { step.order };
                    (of_step(call, &step, reasons), step.finish)
                }
                None => own(call, &asked),
            },
        };
        if call.steer.is_none() && compacts(call) {
            items.insert(0, Item::Compaction(rest_of_script(call)));
        }
        if items.iter().any(|item| matches!(item, Item::Call { .. } | Item::Custom { .. })) {
            finish = finish.or(Some(Finish::ToolCalls));
        }
        if call.plan.filtered {
            items.retain(|item| !matches!(item, Item::Call { .. } | Item::Custom { .. }));
            finish = Some(Finish::ContentFilter);
        }
        let said: usize = items
            .iter()
            .map(|item| match item {
                Item::Reasoning => 0,
                Item::Message(pieces) | Item::Refusal(pieces) => pieces.iter().map(String::len).sum(),
                Item::Call { arguments: text, .. } | Item::Custom { input: text, .. } | Item::Compaction(text) => {
                    text.len()
                }
                Item::Raw(value) => value.to_string().len(),
            })
            .sum();
        let reasons = items.iter().any(|item| matches!(item, Item::Reasoning));
        let reasoning_tokens = if reasons { REASONING_TOKENS } else { 0 };
        let input_tokens = input_tokens(call);
        Self {
            items,
            finish: finish.unwrap_or(Finish::Stop),
            input_tokens,
            cached_tokens: marked_number(&asked, "cached").unwrap_or(0).min(input_tokens),
            output_tokens: said.div_ceil(4) + reasoning_tokens,
            reasoning_tokens,
            order,
            late: marked(&asked, "late"),
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

    /// The refusal, if there is one.
    pub fn refusal(&self) -> Option<String> {
        self.items.iter().find_map(|item| match item {
            Item::Refusal(pieces) => Some(pieces.concat()),
            _ => None,
        })
    }

    pub fn reasons(&self) -> bool {
        self.reasoning_tokens > 0
    }
}

/// A token is four bytes here.
pub fn input_tokens(call: &Call<'_>) -> usize {
    call.raw.len().div_ceil(4)
}

fn order(asked: &str) -> Order {
    if marked(asked, "interleaved") {
        Order::Interleaved
    } else if marked(asked, "done-only") {
        Order::DoneOnly
    } else {
        Order::InTurn
    }
}

/// Whether the client wants a conversation of this length compacted.
fn compacts(call: &Call<'_>) -> bool {
    let wanted = call.body.get("context_management").and_then(Value::as_array).into_iter().flatten();
    let threshold = wanted
        .filter(|entry| entry.get("type").is_some_and(|kind| kind == "compaction"))
        .find_map(|entry| entry.get("compact_threshold").and_then(Value::as_u64));
    call.api == Api::Responses && threshold.is_some_and(|threshold| input_tokens(call) as u64 >= threshold)
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
            Item::Call { name: call.clone(), namespace: None, arguments }
        }
    };
    items.iter().map(item).collect()
}

fn own(call: &Call<'_>, asked: &str) -> (Vec<Item>, Option<Finish>) {
    let mut items = Vec::new();
    if marked(asked, "reasoning") {
        items.push(Item::Reasoning);
    }
    let calls = calls(call, asked);
    if !calls.is_empty() {
        items.extend(calls);
        return (items, None);
    }
    if marked(asked, "refusal") {
        items.push(Item::Refusal(pieces(REFUSAL, None)));
        return (items, None);
    }
    let deltas = marked_number(asked, "events");
    let text = format!("{} {} {}: {}", call.cloud, call.place, call.model, without_markers(asked));
    let text = match schema(call) {
        Some(schema) => example::of(schema, &text).to_string(),
        None => lengthened(text, deltas.unwrap_or(0)),
    };
    let (text, finish) = shortened(call, text);
    items.push(Item::Message(pieces(&text, deltas)));
    let wanted = ["length", "content_filter"].into_iter().find(|name| marked(asked, &format!("finish={name}")));
    (items, wanted.and_then(Finish::named).or(Some(finish)))
}

const REFUSAL: &str = "I'm sorry, but I can't help with that.";

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
pub fn pieces(text: &str, count: Option<usize>) -> Vec<String> {
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
        Item::Call { name: (*name).to_owned(), namespace: None, arguments }
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

pub fn conversation<'a>(call: &'a Call<'_>) -> &'a [Value] {
    match call.api {
        Api::Chat => call.body.get("messages").and_then(Value::as_array).map_or(&[], Vec::as_slice),
        Api::Responses => &call.turn.items,
    }
}

fn ends_with_result(call: &Call<'_>) -> bool {
    conversation(call).last().and_then(since) == Some(Since::Result)
}

fn last_user_text(call: &Call<'_>) -> String {
    let mut items = conversation(call).iter().rev();
    let last = items.find(|message| message.get("role").is_some_and(|role| role == "user"));
    last.map(text_of).unwrap_or_default()
}

/// The texts of a message.
pub fn text_of(message: &Value) -> String {
    match message.get("content") {
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
