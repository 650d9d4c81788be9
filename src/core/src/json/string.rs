//! Strings of JSON text. A request is mostly long strings, so they are looked through in blocks of 64 bytes, by bits
//! that stand for bytes: what depends on the text seldom decides on a branch, which the machine would guess wrong.

use std::borrow::Cow;
use std::ops::Range;

use super::Malformed;
use super::block::{self, BLOCK, Block};
use super::scan::Scan;

/// A string as it stands in the text, without its quotes. Its bytes are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'j> {
    raw: &'j [u8],
    /// Where its opening quote stands.
    start: usize,
    escaped: bool,
}

impl<'j> Text<'j> {
    /// Reads the string whose opening quote stands at `start`.
    pub(super) fn read(bytes: &'j [u8], start: usize) -> Result<Text<'j>, Malformed> {
        if let Some(end) = block::short_end(bytes, start + 1) {
            return Ok(Text { raw: bytes.get(start + 1..end).unwrap_or_default(), start, escaped: false });
        }
        let mut scan = Scan::new(bytes, start + 1);
        let mut at = start + 1;
        loop {
            let mut block = Block::at(bytes, at);
            while scan.is_at_rest() && block.is_plain() {
                at += BLOCK;
                block = Block::at(bytes, at);
            }
            if let Some(end) = scan.block(at, block)? {
                // A quote behind the end of the text is none.
                let raw = bytes.get(start + 1..end).filter(|_| end < bytes.len());
                let raw = raw.ok_or(Malformed { at: bytes.len(), expected: "`\"`" })?;
                return Ok(Text { raw, start, escaped: scan.escaped });
            }
            at += BLOCK;
        }
    }

    /// From its opening quote to after its closing one.
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len() + 2
    }

    /// What stands between its quotes.
    pub fn raw(&self) -> &'j [u8] {
        self.raw
    }

    /// Whether it means `other`, however it is escaped.
    #[inline]
    pub fn is(&self, other: &str) -> bool {
        // Lengths tell most words apart; readers ask this hundreds of times, so that the rest is out of line.
        (self.raw.len() == other.len() || self.escaped) && self.means(other)
    }

    #[inline(never)]
    fn means(&self, other: &str) -> bool {
        if !self.escaped {
            return self.raw == other.as_bytes();
        }
        self.meaning_within(other.len()).is_some_and(|meaning| *meaning == *other.as_bytes())
    }

    /// Whether it begins with `prefix`, however it is escaped. What follows is not looked at.
    #[inline(never)]
    pub fn starts_with(&self, prefix: &str) -> bool {
        if !self.escaped {
            return self.raw.starts_with(prefix.as_bytes());
        }
        let first = self.raw.get(..MOST_ESCAPED * prefix.len()).unwrap_or(self.raw);
        let whole = first.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let mut meaning = characters(whole);
        prefix.chars().all(|wanted| meaning.next() == Some(Some(wanted)))
    }

    /// What it means, in UTF-8, where that can take `most` bytes or less; the time this takes is bounded by `most` too.
    /// `None` also where parsers differ: a lone surrogate.
    #[inline(never)]
    pub fn meaning_within(&self, most: usize) -> Option<Cow<'j, [u8]>> {
        if !self.escaped {
            return (self.raw.len() <= most).then_some(Cow::Borrowed(self.raw));
        }
        if self.raw.len() > MOST_ESCAPED * most {
            return None;
        }
        let meaning = self.unescaped()?.into_owned().into_bytes();
        (meaning.len() <= most).then_some(Cow::Owned(meaning))
    }

    /// What it means. `None` where parsers differ: a lone surrogate.
    #[inline(never)]
    pub fn unescaped(&self) -> Option<Cow<'j, str>> {
        let text = std::str::from_utf8(self.raw).ok()?;
        if !self.escaped {
            return Some(Cow::Borrowed(text));
        }
        let mut meaning = String::with_capacity(text.len());
        for character in characters(text) {
            meaning.push(character?);
        }
        Some(Cow::Owned(meaning))
    }
}

/// So many bytes a string takes at most for each one of its meaning: `\u0041`.
const MOST_ESCAPED: usize = 6;

/// What a string means, character by character; `None` for half of one.
fn characters(text: &str) -> impl Iterator<Item = Option<char>> {
    let mut rest = text.chars();
    std::iter::from_fn(move || match rest.next()? {
        '\\' => Some(unescape(&mut rest)),
        plain => Some(Some(plain)),
    })
}

fn unescape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = code_unit(rest)?;
            if !(0xd800..0xe000).contains(&first) {
                return char::from_u32(first);
            }
            if first >= 0xdc00 || rest.next()? != '\\' || rest.next()? != 'u' {
                return None;
            }
            let second = code_unit(rest)?;
            if !(0xdc00..0xe000).contains(&second) {
                return None;
            }
            return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        // `check_escape` let only `"`, `\` and `/` through beside the above.
        other => other,
    })
}

fn code_unit(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | rest.next()?.to_digit(16)?))
}
