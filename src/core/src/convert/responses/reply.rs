//! A whole `Response`, as a chat completion.

use super::super::raw::{Members, Raw};
use super::super::{Asked, Unreadable};
use super::annotation;
use super::logprobs;
use super::output::{Call, Item, Part};
use super::response::{MEMBERS, Response};
use crate::form::Usage;
use crate::json::{Cursor, Writer};

/// Translates the body of a response with status 200, behind what stands in `out`. `now` is in seconds since 1970.
///
/// # Errors
/// It is no `Response` that is over, or one that failed; nothing is written then.
pub fn reply(body: &[u8], _asked: &Asked, now: u64, out: &mut Vec<u8>) -> Result<Usage, Unreadable> {
    let mut cursor = Cursor::new(body);
    let members = Members::read(&mut cursor, MEMBERS, |_, _| {}).ok().flatten().ok_or(Unreadable::Malformed)?;
    cursor.end().map_err(|_| Unreadable::Malformed)?;
    let response = Response(members);
    if let Some(error) = response.failure() {
        return Err(Unreadable::Failed(error));
    }
    let unfinished = response.0.get("status").is_some_and(|status| status.is("queued") || status.is("in_progress"));
    let output = response.0.get("output").filter(|output| output.is_array() && !unfinished);
    let said = Said::of(output.ok_or(Unreadable::Malformed)?);
    let tokens = response.tokens();

    let mut json = Writer::new(out);
    json.begin_object();
    response.write_head("chat.completion", now, &mut json);
    json.key("choices").begin_array().begin_object();
    json.key("index").number(0);
    said.write_message(response.id(), &mut json);
    said.write_logprobs(&mut json);
    json.key("finish_reason").string(response.finish(!said.calls.is_empty()));
    json.end_object().end_array();
    if let Some(tokens) = &tokens {
        tokens.write(&mut json);
    }
    response.write_tier(&mut json);
    json.key("system_fingerprint").null();
    json.end_object();
    Ok(tokens.map(|tokens| tokens.usage).unwrap_or_default())
}

/// What a chat completion shows of the output.
#[derive(Default)]
struct Said<'j> {
    texts: Vec<&'j [u8]>,
    /// So many of the texts have been counted, and have so many characters.
    counted: usize,
    characters: u64,
    refusals: Vec<&'j [u8]>,
    /// Lists of citations, each with the characters of the texts that stand before its own.
    annotations: Vec<(Raw<'j>, u64)>,
    logprobs: Vec<Raw<'j>>,
    calls: Vec<Call<'j>>,
}

impl<'j> Said<'j> {
    fn of(output: Raw<'j>) -> Said<'j> {
        let mut said = Said::default();
        output.each(|_, item| match Item::of(item) {
            Item::Message(parts) => parts.each(|_, part| match Part::of(part) {
                Some(Part::Text { text, annotations, logprobs }) => {
                    if let Some(annotations) = annotations.filter(|annotations| !annotations.is_empty()) {
                        let uncounted = said.texts.get(said.counted..).unwrap_or_default();
                        said.characters += uncounted.iter().map(|text| annotation::characters(text)).sum::<u64>();
                        said.counted = said.texts.len();
                        said.annotations.push((annotations, said.characters));
                    }
                    said.texts.push(text);
                    said.logprobs.extend(logprobs);
                }
                Some(Part::Refusal(refusal)) => said.refusals.push(refusal),
                None => {}
            }),
            Item::Call(call) => said.calls.push(call),
            Item::Other => {}
        });
        said
    }

    fn write_message(&self, completion: &[u8], json: &mut Writer<'_>) {
        json.key("message").begin_object().key("role").string("assistant");
        let silent = self.texts.is_empty() && !(self.refusals.is_empty() && self.calls.is_empty());
        write_joined("content", &self.texts, silent, json);
        write_joined("refusal", &self.refusals, self.refusals.is_empty(), json);
        json.key("annotations").begin_array();
        for (annotations, before) in &self.annotations {
            annotations.each(|_, annotation| {
                annotation::write(annotation, *before, json);
            });
        }
        json.end_array();
        if !self.calls.is_empty() {
            json.key("tool_calls").begin_array();
            for call in &self.calls {
                let (kind, input) = Call::names(call.custom);
                call.write_id(completion, json.begin_object().key("id"));
                json.key("type").string(kind);
                json.key(kind).begin_object().key("name").raw(call.name.bytes());
                json.key(input).begin_string().raw_text(call.input).end_string();
                json.end_object().end_object();
            }
            json.end_array();
        }
        json.end_object();
    }

    fn write_logprobs(&self, json: &mut Writer<'_>) {
        json.key("logprobs");
        if self.logprobs.is_empty() {
            json.null();
            return;
        }
        json.begin_object().key("content").begin_array();
        for tokens in &self.logprobs {
            logprobs::write(*tokens, json);
        }
        json.end_array().key("refusal").null().end_object();
    }
}

fn write_joined(key: &str, texts: &[&[u8]], null: bool, json: &mut Writer<'_>) {
    json.key(key);
    if null {
        json.null();
        return;
    }
    json.begin_string();
    for text in texts {
        json.raw_text(text);
    }
    json.end_string();
}
