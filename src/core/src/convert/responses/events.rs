//! The events of a Responses stream, as chunks of a chat completion.
//!
//! What comes in deltas goes out as it comes. What comes only where a part, an item or the whole response is done (no cloud
//! has to send deltas) goes out then, once.

mod chunk;
mod progress;

use super::super::Told;
use super::super::raw::{Members, Raw};
use super::output::{Call, Item, Part};
use super::response::{Response, Tokens};
use super::{annotation, failure};
use crate::api::error::ApiError;
use crate::form::Usage;
use crate::json::Cursor;
use crate::stream::sse::Event;
use chunk::Chunks;
use progress::Progress;

/// What is read of an event.
const MEMBERS: &[&str; 17] = &[
    "type",
    "delta",
    "output_index",
    "content_index",
    "logprobs",
    "obfuscation",
    "item",
    "response",
    "arguments",
    "input",
    "text",
    "refusal",
    "annotation",
    "error",
    "code",
    "message",
    "param",
];

type Payload<'j> = Members<'j, 17>;

/// Translates one stream.
///
/// ```text
///             created, queued, in_progress         the first other event          completed, incomplete
///   (nothing) ───────────────────────────► head ──────────────────────► role … ──────────────────────► finish, usage, [DONE]
///                                            └── error, failed, the end of the body: an error, nothing after it
/// ```
#[derive(Debug)]
pub struct Events {
    chunks: Chunks,
    progress: Progress,
    tokens: Option<Tokens>,
    ended: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Failed,
}

/// A stream cannot be translated any further.
#[derive(Debug)]
struct Unreadable;

impl Events {
    /// Begins a stream. `now` is in seconds since 1970, for a cloud that does not say when a response was made.
    /// `include_usage`: the client wants a chunk with the usage at the end.
    pub fn new(include_usage: bool, now: u64) -> Events {
        Events { chunks: Chunks::new(include_usage, now), progress: Progress::default(), tokens: None, ended: None }
    }

    /// Translates an event. What the client gets is appended to `out`; nothing for an event that tells nothing of the
    /// completion yet, or that it failed: the caller knows which error the client gets, see [`Events::fail`].
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Told {
        match self.ended {
            Some(End::Done) => return Told::Done,
            Some(End::Failed) => return Told::Lifecycle,
            None => {}
        }
        let start = out.len();
        let told = self.translate(event, out).unwrap_or_else(|Unreadable| {
            let error = ApiError::new(502, "upstream_error", "The target's stream could not be read.");
            Told::Failed(error.to_json())
        });
        match told {
            Told::Failed(_) => {
                self.ended = Some(End::Failed);
                out.truncate(start);
            }
            Told::Done => self.ended = Some(End::Done),
            Told::Lifecycle | Told::Output => {}
        }
        told
    }

