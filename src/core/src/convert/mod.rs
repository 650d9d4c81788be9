//! Which form serves which API, and how: a folder for each form that is translated to, one direction a file.
//!
//! A request is translated whole, a whole response too, a stream event by event as it comes. Nothing is left out but what
//! is known to change nothing that the client could read: hints, which are listed. Whatever else cannot be carried makes
//! the request untranslatable, and names itself.

pub mod chat;
mod notes;
mod raw;
pub mod responses;

use crate::api::Api;
use crate::api::error::ApiError;
use crate::form::{Form, Usage};
use crate::stream::sse::Event;

/// How a target's form serves a client's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// It is the API itself: bodies and responses pass as they are.
    Pass,
    /// The client speaks chat completions, the target `openai.responses`.
    ToResponses,
    /// The client speaks the Responses API, the target `openai.chat`.
    ToChat,
}

/// How `form` serves `api`; `None` where it does not.
pub fn between(api: Api, form: Form) -> Option<Conversion> {
    match (api, form) {
        (Api::Chat, Form::Chat) | (Api::Responses, Form::Responses) => Some(Conversion::Pass),
        (Api::Chat, Form::Responses) => Some(Conversion::ToResponses),
        (Api::Responses, Form::Chat) => Some(Conversion::ToChat),
    }
}

impl Conversion {
    /// Translates a whole request; what is sent is appended to `out`. A request that passes is none.
    ///
    /// # Errors
    /// What cannot be carried.
    pub fn request(self, body: &[u8], towards: &Towards<'_>, out: &mut Vec<u8>) -> Result<Translated, Untranslatable> {
        match self {
            Conversion::Pass => Err(Untranslatable(Vec::new())),
            Conversion::ToResponses => responses::request(body, towards, out),
            Conversion::ToChat => chat::request(body, towards, out),
        }
    }

    /// Translates a whole response back; what the client gets is appended to `out`. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// What is not as the form says, or an error in place of a completion.
    pub fn reply(self, body: &[u8], asked: &Asked, now: u64, out: &mut Vec<u8>) -> Result<Usage, Unreadable> {
        match self {
            Conversion::Pass => Err(Unreadable::Malformed),
            Conversion::ToResponses => responses::reply(body, asked, now, out),
            Conversion::ToChat => chat::reply(body, asked, now, out),
        }
    }

    /// Begins to translate a stream back; `None` where it passes.
    pub fn events(self, asked: &Asked, now: u64) -> Option<Machine> {
        match self {
            Conversion::Pass => None,
            Conversion::ToResponses => Some(Machine::ToResponses(responses::Events::new(asked.include_usage, now))),
            Conversion::ToChat => Some(Machine::ToChat(chat::Events::new(asked.clone(), now))),
        }
    }
}

/// Translates a stream, event by event, whichever way.
#[derive(Debug)]
pub enum Machine {
    /// See [`Conversion::ToResponses`].
    ToResponses(responses::Events),
    /// See [`Conversion::ToChat`].
    ToChat(chat::Events),
}

impl Machine {
    /// Translates an event; what the client gets is appended to `out`. What was written before it turned out to have failed
    /// is whole events: [`Machine::fail`] tells the client the rest.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Told {
        match self {
            Machine::ToResponses(events) => events.event(event, out),
            Machine::ToChat(events) => events.event(event, out),
        }
    }

    /// The body has ended. If the completion has not, the client gets an error.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Told {
        match self {
            Machine::ToResponses(events) => events.end(out),
            Machine::ToChat(events) => events.end(out),
        }
    }

    /// Tells the client that the completion failed; nothing follows.
    pub fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        match self {
            Machine::ToResponses(events) => events.fail(error, out),
            Machine::ToChat(events) => events.fail(error, out),
        }
    }

    /// What the completion took, once that was told.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Machine::ToResponses(events) => events.usage(),
            Machine::ToChat(events) => events.usage(),
        }
    }
}

/// What of a target matters to the translation of a request.
#[derive(Clone, Copy, Debug)]
pub struct Towards<'t> {
    /// The cloud's own model id or deployment.
    pub model: &'t str,
}

/// What a translated request leaves behind, which its response has to show again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether the client streams.
    pub stream: bool,
    /// Whether a chat client wants a chunk with the usage at the stream's end.
    pub include_usage: bool,
    /// What a `Response` repeats of its request, as members of its object without braces: at most [`MOST_ECHO`] bytes.
    pub echo: Vec<u8>,
    /// The namespaces of a client's tools, where the form has none: there they are part of the tools' names.
    pub namespaces: Vec<Box<str>>,
}

/// The most bytes of a request that are kept to be repeated in its response. Beyond it a member stands at its default.
pub const MOST_ECHO: usize = 32 << 10;

/// A request was translated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// What its response has to show again.
    pub asked: Asked,
    /// The hints that were left out, each once.
    pub left_out: Vec<&'static str>,
}

/// What of a request the translation cannot carry, by place: `n`, `tools[2].type: web_search`. At most
/// [`MOST_UNTRANSLATABLE`], words of the client's cut short; the list is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslatable(pub Vec<String>);

/// So many places of what cannot be translated are named.
pub const MOST_UNTRANSLATABLE: usize = 8;

/// Why a whole response with a status of 2xx is not translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not what the form says.
    Malformed,
    /// It says that the completion failed: the cloud's error as `{"error":{"code","message",…}}`.
    Failed(Vec<u8>),
}

/// What an event of a stream says of the completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing of it yet: the response exists, or is being made.
    Lifecycle,
    /// A part of it, or its end follows.
    Output,
    /// It is over.
    Done,
    /// It failed: the cloud's error as `{"error":{"code","message",…}}`.
    Failed(Vec<u8>),
}
