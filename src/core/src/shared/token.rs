//! Google's access token: fetched once per Envoy, ahead of its end, and never used after it.
//!
//! Every worker ticks; the token and a lease stand in data that they share. Who takes the lease fetches,
//! the others read. Times are milliseconds since 1970.

use std::borrow::Cow;

use super::Store;
use super::lease::Lease;
use crate::json::{Cursor, Malformed};

/// The key of the token in the shared data.
const KEY: &str = "multihome.gcp.token";
/// Who has it fetches, the others read.
pub const LEASE: Lease = Lease { key: "multihome.gcp.lease" };
/// How often a worker looks.
pub const TICK_MS: u64 = 250;
/// How long one worker may fetch before another may.
const LEASE_MS: u64 = 5_000;
/// How soon after a fetch that brought no token another may begin.
const RETRY_MS: u64 = 1_000;
/// How long a fetch may take.
pub const FETCH_MS: u64 = 3_000;
/// The path of the default service account's token. Source: google-auth `compute_engine/_metadata.py` (2026-11).
pub const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
/// The longest token that is kept.
const MOST_TOKEN: usize = 16 << 10;

/// An access token and the times that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// From when on a new one is fetched.
    refresh_at: u64,
    /// From when on it must not be used.
    useless_at: u64,
    value: String,
}

impl Token {
    /// Reads the metadata server's response.
    ///
    /// A token is used until shortly before its end, so that it does not end on its way, and renewed while a
    /// fifth of its time, at most five minutes, is left: the server itself hands out a new one from then on.
    pub fn from_response(status: u16, body: &[u8], now: u64) -> Option<Token> {
        let (value, expires_in) = (status == 200).then(|| read(body))??;
        let lifetime = (expires_in * 1000.0) as u64;
        let sound = !value.is_empty() && value.len() <= MOST_TOKEN && value.bytes().all(|byte| byte.is_ascii_graphic());
        let useless_at = now.checked_add(lifetime)?.saturating_sub((lifetime / 10).min(10_000));
        let refresh_at = now.checked_add(lifetime)?.saturating_sub((lifetime / 5).min(300_000));
        (sound && lifetime > 0).then(|| Token { refresh_at, useless_at, value: value.into_owned() })
    }

    /// The value of the `authorization` header, while it may be used.
    pub fn authorization(&self, now: u64) -> Option<String> {
        self.usable(now).then(|| format!("Bearer {}", self.value))
    }

    /// Whether it may be used.
    pub fn usable(&self, now: u64) -> bool {
        now < self.useless_at
    }

    /// As it stands in the shared data.
    pub fn to_shared(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.value.len());
        bytes.extend_from_slice(&self.refresh_at.to_le_bytes());
        bytes.extend_from_slice(&self.useless_at.to_le_bytes());
        bytes.extend_from_slice(self.value.as_bytes());
        bytes
    }

    /// Reads it back.
    pub fn from_shared(bytes: &[u8]) -> Option<Token> {
        let (refresh_at, rest) = bytes.split_first_chunk::<8>()?;
        let (useless_at, value) = rest.split_first_chunk::<8>()?;
        Some(Token {
            refresh_at: u64::from_le_bytes(*refresh_at),
            useless_at: u64::from_le_bytes(*useless_at),
            value: String::from_utf8(value.to_vec()).ok()?,
        })
    }
}

/// The token and its lifetime in seconds, where a body has both, once.
fn read(body: &[u8]) -> Option<(Cow<'_, str>, f64)> {
    let (mut value, mut expires_in) = (None, None);
    let mut cursor = Cursor::new(body);
    let read = cursor.object(|cursor, key| {
        let expected = "the only one";
        if key.is("access_token") {
            let text = cursor.string("a token")?.unescaped();
            if value.replace(text).is_some() {
                return Err(Malformed { at: cursor.at(), expected });
            }
        } else if key.is("expires_in") {
            let number = cursor.number()?;
            if expires_in.replace(number).is_some() {
                return Err(Malformed { at: cursor.at(), expected });
            }
        } else {
            cursor.skip()?;
        }
        Ok::<(), Malformed>(())
    });
    read.and_then(|()| cursor.end()).ok()?;
    Some((value??, expires_in??))
}

/// Whether this worker fetches now: there is no token, or it is to be renewed, and nobody else does.
pub fn should_fetch(store: &impl Store, known: Option<&Token>, now: u64) -> bool {
    known.is_none_or(|token| now >= token.refresh_at) && LEASE.take(store, now, LEASE_MS)
}

/// Shares what the metadata server responded with; status 0 where the call failed. Says whether it was a token: if not,
/// another fetch may begin soon. Whoever fetched has the lease, and a fetch is over before its lease is.
pub fn receive(store: &impl Store, status: u16, body: &[u8], now: u64) -> bool {
    let token = Token::from_response(status, body, now);
    match &token {
        Some(token) => {
            store.put(KEY, &token.to_shared(), 0);
        }
        None => LEASE.shorten(store, now, RETRY_MS),
    }
    token.is_some()
}

/// The token that the workers share.
pub fn shared(store: &impl Store) -> Option<Token> {
    Token::from_shared(&store.get(KEY).0?)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const RESPONSE: &[u8] = br#"{"access_token":"ya29.x","expires_in":3600,"token_type":"Bearer"}"#;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_token_is_renewed_ahead_of_its_end_and_not_used_after_it() {
        let token = Token::from_response(200, RESPONSE, 1_000).unwrap();
        assert_eq!(token.refresh_at, 1_000 + 3_300_000);
        assert_eq!(token.authorization(1_000 + 3_589_000).as_deref(), Some("Bearer ya29.x"));
        assert_eq!(token.authorization(1_000 + 3_590_000), None);
        assert_eq!(Token::from_shared(&token.to_shared()), Some(token));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn refuses_a_response_that_is_no_token() {
        for (status, body) in [
            (500, RESPONSE),
            (200, &b"{}"[..]),
            (200, b""),
            (200, br#"{"access_token":"","expires_in":3600}"#),
            (200, br#"{"access_token":"a b","expires_in":3600}"#),
            (200, br#"{"access_token":"x","expires_in":0}"#),
            (200, br#"{"access_token":"x","expires_in":-5}"#),
            (200, br#"{"access_token":"x\r\nhost: y","expires_in":3600}"#),
        ] {
            assert_eq!(Token::from_response(status, body, 0), None, "{}", String::from_utf8_lossy(body));
        }
    }
}
