//! A whole chat completion as a whole `Response`.

use std::borrow::Cow;

use super::super::raw::{Members, Raw};
use super::call_id;
use super::completion::{Completion, Finish, Message, failed, logprobs};
use super::response::{Call, Head, Item, Part, State};
use crate::convert::{Asked, Unreadable};
use crate::form::Usage;
use crate::json::{Malformed, Writer};

/// Writes the chat completion `body` as the response to what was `asked`, behind what `out` holds. `now` is in seconds since
/// 1970, for a completion that does not say when it was made.
///
/// # Errors
/// A body that is no chat completion, or says that none was made.
pub fn reply(body: &[u8], asked: &Asked, now: u64, out: &mut Vec<u8>) -> Result<Usage, Unreadable> {
    let completion = Completion::read(body)?;
    if let Some(error) = completion.error {
        return Err(Unreadable::Failed(failed(error)));
    }
    let choice = completion.choice.and_then(|choice| Members::of(choice, &["message", "finish_reason", "logprobs"]));
    let [message, finish, probabilities] = choice.ok_or(Unreadable::Malformed)?.values();
    let message = Message::read(message.ok_or(Unreadable::Malformed)?)?;
    let finish = finish.map_or(Finish::Whole, Finish::of);
    // What an id of its own does not tell from other completions, its whole text does.
    let origin = completion.id.map_or(body, Raw::bytes);
    let mut head = Head::new(asked.clone(), now, origin, completion.created, completion.model);
    head.set_service_tier(completion.service_tier);
    let items = items(&message, probabilities, finish, &head);
    let last = items.len().saturating_sub(1);
    head.write(&mut Writer::new(out), State::Ended(finish), completion.counted, &mut |json| {
        for (place, item) in items.iter().enumerate() {
            let status = if place == last { finish.status() } else { Finish::Whole.status() };
            head.write_item(json, place, item, status);
        }
    });
    Ok(completion.counted.unwrap_or_default().usage)
}

fn items<'j>(message: &Message<'j>, probabilities: Option<Raw<'j>>, finish: Finish, head: &Head) -> Vec<Item<'j>> {
    let mut items = Vec::new();
    if !message.reasoning.is_empty() {
        items.push(Item::Reasoning(Cow::Borrowed(message.reasoning)));
    }
    let mut parts = Vec::new();
    if !message.content.is_empty() {
        parts.push(Part {
            text: Cow::Borrowed(message.content),
            logprobs: logprobs(probabilities),
            annotations: Cow::Owned(message.annotations.join(&b","[..])),
            ..Part::default()
        });
    }
    if !message.refusal.is_empty() {
        parts.push(Part { refusal: true, text: Cow::Borrowed(message.refusal), ..Part::default() });
    }
    // A completion that ends with nothing to say says nothing: a client waits for its message.
    if parts.is_empty() && message.calls.is_empty() && finish == Finish::Whole {
        parts.push(Part::default());
    }
    if !parts.is_empty() {
        items.push(Item::Message(parts));
    }
    for (place, said) in message.calls.iter().enumerate() {
        let argumentless = said.arguments.is_empty() && !said.custom;
        items.push(Item::Call(Call {
            custom: said.custom,
            id: call_id::outward(said.id, &head.digest, place),
            name: Cow::Borrowed(said.name),
            arguments: Cow::Borrowed(if argumentless { b"{}" } else { said.arguments }),
        }));
    }
    items
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Unreadable {
        Unreadable::Malformed
    }
}
