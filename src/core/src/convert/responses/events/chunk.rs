//! Chunks of a chat completion, as server-sent events.

use super::super::super::raw::Raw;
use super::super::annotation;
use super::super::logprobs;
use super::super::output::Call;
use super::super::response::{Response, Tokens};
use super::progress::Begun;
use crate::api::error::ApiError;
use crate::json::Writer;

/// Writes chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    /// What each begins with: `data: {` and the members that are the same in all, once the response is known.
    head: Vec<u8>,
    /// The id of the response, as text between quotes.
    response: Vec<u8>,
    /// Whether the chunk with the role has gone out.
    has_role: bool,
    include_usage: bool,
    now: u64,
    /// What pads the event that is read, so that its length tells less; it pads the chunk, too.
    padding: Vec<u8>,
}

/// Longer padding is left out: the bytes of its text, with its quotes.
const MOST_PADDING: usize = 256;

impl Chunks {
    pub(super) fn new(include_usage: bool, now: u64) -> Chunks {
        Chunks { head: Vec::new(), response: Vec::new(), has_role: false, include_usage, now, padding: Vec::new() }
    }

    /// The response is known.
    pub(super) fn begin(&mut self, response: &Response<'_>) {
        if self.head.is_empty() {
            self.response.extend_from_slice(response.id());
            self.head.extend_from_slice(b"data: {");
            response.write_head("chat.completion.chunk", self.now, &mut Writer::new(&mut self.head));
        }
    }

    /// Sends the role before anything else.
    pub(super) fn begin_output(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_role, true) {
            return;
        }
        if self.head.is_empty()
            && let Some(nothing) = Response::of(Raw::EMPTY)
        {
            self.begin(&nothing);
        }
        self.chunk(out, |json| {
            json.key("role").string("assistant").key("content").string("").key("refusal").null();
        });
    }

    /// The event that is read is padded with this.
    pub(super) fn pad(&mut self, padding: Option<Raw<'_>>) {
        self.padding.clear();
        let fits = |padding: &Raw<'_>| padding.is_string() && (3..=MOST_PADDING).contains(&padding.bytes().len());
        let padding = padding.filter(fits);
        self.padding.extend_from_slice(padding.map(Raw::bytes).unwrap_or_default());
    }

    /// Text, or a refusal.
    pub(super) fn text(&mut self, key: &str, text: &[u8], logprobs: Option<Raw<'_>>, out: &mut Vec<u8>) {
        self.write(out, None, logprobs, |json| {
            json.key(key).begin_string().raw_text(text).end_string();
        });
    }

    /// A call begins.
    pub(super) fn call(&mut self, begun: Begun, call: &Call<'_>, out: &mut Vec<u8>) {
        let (kind, input) = Call::names(call.custom);
        let response = std::mem::take(&mut self.response);
        self.chunk(out, |json| {
            json.key("tool_calls").begin_array().begin_object();
            call.write_id(&response, json.key("index").number(begun.index).key("id"));
            json.key("type").string(kind);
            json.key(kind).begin_object().key("name").raw(call.name.bytes()).key(input).string("").end_object();
            json.end_object().end_array();
        });
        self.response = response;
    }

    /// A piece of what a call is given.
    pub(super) fn input(&mut self, begun: Begun, text: &[u8], out: &mut Vec<u8>) {
        let (kind, input) = Call::names(begun.custom);
        self.chunk(out, |json| {
            json.key("tool_calls").begin_array().begin_object().key("index").number(begun.index);
            json.key(kind).begin_object().key(input).begin_string().raw_text(text).end_string().end_object();
            json.end_object().end_array();
        });
    }

    /// A citation.
    pub(super) fn annotation(&mut self, annotation: Raw<'_>, before: u64, out: &mut Vec<u8>) {
        let start = out.len();
        let mut written = false;
        self.chunk(out, |json| {
            json.key("annotations").begin_array();
            written = annotation::write(annotation, before, json);
            json.end_array();
        });
        if !written {
            out.truncate(start);
        }
    }

    /// Why the completion ended, what it took, and the end.
    pub(super) fn finish(&mut self, reason: &str, response: &Response<'_>, tokens: Option<&Tokens>, out: &mut Vec<u8>) {
        self.padding.clear();
        self.write(out, Some((reason, response)), None, |_| {});
        if let Some(tokens) = tokens.filter(|_| self.include_usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],");
            let mut json = Writer::new(out);
            tokens.write(&mut json);
            response.write_tier(&mut json);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn chunk(&mut self, out: &mut Vec<u8>, delta: impl FnOnce(&mut Writer<'_>)) {
        self.write(out, None, None, delta);
    }

    fn write(
        &mut self,
        out: &mut Vec<u8>,
        finish: Option<(&str, &Response<'_>)>,
        logprobs: Option<Raw<'_>>,
        delta: impl FnOnce(&mut Writer<'_>),
    ) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":");
        let mut json = Writer::new(out);
        json.begin_object();
        delta(&mut json);
        json.end_object();
        json.key("logprobs");
        match logprobs.filter(|logprobs| !logprobs.is_empty()) {
            None => json.null(),
            Some(tokens) => {
                json.begin_object().key("content").begin_array();
                logprobs::write(tokens, &mut json);
                json.end_array().key("refusal").null().end_object()
            }
        };
        json.key("finish_reason");
        match finish {
            None => json.null(),
            Some((reason, _)) => json.string(reason),
        };
        out.extend_from_slice(b"}]");
        if self.include_usage {
            out.extend_from_slice(b",\"usage\":null");
        }
        if let Some((_, response)) = finish {
            out.push(b',');
            let length = out.len();
            response.write_tier(&mut Writer::new(out));
            if out.len() == length {
                out.pop();
            }
        }
        if !self.padding.is_empty() {
            out.extend_from_slice(b",\"obfuscation\":");
            out.append(&mut self.padding);
        }
        out.extend_from_slice(b"}\n\n");
        if logprobs.is_some() {
            keep_in_one_line(start, out);
        }
    }
}

/// Writes an error in the place of a chunk.
pub(super) fn write_error(error: &ApiError, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(&error.to_json());
    out.extend_from_slice(b"\n\n");
}

/// Values that are copied as they stand may hold line ends, which are white space in JSON and the end of an event's data.
fn keep_in_one_line(start: usize, out: &mut [u8]) {
    let end = out.len().saturating_sub(2);
    for byte in out.get_mut(start..end).unwrap_or_default() {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}
