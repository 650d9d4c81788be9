//! Fields of the types that they must have: a lax parser takes `"true"` for `true`, and where ours did not, what was
//! judged here would not be what a cloud reads. `null` is as good as no field.

use super::BodyFault;
use crate::json::Cursor;

/// The types of fields that are read further.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Text,
    List,
    Object,
    TextOrList,
    TextOrObject,
}

impl Shape {
    fn opens(self) -> &'static [u8] {
        match self {
            Shape::Text => b"\"",
            Shape::List => b"[",
            Shape::Object => b"{",
            Shape::TextOrList => b"\"[",
            Shape::TextOrObject => b"\"{",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Shape::Text => "a string",
            Shape::List => "an array",
            Shape::Object => "an object",
            Shape::TextOrList => "a string or an array",
            Shape::TextOrObject => "a string or an object",
        }
    }
}

/// What stands where a field of some [`Shape`] may: by its first byte. A null has been read past.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Null,
    Text,
    List,
    Object,
}

/// Looks at the value of the field `name`, which is read past if it is null.
///
/// # Errors
/// It is of another type.
pub(super) fn begins(cursor: &mut Cursor<'_>, name: &'static str, shape: Shape) -> Result<Begins, BodyFault> {
    let first = cursor.peek();
    match first {
        Some(byte) if shape.opens().contains(&byte) => Ok(match byte {
            b'"' => Begins::Text,
            b'[' => Begins::List,
            _ => Begins::Object,
        }),
        _ => {
            // Malformed comes before misshapen: it tells the client more.
            cursor.skip()?;
            if first == Some(b'n') { Ok(Begins::Null) } else { Err(BodyFault::WrongType(name, shape.name())) }
        }
    }
}

/// Reads past a value that decides nothing.
pub(super) fn pass(cursor: &mut Cursor<'_>) -> Result<(), BodyFault> {
    cursor.skip().map(drop).map_err(BodyFault::from)
}

/// Reads past a field that decides something as soon as it is set; whether it is.
pub(super) fn is_set(cursor: &mut Cursor<'_>, name: &'static str, shape: Shape) -> Result<bool, BodyFault> {
    let set = begins(cursor, name, shape)? != Begins::Null;
    if set {
        pass(cursor)?;
    }
    Ok(set)
}

/// Reads a boolean; null is false.
pub(super) fn boolean(cursor: &mut Cursor<'_>, name: &'static str) -> Result<bool, BodyFault> {
    let null = cursor.peek() == Some(b'n');
    match cursor.boolean()? {
        Some(value) => Ok(value),
        None if null => Ok(false),
        None => Err(BodyFault::WrongType(name, "a boolean")),
    }
}

/// Reads a number; `None` for null.
pub(super) fn number(cursor: &mut Cursor<'_>, name: &'static str) -> Result<Option<f64>, BodyFault> {
    let null = cursor.peek() == Some(b'n');
    match cursor.number()? {
        None if !null => Err(BodyFault::WrongType(name, "a number")),
        number => Ok(number),
    }
}
