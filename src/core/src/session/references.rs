//! What a Responses request brings back of earlier responses: ids and encrypted content, in the places where they may stand.
//!
//! The body was read and judged before: it is JSON, and no key that is looked at here stands twice in an object.

use std::ops::Range;

use super::tag::{Kind, LENGTH, Tagged};
use crate::json::{Cursor, Malformed, Text};

/// How a value of an earlier response matters to a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The cloud has to look it up: only the account that made it knows it.
    Pointer,
    /// Only the account that made it can read it.
    Cipher,
    /// It names something that stands in full beside it. Clients make such ids themselves, too.
    Name,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// How it matters.
    pub role: Role,
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the body, without its quotes.
    pub span: Range<usize>,
}

impl Reference {
    /// The value, if it looks tagged.
    pub fn tagged<'b>(&self, body: &'b [u8]) -> Option<Tagged<'b>> {
        Tagged::read(self.kind, body.get(self.span.clone())?)
    }

    /// Where its tag stands in the body.
    pub fn tag_span(&self, tagged: &Tagged<'_>) -> Range<usize> {
        let start = self.span.start + tagged.prefix.len();
        start..start + LENGTH
    }
}

/// Finds all pointers and encrypted contents of a request, and the names that look tagged.
pub fn read(body: &[u8]) -> Vec<Reference> {
    let mut found = Found { body, references: Vec::new() };
    // What is malformed was refused before.
    let _ = found.read_body(&mut Cursor::new(body));
    found.references
}

type Read = Result<(), Malformed>;

struct Found<'b> {
    body: &'b [u8],
    references: Vec<Reference>,
}

/// What an item says of itself.
#[derive(Default)]
struct Item {
    id: Option<Range<usize>>,
    kind: ItemKind,
    /// Whether what it holds can be read without its id.
    readable: bool,
    /// Whether anything stands in it beside its id and its type.
    more: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum ItemKind {
    #[default]
    Other,
    Reference,
    Reasoning,
}

impl<'b> Found<'b> {
    fn read_body(&mut self, cursor: &mut Cursor<'b>) -> Read {
        cursor.object(|cursor, key| match () {
            () if key.is("previous_response_id") => self.value(cursor, Role::Pointer, Kind::Id),
            () if key.is("conversation") => self.conversation(cursor),
            () if key.is("input") && cursor.peek() == Some(b'[') => cursor.array(|cursor| self.item(cursor)),
            () if key.is("tools") && cursor.peek() == Some(b'[') => cursor.array(|cursor| self.tool(cursor)),
            () => pass(cursor),
        })
    }

    fn conversation(&mut self, cursor: &mut Cursor<'b>) -> Read {
        if cursor.peek() != Some(b'{') {
            return self.value(cursor, Role::Pointer, Kind::Id);
        }
        cursor.object(
            |cursor, key| {
                if key.is("id") { self.value(cursor, Role::Pointer, Kind::Id) } else { pass(cursor) }
            },
        )
    }

    /// A code interpreter may name the container of an earlier response.
    fn tool(&mut self, cursor: &mut Cursor<'b>) -> Read {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        cursor.object(|cursor, key| {
            if key.is("container") && cursor.peek() == Some(b'"') {
                self.value(cursor, Role::Pointer, Kind::Id)
            } else {
                pass(cursor)
            }
        })
    }

    fn item(&mut self, cursor: &mut Cursor<'b>) -> Read {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        let mut item = Item::default();
        cursor.object(|cursor, key| {
            let set = cursor.peek() != Some(b'n');
            item.more |= set && !key.is("id") && !key.is("type");
            match () {
                () if !set => pass(cursor),
                () if key.is("id") => {
                    item.id = text(cursor)?.map(|text| inner(&text));
                    Ok(())
                }
                () if key.is("type") => {
                    item.kind = text(cursor)?.map_or(ItemKind::Other, |text| match () {
                        () if text.is("item_reference") => ItemKind::Reference,
                        () if text.is("reasoning") => ItemKind::Reasoning,
                        () => ItemKind::Other,
                    });
                    Ok(())
                }
                () if key.is("encrypted_content") => {
                    item.readable = true;
                    self.value(cursor, Role::Cipher, Kind::Encrypted)
                }
                () if key.is("call_id") => self.value(cursor, Role::Name, Kind::Id),
                () if key.is("container_id") => self.value(cursor, Role::Pointer, Kind::Id),
                () if (key.is("content") || key.is("output")) && cursor.peek() == Some(b'[') => {
                    cursor.array(|cursor| {
                        item.readable |= key.is("content");
                        self.part(cursor)
                    })
                }
                () => pass(cursor),
            }
        })?;
        if let Some(span) = item.id {
            let pointer = match item.kind {
                ItemKind::Reference => true,
                ItemKind::Reasoning => !item.readable,
                ItemKind::Other => !item.more,
            };
            self.add(if pointer { Role::Pointer } else { Role::Name }, Kind::Id, span);
        }
        Ok(())
    }

    fn part(&mut self, cursor: &mut Cursor<'b>) -> Read {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        cursor.object(|cursor, key| {
            if key.is("encrypted_content") { self.value(cursor, Role::Cipher, Kind::Encrypted) } else { pass(cursor) }
        })
    }

    fn value(&mut self, cursor: &mut Cursor<'b>, role: Role, kind: Kind) -> Read {
        if let Some(text) = text(cursor)? {
            self.add(role, kind, inner(&text));
        }
        Ok(())
    }

    /// A name that does not look tagged is nobody's matter.
    fn add(&mut self, role: Role, kind: Kind, span: Range<usize>) {
        let reference = Reference { role, kind, span };
        if role != Role::Name || reference.tagged(self.body).is_some() {
            self.references.push(reference);
        }
    }
}

/// Reads a value; `None` if it is no string.
fn text<'b>(cursor: &mut Cursor<'b>) -> Result<Option<Text<'b>>, Malformed> {
    if cursor.peek() == Some(b'"') {
        return cursor.string("a string").map(Some);
    }
    pass(cursor).map(|()| None)
}

/// Where a string stands without its quotes.
fn inner(text: &Text<'_>) -> Range<usize> {
    let Range { start, end } = text.span();
    start + 1..end.saturating_sub(1)
}

fn pass(cursor: &mut Cursor<'_>) -> Read {
    cursor.skip().map(drop)
}
