//! The shapes in which errors are said: OpenAI's, Google's, AWS's, FastAPI's, plain text. Read member by member, as far as it
//! goes: an odd member, a malformed place or a cut lose nothing of what stands before.

use std::borrow::Cow;

use super::error::CloudError;
use crate::json::{Cursor, Malformed};

/// The most of a plain text that is taken for a message, in bytes.
const MOST_TEXT: usize = 1 << 10;

/// An error's body, as far as it could be read. One odd member loses nothing but itself.
#[derive(Debug, Default)]
pub(super) struct Body<'b> {
    pub message: Option<Cow<'b, str>>,
    pub kind: Option<Cow<'b, str>>,
    pub param: Option<Cow<'b, str>>,
    /// A string, or a number as it is written.
    pub code: Option<Cow<'b, str>>,
    /// Google's word for its code; Azure's number of the status.
    pub status: Option<Cow<'b, str>>,
    /// AWS's `__type`.
    pub exception: Option<Cow<'b, str>>,
    /// JSON of any kind.
    pub inner: Option<&'b [u8]>,
    /// A list of Google's; others put anything here.
    pub details: Option<&'b [u8]>,
    /// Whether it is OpenAI's: an object whose `error` has a message and a type in words, and no `param` of another kind.
    pub whole: bool,
    /// Whether it is no text.
    pub unreadable: bool,
}

impl<'b> Body<'b> {
    /// Reads a body.
    pub fn read(bytes: &'b [u8]) -> Body<'b> {
        let mut reader = Reader { bytes, body: Body::default(), odd: false, wrapped: false };
        // What stands before a malformed place, or before the end of a body that was cut, has been read.
        let _: Result<(), Malformed> = reader.value(&mut Cursor::new(bytes));
        let Reader { mut body, odd, wrapped, .. } = reader;
        body.unreadable = std::str::from_utf8(bytes).is_err();
        body.whole = !odd && !wrapped && body.whole && body.message.is_some() && body.kind.is_some();
        if body.message.is_none() && body.code.is_none() && body.exception.is_none() {
            body.message = plain_text(bytes).map(Cow::Borrowed);
        }
        body
    }

    /// The same as an error, whose code is the exception's name before all: `error_type` is the header that names it.
    pub fn into_error(self, error_type: Option<&str>) -> CloudError {
        let exception = error_type.or(self.exception.as_deref()).map(exception_name);
        // A code is a word, a number in quotes (Azure) or a number (Google, which has a word beside it).
        let status = self.status.filter(|status| !status.starts_with(|c: char| c.is_ascii_digit()));
        let code = exception.map(str::to_owned).or(status.or(self.code).map(Cow::into_owned));
        CloudError {
            message: self.message.map(Cow::into_owned).filter(|message| !message.is_empty()),
            kind: self.kind.map(Cow::into_owned),
            param: self.param.map(Cow::into_owned),
            code,
            inner: self.inner.and_then(|inner| std::str::from_utf8(inner).ok()).map(str::to_owned),
            retry_after: None,
            blame: None,
            whole: self.whole,
            unreadable: self.unreadable,
        }
    }
}

/// `ThrottlingException:http://internal…`, `com.amazon#ThrottlingException`: the name is in the middle.
fn exception_name(text: &str) -> &str {
    let name = text.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

/// The beginning of a body that is text: no page, no JSON that says nothing, and more than a word of some proxy's
/// (`local_rate_limited`).
fn plain_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let shown = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or(text);
    let is_text = !shown.starts_with(['<', '{', '[', '"']) && shown.contains(char::is_whitespace);
    (is_text && !shown.contains(|c: char| c.is_control() && !c.is_whitespace())).then_some(shown)
}

/// Reads a body into [`Body`].
struct Reader<'b> {
    bytes: &'b [u8],
    body: Body<'b>,
    /// Whether a member was there that is not of the kind that OpenAI's shape has.
    odd: bool,
    wrapped: bool,
}

