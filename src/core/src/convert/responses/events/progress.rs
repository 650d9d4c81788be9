//! How far the items of a stream have gone out.

use super::Unreadable;

/// So many items and parts a stream may have.
const MOST: usize = 1024;

/// What has gone out, by the places in the output.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pieces: Vec<Piece>,
    calls: Vec<Begun>,
    /// Characters of all texts that have gone out.
    characters: u64,
}

/// A part of a message.
#[derive(Debug)]
pub(super) struct Piece {
    place: (u64, u64),
    begun: bool,
    /// Characters of texts that went out before it.
    before: u64,
}

/// A call that has gone out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    item: u64,
    /// Its place among calls.
    pub(super) index: u64,
    /// Whether the tool is a custom one.
    pub(super) custom: bool,
    /// Whether something of its arguments has gone out.
    pub(super) has_input: bool,
}

impl Piece {
    /// Whether something of it has gone out.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Something of it goes out.
    pub(super) fn begin(&mut self) {
        self.begun = true;
    }
}

impl Progress {
    /// The part at this place.
    pub(super) fn piece(&mut self, item: u64, part: u64) -> Result<&mut Piece, Unreadable> {
        let place = (item, part);
        // The latest is asked for most.
        let found = self.pieces.iter().rposition(|piece| piece.place == place);
        let found = match found {
            Some(found) => found,
            None if self.pieces.len() >= MOST => return Err(Unreadable),
            None => {
                self.pieces.push(Piece { place, begun: false, before: self.characters });
                self.pieces.len() - 1
            }
        };
        self.pieces.get_mut(found).ok_or(Unreadable)
    }

    /// Characters of texts that went out before the part at this place.
    pub(super) fn before(&self, item: u64, part: u64) -> u64 {
        self.pieces.iter().rev().find(|piece| piece.place == (item, part)).map_or(self.characters, |piece| piece.before)
    }

    /// Text goes out.
    pub(super) fn count(&mut self, characters: u64) {
        self.characters = self.characters.saturating_add(characters);
    }

    /// The call at this place, if it has begun.
    pub(super) fn call(&mut self, item: u64) -> Option<&mut Begun> {
        self.calls.iter_mut().rev().find(|call| call.item == item)
    }

    /// A call goes out.
    pub(super) fn begin_call(&mut self, item: u64, custom: bool) -> Result<Begun, Unreadable> {
        if self.calls.len() >= MOST {
            return Err(Unreadable);
        }
        let call = Begun { item, index: self.calls.len() as u64, custom, has_input: false };
        self.calls.push(call);
        Ok(call)
    }

    /// Whether the model called a tool.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }
}
