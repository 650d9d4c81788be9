//! What only a Responses request has.

use super::BodyFault;
use super::field::{Begins, Shape, begins, boolean, is_set, pass};
use super::key::Seen;
use super::part::{read_format, read_part};
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// Why nothing runs in the background here: a later request would have to reach the account that has the response.
const NO_BACKGROUND: &str = "`background` is true, and a response made in the background could not be fetched through \
                             this endpoint: leave `background` out, and set `stream` to true for one that takes long.";

/// Reads a member of a Responses request that is not one of both APIs.
pub(super) fn read_member(
    cursor: &mut Cursor<'_>,
    key: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    match key {
        "input" => match begins(cursor, key, Shape::TextOrList)? {
            Begins::List => read_items(cursor, features)?,
            Begins::Text => pass(cursor)?,
            _ => {}
        },
        "text" => {
            if begins(cursor, key, Shape::Object)? == Begins::Object {
                read_text(cursor, features)?;
            }
        }
        "background" => {
            if boolean(cursor, key)? {
                return Err(BodyFault::Unsupported(key, NO_BACKGROUND));
            }
        }
        "previous_response_id" => features.add_if(Feature::State, is_set(cursor, key, Shape::Text)?),
        "conversation" => features.add_if(Feature::State, is_set(cursor, key, Shape::TextOrObject)?),
        "prompt" => features.add_if(Feature::StoredPrompt, is_set(cursor, key, Shape::Object)?),
        _ => pass(cursor)?,
    }
    Ok(())
}

fn read_text(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["format"])? {
        Some(_) if begins(cursor, "text.format", Shape::Object)? == Begins::Object => read_format(cursor, features),
        Some(_) => Ok(()),
        None => pass(cursor),
    })
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
