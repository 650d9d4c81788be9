//! A cursor over JSON text: checks every byte of it, builds nothing, and is exact about what it accepts.
//!
//! RFC 8259 to the letter; anything on which two parsers could differ is for the caller to refuse, which is
//! why strings are handed out raw, with a mark whether they hold escapes. Never recursive, never allocating
//! but in [`Text::unescaped`].

use std::borrow::Cow;
use std::ops::Range;

/// Values nest at most this deep.
pub const MOST_DEPTH: u32 = 128;

/// Why a text is not the JSON that was asked for, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The byte at which it shows, from 0.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// A string as it stands in the text, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'j> {
    raw: &'j [u8],
    /// Where its opening quote stands.
    start: usize,
    escaped: bool,
}

impl<'j> Text<'j> {
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

    /// What it means. `None` where parsers differ: a lone surrogate, or bytes that are not UTF-8.
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
        // The cursor let only `"`, `\` and `/` through beside the above.
        other => other,
    })
}

fn code_unit(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | rest.next()?.to_digit(16)?))
}

/// Where a JSON text has been read to.
#[derive(Debug)]
pub struct Cursor<'j> {
    bytes: &'j [u8],
    at: usize,
}

impl<'j> Cursor<'j> {
    /// At the beginning of `bytes`.
    pub fn new(bytes: &'j [u8]) -> Cursor<'j> {
        Cursor { bytes, at: 0 }
    }

    /// The byte that is read next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The first byte of the next token, which stays unread.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Reads an object, handing each key to `member`, which has to read the value.
    ///
    /// # Errors
    /// What is malformed, here or in `member`.
    pub fn object<E: From<Malformed>>(
        &mut self,
        mut member: impl FnMut(&mut Cursor<'j>, Text<'j>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{', "an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.string("a key")?;
            self.expect(b':', "`:`")?;
            member(self, key)?;
            if self.ends(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    /// Reads an array, calling `item` at each element, which has to read it.
    ///
    /// # Errors
    /// What is malformed, here or in `item`.
    pub fn array<E: From<Malformed>>(
        &mut self,
        mut item: impl FnMut(&mut Cursor<'j>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'[', "an array")?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.ends(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }

    /// Reads a string; `expected` says what it is for.
    ///
    /// # Errors
    /// Anything that is no string.
    pub fn string(&mut self, expected: &'static str) -> Result<Text<'j>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed(expected));
        }
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.malformed("no control character in a string")),
                None => return Err(self.malformed("`\"`")),
            }
        }
        let raw = self.bytes.get(start + 1..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Text { raw, start, escaped })
    }

    /// Reads the next value, whatever it is, and returns where it stands.
    ///
    /// # Errors
    /// What is malformed, or nested deeper than [`MOST_DEPTH`].
    pub fn skip(&mut self) -> Result<Range<usize>, Malformed> {
        self.peek();
        let start = self.at;
        // One bit a level, the innermost lowest: set in an object, clear in an array.
        let mut levels: u128 = 0;
        let mut depth: u32 = 0;
        loop {
            match self.peek() {
                Some(opening @ (b'{' | b'[')) => {
                    if depth == MOST_DEPTH {
                        return Err(self.malformed("no deeper nesting"));
                    }
                    self.at += 1;
                    let (object, closing) = if opening == b'{' { (true, b'}') } else { (false, b']') };
                    if self.peek() == Some(closing) {
                        self.at += 1;
                    } else {
                        levels = levels << 1 | u128::from(object);
                        depth += 1;
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string("a string")?;
                }
                _ => self.scalar()?,
            }
            // A value has ended: so may the levels around it.
            loop {
                if depth == 0 {
                    return Ok(start..self.at);
                }
                let object = levels & 1 == 1;
                let (closing, expected) = if object { (b'}', "`,` or `}`") } else { (b']', "`,` or `]`") };
                if !self.ends(closing, expected)? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    /// Reads a value that may be a boolean; `None` for any other.
    ///
    /// # Errors
    /// What is malformed.
    pub fn boolean(&mut self) -> Result<Option<bool>, Malformed> {
        let span = self.skip()?;
        Ok(match self.bytes.get(span) {
            Some(b"true") => Some(true),
            Some(b"false") => Some(false),
            _ => None,
        })
    }

    /// Reads a value that may be a number; `None` for any other.
    ///
    /// # Errors
    /// What is malformed.
    pub fn number(&mut self) -> Result<Option<f64>, Malformed> {
        let span = self.skip()?;
        let text = self.bytes.get(span).and_then(|bytes| std::str::from_utf8(bytes).ok());
        Ok(text
            .filter(|text| text.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
            .and_then(|text| text.parse().ok()))
    }

    /// Nothing but white space may follow.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("nothing after the value")),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at, expected }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(self.malformed(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<(), Malformed> {
        self.string("a key")?;
        self.expect(b':', "`:`")
    }

    /// Reads what follows an element: `closing`, or a comma and what is not `closing`.
    fn ends(&mut self, closing: u8, expected: &'static str) -> Result<bool, Malformed> {
        match self.peek() {
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                self.at += 1;
                if self.peek() == Some(closing) { Err(self.malformed("no trailing comma")) } else { Ok(false) }
            }
            _ => Err(self.malformed(expected)),
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.byte().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.malformed("four hexadecimal digits"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.malformed("an escape")),
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Malformed> {
        for word in ["true", "false", "null"] {
            if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
                self.at += word.len();
                return Ok(());
            }
        }
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.malformed("a value")),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let first = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == first { Err(self.malformed("a digit")) } else { Ok(()) }
    }
}

/// The length of the run before the first quote, backslash or control character: a request is mostly long
/// strings, so sixteen bytes are looked at in one step.
fn plain_run(bytes: &[u8]) -> usize {
    let (blocks, tail) = bytes.as_chunks::<16>();
    for (number, block) in blocks.iter().enumerate() {
        let marks = ends_of_run(block);
        if marks != 0 {
            return number * 16 + marks.trailing_zeros() as usize;
        }
    }
    let mut last = [b' '; 16];
    last.iter_mut().zip(tail).for_each(|(slot, byte)| *slot = *byte);
    blocks.len() * 16 + tail.len().min(ends_of_run(&last).trailing_zeros() as usize)
}

/// A bit for every byte that ends a run, the first byte's lowest.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn ends_of_run(block: &[u8; 16]) -> u16 {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};
    let (halves, _) = block.as_chunks::<8>();
    let half = |number: usize| u64::from_le_bytes(halves.get(number).copied().unwrap_or_default());
    let bytes = u64x2(half(0), half(1));
    let quotes = u8x16_eq(bytes, u8x16_splat(b'"'));
    let escapes = u8x16_eq(bytes, u8x16_splat(b'\\'));
    let controls = u8x16_lt(bytes, u8x16_splat(0x20));
    u8x16_bitmask(v128_or(v128_or(quotes, escapes), controls))
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn ends_of_run(block: &[u8; 16]) -> u16 {
    let ends = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    block.iter().rev().fold(0, |marks, byte| marks << 1 | u16::from(ends(*byte)))
}

#[cfg(test)]
mod tests;
