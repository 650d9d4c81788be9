//! The deterministic answer to a request: what it says, how long it is, and in which vendor's shape.

mod chat;
mod content;
mod example;
mod filters;
mod responses;
mod steering;

pub use steering::{Steer, Steering};

use crate::credentials::{digest, random_hex, uuid};
use crate::fault::Plan;
use crate::http::{Reply, Request};
use bytes::Bytes;
use serde_json::{Map, Value};

/// When every answer was created, in seconds: a constant, so that equal requests have equal answers.
const CREATED: u64 = 1_790_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Chat,
    Responses,
}

impl Api {
    /// The operation behind an OpenAI prefix.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Responses => "responses",
        }
    }
}

/// Whose shape an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    Azure,
    AzureDated,
    BedrockRuntime,
    /// Mantle's frontier models, under `/openai/v1`.
    Mantle,
    /// Mantle's open models, under `/v1`.
    MantleOpen,
    GooglePublisher,
    GoogleOpenapi,
    /// OpenAI itself.
    OpenAi,
}

impl Flavor {
    fn is_azure(self) -> bool {
        matches!(self, Self::Azure | Self::AzureDated)
    }

    fn is_mantle(self) -> bool {
        matches!(self, Self::Mantle | Self::MantleOpen)
    }

    fn event_stream(self) -> &'static str {
        if self.is_azure() || self == Self::OpenAi { "text/event-stream; charset=utf-8" } else { "text/event-stream" }
    }

    fn json(self) -> &'static str {
        match self {
            Self::GooglePublisher | Self::GoogleOpenapi => "application/json; charset=UTF-8",
            _ => "application/json",
        }
    }
}

/// A request that passed every check.
pub struct Call<'a> {
    pub api: Api,
    pub flavor: Flavor,
    pub cloud: &'static str,
    /// Region, location or resource.
    pub place: &'a str,
    /// The model or deployment that was asked for.
    pub model: &'a str,
    /// The model that the answer names.
    pub served: &'a str,
    pub body: &'a Map<String, Value>,
    pub raw: &'a [u8],
    pub plan: &'a Plan,
    pub steer: Option<Steer>,
}

impl Call<'_> {
    fn streams(&self) -> bool {
        self.body.get("stream") == Some(&Value::Bool(true))
    }

    /// Hexadecimal digits that belong to this request and purpose.
    fn hex(&self, purpose: &str) -> String {
        digest(&[purpose.as_bytes(), self.cloud.as_bytes(), self.place.as_bytes(), self.raw])
    }

    /// The first `length` of those digits, behind a prefix.
    fn id(&self, prefix: &str, purpose: &str, length: usize) -> String {
        let hex = self.hex(purpose);
        format!("{prefix}{}", hex.get(..length).unwrap_or(&hex))
    }
}

pub fn reply(call: &Call<'_>) -> Reply {
    let content = content::Content::of(call);
    match (call.api, call.streams()) {
        (Api::Chat, false) => whole(call, &chat::whole(call, &content)),
        (Api::Chat, true) => Reply::events(call.flavor.event_stream(), chat::events(call, &content)),
        (Api::Responses, false) => whole(call, &responses::whole(call, &content)),
        (Api::Responses, true) => Reply::events(call.flavor.event_stream(), responses::events(call, &content)),
    }
}

fn whole(call: &Call<'_>, body: &Value) -> Reply {
    Reply::whole(hyper::StatusCode::OK, call.flavor.json(), body.to_string())
}

/// A data-only server-sent event.
fn data(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

/// A request's own id, new for every request.
pub fn request_id(request: &Request) -> String {
    uuid(&digest(&[&request.seq.to_be_bytes(), random_hex(16).as_bytes()]))
}
