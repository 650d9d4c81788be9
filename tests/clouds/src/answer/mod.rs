//! The deterministic answer to a request: what it says, how long it is, and in which vendor's shape.

mod chat;
mod content;
mod example;
mod failing;
mod filters;
mod led;
mod responses;
mod script;
mod steering;

pub use steering::{Steer, Steering};

use crate::clouds::Clouds;
use crate::credentials::{digest, random_hex, uuid};
use crate::fault::Plan;
use crate::http::{Reply, Request};
use crate::sessions::{self, Form, Turn};
use bytes::Bytes;
use serde_json::{Map, Value};

/// When every answer was created, in seconds: a constant, so that equal requests have equal answers.
pub const CREATED: u64 = 1_790_000_000;

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
    /// How its encrypted content is written.
    pub fn sealed(self) -> Form {
        if self.is_mantle() { Form::Mantle } else { Form::Fernet }
    }

    /// Whether it keeps responses.
    fn keeps(self) -> bool {
        !matches!(self, Self::BedrockRuntime | Self::GooglePublisher | Self::GoogleOpenapi)
    }

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

/// What is wanted of the Responses API; of chat completions it is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Answer,
    Compact,
    CountTokens,
}

/// A request that passed every check of its body.
pub struct Asked<'a> {
    pub api: Api,
    pub task: Task,
    pub flavor: Flavor,
    pub cloud: &'static str,
    /// Region, location or resource.
    pub place: &'a str,
    /// Who keeps what is kept, and alone can read it.
    pub account: String,
    /// The model or deployment that was asked for.
    pub model: &'a str,
    /// The model that the answer names.
    pub served: &'a str,
    pub body: &'a Map<String, Value>,
    pub request: &'a Request,
    pub plan: &'a Plan,
}

/// A request, and the conversation that it continues.
struct Call<'a> {
    api: Api,
    flavor: Flavor,
    cloud: &'static str,
    place: &'a str,
    account: String,
    model: &'a str,
    served: &'a str,
    body: &'a Map<String, Value>,
    raw: &'a [u8],
    plan: &'a Plan,
    steer: Option<Steer>,
    turn: Turn,
}

impl Call<'_> {
    fn says(&self, field: &str) -> bool {
        self.body.get(field) == Some(&Value::Bool(true))
    }

    fn streams(&self) -> bool {
        self.says("stream")
    }

    /// Whether pieces of a stream come with noise that hides their length.
    fn obfuscates(&self) -> bool {
        let option = self.body.get("stream_options").and_then(|options| options.get("include_obfuscation"));
        option != Some(&Value::Bool(false))
    }

    /// Noise that hides the length of a piece.
    fn noise(&self, piece: &str, number: u64) -> String {
        self.id("", &format!("noise {piece} {number}"), 16 - piece.len().min(16))
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

/// The answer, or the refusal of what the request refers to.
pub fn reply(clouds: &Clouds, asked: Asked<'_>) -> Result<Reply, Reply> {
    let Asked { api, task, flavor, cloud, place, account, model, served, body, request, plan } = asked;
    let steer = clouds.steering.take(&request.host);
    let trusting = steer.as_ref().is_some_and(|steer| steer.trusting);
    let turn = match api {
        Api::Chat => Turn::default(),
        Api::Responses => sessions::resolve(&clouds.sessions, &account, flavor, body, trusting)?,
    };
    let raw = &request.body;
    let call = Call { api, flavor, cloud, place, account, model, served, body, raw, plan, steer, turn };
    let reply = match task {
        Task::Answer => answer(clouds, &call),
        Task::Compact => whole(&call, &responses::compacted(&call)),
        Task::CountTokens => whole(&call, &responses::counted(&call)),
    };
    Ok(match plan.within {
        Some(within) => Reply { payload: failing::failed(&call, reply.payload, within), ..reply },
        None => reply,
    })
}

fn answer(clouds: &Clouds, call: &Call<'_>) -> Reply {
    let content = content::Content::of(call);
    match (call.api, call.streams()) {
        (Api::Chat, false) => whole(call, &chat::whole(call, &content)),
        (Api::Chat, true) => Reply::events(call.flavor.event_stream(), chat::events(call, &content)),
        (Api::Responses, streams) => {
            let events = if streams { responses::events(call, &content) } else { Vec::new() };
            if call.plan.within.is_none() {
                responses::keep(&clouds.sessions, call, &content, &events);
            }
            if streams {
                return Reply::events(call.flavor.event_stream(), events);
            }
            whole(call, &responses::whole(call, &content))
        }
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
