//! What chat completions say, whole or in chunks, as a `Response` says it.

use std::borrow::Cow;

use super::super::raw::{Members, Raw};
use crate::form::Usage;
use crate::json::{Cursor, Malformed, Writer};

/// What is read of a completion, or of a chunk of one.
const MEMBERS: &[&str; 7] = &["error", "id", "created", "model", "choices", "usage", "service_tier"];

/// A completion, or a chunk of one.
#[derive(Debug)]
pub(super) struct Completion<'j> {
    pub(super) error: Option<Raw<'j>>,
    /// With its quotes; `None` where it is empty.
    pub(super) id: Option<Raw<'j>>,
    pub(super) created: Option<Raw<'j>>,
    pub(super) model: Option<Raw<'j>>,
    /// The first choice: no request that is translated asks for more.
    pub(super) choice: Option<Raw<'j>>,
    pub(super) counted: Option<Counted>,
    /// With its quotes.
    pub(super) service_tier: Option<Raw<'j>>,
}

impl<'j> Completion<'j> {
    pub(super) fn read(text: &'j [u8]) -> Result<Completion<'j>, Malformed> {
        let mut cursor = Cursor::new(text);
        let members = Members::read(&mut cursor, MEMBERS, |_, _| {})?;
        cursor.end()?;
        let members = members.ok_or(Malformed { at: 0, expected: "an object" })?;
        let [error, id, created, model, choices, usage, service_tier] = members.values();
        Ok(Completion {
            error,
            id: id.filter(|id| id.inner().is_some_and(|inner| !inner.is_empty())),
            created,
            model,
            choice: choices.and_then(first),
            counted: usage.and_then(Counted::read),
            service_tier: service_tier.filter(|tier| tier.is_string()),
        })
    }
}

fn first(choices: Raw<'_>) -> Option<Raw<'_>> {
    let (mut first, mut unnumbered) = (None, None);
    choices.each(|_, choice| {
        let Some(members) = Members::of(choice, &["index"]) else { return };
        match members.get("index") {
            None => unnumbered = unnumbered.or(Some(choice)),
            Some(index) if index.bytes() == b"0" => first = first.or(Some(choice)),
            Some(_) => {}
        }
    });
    first.or(unnumbered)
}

/// The error of a completion that failed, alone in its object.
pub(super) fn failed(error: Raw<'_>) -> Vec<u8> {
    [b"{\"error\":", &*error.on_one_line(), b"}"].concat()
}

/// Why a completion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// It is whole.
    Whole,
    /// It reached the most tokens that it may have.
    Length,
    /// A filter stopped it.
    Filtered,
}

impl Finish {
    /// What a `finish_reason` says.
    pub(super) fn of(reason: Raw<'_>) -> Finish {
        match &*reason.word() {
            "length" => Finish::Length,
            "content_filter" => Finish::Filtered,
            _ => Finish::Whole,
        }
    }

    /// The `status` of a response, and of the last of its items.
    pub(super) fn status(self) -> &'static str {
        match self {
            Finish::Whole => "completed",
            Finish::Length | Finish::Filtered => "incomplete",
        }
    }

    /// The reason in `incomplete_details`.
    pub(super) fn incomplete(self) -> Option<&'static str> {
        match self {
            Finish::Whole => None,
            Finish::Length => Some("max_output_tokens"),
            Finish::Filtered => Some("content_filter"),
        }
    }
}

/// The tokens that a completion took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) usage: Usage,
    /// Of the request, those that were written to a cache.
    cache_writes: u64,
    total: u64,
}