    /// The body of the response has ended. If the completion has not, the client gets an error.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Told {
        match self.ended {
            Some(End::Done) => Told::Done,
            Some(End::Failed) => Told::Lifecycle,
            None => {
                let error = ApiError::new(502, "upstream_error", "The target's response ended before it was complete.");
                self.fail(&error, out);
                Told::Failed(error.to_json())
            }
        }
    }

    /// Tells the client that the completion failed; nothing follows.
    pub fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        if self.ended != Some(End::Done) {
            self.ended = Some(End::Failed);
            chunk::write_error(error, out);
        }
    }

    /// What the completion took, once it is over.
    pub fn usage(&self) -> Option<Usage> {
        self.tokens.map(|tokens| tokens.usage)
    }

    fn translate(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<Told, Unreadable> {
        // They repeat the request, which may be long, and nothing else is of use; or they end a stream of chat.
        if matches!(event.name, b"response.in_progress" | b"response.queued") || event.data == b"[DONE]" {
            return Ok(Told::Lifecycle);
        }
        let mut cursor = Cursor::new(event.data);
        let payload = Members::read(&mut cursor, MEMBERS, |_, _| {}).ok().flatten().ok_or(Unreadable)?;
        let kind = payload.get("type").map_or(str::from_utf8(event.name).unwrap_or_default().into(), Raw::word);
        match &*kind {
            "response.created" => {
                if let Some(response) = response(&payload) {
                    self.chunks.begin(&response);
                }
                return Ok(Told::Lifecycle);
            }
            "response.in_progress" | "response.queued" | "keepalive" => return Ok(Told::Lifecycle),
            "error" => return Ok(Told::Failed(failure::of_event(event.data))),
            "response.failed" | "response.cancelled" => {
                let error = response(&payload).and_then(|response| response.0.get("error"));
                return Ok(Told::Failed(failure::of(error)));
            }
            "response.completed" | "response.incomplete" => return self.finish(&payload, out),
            _ if kind.is_empty() && payload.get("error").is_some() => {
                return Ok(Told::Failed(failure::of(payload.get("error"))));
            }
            _ => {}
        }
        self.chunks.begin_output(out);
        self.output(&kind, &payload, out)?;
        Ok(Told::Output)
    }

    fn output(&mut self, kind: &str, payload: &Payload<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let number = |name| payload.get(name).and_then(Raw::count).unwrap_or_default();
        let inner = |name| payload.get(name).and_then(Raw::inner).unwrap_or_default();
        let (item, part) = (number("output_index"), number("content_index"));
        self.chunks.pad(payload.get("obfuscation"));
        match kind {
            "response.output_item.added" => {
                if let Some(Item::Call(call)) = payload.get("item").map(Item::of) {
                    self.begin_call(item, &call, out)?;
                }
            }
            "response.output_item.done" => {
                if let Some(value) = payload.get("item") {
                    self.whole_item(item, value, out)?;
                }
            }
            "response.output_text.delta" => {
                let logprobs = payload.get("logprobs").filter(|logprobs| !logprobs.is_empty());
                self.text(item, part, inner("delta"), logprobs, out)?;
            }
            "response.output_text.done" if self.is_new(item, part)? => {
                self.text(item, part, inner("text"), payload.get("logprobs"), out)?;
            }
            "response.refusal.delta" => self.refusal(item, part, inner("delta"), out)?,
            "response.refusal.done" if self.is_new(item, part)? => self.refusal(item, part, inner("refusal"), out)?,
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.input(item, inner("delta"), out);
            }
            "response.function_call_arguments.done" => self.whole_input(item, inner("arguments"), out),
            "response.custom_tool_call_input.done" => self.whole_input(item, inner("input"), out),
            "response.output_text.annotation.added" => {
                if let Some(annotation) = payload.get("annotation") {
                    let before = self.progress.before(item, part);
                    self.chunks.annotation(annotation, before, out);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(
        &mut self,
        item: u64,
        part: u64,
        text: &[u8],
        logprobs: Option<Raw<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        if text.is_empty() {
            return Ok(());
        }
        self.progress.piece(item, part)?.begin();
        self.progress.count(annotation::characters(text));
        self.chunks.text("content", text, logprobs, out);
        Ok(())
    }

    fn refusal(&mut self, item: u64, part: u64, refusal: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if !refusal.is_empty() {
            self.progress.piece(item, part)?.begin();
            self.chunks.text("refusal", refusal, None, out);
        }
        Ok(())
    }

    /// Whether nothing of a part has gone out.
    fn is_new(&mut self, item: u64, part: u64) -> Result<bool, Unreadable> {
        Ok(!self.progress.piece(item, part)?.has_begun())
    }

    fn begin_call(&mut self, item: u64, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.progress.call(item).is_none() {
            let begun = self.progress.begin_call(item, call.custom)?;
            self.chunks.call(begun, call, out);
        }
        Ok(())
    }

    /// A piece of arguments. Those of a call that has not begun come with the whole item.
    fn input(&mut self, item: u64, input: &[u8], out: &mut Vec<u8>) {
        if let Some(call) = self.progress.call(item).filter(|_| !input.is_empty()) {
            call.has_input = true;
            self.chunks.input(*call, input, out);
        }
    }

    fn whole_input(&mut self, item: u64, input: &[u8], out: &mut Vec<u8>) {
        if self.progress.call(item).is_some_and(|call| !call.has_input) {
            self.input(item, input, out);
        }
    }

    /// What of an item has not gone out yet.
    fn whole_item(&mut self, item: u64, value: Raw<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        match Item::of(value) {
            Item::Call(call) => {
                self.begin_call(item, &call, out)?;
                self.whole_input(item, call.input, out);
            }
            Item::Message(parts) => {
                let mut outcome = Ok(());
                parts.each(|index, part| {
                    if outcome.is_ok() {
                        outcome = self.whole_part(item, index as u64, part, out);
                    }
                });
                outcome?;
            }
            Item::Other => {}
        }
        Ok(())
    }

    fn whole_part(&mut self, item: u64, part: u64, value: Raw<'_>, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if !self.is_new(item, part)? {
            return Ok(());
        }
        match Part::of(value) {
            Some(Part::Text { text, annotations, logprobs }) => {
                self.text(item, part, text, logprobs, out)?;
                if let Some(annotations) = annotations {
                    let before = self.progress.before(item, part);
                    annotations.each(|_, annotation| self.chunks.annotation(annotation, before, out));
                }
                Ok(())
            }
            Some(Part::Refusal(refusal)) => self.refusal(item, part, refusal, out),
            None => Ok(()),
        }
    }

    fn finish(&mut self, payload: &Payload<'_>, out: &mut Vec<u8>) -> Result<Told, Unreadable> {
        let response = response(payload).ok_or(Unreadable)?;
        if let Some(error) = response.failure() {
            return Ok(Told::Failed(error));
        }
        self.chunks.begin(&response);
        self.chunks.begin_output(out);
        let mut outcome = Ok(());
        if let Some(output) = response.0.get("output") {
            output.each(|index, item| {
                if outcome.is_ok() {
                    outcome = self.whole_item(index as u64, item, out);
                }
            });
        }
        outcome?;
        self.tokens = response.tokens();
        self.chunks.finish(response.finish(self.progress.has_calls()), &response, self.tokens.as_ref(), out);
        Ok(Told::Done)
    }
}

fn response<'j>(payload: &Payload<'j>) -> Option<Response<'j>> {
    payload.get("response").and_then(Response::of)
}
