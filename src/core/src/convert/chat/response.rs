//! How a `Response` and the items of its output are written: the same whole and in the events of a stream.

use std::borrow::Cow;

use super::super::raw::Raw;
use super::call_id;
use super::completion::{Counted, Finish};
use crate::convert::Asked;
use crate::json::Writer;

/// An item of a response's output. Texts stand as between the quotes of JSON's strings.
#[derive(Debug)]
pub(super) enum Item<'j> {
    Reasoning(Cow<'j, [u8]>),
    /// Its parts; there is at least one.
    Message(Vec<Part<'j>>),
    Call(Call<'j>),
}

/// A part of a message.
#[derive(Debug, Default)]
pub(super) struct Part<'j> {
    pub(super) refusal: bool,
    pub(super) text: Cow<'j, [u8]>,
    /// Elements of an array, with commas between them.
    pub(super) logprobs: Cow<'j, [u8]>,
    /// As those.
    pub(super) annotations: Cow<'j, [u8]>,
    /// How many annotations an open part has.
    pub(super) annotated: u64,
}

/// A call of a tool.
#[derive(Debug)]
pub(super) struct Call<'j> {
    pub(super) custom: bool,
    /// As the client gets it.
    pub(super) id: Cow<'j, [u8]>,
    /// As the cloud knows it: with its namespace before it.
    pub(super) name: Cow<'j, [u8]>,
    pub(super) arguments: Cow<'j, [u8]>,
}

impl Item<'_> {
    /// What the ids of such items begin with.
    fn prefix(&self) -> &'static str {
        match self {
            Item::Reasoning(_) => "rs_",
            Item::Message(_) => "msg_",
            Item::Call(call) if call.custom => "ctc_",
            Item::Call(_) => "fc_",
        }
    }
}

/// What all of a response's objects say of it: who it is, and what was asked.
#[derive(Debug)]
pub(super) struct Head {
    /// A digest of the completion's id, in hexadecimal: what the ids of the response and of its items are made of.
    pub(super) digest: String,
    created: Vec<u8>,
    model: Vec<u8>,
    service_tier: Vec<u8>,
    asked: Asked,
}

/// So many digits of a digest are in an id.
const DIGITS: usize = 40;

impl Head {
    /// The head of the response to what was `asked`. `origin` tells this completion from all others: its id.
    pub(super) fn new(asked: Asked, now: u64, origin: &[u8], created: Option<Raw<'_>>, model: Option<Raw<'_>>) -> Head {
        let created = created.filter(|created| created.count().is_some());
        let model = model.filter(|model| model.is_string());
        Head {
            digest: call_id::digest(origin, DIGITS),
            created: created.map_or_else(|| now.to_string().into_bytes(), |created| created.bytes().to_vec()),
            model: model.map_or(&b"\"\""[..], Raw::bytes).to_vec(),
            service_tier: Vec::new(),
            asked,
        }
    }

    /// Notes the service tier that the cloud names, if it does.
    pub(super) fn set_service_tier(&mut self, tier: Option<Raw<'_>>) {
        if let Some(tier) = tier {
            self.service_tier = tier.bytes().to_vec();
        }
    }

    /// The id of an item: the same each time it is written.
    pub(super) fn item_id(&self, place: usize, item: &Item<'_>) -> String {
        format!("{}{}{place:04x}", item.prefix(), self.digest)
    }

    /// Writes a response: its status, its output, and why it ended as it did.
    pub(super) fn write(
        &self,
        json: &mut Writer<'_>,
        state: State<'_>,
        usage: Option<Counted>,
        output: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        json.begin_object();
        json.key("id").begin_string().text("resp_").text(&self.digest).end_string();
        json.key("object").string("response");
        json.key("created_at").raw(&self.created);
        json.key("status").string(state.status());
        json.key("error");
        match state {
            State::Failed { code, message } => {
                json.begin_object().key("code").string(code).key("message").string(message).end_object();
            }
            _ => {
                json.null();
            }
        }
        json.key("incomplete_details");
        match state.incomplete() {
            Some(reason) => {
                json.begin_object().key("reason").string(reason).end_object();
            }
            None => {
                json.null();
            }
        }
        json.key("model").raw(&self.model);
        json.key("output").begin_array();
        output(json);
        json.end_array();
        if !self.asked.echo.is_empty() {
            json.raw(&self.asked.echo);
        }
        if !self.service_tier.is_empty() {
            json.key("service_tier").raw(&self.service_tier);
        }
        json.key("usage");
        match usage {
            Some(usage) => usage.write(json),
            None => {
                json.null();
            }
        }
        json.end_object();
    }

