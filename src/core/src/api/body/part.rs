//! Parts of messages and of what tools have put out: images, sounds, files.

use super::BodyFault;
use super::field::{Begins, Shape, begins, is_set, pass};
use super::key::Seen;
use crate::api::feature::{Feature, Features};
use crate::json::Cursor;

/// Reads what may hold parts: a list of them, one alone, or text.
pub(super) fn read_parts(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    match cursor.peek() {
        Some(b'[') => cursor.array(|cursor| read_part(cursor, features)),
        _ => read_part(cursor, features),
    }
}

const PART_KEYS: [&str; 6] = ["encrypted_content", "file", "file_id", "file_url", "image_url", "type"];

/// One part: what it is says its `type`, and an image's address whether a cloud must fetch it.
pub(super) fn read_part(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    if cursor.peek() != Some(b'{') {
        return pass(cursor);
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, key| {
        let Some(key) = seen.meet(key, &PART_KEYS)? else { return pass(cursor) };
        match key {
            "type" if begins(cursor, "content[].type", Shape::Text)? == Begins::Text => read_kind(cursor, features)?,
            "type" => {}
            "image_url" => read_image(cursor, features)?,
            "file" => read_file(cursor, features)?,
            "file_url" => features.add_if(Feature::FileUrls, is_set(cursor, key, Shape::Text)?),
            "file_id" => features.add_if(Feature::StoredFiles, is_set(cursor, key, Shape::Text)?),
            _ => features.add_if(Feature::EncryptedContent, is_set(cursor, key, Shape::Text)?),
        }
        Ok(())
    })
}

fn read_kind(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let kind = cursor.string("a string")?;
    let image = kind.is("image_url") || kind.is("input_image") || kind.is("computer_screenshot");
    features.add_if(Feature::Images, image);
    features.add_if(Feature::Audio, kind.is("input_audio"));
    features.add_if(Feature::Files, kind.is("file") || kind.is("input_file"));
    Ok(())
}

/// An image's address, bare or in an object of its own.
fn read_image(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    match begins(cursor, "image_url", Shape::TextOrObject)? {
        Begins::Text => read_address(cursor, features),
        Begins::Object => {
            features.add(Feature::Images);
            let mut seen = Seen::default();
            cursor.object(|cursor, key| match seen.meet(key, &["url"])? {
                Some(_) if begins(cursor, "image_url.url", Shape::Text)? == Begins::Text => {
                    read_address(cursor, features)
                }
                Some(_) => Ok(()),
                None => pass(cursor),
            })
        }
        _ => Ok(()),
    }
}

fn read_address(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let url = cursor.string("a string")?;
    features.add(Feature::Images);
    if url.starts_with("s3:") {
        features.add(Feature::S3Images);
    } else if !url.starts_with("data:") {
        features.add(Feature::ImageUrls);
    }
    Ok(())
}

/// A file of a chat: its content, or its id.
fn read_file(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    if begins(cursor, "file", Shape::Object)? == Begins::Null {
        return Ok(());
    }
    let mut seen = Seen::default();
    cursor.object(|cursor, key| match seen.meet(key, &["file_id"])? {
        Some(_) => {
            features.add_if(Feature::StoredFiles, is_set(cursor, "file.file_id", Shape::Text)?);
            Ok(())
        }
        None => pass(cursor),
    })
}