impl Counted {
    fn read(usage: Raw<'_>) -> Option<Counted> {
        let names = &[
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "prompt_tokens_details",
            "completion_tokens_details",
        ];
        let [prompt, completion, total, of_prompt, of_completion] = Members::of(usage, names)?.values();
        let [cached, cache_writes] = details(of_prompt, &["cached_tokens", "cache_write_tokens"]);
        let [reasoning] = details(of_completion, &["reasoning_tokens"]);
        let (input, output) = (count(prompt), count(completion));
        let total = total.and_then(Raw::count).unwrap_or(input.saturating_add(output));
        Some(Counted { usage: Usage { input, cached, output, reasoning }, cache_writes, total })
    }

    pub(super) fn write(self, json: &mut Writer<'_>) {
        json.begin_object().key("input_tokens").number(self.usage.input);
        json.key("input_tokens_details").begin_object().key("cached_tokens").number(self.usage.cached);
        json.key("cache_write_tokens").number(self.cache_writes).end_object();
        json.key("output_tokens").number(self.usage.output);
        json.key("output_tokens_details").begin_object();
        json.key("reasoning_tokens").number(self.usage.reasoning).end_object();
        json.key("total_tokens").number(self.total).end_object();
    }
}

fn details<const N: usize>(details: Option<Raw<'_>>, names: &'static [&'static str; N]) -> [u64; N] {
    let details = details.and_then(|details| Members::of(details, names));
    details.map_or([0; N], |details| details.values().map(count))
}

fn count(value: Option<Raw<'_>>) -> u64 {
    value.and_then(Raw::count).unwrap_or_default()
}

/// What a message or a delta says. Strings stand without their quotes; what it does not say is empty.
#[derive(Debug)]
pub(super) struct Message<'j> {
    /// The model's reasoning, under either of the names that clouds give it; OpenAI's own models do not show theirs.
    pub(super) reasoning: &'j [u8],
    pub(super) content: &'j [u8],
    pub(super) refusal: &'j [u8],
    /// Each as a `Response` has it.
    pub(super) annotations: Vec<Vec<u8>>,
    pub(super) calls: Vec<CallSaid<'j>>,
}

