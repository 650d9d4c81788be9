//! API keys: what a request presents, and whose it is.

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Config, Key};
use crate::key::{self, Digest};

/// What a request presents as a key.
#[derive(Debug)]
pub(super) enum Presented<'c> {
    /// Nothing that could be one.
    Nothing,
    /// A key of a tenant.
    Key(&'c Key),
    /// What no tenant has and what does not call itself a key of ours.
    Stranger,
}

/// Reads the request's key, and finds whose it is. A key that is nearly right takes the way of any that is not: one digest,
/// and one look at the table. Only one that calls itself ours and is mistyped ends before that, which tells nothing that its
/// letters do not.
///
/// # Errors
/// 401 for two credentials, and for a key of ours that does not hold.
pub(super) fn read<'c>(
    config: &'c Config,
    inbound: &Inbound<'_>,
    now: &dyn Fn() -> u64,
) -> Result<Presented<'c>, ApiError> {
    let bearer = once("authorization", inbound.authorization.reveal())?.and_then(bearer);
    let plain = once("api-key", inbound.api_key.reveal())?.map(<[u8]>::trim_ascii).filter(|key| !key.is_empty());
    let presented = match (bearer, plain) {
        (Some(bearer), Some(plain)) if bearer != plain => {
            let message =
                "The request brings two different credentials, one in `authorization` and one in `api-key`: send one.";
            return Err(ApiError::new(401, "conflicting_credentials", message));
        }
        (Some(key), _) | (None, Some(key)) => key,
        (None, None) => return Ok(Presented::Nothing),
    };
    if key::is_mistyped(presented) {
        let message = "This is no whole API key: its check digits do not fit. Copy it again.";
        return Err(ApiError::new(401, "invalid_api_key", message));
    }
    // Nothing so long is a key; a digest of it would only cost.
    if presented.len() > key::LONGEST {
        return Ok(Presented::Stranger);
    }
    match config.keys.find(Digest::of(presented)) {
        Some(key) if key.has_expired(now) => {
            Err(ApiError::new(401, "expired_api_key", "This API key has expired: ask for a new one."))
        }
        Some(key) => Ok(Presented::Key(key)),
        None if key::is_ours(presented) => Err(unknown(None)),
        None => Ok(Presented::Stranger),
    }
}

/// A key that is nobody's. `header` is the header that could name the tenant instead.
pub(super) fn unknown(header: Option<&str>) -> ApiError {
    let instead = header.map(|header| format!(", and header `{header}`, which a trusted hop sets, is not there"));
    let message = format!("No tenant of this endpoint has this API key{}.", instead.unwrap_or_default());
    ApiError::new(401, "invalid_api_key", message)
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
