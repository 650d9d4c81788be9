//! What chat completions say, whole or in chunks, as a `Response` says it.

use std::borrow::Cow;

use super::raw::{Raw, between_brackets, elements, given, is, members, on_one_line};
use crate::form::Usage;
use crate::json::{Cursor, Malformed, Writer};

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
    /// What a `finish_reason` says; `None` where it says nothing yet.
    pub(super) fn read(reason: Raw<'_>) -> Option<Finish> {
        let reason = given(reason)?;
        Some(if is(reason, "length") {
            Finish::Length
        } else if is(reason, "content_filter") {
            Finish::Filtered
        } else {
            Finish::Whole
        })
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
    pub(super) fn read(usage: Raw<'_>) -> Result<Counted, Malformed> {
        let [prompt, completion, total, of_prompt, of_completion] = members(
            usage,
            &[
                "prompt_tokens",
                "completion_tokens",
                "total_tokens",
                "prompt_tokens_details",
                "completion_tokens_details",
            ],
            |_, _| {},
        )?;
        let [cached, cache_writes] = details(of_prompt, &["cached_tokens", "cache_write_tokens"])?;
        let [reasoning] = details(of_completion, &["reasoning_tokens"])?;
        let (input, output) = (count(prompt), count(completion));
        let total = given(total).map_or(input.saturating_add(output), count);
        Ok(Counted { usage: Usage { input, cached, output, reasoning }, cache_writes, total })
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

fn details<const N: usize>(details: Raw<'_>, names: &[&str; N]) -> Result<[u64; N], Malformed> {
    match given(details) {
        Some(details) => Ok(members(details, names, |_, _| {})?.map(count)),
        None => Ok([0; N]),
    }
}

fn count(value: Raw<'_>) -> u64 {
    if value.is_empty() {
        return 0;
    }
    Cursor::new(value).number().ok().flatten().map_or(0, |number| number as u64)
}

/// The tokens' probabilities of a choice's text: elements of an array, which are the same in a `Response`.
pub(super) fn logprobs(logprobs: Raw<'_>) -> Result<Cow<'_, [u8]>, Malformed> {
    let Some(logprobs) = given(logprobs) else { return Ok(Cow::Borrowed(b"")) };
    let [content] = members(logprobs, &["content"], |_, _| {})?;
    Ok(on_one_line(between_brackets(content)))
}

/// The annotations of a message, each as a `Response` has it: without the object that chat completions put around a citation.
pub(super) fn annotations(annotations: Raw<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut flat = Vec::new();
    let Some(annotations) = given(annotations) else { return Ok(flat) };
    elements(annotations, |_, annotation| {
        let [kind, citation] = members(annotation, &["type", "url_citation"], |_, _| {})?;
        if let Some(citation) = given(citation)
            && is(kind, "url_citation")
        {
            let [start, end, title, url] = members(citation, &["start_index", "end_index", "title", "url"], |_, _| {})?;
            let mut written = Vec::new();
            let mut json = Writer::new(&mut written);
            json.begin_object().key("type").string("url_citation");
            for (key, value) in [("start_index", start), ("end_index", end), ("title", title), ("url", url)] {
                if let Some(value) = given(value) {
                    json.key(key).raw(&on_one_line(value));
                }
            }
            json.end_object();
            flat.push(written);
        }
        Ok(())
    })?;
    Ok(flat)
}

/// What a message or a delta says of one tool call; what it does not say is empty. Strings stand without their quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallSaid<'j> {
    pub(super) index: Option<u64>,
    pub(super) id: Raw<'j>,
    pub(super) custom: bool,
    pub(super) name: Raw<'j>,
    /// The arguments of a function, the input of a custom tool.
    pub(super) arguments: Raw<'j>,
}

impl<'j> CallSaid<'j> {
    pub(super) fn read(call: Raw<'j>) -> Result<CallSaid<'j>, Malformed> {
        let [index, id, kind, function, custom] =
            members(call, &["index", "id", "type", "function", "custom"], |_, _| {})?;
        let (is_custom, said) = match (given(function), given(custom)) {
            (None, Some(custom)) => (true, custom),
            (Some(function), _) => (is(kind, "custom"), function),
            (None, None) => (is(kind, "custom"), &b"{}"[..]),
        };
        let [name, arguments, input] = members(said, &["name", "arguments", "input"], |_, _| {})?;
        Ok(CallSaid {
            index: given(index).map(count),
            id: text(id)?,
            custom: is_custom,
            name: text(name)?,
            arguments: text(if is_custom { input } else { arguments })?,
        })
    }
}

/// A string without its quotes; empty where there is none.
pub(super) fn text(value: Raw<'_>) -> Result<Raw<'_>, Malformed> {
    match given(value) {
        None => Ok(b""),
        Some(value) => super::raw::unquoted(value).ok_or(Malformed { at: 0, expected: "a string" }),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn usage_is_counted_as_a_response_counts_it() {
        let chat = br#"{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,
            "prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":5}}"#;
        let counted = Counted::read(chat).unwrap();
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
        let bare =
            Counted::read(br#"{"prompt_tokens":72,"completion_tokens":56,"prompt_tokens_details":null}"#).unwrap();
        assert_eq!(bare.total, 128);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_call_is_read_in_whole_or_in_part() {
        let call = CallSaid::read(br#"{"function":{"arguments":"{}","name":"f"},"id":"call_1","type":"function"}"#);
        let call = call.unwrap();
        assert_eq!((call.index, call.id, call.custom), (None, &b"call_1"[..], false));
        assert_eq!((call.name, call.arguments), (&b"f"[..], &b"{}"[..]));
        let custom = CallSaid::read(br#"{"index":2,"custom":{"name":"c","input":"x"}}"#).unwrap();
        assert_eq!((custom.index, custom.custom, custom.arguments), (Some(2), true, &b"x"[..]));
        assert!(CallSaid::read(br#"{"function":{"arguments":{}}}"#).is_err());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_citation_is_flat_in_a_response() {
        let chat = br#"[{"type":"url_citation","url_citation":{"end_index":9,"start_index":1,"title":"T","url":"u"}}]"#;
        let flat = annotations(chat).unwrap();
        let expected = r#"{"type":"url_citation","start_index":1,"end_index":9,"title":"T","url":"u"}"#;
        assert_eq!(flat, [expected.as_bytes()]);
    }
}
