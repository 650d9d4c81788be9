//! What a completion took, as every form counts it: in a whole body, or in one event of a stream, the last that says it.
//!
//! A response that passes is read as little as can be: what a host call for a piece costs is most of what reading costs. So
//! of a stream only those pieces are read that are long enough to say it (see [`Reader::learn`]), and none of one that was not
//! asked to. What is read is searched for
//! the member's name. Inside a JSON string that name cannot stand, its quotes would be escaped there; a member of that name
//! elsewhere (in a tool's schema that a `Response` repeats) is no object with counts of tokens, or stands before.

use crate::json::{Cursor, Malformed};
use crate::stream::sse::Event;

/// Tokens of one completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the request, those that were cached included.
    pub input: u64,
    /// Of the request, those that the cloud had cached.
    pub cached: u64,
    /// Of the completion, those of reasoning included.
    pub output: u64,
    /// Of the completion, those of reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Reads an object of either form; `None` where it says neither what went in nor what came out.
    fn read(json: &[u8]) -> Result<Option<Usage>, Malformed> {
        let (mut input, mut output, mut cached, mut reasoning) = (None, None, None, None);
        let mut cursor = Cursor::new(json);
        if cursor.peek() != Some(b'{') {
            return cursor.skip().map(|_| None);
        }
        cursor.object(|cursor, key| {
            if key.is("prompt_tokens") || key.is("input_tokens") {
                input = count(cursor)?;
            } else if key.is("completion_tokens") || key.is("output_tokens") {
                output = count(cursor)?;
            } else if key.is("prompt_tokens_details") || key.is("input_tokens_details") {
                cached = detail(cursor, "cached_tokens")?;
            } else if key.is("completion_tokens_details") || key.is("output_tokens_details") {
                reasoning = detail(cursor, "reasoning_tokens")?;
            } else {
                cursor.skip()?;
            }
            Ok::<_, Malformed>(())
        })?;
        Ok((input.is_some() || output.is_some()).then(|| Usage {
            input: input.unwrap_or_default(),
            cached: cached.unwrap_or_default(),
            output: output.unwrap_or_default(),
            reasoning: reasoning.unwrap_or_default(),
        }))
    }
}

fn count(cursor: &mut Cursor<'_>) -> Result<Option<u64>, Malformed> {
    Ok(cursor.number()?.filter(|count| *count >= 0.0).map(|count| count as u64))
}

fn detail(cursor: &mut Cursor<'_>, name: &str) -> Result<Option<u64>, Malformed> {
    let mut found = None;
    if cursor.peek() != Some(b'{') {
        return cursor.skip().map(|_| None);
    }
    cursor.object(|cursor, key| {
        if key.is(name) {
            found = count(cursor)?;
        } else {
            cursor.skip()?;
        }
        Ok::<_, Malformed>(())
    })?;
    Ok(found)
}

/// The member's name, as it stands in a body.
const NAME: &[u8] = b"\"usage\"";
/// The most bytes that are kept of a piece whose last member may be cut; a `usage` with all details has about 300.
const MOST_KEPT: usize = 4 << 10;
/// The shortest `usage` with its name: `"usage":{"input_tokens":1,"output_tokens":1}`, less what some write without.
const SHORTEST: usize = 40;

/// Reads usage out of a body that goes by.
///
/// ```
/// use multihome_core::form::usage::{Reader, Usage};
///
/// let mut reader = Reader::default();
/// reader.push(br#"{"choices":[],"usage":{"prompt_tokens":7,"comple"#);
/// reader.push(br#"tion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#);
/// assert_eq!(reader.usage(), Some(Usage { input: 7, cached: 4, output: 2, reasoning: 0 }));
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    /// The end of the latest piece, from where a name or its value may be cut.
    kept: Vec<u8>,
    /// The fewest bytes that a piece with usage has.
    least: usize,
    usage: Option<Usage>,
}

impl Reader {
    /// No longer reads pieces of a body that will not say it.
    pub fn stop(&mut self) {
        self.kept = Vec::new();
        self.least = usize::MAX;
    }

    /// Learns from an event at a stream's beginning how long one that says usage is at least: every chunk of chat repeats
    /// the same members, and what a Responses stream ends with repeats the `Response` that it began with.
    pub fn learn(&mut self, event: &Event<'_>) {
        let repeated = repeated(event.data).unwrap_or_default();
        if repeated > 0 {
            self.least = self.least.max(repeated + SHORTEST);
        }
    }

    /// Whether a piece of so many bytes has to be read.
    pub fn wants(&self, size: usize) -> bool {
        size > 0 && (size >= self.least || !self.kept.is_empty())
    }

    /// Reads a piece.
    pub fn push(&mut self, piece: &[u8]) {
        let joined;
        let text = if self.kept.is_empty() {
            piece
        } else {
            self.kept.extend_from_slice(piece);
            joined = std::mem::take(&mut self.kept);
            &joined
        };
        let from = self.search(text);
        let cut = text.get(from..).unwrap_or_default();
        if cut.len() <= MOST_KEPT {
            self.kept.extend_from_slice(cut);
        }
    }

