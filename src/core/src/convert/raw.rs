//! Values of a body as they stand there: read where they decide something, copied where they do not.

use std::borrow::Cow;
use std::fmt;

use crate::json::{Cursor, Malformed, Text};

/// The text of a value, which a [`Cursor`] has read past: it is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'j>(&'j [u8]);

/// Words that decide something are shorter.
const MOST_WORD: usize = 64;

/// At most so many bytes of a client's word are shown.
const MOST_SHOWN: usize = 60;

impl<'j> Raw<'j> {
    /// An object without members.
    pub(crate) const EMPTY: Raw<'static> = Raw(b"{}");

    /// Reads the next value.
    pub(crate) fn read(cursor: &mut Cursor<'j>) -> Result<Raw<'j>, Malformed> {
        cursor.raw().map(Raw)
    }

    /// As it stands.
    pub(crate) fn bytes(self) -> &'j [u8] {
        self.0
    }

    /// Reads it again.
    pub(crate) fn cursor(self) -> Cursor<'j> {
        Cursor::new(self.0)
    }

    #[inline(never)]
    pub(crate) fn is_null(self) -> bool {
        self.0 == b"null"
    }

    #[inline(never)]
    pub(crate) fn is_true(self) -> bool {
        self.0 == b"true"
    }

    #[inline(never)]
    pub(crate) fn is_false(self) -> bool {
        self.0 == b"false"
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.first() == Some(&b'[')
    }

    pub(crate) fn is_string(self) -> bool {
        self.0.first() == Some(&b'"')
    }

    /// Whether it is an array or an object without anything in it.
    #[inline(never)]
    pub(crate) fn is_empty(self) -> bool {
        let inner = self.0.get(1..self.0.len().saturating_sub(1)).unwrap_or_default();
        (self.is_array() || self.is_object()) && inner.iter().all(u8::is_ascii_whitespace)
    }

    /// What stands between the quotes of a string.
    #[inline(never)]
    pub(crate) fn inner(self) -> Option<&'j [u8]> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    /// What a short string means; empty for whatever else it is.
    #[inline(never)]
    pub(crate) fn word(self) -> Cow<'j, str> {
        let text = if self.is_string() { self.cursor().string("a word").ok() } else { None };
        text.map_or(Cow::Borrowed(""), |text| word(&text))
    }

    /// Whether it is a string that means this.
    #[inline(never)]
    pub(crate) fn is(self, word: &str) -> bool {
        *self.word() == *word
    }

    /// The number that it is.
    pub(crate) fn number(self) -> Option<f64> {
        self.cursor().number().ok().flatten()
    }

    /// The count that it is: a number without its fraction.
    #[inline(never)]
    pub(crate) fn count(self) -> Option<u64> {
        // Casts of floats saturate.
        self.number().filter(|number| *number >= 0.0).map(|number| number as u64)
    }

    /// The value on one line. Line ends stand only between the tokens of a JSON text, where they mean nothing; in an event's
    /// data they would end it.
    #[inline(never)]
    pub(crate) fn on_one_line(self) -> Cow<'j, [u8]> {
        let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if self.0.iter().any(ends_line) {
            Cow::Owned(self.0.iter().copied().filter(|byte| !ends_line(byte)).collect())
        } else {
            Cow::Borrowed(self.0)
        }
    }

    /// Hands out the elements of an array; nothing of whatever else it is.
    pub(crate) fn each(self, mut each: impl FnMut(usize, Raw<'j>)) {
        self.hand_out(&mut each);
    }

    #[inline(never)]
    fn hand_out(self, each: &mut dyn FnMut(usize, Raw<'j>)) {
        let mut index = 0;
        if self.is_array() {
            // It was read past before: nothing of it is malformed.
            let _read = self.cursor().array(|cursor| {
                each(index, Raw::read(cursor)?);
                index += 1;
                Ok::<(), Malformed>(())
            });
        }
    }
}

/// A client's word, cut short, without control characters.
impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.inner().unwrap_or(self.0), f)
    }
}

