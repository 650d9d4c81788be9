//! API keys: what one of ours looks like, and the digest by which every key is known. No file holds a key.

use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// How every key of ours begins, so that people and scanners know one where they find it.
pub const PREFIX: &str = "mh-";

/// The digits of base 62, as GitHub's tokens have them: one word for whoever selects it, and nothing to quote or encode.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 256 bits.
const SECRET_DIGITS: usize = 43;
/// 32 bits.
const CHECK_DIGITS: usize = 6;

/// The longest key that is looked up.
pub const LONGEST: usize = 512;

/// Makes a key out of 256 bits that nobody can guess.
///
/// ```
/// use multihome_core::key;
///
/// let key = key::make([7; 32]);
/// assert_eq!(key.len(), "mh-".len() + 43 + 6);
/// assert!(!key::is_mistyped(key.as_bytes()));
/// ```
pub fn make(mut secret: [u8; 32]) -> String {
    let mut key = PREFIX.to_owned();
    for _ in 0..SECRET_DIGITS {
        let mut rest = 0_u32;
        for byte in &mut secret {
            let value = (rest << 8) | u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        key.push(digit(rest));
    }
    let check = check_digits(key.as_bytes());
    key.extend(check);
    key
}

/// Whether `key` calls itself one of ours and cannot be: a letter is missing, too many, or another one.
pub fn is_mistyped(key: &[u8]) -> bool {
    if !is_ours(key) {
        return false;
    }
    let secret = PREFIX.len() + SECRET_DIGITS;
    match key.split_at_checked(secret) {
        Some((secret, check)) => !check.iter().copied().map(char::from).eq(check_digits(secret)),
        None => true,
    }
}

/// Whether `key` calls itself one of ours.
pub fn is_ours(key: &[u8]) -> bool {
    key.starts_with(PREFIX.as_bytes())
}

fn check_digits(of: &[u8]) -> [char; CHECK_DIGITS] {
    let mut left = crc32(of);
    [(); CHECK_DIGITS].map(|()| {
        let last = left % 62;
        left /= 62;
        digit(last)
    })
}

fn digit(value: u32) -> char {
    DIGITS.get(value as usize).copied().map_or('0', char::from)
}

/// CRC-32 as zip and Ethernet have it, half a byte at a time.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 4) ^ CRC_OF_HALVES.get((crc & 15) as usize).copied().unwrap_or_default();
    !bytes.iter().fold(!0, |crc, byte| step(step(crc ^ u32::from(*byte))))
}

/// What four bits more do to a checksum.
const CRC_OF_HALVES: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

/// The SHA-256 of a key. Two are compared in a time that does not tell where they differ.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a key.
    pub fn of(key: &[u8]) -> Digest {
        Digest(Sha256::digest(key).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Digest> {
        let mut digits = text.chars().map(|digit| digit.to_digit(16));
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            let (high, low) = (digits.next()??, digits.next()??);
            *byte = (high << 4 | low) as u8;
        }
        digits.next().is_none().then_some(Digest(bytes))
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Digest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.first_chunk::<8>().copied().unwrap_or_default();
        state.write_u64(u64::from_le_bytes(first));
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes a map of [`Digest`]s find them by their own bits, which are as good as any hash of them.
pub type ByItself = BuildHasherDefault<Itself>;

/// See [`ByItself`].
#[derive(Debug, Default)]
pub struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |bits, byte| bits.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn computes_what_everyone_does() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the published check value");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), abc, "FIPS 180-2, B.1");
        assert_eq!(Digest::parse(abc), Some(Digest::of(b"abc")));
        assert_eq!(Digest::parse(&abc.to_uppercase()), Some(Digest::of(b"abc")));
        for wrong in
            ["", abc.trim_start_matches('b'), &format!("{abc}0"), &abc.replace('a', "g"), &abc.replace('a', "ä")]
        {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_key_holds_all_of_its_secret() {
        assert_eq!(make([0; 32]), format!("mh-{}{}", "0".repeat(43), "YhitP2"));
        let mut keys: Vec<String> = Vec::new();
        for bit in 0..256_usize {
            let mut secret = [0_u8; 32];
            secret[bit / 8] = 1 << (bit % 8);
            keys.push(make(secret));
        }
        keys.extend([make([0; 32]), make([255; 32])]);
        assert!(keys.iter().all(|key| key.len() == 52 && key.bytes().skip(3).all(|byte| DIGITS.contains(&byte))));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 258, "each bit makes another key");
    }

    /// Every slip of one letter, and of two neighbours, in every place.
    #[wasm_bindgen_test(unsupported = test)]
    fn check_digits_find_each_slip() {
        let key = make([0x5a; 32]);
        assert!(!is_mistyped(key.as_bytes()) && !is_mistyped(b"sk-anything") && !is_mistyped(b""));
        for place in PREFIX.len()..key.len() {
            for digit in DIGITS.iter().filter(|digit| **digit != key.as_bytes()[place]) {
                let mut other = key.clone().into_bytes();
                other[place] = *digit;
                assert!(is_mistyped(&other));
            }
            let mut swapped = key.clone().into_bytes();
            if place + 1 < swapped.len() && swapped[place] != swapped[place + 1] {
                swapped.swap(place, place + 1);
                assert!(is_mistyped(&swapped));
            }
            assert!(is_mistyped(&key.as_bytes()[..place]));
        }
        assert!(is_mistyped(format!("{key}0").as_bytes()) && is_mistyped(b"mh-"));
    }
}
