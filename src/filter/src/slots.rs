//! Things by number, known weakly, without a hash: a number is a slot and how often it had been used before, so that one
//! that is not valid any more finds nothing, though its slot is in use again.

use std::rc::{Rc, Weak};

/// The number of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    slot: u32,
    uses: u32,
}

impl Number {
    /// Reads back what [`Number::to_bits`] wrote; any bits are a number, perhaps of nothing.
    pub fn from_bits(bits: u64) -> Number {
        Number { slot: bits as u32, uses: (bits >> 32) as u32 }
    }

    /// As it can be passed on.
    pub fn to_bits(self) -> u64 {
        u64::from(self.slot) | u64::from(self.uses) << 32
    }
}

/// The slots. There are as many as there ever were things at once.
pub struct Slots<T> {
    slots: Vec<(u32, Weak<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Slots<T> {
        Slots { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Knows a thing until its number is freed.
    pub fn put(&mut self, thing: &Rc<T>) -> Number {
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some((uses, known)) => {
                *known = Rc::downgrade(thing);
                Number { slot, uses: *uses }
            }
            None => {
                self.slots.push((0, Rc::downgrade(thing)));
                Number { slot, uses: 0 }
            }
        }
    }

    /// The thing of that number, while it lives.
    pub fn get(&self, number: Number) -> Option<Rc<T>> {
        let (uses, known) = self.slots.get(number.slot as usize)?;
        known.upgrade().filter(|_| *uses == number.uses)
    }

    /// Knows it no longer.
    pub fn free(&mut self, number: Number) {
        if let Some((uses, known)) = self.slots.get_mut(number.slot as usize).filter(|(uses, _)| *uses == number.uses) {
            (*uses, *known) = (uses.wrapping_add(1), Weak::new());
            self.free.push(number.slot);
        }
    }

    /// How many are known.
    pub fn taken(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_finds_its_thing_and_no_other() {
        let mut slots = Slots::default();
        let (one, other) = (Rc::new("one"), Rc::new("other"));
        let first = slots.put(&one);
        let second = slots.put(&other);
        assert_eq!(slots.get(first).as_deref(), Some(&"one"));
        assert_eq!(slots.get(Number::from_bits(second.to_bits())).as_deref(), Some(&"other"));
        slots.free(first);
        slots.free(first);
        assert_eq!((slots.get(first), slots.taken()), (None, 1));

        let third = slots.put(&one);
        assert_eq!(third.slot, first.slot, "a slot is used again");
        assert_eq!((slots.get(first), slots.get(third).as_deref()), (None, Some(&"one")));
        drop(other);
        assert_eq!((slots.get(second), slots.taken()), (None, 2), "it is known weakly");
        assert_eq!(slots.get(Number::from_bits(u64::MAX)), None);
    }
}
