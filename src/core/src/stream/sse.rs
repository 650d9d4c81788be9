//! Server-sent events (WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6), as far as streams of completions use them: an
//! event has a name and data. `id` and `retry` are for browsers that connect again, which no client of a POST does.
//!
//! Where the bytes are cut makes no difference. An event that lies whole in one piece, in one line of data, is borrowed.

/// The most bytes of an event that is cut; the longest that clouds send is the whole response at a stream's end.
pub const MOST_EVENT: usize = 4 << 20;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'e> {
    /// What its `event` says; empty if it says nothing.
    pub name: &'e [u8],
    /// Its data.
    pub data: &'e [u8],
}

/// An event is longer than [`MOST_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Takes a stream apart.
///
/// ```
/// use multihome_core::stream::sse::Events;
///
/// let mut events = Events::default();
/// let mut data = Vec::new();
/// for piece in ["data: {\"a\"", ":1}\n", "\ndata: [DONE]\n\n"] {
///     events.push(piece.as_bytes(), |event| data.push(event.data.to_vec())).unwrap();
/// }
/// assert_eq!(data, [&b"{\"a\":1}"[..], b"[DONE]"]);
/// ```
#[derive(Debug, Default)]
pub struct Events {
    /// The lines of an event that is not whole yet, and the start of the next line.
    held: Vec<u8>,
    /// Whether the latest piece ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Whether something of the stream was seen: a byte order mark stands at its start only.
    begun: bool,
}

impl Events {
    /// Reads a piece, handing out each event that is whole now.
    ///
    /// # Errors
    /// An event that is too long; the stream cannot be read any further then.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        let mut piece = piece;
        if self.after_cr && !piece.is_empty() {
            self.after_cr = false;
            piece = piece.strip_prefix(b"\n").unwrap_or(piece);
        }
        while let Some(length) = self.event_end(piece) {
            let (whole, rest) = piece.split_at(length);
            piece = rest;
            if self.held.is_empty() {
                self.hand_out(whole, &mut each);
            } else {
                let mut held = std::mem::take(&mut self.held);
                held.extend_from_slice(whole);
                self.hand_out(&held, &mut each);
            }
        }
        if self.held.len().saturating_add(piece.len()) > MOST_EVENT {
            return Err(TooLong);
        }
        self.held.extend_from_slice(piece);
        Ok(())
    }

    /// The bytes of an event that is not whole yet. What a stream ends in without an empty line is no event.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Where in the piece the first event ends: behind the line end that makes an empty line. Notes whether that is a CR at
    /// the end of the piece.
    fn event_end(&mut self, piece: &[u8]) -> Option<usize> {
        // A line begins where an event begins; and behind a line end that is held.
        let mut line_start = self.held.last().is_none_or(|last| matches!(last, b'\n' | b'\r'));
        let mut at = 0;
        loop {
            let rest = piece.get(at..)?;
            match rest.first()? {
                b'\n' | b'\r' if line_start => {
                    let crlf = rest.starts_with(b"\r\n");
                    self.after_cr = rest == b"\r";
                    return Some(at + if crlf { 2 } else { 1 });
                }
                _ => {}
            }
            let end = memchr::memchr2(b'\n', b'\r', rest)?;
            at += end + 1;
            if piece.get(at - 1..=at) == Some(b"\r\n") {
                at += 1;
            } else if piece.len() == at && piece.ends_with(b"\r") {
                // An LF that follows in the next piece ends no line of its own.
                self.after_cr = true;
            }
            line_start = true;
        }
    }

    fn hand_out(&mut self, lines: &[u8], each: &mut impl FnMut(Event<'_>)) {
        let begun = std::mem::replace(&mut self.begun, true);
        let lines = if begun { lines } else { lines.strip_prefix(b"\xef\xbb\xbf").unwrap_or(lines) };
        let (mut name, mut first, mut joined): (&[u8], Option<&[u8]>, Vec<u8>) = (b"", None, Vec::new());
        for line in lines.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let (field, value) = line.split_at_checked(colon).unwrap_or((line, b""));
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match (field, first) {
                (b"event", _) => name = value,
                (b"data", None) => first = Some(value),
                (b"data", Some(first)) => {
                    if joined.is_empty() {
                        joined.extend_from_slice(first);
                    }
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
                _ => {}
            }
        }
        // An event without data is none.
        if let Some(first) = first {
            each(Event { name, data: if joined.is_empty() { first } else { &joined } });
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    type Read = Vec<(Vec<u8>, Vec<u8>)>;

    fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Read {
        let (mut events, mut read) = (Events::default(), Read::new());
        for piece in pieces {
            events.push(piece, |event| read.push((event.name.to_vec(), event.data.to_vec()))).unwrap();
        }
        read
    }

    const STREAMS: &[(&str, &[(&str, &str)])] = &[
        ("data: {}\n\n", &[("", "{}")]),
        ("event: a\ndata: 1\n\ndata: 2\n\n", &[("a", "1"), ("", "2")]),
        ("data: 1\nevent: a\n\n", &[("a", "1")]),
        ("data:1\n\ndata:  2\n\n", &[("", "1"), ("", " 2")]),
        ("data: 1\r\n\r\ndata: 2\r\n\r\n", &[("", "1"), ("", "2")]),
        ("data: 1\r\rdata: 2\r\r", &[("", "1"), ("", "2")]),
        ("data: 1\ndata: 2\ndata\n\n", &[("", "1\n2\n")]),
        ("data\ndata: 2\n\n", &[("", "\n2")]),
        (": hello\n\n:\ndata: 1\n: there\n\n", &[("", "1")]),
        ("event: a\n\ndata: 1\n\n", &[("", "1")]),
        ("id: 7\nretry: 5\nunknown\ndata: 1\n\n\n\n", &[("", "1")]),
        ("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &[("", "1")]),
        ("data: 1", &[]),
        ("data: 1\n", &[]),
        ("", &[]),
    ];

    #[wasm_bindgen_test(unsupported = test)]
    fn events_are_the_same_however_the_bytes_are_cut() {
        for (stream, expected) in STREAMS {
            let bytes = stream.as_bytes();
            let expected: Read =
                expected.iter().map(|(name, data)| (name.as_bytes().to_vec(), data.as_bytes().to_vec())).collect();
            assert_eq!(read([bytes]), expected, "{stream:?}");
            assert_eq!(read(bytes.chunks(1)), expected, "{stream:?} byte by byte");
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(read(pieces), expected, "{stream:?} cut at {first} and {second}");
                }
            }
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_event_without_an_end_is_not_held_for_ever() {
        let (mut events, line) = (Events::default(), [b'a'; 1 << 16]);
        let pushed = (0..).take_while(|_| events.push(&line, |_| {}).is_ok()).take(1000).count();
        assert_eq!(pushed, MOST_EVENT >> 16);
        assert_eq!(events.held_bytes(), MOST_EVENT);
    }
}