impl<'b> Reader<'b> {
    fn value(&mut self, cursor: &mut Cursor<'b>) -> Result<(), Malformed> {
        match cursor.peek() {
            // Google wraps an error in an array when a stream was asked for without SSE.
            Some(b'[') => {
                self.wrapped = true;
                cursor.array(|cursor| match cursor.peek() {
                    Some(b'{') if self.body.message.is_none() => self.envelope(cursor),
                    _ => cursor.skip().map(|_| ()),
                })
            }
            Some(b'{') => self.envelope(cursor),
            Some(b'"') => {
                self.body.message = string(cursor)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The body's object. What its `error` says goes before what stands beside it.
    fn envelope(&mut self, cursor: &mut Cursor<'b>) -> Result<(), Malformed> {
        let mut outer = Body::default();
        let read = cursor.object(|cursor, key| {
            if key.is("error") {
                match cursor.peek() {
                    Some(b'{') => {
                        self.body.whole = true;
                        self.detail(cursor)?;
                    }
                    _ => self.body.message = string(cursor)?,
                }
            } else if key.is("message") || key.is("Message") {
                keep(&mut outer.message, string(cursor)?);
            } else if key.is("detail") || key.is("errors") {
                let message = reasons(cursor)?;
                keep(&mut outer.message, message.map(Cow::Owned));
            } else if key.is("__type") {
                outer.exception = string(cursor)?;
            } else if key.is("code") || key.is("Code") {
                let code = self.word(cursor)?;
                keep(&mut outer.code, code);
            } else {
                cursor.skip()?;
            }
            Ok(())
        });
        keep(&mut self.body.message, outer.message);
        keep(&mut self.body.code, outer.code);
        keep(&mut self.body.exception, outer.exception);
        read
    }

    /// What stands under `error`.
    fn detail(&mut self, cursor: &mut Cursor<'b>) -> Result<(), Malformed> {
        cursor.object(|cursor, key| {
            if key.is("message") {
                self.body.message = string(cursor)?;
            } else if key.is("type") {
                self.body.kind = string(cursor)?;
            } else if key.is("param") {
                let odd = !matches!(cursor.peek(), Some(b'"' | b'n'));
                self.odd |= odd;
                self.body.param = if odd { self.path(cursor)? } else { string(cursor)? };
            } else if key.is("code") {
                self.body.code = self.word(cursor)?;
            } else if key.is("status") {
                self.body.status = self.word(cursor)?;
            } else if key.is("innererror") || key.is("inner_error") {
                self.body.inner = self.bytes.get(cursor.skip()?);
            } else if key.is("details") {
                self.body.details = self.bytes.get(cursor.skip()?);
            } else {
                cursor.skip()?;
            }
            Ok(())
        })
    }

    /// A string, or a number as it is written.
    fn word(&self, cursor: &mut Cursor<'b>) -> Result<Option<Cow<'b, str>>, Malformed> {
        if cursor.peek() == Some(b'"') {
            return string(cursor);
        }
        let written = self.bytes.get(cursor.skip()?).and_then(|bytes| std::str::from_utf8(bytes).ok());
        Ok(written.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).map(Cow::Borrowed))
    }

    /// A list of strings and numbers, as a path.
    fn path(&self, cursor: &mut Cursor<'b>) -> Result<Option<Cow<'b, str>>, Malformed> {
        if cursor.peek() != Some(b'[') {
            return self.word(cursor);
        }
        let mut path = Vec::new();
        cursor.array(|cursor| {
            path.extend(self.word(cursor)?);
            Ok::<_, Malformed>(())
        })?;
        Ok((!path.is_empty()).then(|| Cow::Owned(path.join("."))))
    }
}

/// Keeps the first of two.
fn keep<T>(kept: &mut Option<T>, other: Option<T>) {
    if kept.is_none() {
        *kept = other;
    }
}

/// A string; `None` for any other value.
fn string<'b>(cursor: &mut Cursor<'b>) -> Result<Option<Cow<'b, str>>, Malformed> {
    match cursor.peek() {
        Some(b'"') => Ok(cursor.string("a string")?.unescaped()),
        _ => cursor.skip().map(|_| None),
    }
}

/// The reasons that a list gives, as FastAPI does (`{"detail": [{"loc": ["body", "n"], "msg": "…"}]}`), or a string, or an
/// object with a message.
fn reasons(cursor: &mut Cursor<'_>) -> Result<Option<String>, Malformed> {
    fn one(cursor: &mut Cursor<'_>, reasons: &mut Vec<String>) -> Result<(), Malformed> {
        if cursor.peek() != Some(b'{') {
            reasons.extend(string(cursor)?.map(Cow::into_owned));
            return Ok(());
        }
        let (mut place, mut message) = (Vec::new(), None);
        cursor.object(|cursor, key| {
            if key.is("msg") || key.is("message") || key.is("error") {
                keep(&mut message, string(cursor)?);
            } else if key.is("loc") && cursor.peek() == Some(b'[') {
                cursor.array(|cursor| {
                    place.extend(string(cursor)?);
                    Ok::<_, Malformed>(())
                })?;
            } else {
                cursor.skip()?;
            }
            Ok::<_, Malformed>(())
        })?;
        reasons.extend(message.map(|message| match place.is_empty() {
            true => message.into_owned(),
            false => format!("{}: {message}", place.join(".")),
        }));
        Ok(())
    }
    let mut found = Vec::new();
    match cursor.peek() {
        Some(b'[') => cursor.array(|cursor| one(cursor, &mut found))?,
        _ => one(cursor, &mut found)?,
    }
    Ok((!found.is_empty()).then(|| found.join("; ")))
}
