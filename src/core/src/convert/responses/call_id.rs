//! Ids of tool calls, as a target of OpenAI's takes them.

use sha2::{Digest, Sha256};

use super::super::raw::Raw;
use crate::json::Writer;

/// The longest id of a call that the Responses API takes, in characters. Histories that another vendor's model made
/// hold longer ones.
const LONGEST: usize = 64;

/// Writes the id of a call, or of a result: a longer one is replaced by its digest, which is the same in both.
pub(super) fn write(id: Raw<'_>, json: &mut Writer<'_>) {
    let inner = id.inner().unwrap_or_default();
    if inner.len() <= LONGEST {
        json.raw(id.bytes());
        return;
    }
    json.begin_string().text("call_");
    for byte in Sha256::digest(inner).iter().take(16) {
        let hex = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        json.raw_text(&[hex(byte >> 4), hex(byte & 0xf)]);
    }
    json.end_string();
}
