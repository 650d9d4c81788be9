//! A Responses request as a request for a chat completion.
//!
//! The conversation is written while the body is read; what else there is follows it. A member that means nothing where it
//! stands at its default is left out, whatever the target would make of it.

mod content;
mod echo;
mod messages;
mod notes;
mod tools;

use super::raw::{Raw, elements, given, is, members};
use crate::convert::{Asked, Towards, Translated, Untranslatable};
use crate::json::{Cursor, Malformed, Writer};
use messages::Messages;
use notes::Notes;
use tools::Tools;

/// Writes the Responses request `body` as one for a chat completion, behind what `out` holds.
///
/// # Errors
/// What of it chat completions have no place for.
pub fn request(body: &[u8], towards: &Towards<'_>, out: &mut Vec<u8>) -> Result<Translated, Untranslatable> {
    let start = out.len();
    let mut notes = Notes::default();
    match write(body, towards, &mut notes, out) {
        Ok(asked) => notes.translated(asked),
        Err(Malformed { at, expected }) => {
            out.truncate(start);
            Err(Untranslatable(vec![format!("the body, which is no JSON at byte {at}: {expected} was expected")]))
        }
    }
}

/// The members of a request that are written behind its messages, as they stand in it.
#[derive(Debug, Default)]
struct Fields<'j> {
    stream: bool,
    instructions: Raw<'j>,
    tools: Raw<'j>,
    tool_choice: Raw<'j>,
    parallel_tool_calls: Raw<'j>,
    max_output_tokens: Raw<'j>,
    max_tool_calls: Raw<'j>,
    temperature: Raw<'j>,
    top_p: Raw<'j>,
    top_logprobs: Raw<'j>,
    include: Raw<'j>,
    reasoning: Raw<'j>,
    text: Raw<'j>,
    service_tier: Raw<'j>,
    metadata: Raw<'j>,
    user: Raw<'j>,
    safety_identifier: Raw<'j>,
    prompt_cache_key: Raw<'j>,
    prompt_cache_retention: Raw<'j>,
}

fn write(body: &[u8], towards: &Towards<'_>, notes: &mut Notes, out: &mut Vec<u8>) -> Result<Asked, Malformed> {
    out.extend_from_slice(b"{\"model\":");
    Writer::new(out).string(towards.model);
    out.extend_from_slice(b",\"messages\":[");
    let begin = out.len();
    let mut fields = Fields::default();
    let mut tools = Tools::default();
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, key| {
        if key.is("input") {
            let mut messages = Messages::new(out, begin);
            return messages.read(body, cursor, &mut tools, notes);
        }
        let value = body.get(cursor.skip()?).unwrap_or_default();
        fields.take(&key.meaning_within(MOST_NAME).unwrap_or_default(), value, notes)
    })?;
    cursor.end()?;
    let echo = echo::of(&fields);
    tools.read(fields.tools, "tools", notes)?;
    put_in_front(&fields, &tools, begin, out);
    out.push(b']');
    // What follows are members of the object that is open.
    let mut rest = Vec::new();
    let mut json = Writer::new(&mut rest);
    tools.write(fields.tool_choice, fields.parallel_tool_calls, &mut json, notes)?;
    fields.write(&mut json, notes)?;
    if !rest.is_empty() {
        out.push(b',');
        out.extend_from_slice(&rest);
    }
    out.push(b'}');
    Ok(Asked { stream: fields.stream, echo, namespaces: tools.namespaces(), ..Asked::default() })
}

/// Longer than any name of a request's members, in bytes.
const MOST_NAME: usize = 64;

/// Puts what the model is told before all else in front of the conversation.
fn put_in_front(fields: &Fields<'_>, tools: &Tools<'_>, begin: usize, out: &mut Vec<u8>) {
    let mut front = Vec::new();
    if let Some(instructions) = given(fields.instructions) {
        content::system(&mut front, |json| {
            json.raw(instructions);
        });
    }
    tools.explain_namespaces(&mut front);
    if out.len() == begin {
        front.pop_if(|last| *last == b',');
    }
    out.splice(begin..begin, front);
}

