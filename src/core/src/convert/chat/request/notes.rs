//! What a translation notes on its way: what it cannot carry, and what it left out.

use std::fmt::{self, Write};

use super::super::raw::{Raw, meaning};
use crate::api::error::shown;
use crate::convert::{Asked, MOST_UNTRANSLATABLE, Translated, Untranslatable};
use crate::json::Text;

/// The notes of one translation.
#[derive(Debug, Default)]
pub(super) struct Notes {
    refused: Vec<String>,
    left_out: Vec<&'static str>,
}

/// As much of a client's word is looked at, in bytes.
const MOST_WORD: usize = 400;

impl Notes {
    /// Notes that what stands at `place` cannot be carried.
    pub(super) fn refuse(&mut self, place: fmt::Arguments<'_>) {
        if self.refused.len() < MOST_UNTRANSLATABLE {
            let mut words = String::new();
            // Writing to a string does not fail.
            let _ = words.write_fmt(place);
            self.refused.push(words);
        }
    }

    /// Notes that a member of the request cannot be carried.
    pub(super) fn refuse_name(&mut self, name: &[u8]) {
        let name = if name.is_empty() { "a member with a long name".into() } else { String::from_utf8_lossy(name) };
        self.refuse(format_args!("{}", shown(&name)));
    }

    /// Notes that a member of what stands at `place` cannot be carried.
    pub(super) fn refuse_member(&mut self, place: fmt::Arguments<'_>, member: Text<'_>) {
        let name = member.meaning_within(MOST_WORD).unwrap_or_default();
        self.refuse(format_args!("{place}.{}", shown(&String::from_utf8_lossy(&name))));
    }

    /// Notes that a value cannot be carried, which is named if it is a word.
    pub(super) fn refuse_value(&mut self, place: fmt::Arguments<'_>, value: Raw<'_>) {
        match meaning(value, MOST_WORD) {
            Some(word) => self.refuse(format_args!("{place}: {}", shown(&word))),
            None => self.refuse(place),
        }
    }

    /// The value at `place`, if it is an object; else that is noted, and an empty one takes its place.
    pub(super) fn object<'j>(&mut self, value: Raw<'j>, place: fmt::Arguments<'_>) -> Raw<'j> {
        self.kind(value, b'{', b"{}", place)
    }

    /// As [`object`](Notes::object), of an array.
    pub(super) fn array<'j>(&mut self, value: Raw<'j>, place: fmt::Arguments<'_>) -> Raw<'j> {
        self.kind(value, b'[', b"[]", place)
    }

    fn kind<'j>(&mut self, value: Raw<'j>, opening: u8, empty: Raw<'j>, place: fmt::Arguments<'_>) -> Raw<'j> {
        if value.first() == Some(&opening) {
            return value;
        }
        self.refuse(place);
        empty
    }

    /// Notes that a hint is left out.
    pub(super) fn leave_out(&mut self, hint: &'static str) {
        if !self.left_out.contains(&hint) {
            self.left_out.push(hint);
        }
    }

    /// What became of the translation.
    pub(super) fn translated(self, asked: Asked) -> Result<Translated, Untranslatable> {
        if self.refused.is_empty() {
            Ok(Translated { asked, left_out: self.left_out })
        } else {
            Err(Untranslatable(self.refused))
        }
    }
}
