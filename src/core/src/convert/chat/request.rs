//! A Responses request as a request for a chat completion.
//!
//! The conversation is written while the body is read; what else there is follows it. A member that means nothing where it
//! stands at its default is left out, whatever the target would make of it.

mod content;
mod echo;
mod format;
mod messages;
mod object;
mod tools;

use super::super::notes::Notes;
use super::super::raw::{Raw, Shown, word};
use super::super::{Asked, Towards, Translated, Untranslatable};
use crate::json::{Cursor, Malformed, Writer};
use messages::Messages;
use tools::Tools;

/// Writes the Responses request `body` as one for a chat completion, behind what `out` holds.
///
/// # Errors
/// What of it chat completions have no place for; nothing is written then.
pub fn request(body: &[u8], towards: &Towards<'_>, out: &mut Vec<u8>) -> Result<Translated, Untranslatable> {
    let start = out.len();
    let mut notes = Notes::default();
    let translated = match write(body, towards, &mut notes, out) {
        Ok(asked) => notes.outcome(asked),
        // The edge has read it before: this is for whoever calls with something else.
        Err(Malformed { at, expected }) => Err(Untranslatable(vec![format!("byte {at}: {expected} is expected")])),
    };
    if translated.is_err() {
        out.truncate(start);
    }
    translated
}

fn write(body: &[u8], towards: &Towards<'_>, notes: &mut Notes, out: &mut Vec<u8>) -> Result<Asked, Malformed> {
    out.extend_from_slice(b"{\"model\":");
    Writer::new(out).string(towards.model);
    out.extend_from_slice(b",\"messages\":[");
    let begin = out.len();
    let (mut fields, mut tools) = (Fields::default(), Tools::default());
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, key| {
        if key.is("input") {
            if std::mem::replace(&mut fields.has_input, true) {
                notes.cannot(format_args!("input: it stands twice"));
            }
            return Messages::new(out, begin).read(cursor, &mut tools, notes);
        }
        let value = Raw::read(cursor)?;
        if !value.is_null() && !fields.take(&word(&key), value, notes) {
            notes.cannot(format_args!("{}", Shown(key)));
        }
        Ok::<(), Malformed>(())
    })?;
    cursor.end()?;
    if let Some(declared) = fields.tools {
        tools.read(declared, format_args!("tools"), notes);
    }
    put_in_front(fields.instructions, &tools, begin, out);
    out.push(b']');
    // What follows are members of the object that is open.
    let mut rest = Vec::new();
    let mut json = Writer::new(&mut rest);
    tools.write(fields.tool_choice, fields.parallel_tool_calls, &mut json, notes);
    fields.write(&mut json, notes);
    if !rest.is_empty() {
        out.push(b',');
        out.extend_from_slice(&rest);
    }
    out.push(b'}');
    let stream = fields.stream.is_some_and(Raw::is_true);
    Ok(Asked { stream, echo: echo::of(&fields), namespaces: tools.namespaces(), ..Asked::default() })
}

/// Puts what the model is told before all else in front of the conversation.
fn put_in_front(instructions: Option<Raw<'_>>, tools: &Tools<'_>, begin: usize, out: &mut Vec<u8>) {
    let mut front = Vec::new();
    if let Some(instructions) = instructions {
        content::system(&mut front, |json| {
            json.raw(instructions.bytes());
        });
    }
    tools.explain_namespaces(&mut front);
    if out.len() == begin {
        front.pop_if(|last| *last == b',');
    }
    out.splice(begin..begin, front);
}

/// The members of a request that are written behind its messages, as they stand in it; no null is among them.
#[derive(Debug, Default)]
struct Fields<'j> {
    has_input: bool,
    stream: Option<Raw<'j>>,
    instructions: Option<Raw<'j>>,
    tools: Option<Raw<'j>>,
    tool_choice: Option<Raw<'j>>,
    parallel_tool_calls: Option<Raw<'j>>,
    max_output_tokens: Option<Raw<'j>>,
    max_tool_calls: Option<Raw<'j>>,
    temperature: Option<Raw<'j>>,
    top_p: Option<Raw<'j>>,
    top_logprobs: Option<Raw<'j>>,
    include: Option<Raw<'j>>,
    reasoning: Option<Raw<'j>>,
    text: Option<Raw<'j>>,
    service_tier: Option<Raw<'j>>,
    metadata: Option<Raw<'j>>,
    user: Option<Raw<'j>>,
    safety_identifier: Option<Raw<'j>>,
    prompt_cache_key: Option<Raw<'j>>,
    prompt_cache_retention: Option<Raw<'j>>,
}