    /// What was said last.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Looks for the last usage of a text; gives from where on the next piece may make one of it.
    fn search(&mut self, text: &[u8]) -> usize {
        let mut end = text.len();
        let mut cut = text.len() - cut_name(text);
        while let Some(at) = memchr::memmem::rfind(text.get(..end).unwrap_or_default(), NAME) {
            let behind = text.get(at + NAME.len()..).unwrap_or_default();
            let behind = behind.trim_ascii_start();
            match behind.strip_prefix(b":").map(Usage::read) {
                Some(Ok(Some(usage))) => {
                    self.usage = Some(usage);
                    return cut;
                }
                // What is malformed at the very end is cut.
                Some(Err(malformed)) if malformed.at + 1 >= behind.len() => cut = at,
                None if behind.is_empty() => cut = at,
                _ => {}
            }
            end = at;
        }
        cut
    }
}

/// How many bytes at the end of a text may be the beginning of the name.
fn cut_name(text: &[u8]) -> usize {
    (1..NAME.len()).rev().find(|length| NAME.get(..*length).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

/// How many bytes of an event's data a later event with usage has as well; `None` where it is no object.
fn repeated(data: &[u8]) -> Option<usize> {
    let mut bytes = 0;
    let read: Result<(), Malformed> = Cursor::new(data).object(|cursor, key| {
        cursor.peek();
        let size = cursor.skip()?.len();
        if key.is("id") || key.is("object") || key.is("created") || key.is("model") {
            bytes += size + key.span().len();
        } else if key.is("response") {
            // Not all of it: it has no completion yet, but a cloud might shorten what it repeats.
            bytes += size / 2;
        }
        Ok(())
    });
    read.ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const CHAT: &str = r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0}}"#;
    const RESPONSES: &str = r#"{"input_tokens": 19, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 29}"#;
    const READ: Usage = Usage { input: 19, cached: 5, output: 10, reasoning: 4 };

    /// Bodies, and what they say.
    fn bodies() -> Vec<(String, Option<Usage>)> {
        let short = Usage { input: 1, output: 2, ..Usage::default() };
        vec![
            (format!(r#"{{"id":"c","choices":[],"usage":{CHAT}}}"#), Some(READ)),
            (format!("{{\n  \"usage\" : {RESPONSES},\n  \"user\": null\n}}"), Some(READ)),
            (format!("data: {{\"choices\":[],\"usage\":{CHAT}}}\n\ndata: [DONE]\n\n"), Some(READ)),
            (
                format!(
                    "data: {{\"usage\":null}}\n\nevent: response.completed\ndata: {{\"response\":{{\"usage\":{RESPONSES}}}}}\n\n"
                ),
                Some(READ),
            ),
            // A chunk may count as it goes; the last one holds.
            (
                format!(
                    "data: {{\"usage\":{{\"prompt_tokens\":1,\"completion_tokens\":2}}}}\n\ndata: {{\"usage\":{CHAT}}}\n\n"
                ),
                Some(READ),
            ),
            (r#"{"usage":{"prompt_tokens":1,"completion_tokens":2},"x":{"usage":{"all":1}}}"#.to_owned(), Some(short)),
            // What a model writes is escaped.
            (
                r#"{"usage":{"prompt_tokens":1,"completion_tokens":2},"text":"{\"usage\":{\"prompt_tokens\":7}}"}"#
                    .to_owned(),
                Some(short),
            ),
            (r#"{"usage":{"prompt_tokens":-1,"completion_tokens":"7"}}"#.to_owned(), None),
            (r#"{"usage":null}"#.to_owned(), None),
            (r#"{"usage""#.to_owned(), None),
            ("no JSON".to_owned(), None),
        ]
    }

    fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Option<Usage> {
        let mut reader = Reader::default();
        pieces.into_iter().for_each(|piece| reader.push(piece));
        reader.usage()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn usage_is_the_same_however_the_bytes_are_cut() {
        for (body, expected) in bodies() {
            let bytes = body.as_bytes();
            assert_eq!(read([bytes]), expected, "{body}");
            assert_eq!(read(bytes.chunks(1)), expected, "{body} byte by byte");
            for first in 0..=bytes.len() {
                assert_eq!(read([&bytes[..first], &bytes[first..]]), expected, "{body} cut at {first}");
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn no_piece_with_usage_is_too_short_to_be_read() {
        let chunk = |choices: &str, usage: &str| {
            format!(
                r#"{{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1730000000,"model":"gpt-6.1-sol","choices":{choices},"usage":{usage}}}"#
            )
        };
        let role = chunk(r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#, "null");
        let mut reader = Reader::default();
        // Azure's first chunk.
        for data in [r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{}]}"#, &role]
        {
            reader.learn(&Event { name: b"", data: data.as_bytes() });
        }
        for (choices, usage) in [
            ("[]", CHAT),
            ("[]", r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#),
            ("[]", r#"{"prompt_tokens":1,"completion_tokens":1}"#),
        ] {
            assert!(reader.wants(chunk(choices, usage).len()), "{usage}");
        }
        assert!(!reader.wants(r#"data: {"id":"chatcmpl-0123456789","choices":[{"delta":{"content":"x"}}]}"#.len()));
        let response = format!(r#"{{"type":"response.created","response":{{"instructions":"{}"}}}}"#, "x".repeat(900));
        let mut reader = Reader::default();
        reader.learn(&Event { name: b"", data: response.as_bytes() });
        reader.learn(&Event { name: b"", data: br#"{"type":"response.output_item.added","item":{"id":"msg_1"}}"# });
        assert!(reader.wants(response.len()) && !reader.wants(257));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn keeps_little() {
        let mut reader = Reader::default();
        for _ in 0..100 {
            reader.push(format!(r#"{{"usage":{{"x":"{}"#, "y".repeat(3000)).as_bytes());
            assert!(reader.kept.len() <= MOST_KEPT);
        }
    }
}
