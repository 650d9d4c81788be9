//! What the Responses API has beside making a response: operations on responses that an account keeps, and on input.
//!
//! Of such a request only the operation, the id and a few parameters reach a cloud, each of known letters and bounded.

use std::borrow::Cow;

use super::error::{ApiError, shown};
use super::feature::Feature;
use crate::name::Named;

/// What is asked of a response that an account keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET /responses/{id}`: as it stands, or its events.
    Retrieve,
    /// `DELETE /responses/{id}`.
    Delete,
    /// `POST /responses/{id}/cancel`: one that is made in the background.
    Cancel,
    /// `GET /responses/{id}/input_items`.
    InputItems,
}

impl Named for Verb {
    const ALL: &'static [Verb] = &[Verb::Retrieve, Verb::Delete, Verb::Cancel, Verb::InputItems];

    fn name(self) -> &'static str {
        match self {
            Verb::Retrieve => "retrieve",
            Verb::Delete => "delete",
            Verb::Cancel => "cancel",
            Verb::InputItems => "input_items",
        }
    }
}

impl Verb {
    /// Its method.
    pub fn method(self) -> &'static str {
        match self {
            Verb::Retrieve | Verb::InputItems => "GET",
            Verb::Delete => "DELETE",
            Verb::Cancel => "POST",
        }
    }

    /// What stands behind the id in its path.
    fn end(self) -> &'static str {
        match self {
            Verb::Retrieve | Verb::Delete => "",
            Verb::Cancel => "/cancel",
            Verb::InputItems => "/input_items",
        }
    }

    /// The parameters that pass. Source: openai-python 3.57, `resources/responses` (2026-11).
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Verb::Retrieve => &[INCLUDE, "include[]", "include_obfuscation", STARTING_AFTER, STREAM],
            Verb::InputItems => &[AFTER, INCLUDE, "include[]", "limit", "order"],
            Verb::Delete | Verb::Cancel => &[],
        }
    }
}

/// What is asked of a model with the body of a Responses request, beside a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInput {
    /// `POST /responses/compact`: a conversation, made shorter.
    Compact,
    /// `POST /responses/input_tokens`: how many tokens the request has.
    InputTokens,
}

impl Named for OnInput {
    const ALL: &'static [OnInput] = &[OnInput::Compact, OnInput::InputTokens];

    /// As its path has it.
    fn name(self) -> &'static str {
        match self {
            OnInput::Compact => "compact",
            OnInput::InputTokens => "input_tokens",
        }
    }
}

impl OnInput {
    /// What a target has to have for it.
    pub fn feature(self) -> Feature {
        match self {
            OnInput::Compact => Feature::Compact,
            OnInput::InputTokens => Feature::InputTokens,
        }
    }
}

/// An operation on a response that an account keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is asked of it.
    pub verb: Verb,
    /// The id as the client knows it.
    pub id: String,
    /// The parameters.
    pub query: Query,
}

/// The parameters of an operation, as far as they pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All but `after`, as a cloud gets them.
    text: String,
    /// `after`, an item's id as the client knows it.
    pub after: Option<String>,
    /// Whether the events of the response are asked for.
    pub stream: bool,
}

/// The longest id. Clouds' have up to 57 characters (2026-11).
const MOST_ID: usize = 128;
/// The longest value of a parameter.
const MOST_VALUE: usize = 128;
/// All parameters that pass have no more than this together.
const MOST_QUERY: usize = 1024;

const AFTER: &str = "after";
const INCLUDE: &str = "include";
const STARTING_AFTER: &str = "starting_after";
const STREAM: &str = "stream";

impl Kept {
    /// The verbs of what stands behind `responses/` in a path, and the id; nothing for another path.
    pub fn verbs(rest: &str) -> Option<(&'static [Verb], &str)> {
        let (id, verbs): (&str, &[Verb]) = match rest.split_once('/') {
            None => (rest, &[Verb::Retrieve, Verb::Delete]),
            Some((id, "cancel")) => (id, &[Verb::Cancel]),
            Some((id, "input_items")) => (id, &[Verb::InputItems]),
            Some(_) => return None,
        };
        (!id.is_empty()).then_some((verbs, id))
    }

    /// Reads such an operation.
    ///
    /// # Errors
    /// 404 for what cannot be an id, 400 for a parameter that makes no sense.
    pub fn read(verb: Verb, id: &str, query: &[u8]) -> Result<Kept, ApiError> {
        if id.len() > MOST_ID || !id.bytes().all(is_id_letter) {
            return Err(not_found(id));
        }
        Ok(Kept { verb, id: id.to_owned(), query: Query::read(verb, query)? })
    }

    /// What stands behind the path of responses for a cloud that knows the response by this id.
    pub fn path_below(&self, id: &str) -> String {
        format!("/{id}{}", self.verb.end())
    }
}