impl<'j> Fields<'j> {
    /// Takes a member of the request, other than its input; whether it can be carried.
    fn take(&mut self, name: &str, value: Raw<'j>, notes: &mut Notes) -> bool {
        let slot = match name {
            "stream" => &mut self.stream,
            "instructions" if value.is_string() => &mut self.instructions,
            "tools" => &mut self.tools,
            "tool_choice" => &mut self.tool_choice,
            "parallel_tool_calls" => &mut self.parallel_tool_calls,
            "max_output_tokens" => &mut self.max_output_tokens,
            "temperature" => &mut self.temperature,
            "top_p" => &mut self.top_p,
            "top_logprobs" => &mut self.top_logprobs,
            "include" => &mut self.include,
            "reasoning" => &mut self.reasoning,
            "text" => &mut self.text,
            "service_tier" => &mut self.service_tier,
            "user" => &mut self.user,
            "safety_identifier" => &mut self.safety_identifier,
            "prompt_cache_key" => &mut self.prompt_cache_key,
            "prompt_cache_retention" => &mut self.prompt_cache_retention,
            // Chat completions take it only with what they store.
            "metadata" => {
                if !value.is_empty() {
                    notes.leave_out("metadata");
                }
                &mut self.metadata
            }
            // It counts calls of tools that a cloud runs by itself, of which none is translated.
            "max_tool_calls" => {
                notes.leave_out("max_tool_calls");
                &mut self.max_tool_calls
            }
            _ => return passes(name, value, notes),
        };
        *slot = Some(value);
        true
    }

    /// Writes what a request has beside its messages and tools.
    fn write(&self, json: &mut Writer<'_>, notes: &mut Notes) {
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
            if let Some(value) = value {
                json.key(name).raw(value.bytes());
            }
        }
        if let Some(tier) = self.service_tier.filter(|tier| !tier.is("auto")) {
            if tier.is("ultrafast") {
                notes.cannot(format_args!("service_tier: ultrafast"));
            }
            json.key("service_tier").raw(tier.bytes());
        }
        self.write_logprobs(json, notes);
        if let Some(reasoning) = self.reasoning {
            format::write_reasoning(reasoning, json, notes);
        }
        if let Some(text) = self.text {
            format::write_text(text, json, notes);
        }
        if self.stream.is_some_and(Raw::is_true) {
            json.key("stream").boolean(true);
            json.key("stream_options").begin_object().key("include_usage").boolean(true).end_object();
        }
    }

    fn write_logprobs(&self, json: &mut Writer<'_>, notes: &mut Notes) {
        let mut logprobs = false;
        if let Some(include) = self.include {
            if !include.is_array() {
                notes.cannot(format_args!("include"));
            }
            include.each(|place, wanted| match &*wanted.word() {
                "message.output_text.logprobs" => logprobs = true,
                "reasoning.encrypted_content" => notes.leave_out("include: reasoning.encrypted_content"),
                // Of tools that a cloud runs by itself, and of items that no chat completion has: nothing, here.
                "file_search_call.results"
                | "web_search_call.results"
                | "web_search_call.action.sources"
                | "message.input_image.image_url"
                | "computer_call_output.output.image_url"
                | "code_interpreter_call.outputs" => {}
                _ => notes.cannot(format_args!("include[{place}]: {wanted}")),
            });
        }
        let top = self.top_logprobs.filter(|top| top.number() != Some(0.0));
        if logprobs || top.is_some() {
            json.key("logprobs").boolean(true);
        }
        if let Some(top) = top {
            json.key("top_logprobs").raw(top.bytes());
        }
    }
}

/// Whether a member that is not written can be left away: it says nothing that chat completions do not do anyway, or is a
/// hint.
fn passes(name: &str, value: Raw<'_>, notes: &mut Notes) -> bool {
    match name {
        // The target's own model stands in its place.
        "model" => true,
        // Neither a response that is kept nor one that is made later has a place there.
        "store" | "background" => value.is_false(),
        "truncation" => value.is("disabled"),
        "context_management" => value.is_empty(),
        "client_metadata" => hint("client_metadata", notes),
        "prompt_cache_options" => hint("prompt_cache_options", notes),
        "stream_options" => {
            let Some(options) = notes.members_of(value, &["include_obfuscation"], format_args!("stream_options"))
            else {
                return true;
            };
            // The events are made here, and never obfuscated.
            if options.get("include_obfuscation").is_some_and(Raw::is_true) {
                notes.leave_out("stream_options.include_obfuscation");
            }
            true
        }
        _ => false,
    }
}

fn hint(name: &'static str, notes: &mut Notes) -> bool {
    notes.leave_out(name);
    true
}