impl<'j> Message<'j> {
    pub(super) fn read(message: Raw<'j>) -> Result<Message<'j>, Malformed> {
        let names = &["reasoning_content", "reasoning", "content", "refusal", "annotations", "tool_calls"];
        let members = Members::of(message, names).ok_or(Malformed { at: 0, expected: "a message" })?;
        let [reasoning, also_reasoning, content, refusal, cited, called] = members.values();
        let mut calls = Ok(Vec::new());
        if let Some(called) = called {
            called.each(|_, call| match (&mut calls, CallSaid::read(call)) {
                (Ok(calls), Ok(call)) => calls.push(call),
                (Ok(_), Err(malformed)) => calls = Err(malformed),
                (Err(_), _) => {}
            });
        }
        // Some gateways of models put an object there.
        let reasoning = [reasoning, also_reasoning].into_iter().flatten().find_map(Raw::inner);
        Ok(Message {
            reasoning: reasoning.unwrap_or_default(),
            content: text(content)?,
            refusal: text(refusal)?,
            annotations: cited.map(annotations).unwrap_or_default(),
            calls: calls?,
        })
    }
}

/// The tokens' probabilities of a choice's text: elements of an array, which are the same in a `Response`.
pub(super) fn logprobs(logprobs: Option<Raw<'_>>) -> Cow<'_, [u8]> {
    let content = logprobs.and_then(|logprobs| Members::of(logprobs, &["content"])?.get("content"));
    match content.filter(|content| content.is_array() && !content.is_empty()).map(Raw::on_one_line) {
        Some(Cow::Borrowed(array)) => Cow::Borrowed(between_brackets(array)),
        Some(Cow::Owned(array)) => Cow::Owned(between_brackets(&array).to_vec()),
        None => Cow::Borrowed(b""),
    }
}

fn between_brackets(array: &[u8]) -> &[u8] {
    array.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or_default()
}

/// Without the object that chat completions put around a citation.
fn annotations(annotations: Raw<'_>) -> Vec<Vec<u8>> {
    let mut flat = Vec::new();
    annotations.each(|_, annotation| {
        let Some(members) = Members::of(annotation, &["type", "url_citation"]) else { return };
        let [Some(kind), Some(citation)] = members.values() else { return };
        let names = &["start_index", "end_index", "title", "url"];
        if let Some(citation) = Members::of(citation, names)
            && kind.is("url_citation")
        {
            let mut written = Vec::new();
            let mut json = Writer::new(&mut written);
            json.begin_object().key("type").string("url_citation");
            for name in names {
                if let Some(value) = citation.get(name) {
                    json.key(name).raw(&value.on_one_line());
                }
            }
            json.end_object();
            flat.push(written);
        }
    });
    flat
}

/// What a message or a delta says of one tool call; what it does not say is empty. Strings stand without their quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallSaid<'j> {
    pub(super) index: Option<u64>,
    pub(super) id: &'j [u8],
    pub(super) custom: bool,
    pub(super) name: &'j [u8],
    /// The arguments of a function, the input of a custom tool.
    pub(super) arguments: &'j [u8],
}

impl<'j> CallSaid<'j> {
    fn read(call: Raw<'j>) -> Result<CallSaid<'j>, Malformed> {
        let expected = Malformed { at: 0, expected: "a call" };
        let members = Members::of(call, &["index", "id", "type", "function", "custom"]).ok_or(expected)?;
        let [index, id, kind, function, custom] = members.values();
        let is_custom = function.is_none() && (custom.is_some() || kind.is_some_and(|kind| kind.is("custom")));
        let said = function.or(custom).unwrap_or(Raw::EMPTY);
        let [name, arguments, input] = Members::of(said, &["name", "arguments", "input"]).ok_or(expected)?.values();
        Ok(CallSaid {
            index: index.and_then(Raw::count),
            id: text(id)?,
            custom: is_custom,
            name: text(name)?,
            arguments: text(if is_custom { input } else { arguments })?,
        })
    }
}

fn text(value: Option<Raw<'_>>) -> Result<&[u8], Malformed> {
    value.map_or(Ok(b""), |value| value.inner().ok_or(Malformed { at: 0, expected: "a string" }))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn usage_is_counted_as_a_response_counts_it() {
        let chat = br#"{"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,
            "prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":5}}}"#;
        let counted = Completion::read(chat).unwrap().counted.unwrap();
        assert_eq!(counted.usage, Usage { input: 9, cached: 4, output: 12, reasoning: 5 });
        let mut written = Vec::new();
        counted.write(&mut Writer::new(&mut written));
        assert_eq!(
            String::from_utf8(written).unwrap(),
            concat!(
                r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"#,
                r#""output_tokens":12,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":21}"#
            )
        );
        let bare = br#"{"usage":{"prompt_tokens":72,"completion_tokens":56,"prompt_tokens_details":null}}"#;
        assert_eq!(Completion::read(bare).unwrap().counted.unwrap().total, 128);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_call_is_read_in_whole_or_in_part() {
        let message = br#"{"tool_calls":[{"function":{"arguments":"{}","name":"f"},"id":"call_1","type":"function"},
            {"index":2,"custom":{"name":"c","input":"x"}}]}"#;
        let message = Message::read(Raw::read(&mut Cursor::new(message)).unwrap()).unwrap();
        let [call, custom] = message.calls.as_slice() else { panic!("{message:?}") };
        assert_eq!((call.index, call.id, call.custom), (None, &b"call_1"[..], false));
        assert_eq!((call.name, call.arguments), (&b"f"[..], &b"{}"[..]));
        assert_eq!((custom.index, custom.custom, custom.arguments), (Some(2), true, &b"x"[..]));
        let odd = br#"{"tool_calls":[{"function":{"arguments":{}}}]}"#;
        assert!(Message::read(Raw::read(&mut Cursor::new(odd)).unwrap()).is_err());
    }
}
