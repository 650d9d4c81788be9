//! What only a chat completion has.

use super::BodyFault;
use super::field::{Begins, Shape, begins, boolean, is_set, number, pass};
use super::format::{read_effort, read_format, read_verbosity};
use super::key::Seen;
use super::part::read_parts;
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// Reads a member of a chat completion that is not one of both APIs.
pub(super) fn read_member(
    cursor: &mut Cursor<'_>,
    key: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    match key {
        "messages" => {
            if begins(cursor, key, Shape::List)? == Begins::List {
                read_messages(cursor, features)?;
            }
        }
        "functions" => {
            if begins(cursor, key, Shape::List)? == Begins::List {
                cursor.array(|cursor| {
                    features.add(Feature::Tools);
                    pass(cursor)
                })?;
            }
        }
        "response_format" => read_format(cursor, key, features)?,
        "modalities" => {
            if begins(cursor, key, Shape::List)? == Begins::List {
                read_modalities(cursor, features)?;
            }
        }
        "n" => features.add_if(Feature::Choices, number(cursor, key)?.is_some_and(|choices| choices > 1.0)),
        "presence_penalty" | "frequency_penalty" => {
            features.add_if(Feature::Sampling, number(cursor, key)?.is_some_and(|penalty| penalty != 0.0));
        }
        "logit_bias" => features.add_if(Feature::LogitBias, is_set(cursor, key, Shape::Object)?),
        "verbosity" => read_verbosity(cursor, key, features)?,
        "reasoning_effort" => read_effort(cursor, key, features)?,
        "logprobs" => features.add_if(Feature::Logprobs, boolean(cursor, key)?),
        "data_sources" => features.add_if(Feature::DataSources, is_set(cursor, key, Shape::List)?),
        "web_search_options" => features.add_if(Feature::WebSearch, is_set(cursor, key, Shape::Object)?),
        "stop" => features.add_if(Feature::Stop, is_set(cursor, key, Shape::TextOrList)?),
        "audio" => features.add_if(Feature::Audio, is_set(cursor, key, Shape::Object)?),
        _ => pass(cursor)?,
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
            Some(_) => read_parts(cursor, features),
            None => pass(cursor),
        })
    })
}

fn read_modalities(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| {
        if begins(cursor, "modalities[]", Shape::Text)? == Begins::Text {
            features.add_if(Feature::Audio, cursor.string("a string")?.is("audio"));
        }
        Ok(())
    })
}
