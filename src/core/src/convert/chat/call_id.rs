//! Ids of tool calls. A call and its result stand in the same request, so an id may be written otherwise as long as both
//! have it.
//!
//! Some clouds count the calls of a completion (`call_0`), so that ids repeat over the turns of a conversation. In a chat
//! request a result follows its call, and that is no harm; a client of the Responses API looks for a call by its id alone. Such
//! an id gets a digest of its completion behind it, which is taken off when it comes back: some models are told their own ids.

use std::borrow::Cow;

pub(super) use crate::session::calls::digest;
use crate::session::calls::{DIGEST, is_positional};

/// The longest id that chat completions take.
const MOST: usize = 64;

/// The id that a client gets of a call, as text between quotes: the cloud's own, if it tells the call from those of other
/// completions. `completion` is a digest of at least 16 digits, `place` the call's place in it.
pub(super) fn outward<'i>(id: &'i [u8], completion: &str, place: usize) -> Cow<'i, [u8]> {
    let digest = completion.get(..DIGEST).unwrap_or(completion);
    if id.is_empty() {
        Cow::Owned(format!("call_{place}-{digest}").into_bytes())
    } else if is_positional(id) {
        Cow::Owned([id, b"-", digest.as_bytes()].concat())
    } else {
        Cow::Borrowed(id)
    }
}

/// The id that a cloud gets of a call or its result, both as text between quotes.
pub(super) fn inward(id: &[u8]) -> Cow<'_, [u8]> {
    let bare = id.split_at_checked(id.len().saturating_sub(DIGEST + 1)).filter(|(before, behind)| {
        is_positional(before) && behind.strip_prefix(b"-").is_some_and(|hex| hex.iter().all(is_hex))
    });
    let id = bare.map_or(id, |(before, _)| before);
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if !id.is_empty() && id.len() <= MOST && id.iter().all(legal) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("call_{}", digest(id, 32)).into_bytes())
}

pub(super) fn is_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const ONE: &str = "0123456789abcdef0123";

    #[wasm_bindgen_test(unsupported = test)]
    fn an_id_that_only_counts_is_told_from_those_of_other_turns_and_comes_back_as_it_was() {
        for id in ["call_0", "0", "call-12", "functions.get_weather:3"] {
            let out = outward(id.as_bytes(), ONE, 0).into_owned();
            assert_ne!(out, outward(id.as_bytes(), "fedcba9876543210", 0).into_owned(), "{id}");
            assert_eq!(inward(&out), id.as_bytes(), "{id}");
        }
        assert_eq!(outward(b"", ONE, 1), &b"call_1-0123456789abcdef"[..]);
        assert_ne!(outward(b"", ONE, 1), outward(b"", ONE, 2));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn other_ids_are_kept() {
        for id in ["call_J3ajtA7qivswzXp8A9sJ7foO", "chatcmpl-tool-8f", "abc123XYZ", "call_1234", "toolu01"] {
            assert_eq!(outward(id.as_bytes(), ONE, 0), id.as_bytes(), "{id}");
            assert_eq!(inward(id.as_bytes()), id.as_bytes(), "{id}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_id_that_no_cloud_takes_becomes_a_digest_the_same_each_time() {
        let long = "x".repeat(86);
        for id in ["", "a b", "ä", &long] {
            let sent = inward(id.as_bytes()).into_owned();
            assert_eq!(sent.len(), 37, "{id}");
            assert_eq!(sent, inward(id.as_bytes()).into_owned());
        }
        assert_eq!(inward("x".repeat(64).as_bytes()), "x".repeat(64).as_bytes());
    }
}