/// What stands behind the path of responses for an operation on input.
pub fn path_of(on_input: OnInput) -> String {
    format!("/{}", on_input.name())
}

/// What the client reads for a response that is not there, or not there for it: in OpenAI's own words, which are the same
/// for both.
pub fn not_found(id: &str) -> ApiError {
    ApiError::new(404, "not_found", format!("Response with id '{}' not found.", shown(id)))
}

fn is_id_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl Query {
    fn read(verb: Verb, query: &[u8]) -> Result<Query, ApiError> {
        let mut read = Query::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for piece in query.split(|byte| *byte == b'&') {
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let name = halves.next().and_then(|name| std::str::from_utf8(name).ok());
            // The brackets may be encoded or not.
            let name = name.map(|name| if name.eq_ignore_ascii_case("include%5b%5d") { "include[]" } else { name });
            let Some(name) = name.and_then(|name| verb.parameters().iter().find(|known| **known == name)) else {
                continue;
            };
            let value = halves.next().and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
            read.note(name, value).ok_or_else(|| senseless(name))?;
            if !name.starts_with(INCLUDE) || *name == "include_obfuscation" {
                if seen.contains(name) {
                    return Err(twice(name));
                }
                seen.push(name);
            }
        }
        Ok(read)
    }

    fn note(&mut self, name: &str, value: &str) -> Option<()> {
        let letters = value.bytes().all(|byte| is_id_letter(byte) || byte == b'.');
        if !letters || value.is_empty() || value.len() > MOST_VALUE {
            return None;
        }
        match name {
            AFTER => {
                self.after = Some(value.to_owned());
                return Some(());
            }
            STREAM => self.stream = value.parse().ok()?,
            _ => {}
        }
        self.put(if name == "include[]" { "include%5B%5D" } else { name }, value);
        (self.text.len() <= MOST_QUERY).then_some(())
    }

    fn put(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend([name, "=", value]);
    }

    /// The parameters as a cloud gets them that knows the item by this id.
    pub fn text(&self, after: Option<&str>) -> Cow<'_, str> {
        let Some(after) = after else { return Cow::Borrowed(&self.text) };
        let mut query = self.clone();
        query.put(AFTER, after);
        Cow::Owned(query.text)
    }
}

fn senseless(name: &'static str) -> ApiError {
    let message = match name {
        STREAM => "Parameter `stream` has to be `true` or `false`.".to_owned(),
        name => {
            format!("Parameter `{name}` makes no sense: it takes one short value of letters, digits, `.`, `_` and `-`.")
        }
    };
    ApiError::new(400, "invalid_parameter", message).about(name)
}

fn twice(name: &'static str) -> ApiError {
    ApiError::new(400, "invalid_parameter", format!("Parameter `{name}` stands more than once.")).about(name)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn parameters_that_are_known_pass_and_no_others() {
        for (verb, query, text, stream) in [
            (Verb::Retrieve, "", "", false),
            (Verb::Retrieve, "api-version=2025-04-01-preview&x=y&&=", "", false),
            (Verb::Retrieve, "stream=true&starting_after=7", "stream=true&starting_after=7", true),
            (Verb::Retrieve, "stream=false", "stream=false", false),
            (
                Verb::Retrieve,
                "include[]=reasoning.encrypted_content&include%5b%5D=a.b&include=c",
                "include%5B%5D=reasoning.encrypted_content&include%5B%5D=a.b&include=c",
                false,
            ),
            (Verb::Retrieve, "limit=3&order=asc&Stream=true", "", false),
            (Verb::InputItems, "limit=3&order=asc&stream=true", "limit=3&order=asc", false),
            (Verb::Delete, "stream=true&after=x", "", false),
            (Verb::Cancel, "include=x", "", false),
        ] {
            let read = Query::read(verb, query.as_bytes()).unwrap();
            assert_eq!((&*read.text(None), read.stream), (text, stream), "{query}");
        }
        let read = Query::read(Verb::InputItems, b"after=msg_1&limit=2").unwrap();
        assert_eq!((read.after.as_deref(), &*read.text(Some("msg_2"))), (Some("msg_1"), "limit=2&after=msg_2"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn parameters_that_two_could_read_differently_are_refused() {
        let long = format!("starting_after={}", "1".repeat(MOST_VALUE + 1));
        let many = "include=abcdefghijklmnopqrstuvwxyz&".repeat(40);
        for query in [
            "stream=1",
            "stream=True",
            "stream",
            "stream=true&stream=false",
            "starting_after=",
            "starting_after=%37",
            "starting_after=1&starting_after=2",
            "starting_after=1;stream=true",
            "include=a/b",
            &long,
            &many,
        ] {
            let error = Query::read(Verb::Retrieve, query.as_bytes()).unwrap_err();
            assert_eq!((error.status, error.code.as_deref()), (400, Some("invalid_parameter")), "{query}");
        }
    }
}
