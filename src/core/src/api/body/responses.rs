//! What only a Responses request has.

use super::BodyFault;
use super::field::{Begins, Shape, begins, boolean, is_set, pass};
use super::format::read_format;
use super::item::read_items;
use super::key::Seen;
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

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
        "include" => {
            if begins(cursor, key, Shape::List)? == Begins::List {
                read_include(cursor, features)?;
            }
        }
        "reasoning" => {
            if begins(cursor, key, Shape::Object)? == Begins::Object {
                read_reasoning(cursor, features)?;
            }
        }
        "background" => features.add_if(Feature::Background, boolean(cursor, key)?),
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
        Some(_) => read_format(cursor, "text.format", features),
        None => pass(cursor),
    })
}

fn read_include(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| {
        if begins(cursor, "include[]", Shape::Text)? == Begins::Text {
            features.add_if(Feature::Logprobs, cursor.string("a string")?.is("message.output_text.logprobs"));
        }
        Ok(())
    })
}

fn read_reasoning(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["summary", "generate_summary"])? {
        Some(_) if begins(cursor, "reasoning.summary", Shape::Text)? == Begins::Text => {
            features.add_if(Feature::ReasoningSummary, !cursor.string("a string")?.is("auto"));
            Ok(())
        }
        Some(_) => Ok(()),
        None => pass(cursor),
    })
}
