//! API keys: what a request presents, and whose it is.

use crate::api::error::ApiError;
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

/// Reads what the request presents, and finds whose it is. A key that is nearly right takes the way of any that is not: one digest,
/// and one look at the table. Only one that calls itself ours and is mistyped ends before that, which tells nothing that its
/// letters do not.
///
/// # Errors
/// 401 for a key of ours that does not hold.
pub(super) fn read<'c>(config: &'c Config, presented: &[u8], now: &dyn Fn() -> u64) -> Result<Presented<'c>, ApiError> {
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
