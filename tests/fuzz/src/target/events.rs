//! Streams that are taken apart.

use multihome_core::stream::sse::{Events, MOST_EVENT};
use multihome_sim::random::Random;

use crate::corpus::Corpus;
use crate::judge::{rule, shown};
use crate::spoil::{cut, spoil};

/// The name and the data of an event.
type Read = Vec<(Vec<u8>, Vec<u8>)>;

/// The events are those that the specification says, wherever the bytes are cut.
pub fn check(corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let direction = random.pick(&["responses/events", "chat/events"]);
    let mut stream = spoil(corpus, &corpus.golden(direction, random).bytes, random);
    match random.below(6) {
        0 => stream = ends(&stream, b"\r\n"),
        1 => stream = ends(&stream, b"\r"),
        2 => {
            // Every line end another one.
            const ENDS: [&[u8]; 3] = [b"\r\n", b"\r", b"\n"];
            let lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
            stream = lines.iter().flat_map(|line| [*line, random.pick(&ENDS)].concat()).collect();
        }
        _ => {}
    }
    let expected = by_the_book(&stream);
    for pieces in [vec![stream.clone()], cut(&stream, random)] {
        let read = read(&pieces)?;
        rule(read == expected, || {
            let at = pieces.iter().map(Vec::len).collect::<Vec<_>>();
            format!("cut into {at:?} they are\n{read:?}\nand not\n{expected:?}\nof {}", shown(&stream))
        })?;
    }
    Ok(!expected.is_empty())
}

fn ends(stream: &[u8], end: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    lines.join(end)
}

fn read(pieces: &[Vec<u8>]) -> Result<Read, String> {
    let (mut events, mut read) = (Events::default(), Read::new());
    for piece in pieces {
        let pushed = events.push(piece, |event| read.push((event.name.to_vec(), event.data.to_vec())));
        rule(pushed.is_ok() && events.held_bytes() <= MOST_EVENT, || {
            format!("{} bytes are held", events.held_bytes())
        })?;
    }
    Ok(read)
}

/// As WHATWG HTML 9.2.6 interprets a stream, line by line.
fn by_the_book(stream: &[u8]) -> Read {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let (mut read, mut name, mut data) = (Read::new(), Vec::new(), Vec::new());
    let mut line: Vec<u8> = Vec::new();
    let mut bytes = stream.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if !matches!(byte, b'\n' | b'\r') {
            line.push(byte);
            continue;
        }
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
        }
        let field = std::mem::take(&mut line);
        if field.is_empty() {
            let (name, mut data) = (std::mem::take(&mut name), std::mem::take(&mut data));
            // Each line of data has put a line end behind it; without any there is no event.
            if data.pop().is_some() {
                read.push((name, data));
            }
            continue;
        }
        let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
        let value = field.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field.get(..colon) {
            Some(b"event") => name = value.to_vec(),
            Some(b"data") => {
                data.extend_from_slice(value);
                data.push(b'\n');
            }
            _ => {}
        }
    }
    read
}
