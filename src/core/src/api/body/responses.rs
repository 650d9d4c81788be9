//! What only a Responses request has.

use super::BodyFault;
use super::key::Seen;
use super::part::{pass, read_format, read_part};
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// Reads a member of a Responses request that is not one of both APIs.
pub(super) fn read_member(cursor: &mut Cursor<'_>, key: &str, features: &mut Features) -> Result<(), BodyFault> {
    let begins = cursor.peek();
    match key {
        "input" if begins == Some(b'[') => read_items(cursor, features)?,
        "text" if begins == Some(b'{') => {
            let mut seen = Seen::default();
            cursor.object(|cursor, key| match seen.meet(key, &["format"])? {
                Some(_) if cursor.peek() == Some(b'{') => read_format(cursor, features),
                _ => pass(cursor),
            })?;
        }
        "background" => features.add_if(Feature::Background, cursor.boolean()? == Some(true)),
        // What is left counts as soon as it is set.
        _ => {
            pass(cursor)?;
            let feature = match key {
                "previous_response_id" | "conversation" => Some(Feature::State),
                "prompt" => Some(Feature::StoredPrompt),
                _ => None,
            };
            features.extend(feature.filter(|_| begins != Some(b'n')));
        }
    }
    Ok(())
}

/// What is read of an item.
const ITEM_KEYS: [&str; 4] = ["content", "id", "output", "type"];

/// Items of the input: objects whose `content` or `output` may hold typed parts.
fn read_items(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        let mut seen = Seen::default();
        let mut typed = false;
        cursor.object(|cursor, key| match seen.meet(key, &ITEM_KEYS)? {
            Some("type") if cursor.peek() == Some(b'"') => {
                typed = true;
                features.add_if(Feature::State, cursor.string("a string")?.is("item_reference"));
                Ok(())
            }
            Some("content" | "output") if cursor.peek() == Some(b'[') => {
                cursor.array(|cursor| read_part(cursor, features))
            }
            _ => pass(cursor),
        })?;
        // An item reference may leave its type out (OpenAI's API reference, 2026-11); no other item is an id alone.
        let id_alone = !typed && seen.has("id", &ITEM_KEYS) && !seen.has("content", &ITEM_KEYS);
        features.add_if(Feature::State, id_alone);
        Ok(())
    })
}