    /// Writes an item, the `place`th of its response.
    pub(super) fn write_item(&self, json: &mut Writer<'_>, place: usize, item: &Item<'_>, status: &str) {
        json.begin_object().key("id").string(&self.item_id(place, item));
        match item {
            Item::Reasoning(text) => {
                json.key("type").string("reasoning").key("status").string(status);
                json.key("summary").begin_array().end_array();
                json.key("content").begin_array();
                if !text.is_empty() {
                    write_reasoning(json, text);
                }
                json.end_array();
            }
            Item::Message(parts) => {
                json.key("type").string("message").key("status").string(status);
                json.key("role").string("assistant").key("content").begin_array();
                parts.iter().for_each(|part| part.write(json));
                json.end_array();
            }
            Item::Call(call) => {
                let (kind, arguments) =
                    if call.custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
                json.key("type").string(kind).key("status").string(status);
                json.key("call_id").begin_string().raw_text(&call.id).end_string();
                let (namespace, name) = self.split(&call.name);
                if let Some(namespace) = namespace {
                    json.key("namespace").string(namespace);
                }
                json.key("name").begin_string().raw_text(name).end_string();
                json.key(arguments).begin_string().raw_text(&call.arguments).end_string();
            }
        }
        json.end_object();
    }

    /// A tool's namespace, and its name in it.
    pub(super) fn split<'n>(&self, name: &'n [u8]) -> (Option<&str>, &'n [u8]) {
        let split = self.asked.namespaces.iter().find_map(|namespace| {
            let name = name.strip_prefix(namespace.as_bytes())?.strip_prefix(super::SEPARATOR.as_bytes())?;
            Some((Some(&**namespace), name))
        });
        split.unwrap_or((None, name))
    }
}

/// Whether this is an id that [`Head::item_id`] gave to reasoning. No cloud's own have this length.
pub(super) fn is_id_of_reasoning(id: &[u8]) -> bool {
    let digits = id.strip_prefix(b"rs_").filter(|digits| digits.len() == DIGITS + 4);
    digits.is_some_and(|digits| digits.iter().all(call_id::is_hex))
}

impl Part<'_> {
    /// Writes the part as an item has it.
    pub(super) fn write(&self, json: &mut Writer<'_>) {
        json.begin_object();
        if self.refusal {
            json.key("type").string("refusal").key("refusal").begin_string().raw_text(&self.text).end_string();
        } else {
            json.key("type").string("output_text");
            write_elements(json.key("annotations"), &self.annotations);
            write_elements(json.key("logprobs"), &self.logprobs);
            json.key("text").begin_string().raw_text(&self.text).end_string();
        }
        json.end_object();
    }
}

/// Writes an array of elements that stand in a text with commas between them.
pub(super) fn write_elements(json: &mut Writer<'_>, elements: &[u8]) {
    json.begin_array();
    if !elements.is_empty() {
        json.raw(elements);
    }
    json.end_array();
}

/// Writes the text of a reasoning item as a part.
pub(super) fn write_reasoning(json: &mut Writer<'_>, text: &[u8]) {
    json.begin_object().key("type").string("reasoning_text");
    json.key("text").begin_string().raw_text(text).end_string().end_object();
}

/// Where a response is.
#[derive(Clone, Copy, Debug)]
pub(super) enum State<'s> {
    InProgress,
    Ended(Finish),
    Failed { code: &'s str, message: &'s str },
}

impl State<'_> {
    fn status(self) -> &'static str {
        match self {
            State::InProgress => "in_progress",
            State::Ended(finish) => finish.status(),
            State::Failed { .. } => "failed",
        }
    }

    fn incomplete(self) -> Option<&'static str> {
        match self {
            State::Ended(finish) => finish.incomplete(),
            State::InProgress | State::Failed { .. } => None,
        }
    }
}