impl<'j> Fields<'j> {
    /// Takes a member of the request, other than its input.
    fn take(&mut self, name: &[u8], value: Raw<'j>, notes: &mut Notes) -> Result<(), Malformed> {
        let no_default = given(value).is_some();
        match name {
            b"model" => {}
            b"stream" => self.stream = value == b"true",
            b"instructions" => {
                self.instructions = value;
                if no_default && !value.starts_with(b"\"") {
                    notes.refuse(format_args!("instructions"));
                }
            }
            b"tools" => self.tools = value,
            b"tool_choice" => self.tool_choice = value,
            b"parallel_tool_calls" => self.parallel_tool_calls = value,
            b"max_output_tokens" => self.max_output_tokens = value,
            b"temperature" => self.temperature = value,
            b"top_p" => self.top_p = value,
            b"top_logprobs" => self.top_logprobs = value,
            b"include" => self.include = value,
            b"reasoning" => self.reasoning = value,
            b"text" => self.text = value,
            b"service_tier" => self.service_tier = value,
            b"user" => self.user = value,
            b"safety_identifier" => self.safety_identifier = value,
            b"prompt_cache_key" => self.prompt_cache_key = value,
            b"prompt_cache_retention" => self.prompt_cache_retention = value,
            b"metadata" => {
                self.metadata = value;
                if no_default && !is_empty(value) {
                    notes.leave_out("metadata");
                }
            }
            // It counts calls of tools that a cloud runs by itself, of which none is translated.
            b"max_tool_calls" => {
                self.max_tool_calls = value;
                if no_default {
                    notes.leave_out("max_tool_calls");
                }
            }
            b"client_metadata" if no_default => notes.leave_out("client_metadata"),
            b"prompt_cache_options" if no_default => notes.leave_out("prompt_cache_options"),
            b"stream_options" if no_default => stream_options(value, notes)?,
            b"store" | b"background" if value == b"false" => {}
            b"truncation" if is(value, "disabled") => {}
            b"context_management" if is_empty(value) => {}
            _ if no_default => notes.refuse_name(name),
            _ => {}
        }
        Ok(())
    }

    /// Writes what a request has beside its messages and tools.
    fn write(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let members = [
            ("max_completion_tokens", self.max_output_tokens),
            ("temperature", self.temperature),
            ("top_p", self.top_p),
            ("user", self.user),
            ("safety_identifier", self.safety_identifier),
            ("prompt_cache_key", self.prompt_cache_key),
            ("prompt_cache_retention", self.prompt_cache_retention),
        ];
        for (name, value) in members {
            if let Some(value) = given(value) {
                json.key(name).raw(value);
            }
        }
        self.write_logprobs(json, notes)?;
        self.write_reasoning(json, notes)?;
        self.write_text(json, notes)?;
        if is(self.service_tier, "ultrafast") {
            notes.refuse(format_args!("service_tier: ultrafast"));
        } else if let Some(tier) = given(self.service_tier).filter(|tier| !is(tier, "auto")) {
            json.key("service_tier").raw(tier);
        }
        if self.stream {
            json.key("stream").boolean(true);
            json.key("stream_options").begin_object().key("include_usage").boolean(true).end_object();
        }
        Ok(())
    }

    fn write_logprobs(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let mut logprobs = false;
        if let Some(include) = given(self.include) {
            elements(notes.array(include, format_args!("include")), |place, wanted| {
                if is(wanted, "message.output_text.logprobs") {
                    logprobs = true;
                } else if is(wanted, "reasoning.encrypted_content") {
                    notes.leave_out("include: reasoning.encrypted_content");
                } else if !OF_HOSTED_TOOLS.iter().any(|known| is(wanted, known)) {
                    notes.refuse_value(format_args!("include[{place}]"), wanted);
                }
                Ok(())
            })?;
        }
        let top = given(self.top_logprobs).filter(|top| *top != b"0");
        if logprobs || top.is_some() {
            json.key("logprobs").boolean(true);
        }
        if let Some(top) = top {
            json.key("top_logprobs").raw(top);
        }
        Ok(())
    }

