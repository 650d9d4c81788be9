//! A chat completion's request, as a request of the Responses API.
//!
//! Members are read in the order in which they stand. What is long is written where it is met (`messages`), or copied;
//! what makes one member of several is kept and written at the end.

mod format;
mod messages;
mod parts;
mod tools;

use super::super::notes::Notes;
use super::super::raw::{Raw, Shown};
use super::super::{Asked, Towards, Translated, Untranslatable};
use crate::json::{Cursor, Malformed, Writer};

/// The fewest tokens that the Responses API lets a completion be limited to.
const FEWEST_TOKENS: u64 = 16;

/// What becomes of a member of the request.
#[derive(Clone, Copy)]
enum Rule {
    /// The target's own model stands in its place.
    Model,
    /// Its messages become items.
    Messages,
    /// It means the same there.
    Same,
    /// It becomes another member, or part of one.
    Kept(Part),
    /// It is a hint that the target has no place for.
    Hint,
    /// Nothing but these values, which ask for nothing, can be carried.
    Only(fn(Raw<'_>) -> bool),
}

/// Members that are kept until all have been met.
#[derive(Clone, Copy)]
enum Part {
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    Effort,
    Format,
    Verbosity,
    Logprobs,
    TopLogprobs,
    Tools,
    ToolChoice,
    WebSearch,
}

/// All members of a chat completion's request (`chat/completion_create_params.py`).
const RULES: [(&str, Rule); 37] = [
    ("model", Rule::Model),
    ("messages", Rule::Messages),
    ("stream", Rule::Kept(Part::Stream)),
    ("stream_options", Rule::Kept(Part::StreamOptions)),
    ("max_tokens", Rule::Kept(Part::MaxTokens)),
    ("max_completion_tokens", Rule::Kept(Part::MaxCompletionTokens)),
    ("reasoning_effort", Rule::Kept(Part::Effort)),
    ("response_format", Rule::Kept(Part::Format)),
    ("verbosity", Rule::Kept(Part::Verbosity)),
    ("logprobs", Rule::Kept(Part::Logprobs)),
    ("top_logprobs", Rule::Kept(Part::TopLogprobs)),
    ("tools", Rule::Kept(Part::Tools)),
    ("tool_choice", Rule::Kept(Part::ToolChoice)),
    ("web_search_options", Rule::Kept(Part::WebSearch)),
    ("temperature", Rule::Same),
    ("top_p", Rule::Same),
    ("parallel_tool_calls", Rule::Same),
    ("metadata", Rule::Same),
    ("service_tier", Rule::Same),
    ("user", Rule::Same),
    ("safety_identifier", Rule::Same),
    ("prompt_cache_key", Rule::Same),
    ("prompt_cache_options", Rule::Same),
    ("prompt_cache_retention", Rule::Same),
    ("seed", Rule::Hint),
    // The service keeps a response unless it is told not to, and a completion only if it is told to.
    ("store", Rule::Only(|value| value.is_false())),
    ("n", Rule::Only(|value| value.number() == Some(1.0))),
    ("frequency_penalty", Rule::Only(|value| value.number() == Some(0.0))),
    ("presence_penalty", Rule::Only(|value| value.number() == Some(0.0))),
    ("logit_bias", Rule::Only(|value| value.is_empty())),
    ("stop", Rule::Only(|value| value.is_empty())),
    ("modalities", Rule::Only(is_text_alone)),
    // What the model calls has to come back as it is asked for here, and the Responses API knows tools only.
    ("functions", Rule::Only(|value| value.is_empty())),
    ("function_call", Rule::Only(|value| value.is("auto") || value.is("none"))),
    ("audio", Rule::Only(|_| false)),
    ("prediction", Rule::Only(|_| false)),
    // What it reports is of another shape there.
    ("moderation", Rule::Only(|_| false)),
];

/// Where messages stand among them.
const MESSAGES: usize = 1;

/// Translates a request, behind what stands in `out`.
///
/// # Errors
/// What of it cannot be carried; nothing is written then.
pub fn request(body: &[u8], towards: &Towards<'_>, out: &mut Vec<u8>) -> Result<Translated, Untranslatable> {
    let start = out.len();
    let mut notes = Notes::default();
    let translated = match write(body, towards, &mut notes, out) {
        Ok(asked) => notes.outcome(asked),
        // The edge has read it before: this is for whoever calls with something else.
        Err(malformed) => {
            Err(Untranslatable(vec![format!("byte {}: {} is expected", malformed.at, malformed.expected)]))
        }
    };
    if translated.is_err() {
        out.truncate(start);
    }
    translated
}

fn write(body: &[u8], towards: &Towards<'_>, notes: &mut Notes, out: &mut Vec<u8>) -> Result<Asked, Malformed> {
    let mut json = Writer::new(out);
    json.begin_object();
    json.key("model").string(towards.model);
    let (mut kept, mut met) = (Kept::default(), [false; RULES.len()]);
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, key| {
        let Some((index, (name, rule))) = RULES.iter().enumerate().find(|(_, (name, _))| key.is(name)) else {
            if !Raw::read(cursor)?.is_null() {
                notes.cannot(format_args!("{}", Shown(key)));
            }
            return Ok(());
        };
        let again = met.get_mut(index).is_some_and(|met| std::mem::replace(met, true));
        if again {
            cursor.skip()?;
            notes.cannot(format_args!("{name}: it stands twice"));
            return Ok(());
        }
        if let Rule::Messages = rule {
            return messages::write(cursor, &mut json, notes);
        }
        let value = Raw::read(cursor)?;
        if value.is_null() {
            return Ok(());
        }
        match rule {
            Rule::Model | Rule::Messages => {}
            Rule::Same => {
                json.key(name).raw(value.bytes());
            }
            Rule::Kept(part) => kept.put(*part, value),
            Rule::Hint => notes.leave_out(name),
            Rule::Only(passes) if passes(value) => {}
            Rule::Only(_) => notes.cannot(format_args!("{name}")),
        }
        Ok::<(), Malformed>(())
    })?;
    cursor.end()?;
    if !met.get(MESSAGES).copied().unwrap_or_default() {
        notes.cannot(format_args!("messages"));
    }
    let asked = kept.write(&mut json, notes);
    json.end_object();
    Ok(asked)
}

#[derive(Default)]
struct Kept<'j>([Option<Raw<'j>>; Part::WebSearch as usize + 1]);

