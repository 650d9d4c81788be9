//! Where an HTTP/1.1 message ends: requests for the upstream, answers for the load.
//!
//! No pipelining: a message ends where its buffer ends.

use std::ops::Range;

use memchr::memmem;

/// Finds the end of one message in a buffer that grows. Make a new one for each message.
#[derive(Debug, Default)]
pub struct Reader {
    /// Everything before this offset has been understood.
    at: usize,
    body: Option<Body>,
    body_bytes: usize,
    chunks: usize,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    /// Ends at this offset of the buffer.
    Until(usize),
    Chunked,
}

/// A whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Without the framing of chunks.
    pub body_bytes: usize,
    /// 0 unless the body came in chunks.
    pub chunks: usize,
}

impl Reader {
    /// `None`: more bytes are needed. `bytes` holds the message from its first byte.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<Option<Message>, String> {
        let body = match self.body {
            Some(body) => body,
            None => {
                let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
                    return Ok(None);
                };
                let body = framing(bytes.get(..end).unwrap_or_default(), end + 4)?;
                self.at = end + 4;
                self.body = Some(body);
                body
            }
        };
        match body {
            Body::Until(end) => {
                self.body_bytes = end - self.at;
                Ok((bytes.len() >= end).then(|| self.message()))
            }
            Body::Chunked => self.chunks(bytes),
        }
    }

    /// Bytes of the body seen so far, whole chunks only.
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    fn chunks(&mut self, bytes: &[u8]) -> Result<Option<Message>, String> {
        while let Some((size, data)) = chunk(bytes, self.at)? {
            if size == 0 {
                return Ok(Some(self.message()));
            }
            self.at = data.end + 2;
            self.body_bytes += size;
            self.chunks += 1;
        }
        Ok(None)
    }

    fn message(&self) -> Message {
        Message { body_bytes: self.body_bytes, chunks: self.chunks }
    }
}

/// The status of an answer's head.
pub fn status(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()
}

fn framing(head: &[u8], end: usize) -> Result<Body, String> {
    for line in head.split(|byte| *byte == b'\n') {
        if let Some(value) = value(line, b"content-length:") {
            let length: usize = value.parse().map_err(|_| format!("content-length `{value}`"))?;
            return Ok(Body::Until(end + length));
        }
        if value(line, b"transfer-encoding:").is_some() {
            return Ok(Body::Chunked);
        }
    }
    Ok(Body::Until(end))
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| std::str::from_utf8(rest).unwrap_or_default().trim())
}

/// The size and place of the chunk whose size line starts at `at`; `None` until all of it, its line break
/// included, is there. The last chunk, of size 0, has no data and (no trailers here) the line break only.
fn chunk(bytes: &[u8], at: usize) -> Result<Option<(usize, Range<usize>)>, String> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(line) = memmem::find(rest, b"\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(rest.get(..line).unwrap_or_default()).unwrap_or_default();
    let size = usize::from_str_radix(text.trim(), 16).map_err(|_| format!("chunk size `{text}`"))?;
    let start = at + line + 2;
    let data = start..start + size;
    Ok((bytes.len() >= data.end + 2).then_some((size, data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same message whatever pieces it arrives in.
    fn read(message: &[u8]) -> Message {
        let whole = Reader::default().advance(message).unwrap().unwrap();
        let mut reader = Reader::default();
        for end in 0..message.len() {
            assert_eq!(reader.advance(&message[..end]).unwrap(), None, "at {end}");
        }
        assert_eq!(reader.advance(message).unwrap(), Some(whole));
        whole
    }

    #[test]
    fn a_length_ends_a_message() {
        let message = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(message, Message { body_bytes: 5, chunks: 0 });
    }

    #[test]
    fn an_empty_chunk_ends_a_message() {
        let message =
            read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n");
        assert_eq!(message, Message { body_bytes: 15, chunks: 2 });
    }

    #[test]
    fn a_message_without_either_ends_with_its_head() {
        assert_eq!(read(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"), Message { body_bytes: 0, chunks: 0 });
    }
}
