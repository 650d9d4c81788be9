//! What a request brings as a credential: a key, or a token, in one of two headers.

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};

/// The one credential of a request.
///
/// # Errors
/// 401 for two of them.
pub(super) fn read<'h>(inbound: &Inbound<'h>) -> Result<Option<&'h [u8]>, ApiError> {
    let bearer = once("authorization", inbound.authorization.reveal())?.and_then(bearer);
    let plain = once("api-key", inbound.api_key.reveal())?.and_then(plain);
    match (bearer, plain) {
        (Some(bearer), Some(plain)) if bearer != plain => {
            let message =
                "The request brings two different credentials, one in `authorization` and one in `api-key`: send one.";
            Err(ApiError::new(401, "conflicting_credentials", message))
        }
        (Some(credential), _) | (None, Some(credential)) => Ok(Some(credential)),
        (None, None) => Ok(None),
    }
}

/// Whether a request brings what is to be verified as a token. What Envoy found of it has to be noted then.
pub fn brings_token(inbound: &Inbound<'_>) -> bool {
    let looks = |header: Single<'_>, part: fn(&[u8]) -> Option<&[u8]>| match header {
        Single::Once(value) => part(value).is_some_and(is_token),
        Single::Absent | Single::Repeated => false,
    };
    looks(inbound.authorization.reveal(), bearer) || looks(inbound.api_key.reveal(), plain)
}

/// Whether a credential is a token (JWT) by its form: three parts of base64url, of which the first is a JSON object. Whether
/// it holds, this does not say.
pub(super) fn is_token(credential: &[u8]) -> bool {
    let mut parts = credential.split(|byte| *byte == b'.');
    let (header, payload, signature) = (parts.next(), parts.next(), parts.next());
    let is_part = |part: &[u8]| part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_some = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && is_part(part));
    // `{`, and a quote, a space or the end of a line.
    let begins = header.is_some_and(|header| header.starts_with(b"ey") || header.starts_with(b"ew"));
    begins && is_some(header) && is_some(payload) && signature.is_some_and(is_part) && parts.next().is_none()
}

fn once<'h>(name: &str, header: Single<'h>) -> Result<Option<&'h [u8]>, ApiError> {
    match header {
        Single::Absent => Ok(None),
        Single::Once(value) => Ok(Some(value)),
        Single::Repeated => {
            let message = format!("Header `{name}` stands more than once: send one credential.");
            Err(ApiError::new(401, "conflicting_credentials", message))
        }
    }
}

/// The token of `Bearer TOKEN`. Another scheme is not for us.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let authorization = authorization.trim_ascii();
    let (scheme, token) = authorization.split_at_checked("bearer".len())?;
    let parted = token.first().is_some_and(u8::is_ascii_whitespace);
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && parted && !token.is_empty()).then_some(token)
}

/// All of `api-key`.
fn plain(key: &[u8]) -> Option<&[u8]> {
    let key = key.trim_ascii();
    (!key.is_empty()).then_some(key)
}
