//! Objects whose kind decides which of their members can be carried: read once, wherever the kind stands among them.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw, Shown};
use crate::convert::MOST_UNTRANSLATABLE;
use crate::json::{Cursor, Malformed, Text};

/// An object that was read.
pub(super) struct Object<'j, const N: usize> {
    members: Members<'j, N>,
    /// The first of its members of other names, nulls aside.
    others: Vec<Text<'j>>,
}

impl<'j, const N: usize> Object<'j, N> {
    /// Reads the next value; `None` if it is no object.
    pub(super) fn read(
        cursor: &mut Cursor<'j>,
        names: &'static [&'static str; N],
    ) -> Result<Option<Object<'j, N>>, Malformed> {
        let mut others = Vec::new();
        let members = Members::read(cursor, names, |key, value| {
            if !value.is_null() && others.len() < MOST_UNTRANSLATABLE {
                others.push(key);
            }
        })?;
        Ok(members.map(|members| Object { members, others }))
    }

    /// The member of that name, which is not left over then.
    pub(super) fn take(&mut self, name: &str) -> Option<Raw<'j>> {
        self.members.take(name)
    }

    /// Whether it has a member of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some()
    }

    /// The text between the quotes of a member that has to be there and be a string.
    pub(super) fn text(&mut self, name: &'static str, place: Arguments<'_>, notes: &mut Notes) -> &'j [u8] {
        notes.text(&mut self.members, name, place).and_then(Raw::inner).unwrap_or_default()
    }

    /// What nobody took of the object at `place` cannot be carried.
    pub(super) fn left(&self, place: Arguments<'_>, notes: &mut Notes) {
        notes.left(&self.members, place);
        for name in &self.others {
            notes.cannot(format_args!("{place}.{}", Shown(*name)));
        }
    }
}
