//! HTTP messages, and how they are written down in a case.
//!
//! ```text
//! @chunks 10 3                     how it is cut into parts, and what else is special about it
//! POST /v1/chat/completions        a request's method and path, or an answer's status
//! content-type: application/json   headers; `\xff` is a byte
//!
//! {"model": …}                     the body; the line break at the end of the file is none of its bytes
//! ```

use crate::chain::Piece;
use crate::headers::{Headers, SharedHeaders};

/// A message, as a peer sends it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its headers, those that begin with a colon first.
    pub headers: Headers,
    /// Its body, in the parts in which it comes. None is a message without a body.
    pub chunks: Vec<Vec<u8>>,
    /// Its trailers.
    pub trailers: Option<Headers>,
}

/// A message as it is written down.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// What is special: words without their `@`, with the rest of their line.
    pub marks: Vec<(String, String)>,
    /// The message.
    pub message: Message,
}

impl Message {
    /// The parts in which a chain gets it. The headers are an object that others may hold.
    pub fn pieces(&self, headers: &SharedHeaders) -> Vec<Piece> {
        let last = self.trailers.is_none();
        let mut pieces = vec![Piece::Headers(SharedHeaders::clone(headers), last && self.chunks.is_empty())];
        for (index, chunk) in self.chunks.iter().enumerate() {
            pieces.push(Piece::Data(chunk.clone(), last && index + 1 == self.chunks.len()));
        }
        pieces.extend(self.trailers.clone().map(|trailers| Piece::Trailers(trailers.into_shared())));
        pieces
    }
}

impl Written {
    /// Reads a message.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn parse(bytes: &[u8]) -> Result<Written, String> {
        let mut written = Written::default();
        let mut rest = bytes;
        let mut started = false;
        let mut body = None;
        while let Some((line, after)) = take_line(rest) {
            rest = after;
            if line.is_empty() {
                body = Some(rest.strip_suffix(b"\n").unwrap_or(rest).to_vec());
                break;
            }
            let line = std::str::from_utf8(line).map_err(|_| "a head that is not UTF-8".to_owned())?;
            if let Some(mark) = line.strip_prefix('@') {
                let (word, more) = mark.split_once(' ').unwrap_or((mark, ""));
                written.marks.push((word.to_owned(), more.to_owned()));
            } else if started {
                let (name, value) = split_header(line)?;
                written.message.headers.add(name, value);
            } else {
                started = true;
                written.message.headers = start(line)?;
            }
        }
        written.apply(body)?;
        Ok(written)
    }

    /// Whether it is marked so.
    pub fn has(&self, word: &str) -> bool {
        self.mark(word).is_some()
    }

    /// The rest of the line of a mark.
    pub fn mark(&self, word: &str) -> Option<&str> {
        self.marks.iter().find(|(known, _)| known == word).map(|(_, more)| more.as_str())
    }

    /// The number of a mark.
    pub fn number(&self, word: &str) -> Option<usize> {
        self.mark(word)?.trim().parse().ok()
    }

    fn apply(&mut self, body: Option<Vec<u8>>) -> Result<(), String> {
        if let Some(mut body) = body {
            body.resize(body.len() + self.number("fill").unwrap_or(0), b'x');
            self.message.chunks = chunks(body, self.mark("chunks").unwrap_or(""))?;
        }
        if self.has("empty-end") {
            self.message.chunks.push(Vec::new());
        }
        for (word, more) in &self.marks {
            if word == "trailer" {
                let (name, value) = split_header(more)?;
                self.message.trailers.get_or_insert_default().add(name, value);
            }
        }
        Ok(())
    }
}

fn take_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let line = parts.next()?;
    (!bytes.is_empty()).then(|| (line, parts.next().unwrap_or_default()))
}

fn start(line: &str) -> Result<Headers, String> {
    match line.split_once(' ') {
        Some((method, path)) => Ok(Headers::of(&[
            (":method", method),
            (":scheme", "http"),
            (":authority", "multihome.example"),
            (":path", path),
        ])),
        None if line.len() == 3 && line.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Headers::of(&[(":status", line)]))
        }
        None => Err(format!("`{line}` is neither a method and a path nor a status")),
    }
}

fn split_header(line: &str) -> Result<(&str, Vec<u8>), String> {
    let (name, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no header"))?;
    Ok((name, unescape(value)))
}

/// `\xff` is a byte; anything else means itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in text.split("\\x").enumerate() {
        let byte = part.get(..2).filter(|_| index > 0).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    bytes
}

/// `3 5` is two parts of that length and the rest; `each 7` parts of that length.
fn chunks(body: Vec<u8>, plan: &str) -> Result<Vec<Vec<u8>>, String> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is no length"));
    if let Some(each) = plan.strip_prefix("each ") {
        return Ok(body.chunks(number(each)?.max(1)).map(<[u8]>::to_vec).collect());
    }
    let mut parts = Vec::new();
    let mut rest = body.as_slice();
    for length in plan.split_whitespace() {
        let (part, after) = rest.split_at_checked(number(length)?).ok_or("more chunks than body")?;
        parts.push(part.to_vec());
        rest = after;
    }
    parts.push(rest.to_vec());
    Ok(parts)
}

/// Writes a message down: marks, headers, and the body with a line break behind it.
pub fn write(marks: &[&str], headers: &Headers, body: &[u8], trailers: Option<&Headers>) -> Vec<u8> {
    let mut text = Vec::new();
    let mut line = |parts: &[&[u8]]| {
        parts.iter().for_each(|part| text.extend_from_slice(part));
        text.push(b'\n');
    };
    marks.iter().for_each(|mark| line(&[b"@", mark.as_bytes()]));
    for (name, value) in trailers.into_iter().flat_map(Headers::iter) {
        line(&[b"@trailer ", name, b": ", escape(value).as_bytes()]);
    }
    for (name, value) in headers.iter() {
        line(&[name, b": ", escape(value).as_bytes()]);
    }
    if !body.is_empty() {
        line(&[b""]);
        line(&[body]);
    }
    text
}

fn escape(value: &[u8]) -> String {
    let shown = |byte: &u8| {
        if byte.is_ascii_graphic() || *byte == b' ' { (*byte as char).to_string() } else { format!("\\x{byte:02x}") }
    };
    value.iter().map(shown).collect()
}
