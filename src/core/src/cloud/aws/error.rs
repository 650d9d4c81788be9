//! How Bedrock says that a call failed: an exception's name in a header or in `__type`, and a body that differs by
//! surface. Sources: botocore's service model and `_retry.json`, AWS "Common errors" and "Troubleshooting Amazon Bedrock
//! API error codes" (2026-11).

use crate::cloud::error::Body;
use crate::cloud::{Blame, CloudError, ErrorResponse};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let mut error = Body::read(response.body).into_error(response.error_type);
    error.blame = error.code.as_deref().and_then(blame_of).or_else(|| error.openai_blame(response.status));
    error
}

/// What the name of an exception says, whatever status it comes with: AWS has a 400 for all of these.
fn blame_of(exception: &str) -> Option<Blame> {
    match exception.strip_suffix("Exception").unwrap_or(exception) {
        "ServiceQuotaExceeded" | "Throttling" | "Throttled" | "RequestThrottled" | "TooManyRequests" => {
            Some(Blame::Capacity)
        }
        "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => Some(Blame::Credential),
        _ => None,
    }
}
