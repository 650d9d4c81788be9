//! Strings of JSON text. A request is mostly long strings, so they are looked through in blocks of 64 bytes; the
//! bytes beyond ASCII are checked where they stand, so that plain text costs no check of its own.

use std::borrow::Cow;
use std::ops::Range;

use super::Malformed;
use super::block::{BLOCK, Marks};

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
        let mut escaped = false;
        // Where the bytes beyond ASCII begin that are still to be checked: always at the start of a character.
        let mut unchecked: Option<usize> = None;
        let mut at = start + 1;
        loop {
            let Marks { mut special, beyond_ascii } = Marks::of(bytes.get(at..).unwrap_or_default());
            let mut next = at + BLOCK;
            while special != 0 {
                let offset = special.trailing_zeros() as usize;
                let here = at + offset;
                match bytes.get(here) {
                    Some(b'"') => {
                        if unchecked.is_some() || beyond_ascii & ((1 << offset) - 1) != 0 {
                            check_utf8(bytes, unchecked.unwrap_or(at)..here)?;
                        }
                        let raw = bytes.get(start + 1..here).unwrap_or_default();
                        return Ok(Text { raw, start, escaped });
                    }
                    Some(b'\\') => {
                        escaped = true;
                        let after = after_escape(bytes, here)?;
                        if after >= next {
                            next = after;
                            break;
                        }
                        special &= u64::MAX << (after - at);
                    }
                    Some(_) => return Err(Malformed { at: here, expected: "no control character in a string" }),
                    None => return Err(Malformed { at: bytes.len(), expected: "`\"`" }),
                }
            }
            if beyond_ascii != 0 {
                unchecked.get_or_insert(at);
            } else if let Some(from) = unchecked.take() {
                check_utf8(bytes, from..at)?;
            }
            at = next;
        }
    }

    /// From its opening quote to after its closing one.
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len() + 2
    }

    /// Whether it means `other`, however it is escaped.
    pub fn is(&self, other: &str) -> bool {
        if self.escaped { self.unescaped().is_some_and(|text| text == other) } else { self.raw == other.as_bytes() }
    }

    /// Whether it begins with `prefix`; a string with escapes is read first.
    pub fn starts_with(&self, prefix: &str) -> bool {
        if self.escaped {
            self.unescaped().is_some_and(|text| text.starts_with(prefix))
        } else {
            self.raw.starts_with(prefix.as_bytes())
        }
    }

    /// What it means. `None` where parsers differ: a lone surrogate.
    pub fn unescaped(&self) -> Option<Cow<'j, str>> {
        let text = std::str::from_utf8(self.raw).ok()?;
        if !self.escaped {
            return Some(Cow::Borrowed(text));
        }
        let mut meaning = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            meaning.push(if next == '\\' { unescape(&mut rest)? } else { next });
        }
        Some(Cow::Owned(meaning))
    }
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
        // `after_escape` let only `"`, `\` and `/` through beside the above.
        other => other,
    })
}

fn code_unit(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | rest.next()?.to_digit(16)?))
}

/// Where the escape ends whose backslash stands at `at`.
fn after_escape(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match (at + 2..at + 6).find(|digit| !bytes.get(*digit).is_some_and(u8::is_ascii_hexdigit)) {
            Some(at) => Err(Malformed { at, expected: "four hexadecimal digits" }),
            None => Ok(at + 6),
        },
        _ => Err(Malformed { at: at + 1, expected: "an escape" }),
    }
}

fn check_utf8(bytes: &[u8], span: Range<usize>) -> Result<(), Malformed> {
    let start = span.start;
    let part = bytes.get(span).unwrap_or_default();
    if simdutf8::basic::from_utf8(part).is_ok() {
        return Ok(());
    }
    let valid = std::str::from_utf8(part).err().map_or(0, |error| error.valid_up_to());
    Err(Malformed { at: start + valid, expected: "UTF-8" })
}