    fn write_reasoning(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let Some(reasoning) = given(self.reasoning) else { return Ok(()) };
        let [effort, summary, also_summary, context, mode] = members(
            notes.object(reasoning, format_args!("reasoning")),
            &["effort", "summary", "generate_summary", "context", "mode"],
            |key, value| {
                if given(value).is_some() {
                    notes.refuse_member(format_args!("reasoning"), key);
                }
            },
        )?;
        if let Some(effort) = given(effort) {
            json.key("reasoning_effort").raw(effort);
        }
        for (name, value) in [("summary", summary), ("generate_summary", also_summary)] {
            match given(value) {
                Some(value) if !is(value, "auto") => notes.refuse_value(format_args!("reasoning.{name}"), value),
                Some(_) => notes.leave_out("reasoning.summary"),
                None => {}
            }
        }
        // It says which earlier reasoning the model sees. A request that is translated brings none that it could.
        if given(context).is_some_and(|context| !is(context, "auto")) {
            notes.leave_out("reasoning.context");
        }
        if let Some(mode) = given(mode).filter(|mode| !is(mode, "standard")) {
            notes.refuse_value(format_args!("reasoning.mode"), mode);
        }
        Ok(())
    }

    fn write_text(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let Some(text) = given(self.text) else { return Ok(()) };
        let [format, verbosity] =
            members(notes.object(text, format_args!("text")), &["format", "verbosity"], |key, value| {
                if given(value).is_some() {
                    notes.refuse_member(format_args!("text"), key);
                }
            })?;
        if let Some(verbosity) = given(verbosity).filter(|verbosity| !is(verbosity, "medium")) {
            json.key("verbosity").raw(verbosity);
        }
        let Some(format) = given(format) else { return Ok(()) };
        let [kind, name, description, schema, strict] = members(
            notes.object(format, format_args!("text.format")),
            &["type", "name", "description", "schema", "strict"],
            |key, value| {
                if given(value).is_some() {
                    notes.refuse_member(format_args!("text.format"), key);
                }
            },
        )?;
        if is(kind, "json_object") {
            json.key("response_format").begin_object().key("type").string("json_object").end_object();
        } else if is(kind, "json_schema") {
            json.key("response_format").begin_object().key("type").string("json_schema");
            json.key("json_schema").begin_object();
            for (key, value) in [("name", name), ("description", description), ("schema", schema), ("strict", strict)] {
                if let Some(value) = given(value) {
                    json.key(key).raw(value);
                }
            }
            json.end_object().end_object();
        } else if !is(kind, "text") {
            notes.refuse_value(format_args!("text.format.type"), kind);
        }
        Ok(())
    }
}

/// What `include` may ask of tools that a cloud runs by itself, and of items that no chat completion has: nothing, here.
const OF_HOSTED_TOOLS: [&str; 6] = [
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
];

fn stream_options(value: Raw<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let [obfuscation] =
        members(notes.object(value, format_args!("stream_options")), &["include_obfuscation"], |key, value| {
            if given(value).is_some() {
                notes.refuse_member(format_args!("stream_options"), key);
            }
        })?;
    // The events are made here, and never obfuscated.
    if obfuscation == b"true" {
        notes.leave_out("stream_options.include_obfuscation");
    }
    Ok(())
}

/// Whether a value is an object or an array with nothing in it.
fn is_empty(value: Raw<'_>) -> bool {
    let inner = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    matches!(value.first(), Some(b'{' | b'[')) && inner.trim_ascii().is_empty()
}
