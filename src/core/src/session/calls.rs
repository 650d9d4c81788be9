//! Ids of tool calls that only count.
//!
//! Bedrock numbers the calls of a completion (`call_0`; Mantle in the Responses API, the runtime in chat completions, 2026-11),
//! so that ids repeat over the turns of a conversation, and clients look for a call by its id alone: OpenAI's Agents SDK ends
//! the run at one that it has seen. Such an id gets a digest of its completion behind it. Call and result bring it back both,
//! so it may stay there.

use sha2::{Digest as _, Sha256};

/// The length of the digest that tells the turns apart, in hexadecimal digits.
pub const DIGEST: usize = 16;

/// The longest id that only counts, in bytes.
pub const LONGEST: usize = 40;

/// The first digits of the digest of something, in hexadecimal.
pub fn digest(of: &[u8], digits: usize) -> String {
    let mut hex = String::with_capacity(2 * 32);
    for byte in Sha256::digest(of) {
        for nibble in [byte >> 4, byte & 0xf] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    hex.truncate(digits);
    hex
}

/// What stands behind the id of a call that only counts, as text between quotes. `completion`: the id of its completion.
pub fn suffix(id: &[u8], completion: &[u8]) -> String {
    if completion.is_empty() || id.len() > LONGEST || !is_positional(id) {
        return String::new();
    }
    let mut suffix = digest(completion, DIGEST);
    suffix.insert(0, '-');
    suffix
}

/// Whether an id only counts: it ends in one to three digits that stand alone.
pub fn is_positional(id: &[u8]) -> bool {
    let digits = id.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = id.len().checked_sub(digits + 1).and_then(|at| id.get(at));
    (1..=3).contains(&digits) && before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
}
