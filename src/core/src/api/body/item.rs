//! Items of a response's input: what they are, and whether another account could read them.

use super::BodyFault;
use super::field::{Begins, Shape, begins, is_set, pass};
use super::key::Seen;
use super::part::{read_part, read_parts};
use super::tool::read_tools;
use crate::api::feature::{Feature, Features};
use crate::json::{Cursor, Text};

const ITEM_KEYS: [&str; 8] =
    ["container_id", "content", "encrypted_content", "environment", "id", "output", "tools", "type"];

/// What an item's type says.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// Another, or none: then it is a message, or a reference.
    #[default]
    Other,
    Reference,
    Reasoning,
    Screenshot,
}

impl Kind {
    fn of(text: Text<'_>) -> Kind {
        let known = [
            ("item_reference", Kind::Reference),
            ("reasoning", Kind::Reasoning),
            ("computer_call_output", Kind::Screenshot),
        ];
        known.into_iter().find(|(name, _)| text.is(name)).map_or(Kind::Other, |(_, kind)| kind)
    }
}

/// What has been met of one item.
#[derive(Default)]
struct Item {
    kind: Kind,
    /// Whether what it holds can be read without its id: a part in its content, or something encrypted.
    readable: bool,
    /// Whether anything stands in it beside its id and its type.
    more: bool,
    /// What the parts are that a tool has put out.
    output: Features,
}

/// The items of an input.
pub(super) fn read_items(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    cursor.array(|cursor| if cursor.peek() == Some(b'{') { read_item(cursor, features) } else { pass(cursor) })
}

fn read_item(cursor: &mut Cursor<'_>, features: &mut Features) -> Result<(), BodyFault> {
    let mut seen = Seen::default();
    let mut item = Item::default();
    cursor.object(|cursor, key| {
        let known = seen.meet(key, &ITEM_KEYS)?;
        let set = cursor.peek() != Some(b'n');
        item.more |= set && !matches!(known, Some("id" | "type"));
        match known {
            Some("type") if begins(cursor, "input[].type", Shape::Text)? == Begins::Text => {
                let kind = cursor.string("a string")?;
                item.kind = Kind::of(kind);
                let agents = ["agent_message", "context_compaction", "local_shell_call"];
                features.add_if(Feature::AgentItems, agents.iter().any(|agent| kind.is(agent)));
            }
            Some("type") => {}
            Some("content") if cursor.peek() == Some(b'[') => cursor.array(|cursor| {
                item.readable = true;
                read_part(cursor, features)
            })?,
            Some("content") => read_parts(cursor, features)?,
            Some("output") => read_parts(cursor, &mut item.output)?,
            Some("tools") => read_tools(cursor, "input[].tools", features)?,
            Some(key @ "encrypted_content") => {
                let encrypted = is_set(cursor, key, Shape::Text)?;
                item.readable |= encrypted;
                features.add_if(Feature::EncryptedContent, encrypted);
            }
            Some(key @ "container_id") => features.add_if(Feature::StoredFiles, is_set(cursor, key, Shape::Text)?),
            Some("environment") => super::tool::read_place(cursor, "environment", features)?,
            _ => pass(cursor)?,
        }
        Ok::<(), BodyFault>(())
    })?;
    let images = item.output.has(Feature::Images) && item.kind != Kind::Screenshot;
    *features = features.union(item.output);
    features.add_if(Feature::ToolImages, images);
    let id = seen.has("id", &ITEM_KEYS);
    let by_id = match item.kind {
        Kind::Reference => true,
        // Its summary is not what was thought: that is looked up, unless it stands here, encrypted or in clear.
        Kind::Reasoning => id && !item.readable,
        // A reference may leave its type out (OpenAI's API reference, 2026-11), and an image that was generated may be
        // given so. What is given in full is taken whoever made its id.
        Kind::Screenshot | Kind::Other => id && !item.more,
    };
    features.add_if(Feature::State, by_id);
    Ok(())
}
