//! The keys of an object: each that decides something stands once, and in its own case.

use super::BodyFault;
use crate::json::Text;

/// No key that decides something is longer, in bytes, in whatever case: one letter takes up to 3.
const LONGEST: usize = 64;

/// The keys of one object that have been met, by their places in a list. A list has at most as many as there are bits.
#[derive(Default)]
pub(super) struct Seen(u64);

impl Seen {
    /// Which of `keys` this is, `None` for another one.
    pub(super) fn meet<const N: usize>(
        &mut self,
        key: Text<'_>,
        keys: &[&'static str; N],
    ) -> Result<Option<&'static str>, BodyFault> {
        const { assert!(N <= u64::BITS as usize) };
        let Some(name) = key.meaning_within(LONGEST) else { return Ok(None) };
        let name: &[u8] = &name;
        let Some((index, known)) = whatever_case(name, keys) else { return Ok(None) };
        if name != known.as_bytes() {
            return Err(BodyFault::OtherCase(known));
        }
        if self.0 & 1 << index != 0 {
            return Err(BodyFault::Duplicate(known));
        }
        self.0 |= 1 << index;
        Ok(Some(known))
    }

    /// Whether a key of `keys` has been met.
    pub(super) fn has<const N: usize>(&self, key: &str, keys: &[&'static str; N]) -> bool {
        keys.iter().position(|known| *known == key).is_some_and(|index| self.0 & 1 << index != 0)
    }
}

/// Which of `keys` some parser would take `name` for that minds no case: Go's and .NET's do not, Go's by Unicode's simple
/// folding, by which two more letters are an `s` and a `k`. Source: Go, `encoding/json` and `bytes.EqualFold`.
fn whatever_case(name: &[u8], keys: &[&'static str]) -> Option<(usize, &'static str)> {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    let mut keys = keys.iter().copied().enumerate();
    let same = |(_, known): &(usize, &str)| known.len() == name.len() && name.eq_ignore_ascii_case(known.as_bytes());
    if name.is_ascii() {
        return keys.find(same);
    }
    let name = std::str::from_utf8(name).ok()?;
    keys.find(|(_, known)| name.chars().map(fold).eq(known.chars()))
}
