//! What only a chat completion has.

use super::BodyFault;
use super::key::Seen;
use super::part::{pass, read_format, read_part};
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// Reads a member of a chat completion that is not one of both APIs.
pub(super) fn read_member(cursor: &mut Cursor<'_>, key: &str, features: &mut Features) -> Result<(), BodyFault> {
    let begins = cursor.peek();
    match key {
        "messages" if begins == Some(b'[') => read_messages(cursor, features)?,
        "functions" if begins == Some(b'[') => cursor.array(|cursor| {
            features.add(Feature::Tools);
            pass(cursor)
        })?,
        "response_format" if begins == Some(b'{') => read_format(cursor, features)?,
        "n" => features.add_if(Feature::Choices, cursor.number()?.is_some_and(|choices| choices > 1.0)),
        "logprobs" => features.add_if(Feature::Logprobs, cursor.boolean()? == Some(true)),
        "modalities" if begins == Some(b'[') => cursor.array(|cursor| {
            if cursor.peek() != Some(b'"') {
                return pass(cursor);
            }
            features.add_if(Feature::Audio, cursor.string("a string")?.is("audio"));
            Ok(())
        })?,
        // What is left counts as soon as it is set.
        _ => {
            pass(cursor)?;
            let feature = match key {
                "web_search_options" => Some(Feature::WebSearch),
                "stop" => Some(Feature::Stop),
                "audio" => Some(Feature::Audio),
                _ => None,
            };
            features.extend(feature.filter(|_| begins != Some(b'n')));
        }
    }
    Ok(())
}

/// Messages: objects whose `content` may hold typed parts.
fn read_messages(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| match seen.meet(key, &["content"])? {
            Some(_) if cursor.peek() == Some(b'[') => cursor.array(|cursor| read_part(cursor, features)),
            _ => pass(cursor),
        })
    })
}
