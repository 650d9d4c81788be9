//! What is noted of a request on the way through its translation: what cannot be carried, and which hints were left out.

use std::fmt::Arguments;

use super::raw::{Members, Raw, Shown};
use super::{Asked, MOST_UNTRANSLATABLE, Translated, Untranslatable};
use crate::json::{Cursor, Malformed, Text};

/// The notes of one request.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    untranslatable: Vec<String>,
    left_out: Vec<&'static str>,
}

impl Notes {
    /// What stands at `place` cannot be carried.
    #[inline(never)]
    pub(crate) fn cannot(&mut self, place: Arguments<'_>) {
        if self.untranslatable.len() < MOST_UNTRANSLATABLE {
            self.untranslatable.push(place.to_string());
        }
    }

    /// The member `name` of what stands at `place` cannot be carried.
    #[inline(never)]
    fn cannot_of(&mut self, place: Arguments<'_>, name: &str) {
        self.cannot(format_args!("{place}.{name}"));
    }

    /// A hint was left out.
    #[inline(never)]
    pub(crate) fn leave_out(&mut self, hint: &'static str) {
        if !self.left_out.contains(&hint) {
            self.left_out.push(hint);
        }
    }

    /// Reads the object at `place`. Members of other names, and what is no object, cannot be carried.
    pub(crate) fn members<'j, const N: usize>(
        &mut self,
        cursor: &mut Cursor<'j>,
        names: &'static [&'static str; N],
        place: Arguments<'_>,
    ) -> Result<Option<Members<'j, N>>, Malformed> {
        let members = Members::read(cursor, names, |key, value| self.unknown(key, value, place))?;
        if members.is_none() {
            self.cannot(place);
        }
        Ok(members)
    }

    #[inline(never)]
    fn unknown(&mut self, key: Text<'_>, value: Raw<'_>, place: Arguments<'_>) {
        if !value.is_null() {
            self.cannot(format_args!("{place}.{}", Shown(key)));
        }
    }

    /// The same for a value that was read past.
    pub(crate) fn members_of<'j, const N: usize>(
        &mut self,
        value: Raw<'j>,
        names: &'static [&'static str; N],
        place: Arguments<'_>,
    ) -> Option<Members<'j, N>> {
        self.members(&mut value.cursor(), names, place).ok().flatten()
    }

    /// Takes a member that has to be there and be a string.
    pub(crate) fn text<'j, const N: usize>(
        &mut self,
        members: &mut Members<'j, N>,
        name: &'static str,
        place: Arguments<'_>,
    ) -> Option<Raw<'j>> {
        let text = members.take(name).filter(|value| value.is_string());
        if text.is_none() {
            self.cannot_of(place, name);
        }
        text
    }

    /// What nobody took of the object at `place` cannot be carried.
    pub(crate) fn left<const N: usize>(&mut self, members: &Members<'_, N>, place: Arguments<'_>) {
        members.left().for_each(|name| self.cannot_of(place, name));
    }

    /// The translation's outcome.
    pub(crate) fn outcome(self, asked: Asked) -> Result<Translated, Untranslatable> {
        if self.untranslatable.is_empty() {
            Ok(Translated { asked, left_out: self.left_out })
        } else {
            Err(Untranslatable(self.untranslatable))
        }
    }
}
