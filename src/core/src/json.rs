//! A cursor over JSON text: checks every byte of it, builds nothing, and is exact about what it accepts.
//!
//! RFC 8259 to the letter, UTF-8 only; anything else on which two parsers could differ is for the caller to refuse,
//! which is why strings are handed out raw, with a mark whether they hold escapes. Never recursive, never allocating
//! but in [`Text::unescaped`].

mod block;
mod scan;
mod string;
mod write;

use std::ops::Range;

pub use string::Text;
pub use write::Writer;

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
    #[inline(always)]
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
        let mut next = self.first_key()?;
        while let Some(key) = next {
            member(self, key)?;
            next = self.next_key()?;
        }
        Ok(())
    }

    /// Reads an array, calling `item` at each element, which has to read it.
    ///
    /// # Errors
    /// What is malformed, here or in `item`.
    pub fn array<E: From<Malformed>>(
        &mut self,
        mut item: impl FnMut(&mut Cursor<'j>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ended = self.begin_array()?;
        while !ended {
            item(self)?;
            ended = self.ends(b']', "`,` or `]`")?;
        }
        Ok(())
    }

    // What walks is out of line: the module has a copy of the above for each reader, and only one of these.

    /// Begins an object, and reads its first key; `None` if it is empty.
    #[inline(never)]
    fn first_key(&mut self) -> Result<Option<Text<'j>>, Malformed> {
        self.expect(b'{', "an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Reads the next key of an object, or its end.
    #[inline(never)]
    fn next_key(&mut self) -> Result<Option<Text<'j>>, Malformed> {
        if self.ends(b'}', "`,` or `}`")? { Ok(None) } else { self.key().map(Some) }
    }

    /// Begins an array; whether it is empty, and ended.
    #[inline(never)]
    fn begin_array(&mut self) -> Result<bool, Malformed> {
        self.expect(b'[', "an array")?;
        let ended = self.peek() == Some(b']');
        self.at += usize::from(ended);
        Ok(ended)
    }

    /// Reads a string; `expected` says what it is for.
    ///
    /// # Errors
    /// Anything that is no string.
    pub fn string(&mut self, expected: &'static str) -> Result<Text<'j>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed(expected));
        }
        let text = Text::read(self.bytes, self.at)?;
        self.at = text.span().end;
        Ok(text)
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

    /// Reads the next value, whatever it is, and returns its text.
    ///
    /// # Errors
    /// What is malformed, or nested deeper than [`MOST_DEPTH`].
    pub fn raw(&mut self) -> Result<&'j [u8], Malformed> {
        let span = self.skip()?;
        Ok(self.bytes.get(span).unwrap_or_default())
    }

    /// Reads a value that may be a boolean; `None` for any other.
    ///
    /// # Errors
    /// What is malformed.
    #[inline(never)]
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
    #[inline(never)]
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

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at, expected }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(self.malformed(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<Text<'j>, Malformed> {
        let key = self.string("a key")?;
        self.expect(b':', "`:`")?;
        Ok(key)
    }

    /// Reads what follows an element: `closing`, or a comma and what is not `closing`.
    #[inline(never)]
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

    #[inline]
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

    #[inline]
    fn digits(&mut self) -> Result<(), Malformed> {
        let first = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == first { Err(self.malformed("a digit")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
