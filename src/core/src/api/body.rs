//! What a request's body says about its way: model, stream, length, features. One pass, nothing built.
//!
//! A body on which two parsers could differ is refused: what is judged here must be what the cloud reads.

use std::borrow::Cow;
use std::ops::Range;

use super::Api;
use super::feature::{Feature, Features};
use crate::json::{Cursor, Malformed, Text};

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub struct Facts<'b> {
    /// The model, if the body names one.
    pub model: Option<Model<'b>>,
    /// Where a member can be put in: right after the opening brace.
    pub opening: usize,
    /// Whether the object has no member.
    pub empty: bool,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The most tokens that the answer may have.
    pub max_tokens: Option<u64>,
    /// The features that are used.
    pub features: Features,
}

/// The body's `model`.
#[derive(Debug, PartialEq)]
pub struct Model<'b> {
    /// What it means.
    pub name: Cow<'b, str>,
    /// Where it stands, with its quotes.
    pub span: Range<usize>,
}

/// Why a body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not JSON in UTF-8.
    Malformed(Malformed),
    /// It is JSON, but not an object.
    NotAnObject,
    /// A key that decides something stands twice.
    Duplicate(&'static str),
    /// A key is one that decides something but for its case: some parsers take the one for the other.
    OtherCase(&'static str),
    /// A field is of the wrong type; the second is the type that it must have.
    WrongType(&'static str, &'static str),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Refusal {
        Refusal::Malformed(malformed)
    }
}

/// The top-level keys that are read, in both forms. Each stands for a bit of [`Seen`].
const KEYS: [&str; 22] = [
    "model",
    "stream",
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
];

/// No key that decides something is longer, in bytes, in whatever case: one letter takes up to 3.
const LONGEST: usize = 64;

/// Which of `keys` some parser would take `name` for that minds no case: Go's and .NET's do not, Go's by Unicode's simple
/// folding, by which two more letters are an `s` and a `k`. Source: Go, `encoding/json` and `bytes.EqualFold`.
fn whatever_case(name: &[u8], keys: &[&'static str]) -> Option<(usize, &'static str)> {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    let mut keys = keys.iter().copied().enumerate();
    let same = |(_, known): &(usize, &str)| known.len() == name.len() && name.eq_ignore_ascii_case(known.as_bytes());
    if name.is_ascii() {
        return keys.find(same);
    }
    let name = std::str::from_utf8(name).ok()?;
    keys.find(|(_, known)| name.chars().map(fold).eq(known.chars()))
}

/// The keys of one object that have been met.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    /// Which of `keys` this is, `None` for another one.
    fn meet<const N: usize>(
        &mut self,
        key: Text<'_>,
        keys: &[&'static str; N],
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(name) = key.meaning_within(LONGEST) else { return Ok(None) };
        let name: &[u8] = &name;
        let Some((index, known)) = whatever_case(name, keys) else { return Ok(None) };
        if name != known.as_bytes() {
            return Err(Refusal::OtherCase(known));
        }
        if self.0 & 1 << index != 0 {
            return Err(Refusal::Duplicate(known));
        }
        self.0 |= 1 << index;
        Ok(Some(known))
    }

    /// Whether a key of `keys` has been met.
    fn has<const N: usize>(&self, key: &str, keys: &[&'static str; N]) -> bool {
        keys.iter().position(|known| *known == key).is_some_and(|index| self.0 & 1 << index != 0)
    }
}

/// Reads a body.
///
/// # Errors
/// Why it must not be sent on.
pub fn read(body: &[u8], api: Api) -> Result<Facts<'_>, Refusal> {
    let mut cursor = Cursor::new(body);
    if !matches!(cursor.peek(), Some(b'{')) {
        // Malformed is said before misshapen: it is the more telling of the two.
        cursor.skip()?;
        return Err(Refusal::NotAnObject);
    }
    let mut facts = Facts { opening: cursor.at() + 1, empty: true, ..Facts::default() };
    let mut seen = Seen::default();
    cursor.object(|cursor, key| {
        facts.empty = false;
        match seen.meet(key, &KEYS)? {
            Some(known) => read_member(cursor, known, api, &mut facts),
            None => cursor.skip().map(drop).map_err(Refusal::from),
        }
    })?;
    cursor.end()?;
    Ok(facts)
}

fn read_member<'b>(cursor: &mut Cursor<'b>, key: &'static str, api: Api, facts: &mut Facts<'b>) -> Result<(), Refusal> {
    let features = &mut facts.features;
    let begins = cursor.peek();
    match key {
        "model" => {
            if begins != Some(b'"') {
                cursor.skip()?;
                return Err(Refusal::WrongType(key, "a string"));
            }
            let text = cursor.string("a string")?;
            let name = text.unescaped().ok_or(Refusal::WrongType(key, "a string of whole characters"))?;
            facts.model = Some(Model { name, span: text.span() });
        }
        "stream" => {
            let null = begins == Some(b'n');
            let value = cursor.boolean()?;
            facts.stream = match value {
                Some(stream) => stream,
                None if null => false,
                None => return Err(Refusal::WrongType(key, "a boolean")),
            };
        }
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
            let tokens = cursor.number()?.filter(|tokens| *tokens >= 0.0).map(|tokens| tokens as u64);
            facts.max_tokens = facts.max_tokens.max(tokens);
        }
        "messages" if api == Api::Chat && begins == Some(b'[') => read_items(cursor, api, features)?,
        "input" if api == Api::Responses && begins == Some(b'[') => read_items(cursor, api, features)?,
        "tools" if begins == Some(b'[') => read_tools(cursor, features)?,
        "functions" if begins == Some(b'[') => {
            let mut any = false;
            cursor.array::<Refusal>(|cursor| {
                any = true;
                cursor.skip().map(drop).map_err(Refusal::from)
            })?;
            if any {
                features.add(Feature::Tools);
            }
        }
        "response_format" if begins == Some(b'{') => read_format(cursor, features)?,
        "text" if api == Api::Responses && begins == Some(b'{') => {
            let mut seen = Seen::default();
            cursor.object(|cursor, key| match seen.meet(key, &["format"])? {
                Some(_) if cursor.peek() == Some(b'{') => read_format(cursor, features),
                _ => cursor.skip().map(drop).map_err(Refusal::from),
            })?;
        }
        "n" => add_if(features, Feature::Choices, cursor.number()?.is_some_and(|choices| choices > 1.0)),
        "logprobs" => add_if(features, Feature::Logprobs, cursor.boolean()? == Some(true)),
        "top_logprobs" => add_if(features, Feature::Logprobs, cursor.number()?.is_some_and(|count| count > 0.0)),
        "background" => add_if(features, Feature::Background, cursor.boolean()? == Some(true)),
        "modalities" if begins == Some(b'[') => cursor.array(|cursor| {
            let audio = cursor.peek() == Some(b'"') && cursor.string("a string")?.is("audio");
            if !audio && !matches!(cursor.peek(), Some(b',' | b']')) {
                cursor.skip()?;
            }
            add_if(features, Feature::Audio, audio);
            Ok::<(), Refusal>(())
        })?,
        // What is left counts as soon as it is set.
        _ => {
            cursor.skip()?;
            if begins != Some(b'n') {
                match key {
                    "previous_response_id" | "conversation" => features.add(Feature::State),
                    "web_search_options" => features.add(Feature::WebSearch),
                    "prompt" => features.add(Feature::StoredPrompt),
                    "stop" => features.add(Feature::Stop),
                    "audio" => features.add(Feature::Audio),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn add_if(features: &mut Features, feature: Feature, used: bool) {
    if used {
        features.add(feature);
    }
}

/// What is read of a message or an item.
const ITEM_KEYS: [&str; 4] = ["content", "id", "output", "type"];

/// Messages of a chat, items of a response's input: objects whose `content` may hold typed parts.
fn read_items(cursor: &mut Cursor<'_>, api: Api, features: &mut Features) -> Result<(), Refusal> {
    cursor.array(|cursor| {
        if cursor.peek() != Some(b'{') {
            return cursor.skip().map(drop).map_err(Refusal::from);
        }
        let mut seen = Seen::default();
        let mut typed = false;
        cursor.object(|cursor, key| match seen.meet(key, &ITEM_KEYS)? {
            Some("type") if cursor.peek() == Some(b'"') => {
                typed = true;
                add_if(features, Feature::State, cursor.string("a string")?.is("item_reference"));
                Ok(())
            }
            Some("content" | "output") if cursor.peek() == Some(b'[') => {
                cursor.array(|cursor| read_part(cursor, features))
            }
            _ => cursor.skip().map(drop).map_err(Refusal::from),
        })?;
        // An item reference may leave its type out (OpenAI's API reference, 2026-11); no other item is an id alone.
        let id_alone = !typed && seen.has("id", &ITEM_KEYS) && !seen.has("content", &ITEM_KEYS);
        add_if(features, Feature::State, api == Api::Responses && id_alone);
        Ok(())
    })
}

/// One part of a message: what it is says its `type`, and an image's address whether a cloud must fetch it.
fn read_part(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), Refusal> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip().map(drop).map_err(Refusal::from);
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["type", "image_url"])? {
        Some("type") if cursor.peek() == Some(b'"') => {
            let kind = cursor.string("a string")?;
            add_if(features, Feature::Images, kind.is("image_url") || kind.is("input_image"));
            add_if(features, Feature::Audio, kind.is("input_audio"));
            add_if(features, Feature::Files, kind.is("file") || kind.is("input_file"));
            Ok(())
        }
        Some("image_url") => {
            features.add(Feature::Images);
            match cursor.peek() {
                Some(b'"') => read_image_url(cursor, features),
                Some(b'{') => {
                    let mut seen = Seen::default();
                    cursor.object(|cursor, key| match seen.meet(key, &["url"])? {
                        Some(_) if cursor.peek() == Some(b'"') => read_image_url(cursor, features),
                        _ => cursor.skip().map(drop).map_err(Refusal::from),
                    })
                }
                _ => cursor.skip().map(drop).map_err(Refusal::from),
            }
        }
        _ => cursor.skip().map(drop).map_err(Refusal::from),
    })
}

fn read_image_url(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), Refusal> {
    let url = cursor.string("a string")?;
    add_if(features, Feature::ImageUrls, !url.starts_with("data:"));
    Ok(())
}

fn read_tools(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), Refusal> {
    cursor.array(|cursor| {
        features.add(Feature::Tools);
        if cursor.peek() != Some(b'{') {
            return cursor.skip().map(drop).map_err(Refusal::from);
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| match seen.meet(key, &["type"])? {
            Some(_) if cursor.peek() == Some(b'"') => {
                add_if(features, Feature::WebSearch, cursor.string("a string")?.starts_with("web_search"));
                Ok(())
            }
            _ => cursor.skip().map(drop).map_err(Refusal::from),
        })
    })
}

fn read_format(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), Refusal> {
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["type"])? {
        Some(_) if cursor.peek() == Some(b'"') => {
            let kind = cursor.string("a string")?;
            add_if(features, Feature::JsonObject, kind.is("json_object"));
            add_if(features, Feature::JsonSchema, kind.is("json_schema"));
            Ok(())
        }
        _ => cursor.skip().map(drop).map_err(Refusal::from),
    })
}

#[cfg(test)]
mod tests;
