//! What is looked for in the blocks of a string: its end, its escapes, its characters. Bits stand for bytes, the first
//! byte's lowest.

use super::Malformed;
use super::block::Block;

/// One string, as far as it has been looked through.
pub(super) struct Scan<'j> {
    bytes: &'j [u8],
    /// Where the string begins, behind its quote.
    start: usize,
    /// Whether it holds escapes.
    pub(super) escaped: bool,
    /// 1 if a backslash stands before the first byte of the next block.
    carried: u64,
    /// Where the next block has to go on with a character that began before it.
    owed: u64,
}

impl<'j> Scan<'j> {
    #[inline(always)]
    pub(super) fn new(bytes: &'j [u8], start: usize) -> Scan<'j> {
        Scan { bytes, start, escaped: false, carried: 0, owed: 0 }
    }

    /// Whether the next block stands for itself.
    #[inline(always)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.carried | self.owed == 0
    }

    /// Looks through the block that stands at `at`: where the string ends in it, if it does.
    pub(super) fn block(&mut self, at: usize, block: Block) -> Result<Option<usize>, Malformed> {
        let ends = self.quotes(at, block)?;
        self.characters(at, block, below_first(ends))?;
        Ok((ends != 0).then(|| at + ends.trailing_zeros() as usize))
    }

    /// Where quotes stand that are not escaped. Checks the escapes before the first one.
    fn quotes(&mut self, at: usize, block: Block) -> Result<u64, Malformed> {
        if self.carried == 0 && !block.has_quotes_or_backslashes() {
            return Ok(0);
        }
        let (quotes, backslashes) = (block.are(b'"'), block.are(b'\\'));
        if self.carried | backslashes & below_first(quotes) == 0 {
            return Ok(quotes);
        }
        let escaped = self.behind_backslashes(backslashes);
        let ends = quotes & !escaped;
        let escaped = escaped & below_first(ends);
        self.escaped |= escaped != 0;
        // Nearly all escapes are these.
        let others = escaped & !(quotes | backslashes | block.are(b'n'));
        places(others).try_for_each(|place| check_escape(self.bytes, at + place))?;
        Ok(ends)
    }

    /// Which bytes are escaped: of a run of backslashes every other one is, and what follows if the run is odd. Adding
    /// a run's first bit to the run carries to the place behind it, so that no run is walked through; this is how
    /// simdjson does it (Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, section 3.1.1).
    #[inline(always)]
    fn behind_backslashes(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.carried;
        let behind = backslashes << 1 | self.carried;
        let starts_at_odd = backslashes & !EVEN & !behind;
        let (carries, over) = starts_at_odd.overflowing_add(backslashes);
        self.carried = u64::from(over);
        (EVEN ^ carries << 1) & behind
    }

    /// Checks that the bytes inside the string are UTF-8 (RFC 3629) without control characters: each byte that begins a
    /// character says how many have to go on with it, and nothing else may go on.
    fn characters(&mut self, at: usize, block: Block, inside: u64) -> Result<(), Malformed> {
        if self.owed == 0 && !block.has_odd() {
            return Ok(());
        }
        let (bytes, start) = (self.bytes, self.start);
        let continuing = block.continuing();
        let two = block.beyond_ascii() & !continuing;
        let three = block.at_least(0xe0);
        let mut due = self.owed | two << 1 | three << 2;
        self.owed = two >> 63 | three >> 62;
        let doubtful = block.doubtful();
        if doubtful != 0 {
            let four = block.at_least(0xf0);
            due |= four << 3;
            self.owed |= four >> 61;
            places(doubtful & inside).try_for_each(|place| check_doubtful(bytes, start, at + place))?;
        }
        // The place behind the last byte counts: none is due there.
        if (due ^ continuing) & (inside << 1 | 1) == 0 { Ok(()) } else { Err(not_utf8(bytes, start)) }
    }
}

/// Checks a byte that may begin no character, or not with every byte behind it, of the string that begins at `start`.
fn check_doubtful(bytes: &[u8], start: usize, at: usize) -> Result<(), Malformed> {
    match bytes.get(at..).unwrap_or_default() {
        [0..0x20, ..] => Err(Malformed { at, expected: "no control character in a string" }),
        [0xe0, 0xa0..=0xbf, ..]
        | [0xed, 0x80..=0x9f, ..]
        | [0xf0, 0x90..=0xbf, ..]
        | [0xf1..=0xf3, ..]
        | [0xf4, 0x80..=0x8f, ..] => Ok(()),
        _ => Err(not_utf8(bytes, start)),
    }
}

/// Finds the place in the string that begins at `start`.
#[cold]
fn not_utf8(bytes: &[u8], start: usize) -> Malformed {
    let text = bytes.get(start..).unwrap_or_default();
    let valid = std::str::from_utf8(text).err().map_or(0, |error| error.valid_up_to());
    Malformed { at: start + valid, expected: "UTF-8" }
}

/// Checks the escape whose letter stands at `at`.
fn check_escape(bytes: &[u8], at: usize) -> Result<(), Malformed> {
    match bytes.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
        Some(b'u') => match (at + 1..at + 5).find(|digit| !bytes.get(*digit).is_some_and(u8::is_ascii_hexdigit)) {
            Some(at) => Err(Malformed { at, expected: "four hexadecimal digits" }),
            None => Ok(()),
        },
        _ => Err(Malformed { at, expected: "an escape" }),
    }
}

/// Ones below the lowest one; everywhere, if there is none.
#[inline(always)]
fn below_first(bits: u64) -> u64 {
    bits.wrapping_sub(1) & !bits
}

/// The places of the ones, from the lowest.
#[inline(always)]
fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            place
        })
    })
}
