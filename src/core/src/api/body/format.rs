//! How a completion is to be: its format, its length in words, how much is thought before.

use super::BodyFault;
use super::field::{Begins, Shape, begins, pass};
use super::key::Seen;
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// A `response_format`, or the `format` of a `text`.
pub(super) fn read_format(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    if begins(cursor, name, Shape::Object)? == Begins::Null {
        return Ok(());
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["type"])? {
        Some(key) if begins(cursor, key, Shape::Text)? == Begins::Text => {
            let kind = cursor.string("a string")?;
            features.add_if(Feature::JsonObject, kind.is("json_object"));
            features.add_if(Feature::JsonSchema, kind.is("json_schema"));
            Ok(())
        }
        Some(_) => Ok(()),
        None => pass(cursor),
    })
}

/// A `verbosity`, wherever it stands. Every family that has it takes `medium` for its default.
pub(super) fn read_verbosity(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    if begins(cursor, name, Shape::Text)? == Begins::Text {
        features.add_if(Feature::Verbosity, !cursor.string("a string")?.is("medium"));
    }
    Ok(())
}

/// A reasoning effort, wherever it stands.
pub(super) fn read_effort(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    if begins(cursor, name, Shape::Text)? == Begins::Text {
        let effort = cursor.string("a string")?;
        features.add(if effort.is("none") { Feature::ReasoningOff } else { Feature::Reasoning });
        features.add_if(Feature::MinimalReasoning, effort.is("minimal"));
    }
    Ok(())
}
