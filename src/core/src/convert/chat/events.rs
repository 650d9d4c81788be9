//! The chunks of a chat completion as the events of a `Response`, in the order in which the Responses API sends them.
//!
//! An item of the output is whole before the next one begins; but calls of tools, whose chunks may come in turns, stay open
//! until the completion has ended. A response's last event has all of its output again, so the texts are kept, at most
//! [`MOST_KEPT`] bytes.

mod numbered;
mod output;

use super::super::raw::{Members, Raw};
use super::completion::{Completion, Counted, Finish, Message, failed, logprobs};
use super::response::{Head, State};
use crate::api::error::{ApiError, kind_of};
use crate::convert::{Asked, Told};
use crate::form::Usage;
use crate::json::Malformed;
use crate::stream::sse::Event;
use output::Output;

/// The most bytes of texts that a stream keeps: more than the longest completions have, of 128 thousand tokens.
pub const MOST_KEPT: usize = 2 << 20;

/// A stream on its way.
#[derive(Debug)]
pub struct Events {
    now: u64,
    phase: Phase,
    output: Output,
    counted: Option<Counted>,
    finish: Option<Finish>,
    /// Whether something of the completion went out.
    spoke: bool,
}

#[derive(Debug)]
enum Phase {
    /// Nothing went out: the first chunk that tells the completion's id begins the response.
    Before(Asked),
    Begun(Head),
    /// Its last event went out; whether that says that all went well.
    Over {
        well: bool,
    },
}

/// A stream that says what no completion does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Malformed,
    TooLong,
    Unended,
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Broken {
        Broken::Malformed
    }
}

impl Broken {
    fn error(self) -> ApiError {
        let message = match self {
            Broken::Malformed => "The stream holds what is no chunk of a chat completion.",
            Broken::TooLong => "The completion is too long to be translated.",
            Broken::Unended => "The stream ended before the completion did.",
        };
        ApiError::new(502, "server_error", message)
    }

    fn told(self) -> Told {
        Told::Failed(self.error().to_json())
    }
}

impl Events {
    /// The stream that responds to what was `asked`. `now` is in seconds since 1970.
    pub fn new(asked: Asked, now: u64) -> Events {
        Events {
            now,
            phase: Phase::Before(asked),
            output: Output::default(),
            counted: None,
            finish: None,
            spoke: false,
        }
    }

    /// Takes an event of the cloud's, and writes those that the client gets for it behind what `out` holds.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Told {
        match &self.phase {
            Phase::Over { well: true } => return Told::Done,
            Phase::Over { well: false } => return Broken::Unended.told(),
            Phase::Before(_) | Phase::Begun(_) => {}
        }
        if event.data.trim_ascii() == b"[DONE]" {
            return self.finish(out).map_or_else(Broken::told, |()| Told::Done);
        }
        match self.chunk(event, out) {
            Ok(Some(error)) => Told::Failed(error),
            Ok(None) if self.spoke => Told::Output,
            Ok(None) => Told::Lifecycle,
            Err(broken) => broken.told(),
        }
    }

    /// The cloud's body has ended. If the completion has not, the client is told.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Told {
        match self.phase {
            Phase::Over { well: true } => Told::Done,
            Phase::Over { well: false } => Broken::Unended.told(),
            Phase::Before(_) | Phase::Begun(_) => match self.finish(out) {
                Ok(()) => Told::Done,
                Err(broken) => {
                    self.fail(&broken.error(), out);
                    broken.told()
                }
            },
        }
    }

    /// Tells the client that the stream failed, and that nothing follows.
    pub fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let code = error.code.as_deref().unwrap_or(kind_of(error.status));
        match std::mem::replace(&mut self.phase, Phase::Over { well: false }) {
            over @ Phase::Over { .. } => self.phase = over,
            Phase::Before(_) => {
                self.output.emit(out, "error", &mut |json| {
                    json.key("code").string(code).key("message").string(&error.message);
                    match &error.param {
                        Some(param) => json.key("param").string(param),
                        None => json.key("param").null(),
                    };
                });
            }
            Phase::Begun(head) => {
                let state = State::Failed { code, message: &error.message };
                self.output.response(&head, "response.failed", state, self.counted, out);
            }
        }
    }

    /// What the completion took, once the cloud has told.
    pub fn usage(&self) -> Option<Usage> {
        self.counted.map(|counted| counted.usage)
    }

    /// Takes a chunk. `Some` is an error of the cloud's.
    fn chunk(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Broken> {
        let chunk = Completion::read(event.data)?;
        if let Some(error) = chunk.error {
            return Ok(Some(failed(error)));
        }
        if event.name == b"error" {
            return Ok(Some([b"{\"error\":", event.data, b"}"].concat()));
        }
        self.counted = chunk.counted.or(self.counted);
        // Azure's first chunk tells what it found in the prompt; it has no id and no choice.
        if chunk.id.is_some() || chunk.choice.is_some() {
            self.begin(chunk.id.map_or(event.data, Raw::bytes), &chunk, out);
        }
        if let Phase::Begun(head) = &mut self.phase {
            head.set_service_tier(chunk.service_tier);
        }
        if let Some(choice) = chunk.choice {
            self.choice(choice, out)?;
        }
        Ok(None)
    }

    fn begin(&mut self, origin: &[u8], chunk: &Completion<'_>, out: &mut Vec<u8>) {
        let Phase::Before(asked) = &mut self.phase else { return };
        let head = Head::new(std::mem::take(asked), self.now, origin, chunk.created, chunk.model);
        self.output.response(&head, "response.created", State::InProgress, None, out);
        self.output.response(&head, "response.in_progress", State::InProgress, None, out);
        self.phase = Phase::Begun(head);
    }

    fn choice(&mut self, choice: Raw<'_>, out: &mut Vec<u8>) -> Result<(), Broken> {
        let Phase::Begun(head) = &self.phase else { return Ok(()) };
        let choice = Members::of(choice, &["delta", "finish_reason", "logprobs"]).ok_or(Broken::Malformed)?;
        let [delta, finish, probabilities] = choice.values();
        if let Some(finish) = finish {
            self.finish = Some(Finish::of(finish));
            self.spoke = true;
        }
        let Some(delta) = delta else { return Ok(()) };
        let said = Message::read(delta)?;
        let before = self.output.sequence();
        if !said.reasoning.is_empty() {
            self.output.reasoning(head, said.reasoning, out);
        }
        if !said.content.is_empty() {
            self.output.text(head, said.content, &logprobs(probabilities), out);
        }
        for annotation in &said.annotations {
            self.output.annotation(head, annotation, out);
        }
        if !said.refusal.is_empty() {
            self.output.refusal(head, said.refusal, out);
        }
        for call in said.calls {
            self.output.call(head, call, out);
        }
        self.spoke |= self.output.sequence() > before;
        if self.output.kept_bytes() > MOST_KEPT { Err(Broken::TooLong) } else { Ok(()) }
    }

    /// The cloud says no more: ends the response, if the completion has ended.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        let (Phase::Begun(head), Some(finish)) = (&self.phase, self.finish) else { return Err(Broken::Unended) };
        if !self.output.close_all(head, finish, out) {
            return Err(Broken::Malformed);
        }
        let name = match finish {
            Finish::Whole => "response.completed",
            Finish::Length | Finish::Filtered => "response.incomplete",
        };
        self.output.response(head, name, State::Ended(finish), self.counted, out);
        self.phase = Phase::Over { well: true };
        Ok(())
    }
}
