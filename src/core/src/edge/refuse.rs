//! What makes the edge refuse a request before any target is looked at, and how it words that.

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::Config;

/// The local reply to a body over the limit.
pub fn too_large(config: &Config) -> ApiError {
    let most = config.limits.body_bytes;
    ApiError::new(413, "request_too_large", format!("The request's body is larger than {most} bytes."))
}

/// The local reply to a request that would have to wait for its body where as many do already as [`Limits`] allow.
///
/// [`Limits`]: crate::config::Limits
pub fn too_many_held() -> ApiError {
    let message = "This endpoint holds as many unfinished requests as it may. Try again in a second.";
    ApiError { retry_after: Some("1".to_owned()), ..ApiError::new(503, "overloaded", message) }
}

/// Refuses an offer of WebSocket, by which clients that would like one go on by HTTP; any other status ends them.
///
/// # Errors
/// 426 for such an offer.
pub(super) fn check_upgrade(inbound: &Inbound<'_>) -> Result<(), ApiError> {
    match inbound.websocket {
        true => {
            Err(ApiError::new(426, "upgrade_required", "This gateway speaks no WebSocket: send the request by HTTP."))
        }
        false => Ok(()),
    }
}

/// Checks what the headers say of the body.
///
/// # Errors
/// 415 for a body that is not plain JSON, 413 for one that is too large, 400 for a header that stands twice.
pub(super) fn check_body_headers(config: &Config, inbound: &Inbound<'_>) -> Result<(), ApiError> {
    match inbound.content_type {
        Single::Once(value) if is_json(value) => {}
        Single::Repeated => return Err(twice("content-type")),
        _ => {
            let message = "The request's `content-type` has to be application/json.";
            return Err(ApiError::new(415, "unsupported_media_type", message).about("content-type"));
        }
    }
    match inbound.content_encoding {
        Single::Absent => {}
        Single::Once(value) if value.eq_ignore_ascii_case(b"identity") => {}
        _ => {
            let message = "The request's body must not be compressed: send no `content-encoding`.";
            return Err(ApiError::new(415, "unsupported_content_encoding", message).about("content-encoding"));
        }
    }
    match inbound.content_length {
        Some(length) if length > config.limits.body_bytes => Err(too_large(config)),
        _ => Ok(()),
    }
}

fn twice(header: &'static str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{header}` stands more than once.")).about(header)
}

fn is_json(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// A body that names no model, where the path names none either.
pub(super) fn no_model() -> ApiError {
    let message = "The request names no model: set `model`.";
    ApiError::new(400, "missing_required_parameter", message).about("model")
}
