//! Bytes that are nearly right.

use multihome_sim::random::Random;

use crate::corpus::Corpus;

/// What is put where it does not belong.
const ODD: [&[u8]; 36] = [
    b"null",
    b"{}",
    b"[]",
    b"\"\"",
    b"-1",
    b"0",
    b"1e999",
    b"1.5",
    b"true",
    b"[{}]",
    b"[[[[",
    b"]]]]",
    b"{\"a\":",
    b"\\ud83d",
    b"\\u0022",
    b"\\",
    b"\"",
    b",",
    b":",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\ndata: ",
    b"data: [DONE]\n\n",
    b"event: error\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"99999999999999999999",
    b"18446744073709551615",
    b"\"error\":{},",
    b"\"type\":\"error\",",
    b"\"id\":\"resp_X0000000001\",",
    b"\"encrypted_content\":\"gAAAA\",",
    b"\"\\u0069d\":\"rs_1\",",
];

/// A golden's bytes with some of them changed; now and then all as they are.
pub fn spoil(corpus: &Corpus, bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let times = if random.once_in(16) {
        0
    } else {
        {
            let most = 1 + random.below(4);
            1 + random.below(most)
        }
    };
    for _ in 0..times {
        change(corpus, &mut bytes, random);
    }
    bytes
}

fn change(corpus: &Corpus, bytes: &mut Vec<u8>, random: &mut Random) {
    let (at, other) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
    let (first, last) = (at.min(other), at.max(other));
    // Half of them leave JSON what it is.
    match random.below(18) {
        0 => bytes.truncate(last),
        1 => drop(bytes.drain(first..last.min(first + 24))),
        2 => put(bytes, at, at, random.pick(&ODD)),
        3 => put(bytes, first, last.min(first + 12), random.pick(&ODD)),
        4 => {
            let again = bytes.get(first..last.min(first + 300)).unwrap_or_default().to_vec();
            put(bytes, other, other, &again);
        }
        5 | 6 => {
            if let Some((start, end)) = value(bytes, at) {
                put(bytes, start, end, random.pick(&ODD));
            }
        }
        7..15 => {
            if let Some((start, end)) = string(bytes, at) {
                put(bytes, start, end, corpus.word(random));
            }
        }
        15 => {
            // The end of another one.
            let tail = corpus.any(random).map(|golden| golden.bytes.clone()).unwrap_or_default();
            bytes.truncate(at);
            bytes.extend_from_slice(tail.get(random.below(tail.len())..).unwrap_or_default());
        }
        16 => {
            // A member or a line of its own, twice or at another place.
            let cut = |from: usize| bytes.iter().skip(from).position(|byte| matches!(byte, b',' | b'\n'));
            let end = cut(first).map_or(first, |length| first + length + 1);
            let moved: Vec<u8> = bytes.get(first..end).unwrap_or_default().to_vec();
            put(bytes, other, other, &moved);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.next() as u8;
            }
        }
    }
}

/// What stands between a colon behind `from` and the end of a short value.
fn value(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let start = from + bytes.get(from..)?.iter().position(|byte| *byte == b':')? + 1;
    let end = start + bytes.get(start..)?.iter().position(|byte| b",}]".contains(byte))?;
    Some((start, end))
}

/// A string behind `from`, with its quotes; or what stands between two.
fn string(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let start = from + bytes.get(from..)?.iter().position(|byte| *byte == b'"')?;
    let end = start + 1 + bytes.get(start + 1..)?.iter().position(|byte| *byte == b'"')? + 1;
    Some((start, end))
}

fn put(bytes: &mut Vec<u8>, from: usize, to: usize, new: &[u8]) {
    if from <= to && to <= bytes.len() {
        bytes.splice(from..to, new.iter().copied());
    }
}

/// The same bytes in pieces: in a few, or in very many.
pub fn cut(whole: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
    let most = if random.once_in(8) { whole.len() } else { 6 };
    let pieces = 1 + random.below(most);
    random.cut(whole, pieces)
}

/// The same stream, but one of its events comes again and again, until there are so many bytes; in half of them with
/// another number each time.
pub fn lengthen(stream: &[u8], most: usize, random: &mut Random) -> Vec<u8> {
    let ends: Vec<usize> =
        stream.windows(2).enumerate().filter(|(_, two)| *two == b"\n\n").map(|(at, _)| at + 2).collect();
    let which = random.below(ends.len());
    let end = ends.get(which).copied().unwrap_or(stream.len());
    let start = which.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    let (before, event) = (stream.get(..start).unwrap_or_default(), stream.get(start..end).unwrap_or_default());
    let digits: Vec<usize> =
        event.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(at, _)| at).collect();
    let digit = digits.get(random.below(digits.len())).copied().filter(|_| random.once_in(2));
    let mut long = before.to_vec();
    let mut number = 0_u32;
    while long.len() < most && !event.is_empty() {
        match digit.and_then(|digit| event.split_at_checked(digit)) {
            Some((head, tail)) => {
                long.extend_from_slice(head);
                long.extend_from_slice(number.to_string().as_bytes());
                long.extend_from_slice(tail.get(1..).unwrap_or_default());
                number += 1;
            }
            None => long.extend_from_slice(event),
        }
    }
    long.extend_from_slice(stream.get(end..).unwrap_or_default());
    long
}
