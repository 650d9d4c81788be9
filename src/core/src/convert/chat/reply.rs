//! A whole chat completion as a whole `Response`.

use std::borrow::Cow;

use super::call_id;
use super::completion::{CallSaid, Counted, Finish, annotations, logprobs, text};
use super::raw::{Raw, elements, given, members, on_one_line};
use super::response::{Call, Head, Item, Part, State, service_tier};
use crate::convert::{Asked, Unreadable};
use crate::form::Usage;
use crate::json::{Malformed, Writer};

/// Writes the chat completion `body` as the response to what was `asked`, behind what `out` holds. `now` is in seconds since
/// 1970, for a completion that does not say when it was made.
///
/// # Errors
/// A body that is no chat completion, or says that none was made.
pub fn reply(body: &[u8], asked: &Asked, now: u64, out: &mut Vec<u8>) -> Result<Usage, Unreadable> {
    let [error, id, created, model, choices, usage, tier] =
        members(body, &["error", "id", "created", "model", "choices", "usage", "service_tier"], |_, _| {})?;
    if let Some(error) = given(error) {
        return Err(Unreadable::Failed(failed(error)));
    }
    let choice = first_choice(choices)?.ok_or(Unreadable::Malformed)?;
    let [message, finish, probabilities] = members(choice, &["message", "finish_reason", "logprobs"], |_, _| {})?;
    let message = given(message).ok_or(Unreadable::Malformed)?;
    // What an id of its own does not tell from other completions, its whole text does.
    let origin = if text(id)?.is_empty() { body } else { id };
    let mut head = Head::new(asked.clone(), now, origin, created, model);
    head.service_tier = service_tier(tier).unwrap_or_default();
    let finish = Finish::read(finish).unwrap_or(Finish::Whole);
    let items = items(message, probabilities, finish, &head)?;
    let counted = given(usage).map(Counted::read).transpose()?;
    let last = items.len().saturating_sub(1);
    head.write(&mut Writer::new(out), State::Ended(finish), counted, &mut |json| {
        for (place, item) in items.iter().enumerate() {
            let status = if place == last { finish.status() } else { Finish::Whole.status() };
            head.write_item(json, place, item, status);
        }
    });
    Ok(counted.unwrap_or_default().usage)
}

/// A cloud's error as it is handed on: alone in its object.
pub(super) fn failed(error: Raw<'_>) -> Vec<u8> {
    [b"{\"error\":", &*on_one_line(error), b"}"].concat()
}

/// The first choice of a completion, or of a chunk: no request that is translated asks for more.
pub(super) fn first_choice(choices: Raw<'_>) -> Result<Option<Raw<'_>>, Malformed> {
    let (mut first, mut numbered) = (None, None);
    let Some(choices) = given(choices) else { return Ok(None) };
    elements(choices, |_, choice| {
        let [index] = members(choice, &["index"], |_, _| {})?;
        match given(index) {
            None => first = first.or(Some(choice)),
            Some(b"0") => numbered = numbered.or(Some(choice)),
            Some(_) => {}
        }
        Ok(())
    })?;
    Ok(numbered.or(first))
}

/// The text of a model's reasoning, under either of the names that clouds give it; OpenAI's own do not show it.
pub(super) const REASONING: [&str; 2] = ["reasoning_content", "reasoning"];

fn items<'j>(
    message: Raw<'j>,
    probabilities: Raw<'j>,
    finish: Finish,
    head: &Head,
) -> Result<Vec<Item<'j>>, Malformed> {
    let [one, other] = REASONING;
    let [reasoning, also_reasoning, content, refusal, cited, calls] =
        members(message, &[one, other, "content", "refusal", "annotations", "tool_calls"], |_, _| {})?;
    let mut items = Vec::new();
    let reasoning = [reasoning, also_reasoning].into_iter().find_map(super::raw::some_text);
    items.extend(reasoning.map(|text| Item::Reasoning(Cow::Borrowed(text))));
    let mut parts = Vec::new();
    let content = text(content)?;
    if !content.is_empty() {
        parts.push(Part {
            refusal: false,
            text: Cow::Borrowed(content),
            logprobs: logprobs(probabilities)?,
            annotations: Cow::Owned(annotations(cited)?.join(&b","[..])),
            annotated: 0,
        });
    }
    let refusal = text(refusal)?;
    if !refusal.is_empty() {
        parts.push(Part { refusal: true, text: Cow::Borrowed(refusal), ..Part::default() });
    }
    let has_calls = given(calls).is_some_and(|calls| calls != b"[]");
    // A completion that ends with nothing to say says nothing: a client waits for its message.
    if parts.is_empty() && !has_calls && finish == Finish::Whole {
        parts.push(Part::default());
    }
    if !parts.is_empty() {
        items.push(Item::Message(parts));
    }
    if let Some(calls) = given(calls) {
        elements(calls, |place, call| {
            let said = CallSaid::read(call)?;
            items.push(Item::Call(Call {
                custom: said.custom,
                id: call_id::outward(said.id, &head.digest, place),
                name: Cow::Borrowed(said.name),
                arguments: Cow::Borrowed(if said.arguments.is_empty() && !said.custom {
                    b"{}"
                } else {
                    said.arguments
                }),
            }));
            Ok(())
        })?;
    }
    Ok(items)
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Unreadable {
        Unreadable::Malformed
    }
}