/// What a short text means; empty for a long one.
#[inline(never)]
pub(crate) fn word<'j>(text: &Text<'j>) -> Cow<'j, str> {
    // A match on text compares words; one on bytes is compiled to a tree of them, and takes several times the room.
    match text.meaning_within(MOST_WORD) {
        Some(Cow::Borrowed(word)) => Cow::Borrowed(str::from_utf8(word).unwrap_or_default()),
        Some(Cow::Owned(word)) => Cow::Owned(String::from_utf8(word).unwrap_or_default()),
        None => Cow::Borrowed(""),
    }
}

/// A client's key, as [`Raw`] is shown.
pub(crate) struct Shown<'j>(pub(crate) Text<'j>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0.raw(), f)
    }
}

fn show(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let short = bytes.get(..MOST_SHOWN).unwrap_or(bytes);
    for chunk in short.utf8_chunks() {
        for character in chunk.valid().chars().filter(|character| !character.is_control()) {
            fmt::Write::write_char(f, character)?;
        }
    }
    if short.len() < bytes.len() { f.write_str("…") } else { Ok(()) }
}

/// Members of an object that are known by their names. A null is as good as no member; of two of one name the later holds.
#[derive(Debug)]
pub(crate) struct Members<'j, const N: usize> {
    names: &'static [&'static str; N],
    values: [Option<Raw<'j>>; N],
}

impl<'j, const N: usize> Members<'j, N> {
    /// Reads an object, handing members of other names to `other`; reads past a value that is no object: `None`.
    pub(crate) fn read(
        cursor: &mut Cursor<'j>,
        names: &'static [&'static str; N],
        mut other: impl FnMut(Text<'j>, Raw<'j>),
    ) -> Result<Option<Members<'j, N>>, Malformed> {
        let mut values = [None; N];
        Ok(read_members(cursor, names, &mut values, &mut other)?.then_some(Members { names, values }))
    }

    /// Reads those of a value that was read past; `None` if it is no object.
    pub(crate) fn of(value: Raw<'j>, names: &'static [&'static str; N]) -> Option<Members<'j, N>> {
        Members::read(&mut value.cursor(), names, |_, _| {}).ok().flatten()
    }

    /// The member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Raw<'j>> {
        let place = place_of(self.names, name)?;
        self.values.get(place).copied().flatten()
    }

    /// All of them, in the order of their names.
    pub(crate) fn values(&self) -> [Option<Raw<'j>>; N] {
        self.values
    }

    /// The member of that name, which is not left over then.
    pub(crate) fn take(&mut self, name: &str) -> Option<Raw<'j>> {
        let place = place_of(self.names, name)?;
        self.values.get_mut(place)?.take()
    }

    /// The names of those that nobody took.
    pub(crate) fn left(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().zip(&self.values).filter(|(_, value)| value.is_some()).map(|(name, _)| *name)
    }
}

/// See [`Members::read`]: the same code for however many names. Whether there was an object.
#[inline(never)]
fn read_members<'j>(
    cursor: &mut Cursor<'j>,
    names: &[&str],
    values: &mut [Option<Raw<'j>>],
    other: &mut dyn FnMut(Text<'j>, Raw<'j>),
) -> Result<bool, Malformed> {
    if cursor.peek() != Some(b'{') {
        cursor.skip()?;
        return Ok(false);
    }
    cursor.object(|cursor, key| {
        let value = Raw::read(cursor)?;
        let place = names.iter().position(|name| key.is(name));
        match place.and_then(|place| values.get_mut(place)) {
            Some(slot) => *slot = Some(value).filter(|value| !value.is_null()),
            None => other(key, value),
        }
        Ok::<(), Malformed>(())
    })?;
    Ok(true)
}

#[inline(never)]
fn place_of(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|known| *known == name)
}
