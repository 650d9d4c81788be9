//! What a request's body says about its way: model, stream, length, features. One pass, nothing built.
//!
//! The edge refuses a body on which two parsers could differ: what is judged here must be what the cloud reads.

mod chat;
mod fault;
mod field;
mod format;
mod item;
mod key;
mod member;
mod part;
mod responses;
mod tool;

use std::borrow::Cow;
use std::ops::Range;

pub use fault::BodyFault;
use field::{Begins, Shape};
use key::Seen;
use member::Members;
pub use member::{CUTTABLE, Member, cuts};

use super::Api;
use super::feature::{Feature, Features};
use crate::json::Cursor;

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub struct Facts<'b> {
    /// The model, if the body names one.
    pub model: Option<Cow<'b, str>>,
    /// Where the value of `model` stands, with its quotes; that of `null` too, which names none.
    pub model_span: Option<Range<usize>>,
    /// Where a member can be put in: right after the opening brace.
    pub opening: usize,
    /// Whether the object has no member.
    pub empty: bool,
    /// Whether the response is to be streamed.
    pub stream: bool,
    /// Whether the usage of a streamed chat completion is to be said: nothing says it else.
    pub include_usage: bool,
    /// The most tokens that the completion may have.
    pub max_tokens: Option<u64>,
    /// Where the key of a chat's `max_tokens` stands, with its quotes, if `max_completion_tokens` is not there.
    pub max_tokens_key: Option<Range<usize>>,
    /// The features that are used.
    pub features: Features,
    /// The members that could be cut, since others stand beside them; in their order.
    pub cuttable: Vec<Member>,
    /// The features that are gone if such members are: no other place uses them.
    pub removable: Features,
}

/// The top-level keys that are read, of both APIs: a key that stands twice is refused whichever it is of.
const KEYS: [&str; 35] = [
    "model",
    "stream",
    "store",
    "messages",
    "input",
    "tools",
    "functions",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "response_format",
    "text",
    "n",
    "logprobs",
    "top_logprobs",
    "previous_response_id",
    "conversation",
    "background",
    "web_search_options",
    "prompt",
    "stop",
    "modalities",
    "audio",
    "include",
    "reasoning",
    "service_tier",
    "data_sources",
    "stream_options",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "verbosity",
    "reasoning_effort",
];

/// Reads a body.
///
/// # Errors
/// Why it must not be sent on.
pub fn read(body: &[u8], api: Api) -> Result<Facts<'_>, BodyFault> {
    let mut cursor = Cursor::new(body);
    if !matches!(cursor.peek(), Some(b'{')) {
        // Malformed comes before misshapen: it tells the client more.
        cursor.skip()?;
        return Err(BodyFault::NotAnObject);
    }
    let mut facts = Facts { opening: cursor.at() + 1, empty: true, ..Facts::default() };
    let (mut seen, mut members) = (Seen::default(), Members::default());
    cursor.object(|cursor, key| {
        facts.empty = false;
        let key_span = key.span();
        members.begin(key_span.start);
        let known = seen.meet(key, &KEYS)?;
        match known {
            Some(known) => {
                let others = std::mem::take(&mut facts.features);
                read_member(cursor, known, api, &mut facts)?;
                members.note(known, facts.features);
                facts.features = facts.features.union(others);
                if known == "max_tokens" && api == Api::Chat && facts.max_tokens.is_some() {
                    facts.max_tokens_key = Some(key_span);
                }
            }
            None => field::pass(cursor)?,
        }
        members.end(cursor.at());
        Ok::<_, BodyFault>(())
    })?;
    cursor.end()?;
    if seen.has("max_completion_tokens", &KEYS) {
        facts.max_tokens_key = None;
    }
    (facts.cuttable, facts.removable) = members.cuttable();
    Ok(facts)
}

/// Reads a member that both APIs have, or leaves it to the one that is spoken.
fn read_member<'b>(
    cursor: &mut Cursor<'b>,
    key: &'static str,
    api: Api,
    facts: &mut Facts<'b>,
) -> Result<(), BodyFault> {
    cursor.peek();
    match key {
        "model" => {
            let start = cursor.at();
            if field::begins(cursor, key, Shape::Text)? == Begins::Text {
                let name = cursor.string("a string")?.unescaped();
                facts.model = Some(name.ok_or(BodyFault::WrongType(key, "a string of whole characters"))?);
            }
            facts.model_span = Some(start..cursor.at());
        }
        "stream" => facts.stream = field::boolean(cursor, key)?,
        "stream_options" => facts.include_usage = option(cursor, key, "include_usage")?,
        // It decides where what is said later is kept.
        "store" => field::boolean(cursor, key).map(drop)?,
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
            let tokens = field::number(cursor, key)?.filter(|tokens| *tokens >= 0.0).map(|tokens| tokens as u64);
            facts.max_tokens = facts.max_tokens.max(tokens);
        }
        "tools" => tool::read_tools(cursor, key, &mut facts.features)?,
        "service_tier" => {
            if field::begins(cursor, key, Shape::Text)? == Begins::Text {
                let tier = cursor.string("a string")?;
                facts.features.add_if(Feature::ServiceTier, !tier.is("auto") && !tier.is("default"));
            }
        }
        "temperature" | "top_p" => {
            let changed = field::number(cursor, key)?.is_some_and(|value| value != 1.0);
            facts.features.add_if(Feature::Sampling, changed);
        }
        "top_logprobs" => {
            let asked = field::number(cursor, key)?.is_some_and(|count| count > 0.0);
            facts.features.add_if(Feature::Logprobs, asked);
        }
        _ => match api {
            Api::Chat => chat::read_member(cursor, key, &mut facts.features)?,
            Api::Responses => responses::read_member(cursor, key, &mut facts.features)?,
        },
    }
    Ok(())
}

/// Reads an object for one of its members: whether that is true.
fn option(cursor: &mut Cursor<'_>, name: &'static str, member: &'static str) -> Result<bool, BodyFault> {
    if field::begins(cursor, name, Shape::Object)? != Begins::Object {
        return Ok(false);
    }
    let mut seen = Seen::default();
    let mut is_true = false;
    cursor.object(|cursor, key| {
        match seen.meet(key, &[member])? {
            Some(member) => is_true = field::boolean(cursor, member)?,
            None => field::pass(cursor)?,
        }
        Ok::<_, BodyFault>(())
    })?;
    Ok(is_true)
}

#[cfg(test)]
mod tests;
