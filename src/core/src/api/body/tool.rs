//! Tools: which of them run at the cloud, and what of an account's own they are given.

use super::BodyFault;
use super::field::{Begins, Shape, begins, is_set, pass};
use super::key::Seen;
use super::part::read_part;
use crate::api::feature::{Feature, Features};
use crate::json::{Cursor, Text};

/// Namespaces hold tools, and no namespaces: what is deeper is no tool.
const DEEPEST: u8 = 2;

/// A list of tools.
pub(super) fn read_tools(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    read_level(cursor, name, 1, features)
}

const TOOL_KEYS: [&str; 6] = ["container", "environment", "input_image_mask", "tools", "type", "vector_store_ids"];

fn read_level(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    level: u8,
    features: &mut Features,
) -> Result<(), BodyFault> {
    if begins(cursor, name, Shape::List)? == Begins::Null {
        return Ok(());
    }
    cursor.array(|cursor| {
        features.add(Feature::Tools);
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| match seen.meet(key, &TOOL_KEYS)? {
            Some("type") if begins(cursor, "tools[].type", Shape::Text)? == Begins::Text => {
                features.extend(hosted(cursor.string("a string")?));
                Ok(())
            }
            Some("type") => Ok(()),
            Some("tools") if level < DEEPEST => read_level(cursor, "tools[].tools", level + 1, features),
            Some(place @ ("container" | "environment")) => read_place(cursor, place, features),
            Some(key @ "vector_store_ids") => {
                features.add_if(Feature::StoredFiles, is_set(cursor, key, Shape::List)?);
                Ok(())
            }
            Some("input_image_mask") => read_part(cursor, features),
            _ => pass(cursor),
        })
    })
}

/// The feature that a tool of this type is, beside being one.
fn hosted(kind: Text<'_>) -> Option<Feature> {
    // The client runs these itself.
    if ["function", "namespace", "tool_search"].iter().any(|known| kind.is(known)) {
        return None;
    }
    let exact = [
        ("custom", Feature::CustomTools),
        ("code_interpreter", Feature::CodeInterpreter),
        ("file_search", Feature::FileSearch),
        ("image_generation", Feature::ImageGeneration),
        ("mcp", Feature::Mcp),
        ("shell", Feature::Shell),
        ("local_shell", Feature::Shell),
        ("apply_patch", Feature::ApplyPatch),
    ];
    // These have a date or a stage behind their names.
    let families = [("web_search", Feature::WebSearch), ("computer", Feature::Computer)];
    let exact = exact.into_iter().find(|(known, _)| kind.is(known));
    let found = exact.or_else(|| families.into_iter().find(|(family, _)| kind.starts_with(family)));
    Some(found.map_or(Feature::OtherTools, |(_, feature)| feature))
}

/// Where a tool runs: a container by its id, or a new one with an account's files in it.
pub(super) fn read_place(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    features: &mut Features,
) -> Result<(), BodyFault> {
    match begins(cursor, name, Shape::TextOrObject)? {
        Begins::Text => {
            features.add(Feature::StoredFiles);
            pass(cursor)
        }
        Begins::Object => {
            let mut seen = Seen::default();
            cursor.object(|cursor, key| {
                let stored = match seen.meet(key, &["container_id", "file_ids", "skills"])? {
                    Some(key @ "container_id") => is_set(cursor, key, Shape::Text)?,
                    Some(key) => has_any(cursor, key)?,
                    None => return pass(cursor),
                };
                features.add_if(Feature::StoredFiles, stored);
                Ok(())
            })
        }
        _ => Ok(()),
    }
}

/// Reads past a list; whether anything stands in it.
fn has_any(cursor: &mut Cursor<'_>, name: &'static str) -> Result<bool, BodyFault> {
    let mut any = false;
    if begins(cursor, name, Shape::List)? == Begins::List {
        cursor.array(|cursor| {
            any = true;
            pass(cursor)
        })?;
    }
    Ok(any)
}
