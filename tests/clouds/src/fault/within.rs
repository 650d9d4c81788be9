//! Errors inside a 200: what OpenAI's APIs say when they fail after the status has left.

use serde_json::{Value, json};

/// How far an answer got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing but the error.
    First,
    /// The response was created, or a chat's first chunk named the role.
    Created,
    /// So many pieces of output had left.
    Output(usize),
}

/// An error inside a 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    pub stage: Stage,
    /// A response ends as `response.failed`, or a whole one has the status `failed`; else an error takes its place.
    pub as_response: bool,
    pub code: &'static str,
    /// The error lies in an object of its own in the event, as the service sends it, not flat as its documentation has it.
    pub nested: bool,
}

/// The codes, each with its type and what is said.
const CODES: &[(&str, &str, &str)] = &[
    ("server_error", "server_error", "The server had an error while processing your request. Sorry about that!"),
    (
        "rate_limit_exceeded",
        "tokens",
        "Rate limit reached for this model on tokens per min (TPM). Please try again in 6s.",
    ),
    (
        "server_is_overloaded",
        "service_unavailable_error",
        "Our servers are currently overloaded. Please try again later.",
    ),
    (
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    (
        "invalid_prompt",
        "invalid_request_error",
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
    ),
    (
        "context_length_exceeded",
        "invalid_request_error",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
    (
        "data_residency_mismatch",
        "invalid_request_error",
        "The data residency of this project does not match this endpoint.",
    ),
    ("model_not_found", "invalid_request_error", "The model does not exist or you do not have access to it."),
    ("content_filter", "invalid_request_error", "The response was filtered due to the content management policy."),
    ("vector_store_timeout", "server_error", "The vector store did not answer in time."),
    ("image_content_policy_violation", "invalid_request_error", "The image violates the content policy."),
];

/// The code as it is known here.
pub fn code(name: &str) -> Option<&'static str> {
    CODES.iter().map(|(code, ..)| *code).find(|code| *code == name)
}

impl Within {
    fn words(self) -> (&'static str, &'static str) {
        let known = CODES.iter().find(|(code, ..)| *code == self.code);
        known.map_or(("server_error", "The server had an error."), |(_, kind, message)| (*kind, *message))
    }

    /// The error as its own object.
    pub fn error(self) -> Value {
        let (kind, message) = self.words();
        json!({"message": message, "type": kind, "param": null, "code": self.code})
    }

    /// What a response object says of it.
    pub fn of_response(self) -> Value {
        json!({"code": self.code, "message": self.words().1})
    }

    /// The payload of a Responses stream's event `error`, without its number.
    pub fn event(self) -> Value {
        if self.nested {
            return json!({"error": self.error()});
        }
        json!({"code": self.code, "message": self.words().1, "param": null})
    }
}