impl<'j> Kept<'j> {
    fn put(&mut self, part: Part, value: Raw<'j>) {
        if let Some(slot) = self.0.get_mut(part as usize) {
            *slot = Some(value);
        }
    }

    fn get(&self, part: Part) -> Option<Raw<'j>> {
        self.0.get(part as usize).copied().flatten()
    }

    fn write(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Asked {
        self.write_tokens(json, notes);
        self.write_logprobs(json, notes);
        if let Some(effort) = self.get(Part::Effort) {
            json.key("reasoning").begin_object().key("effort").raw(effort.bytes()).end_object();
        }
        format::write(self.get(Part::Format), self.get(Part::Verbosity), json, notes);
        tools::write(self.get(Part::Tools), self.get(Part::WebSearch), json, notes);
        if let Some(choice) = self.get(Part::ToolChoice) {
            tools::write_choice(choice, json, notes);
        }
        json.key("store").boolean(false);
        self.write_stream(json, notes)
    }

    fn write_tokens(&self, json: &mut Writer<'_>, notes: &mut Notes) {
        let (old, new) = (self.get(Part::MaxTokens), self.get(Part::MaxCompletionTokens));
        if let (Some(old), Some(new)) = (old, new)
            && old.bytes() != new.bytes()
        {
            notes.cannot(format_args!("max_tokens: max_completion_tokens says otherwise"));
        }
        let name = if new.is_some() { "max_completion_tokens" } else { "max_tokens" };
        if let Some(most) = new.or(old) {
            if most.count().is_some_and(|most| most < FEWEST_TOKENS) {
                notes.cannot(format_args!("{name}: less than {FEWEST_TOKENS}"));
            }
            json.key("max_output_tokens").raw(most.bytes());
        }
    }

    fn write_logprobs(&self, json: &mut Writer<'_>, notes: &mut Notes) {
        let wanted = self.get(Part::Logprobs).is_some_and(Raw::is_true);
        if wanted {
            json.key("include").begin_array().string("message.output_text.logprobs").end_array();
        }
        match self.get(Part::TopLogprobs) {
            Some(top) if wanted => {
                json.key("top_logprobs").raw(top.bytes());
            }
            Some(top) if top.count() != Some(0) => notes.cannot(format_args!("top_logprobs: without logprobs")),
            _ => {}
        }
    }

    fn write_stream(&self, json: &mut Writer<'_>, notes: &mut Notes) -> Asked {
        let stream = self.get(Part::Stream).is_some_and(Raw::is_true);
        if let Some(stream) = self.get(Part::Stream) {
            json.key("stream").raw(stream.bytes());
        }
        let mut asked = Asked { stream, ..Asked::default() };
        let Some(options) = self.get(Part::StreamOptions) else { return asked };
        let place = format_args!("stream_options");
        if let Some(options) = notes.members_of(options, &["include_usage", "include_obfuscation"], place) {
            asked.include_usage = options.get("include_usage").is_some_and(Raw::is_true);
            if let Some(obfuscation) = options.get("include_obfuscation").filter(|_| stream) {
                json.key("stream_options").begin_object();
                json.key("include_obfuscation").raw(obfuscation.bytes()).end_object();
            }
        }
        asked
    }
}

fn is_text_alone(modalities: Raw<'_>) -> bool {
    let mut alone = modalities.is_array();
    modalities.each(|_, modality| alone &= modality.is("text"));
    alone
}
