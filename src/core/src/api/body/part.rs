//! What stands inside: parts of messages, images, formats, tools.

use super::BodyFault;
use super::field::pass;
use super::key::Seen;
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// One part of a message: what it is says its `type`, and an image's address whether a cloud must fetch it.
pub(super) fn read_part(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    if cursor.peek() != Some(b'{') {
        return pass(cursor);
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["type", "image_url"])? {
        Some("type") if cursor.peek() == Some(b'"') => {
            let kind = cursor.string("a string")?;
            features.add_if(Feature::Images, kind.is("image_url") || kind.is("input_image"));
            features.add_if(Feature::Audio, kind.is("input_audio"));
            features.add_if(Feature::Files, kind.is("file") || kind.is("input_file"));
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
                        _ => pass(cursor),
                    })
                }
                _ => pass(cursor),
            }
        }
        _ => pass(cursor),
    })
}

fn read_image_url(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let url = cursor.string("a string")?;
    features.add_if(Feature::ImageUrls, !url.starts_with("data:"));
    Ok(())
}

/// The list of tools.
pub(super) fn read_tools(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| {
        features.add(Feature::Tools);
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| match seen.meet(key, &["type"])? {
            Some(_) if cursor.peek() == Some(b'"') => {
                features.add_if(Feature::WebSearch, cursor.string("a string")?.starts_with("web_search"));
                Ok(())
            }
            _ => pass(cursor),
        })
    })
}

/// A `response_format`, or the `format` of a `text`.
pub(super) fn read_format(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["type"])? {
        Some(_) if cursor.peek() == Some(b'"') => {
            let kind = cursor.string("a string")?;
            features.add_if(Feature::JsonObject, kind.is("json_object"));
            features.add_if(Feature::JsonSchema, kind.is("json_schema"));
            Ok(())
        }
        _ => pass(cursor),
    })
}
