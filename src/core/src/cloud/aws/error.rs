//! How Bedrock says that a call failed: an exception's name in a header or in `__type`, and a body that differs by
//! surface. Sources: botocore's service model and `_retry.json`, AWS "Common errors" and "Troubleshooting Amazon Bedrock
//! API error codes" (2026-11).

use crate::cloud::error_body::Body;
use crate::cloud::{Blame, CloudError, ErrorResponse};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let mut error = Body::read(response.body).into_error(response.error_type);
    let named = error.code.as_deref().and_then(blame_of);
    let of_target = || OF_TARGET.iter().any(|words| error.says(words)).then_some(Blame::Target);
    error.blame = named.or_else(of_target).or_else(|| error.openai_blame(response.status));
    error
}

/// What a `ValidationException` says of a model that the policy file names wrongly, in lower case: no such id; one that is
/// served by an inference profile only; one that this account may not use; Mantle's wrong prefix, and a form that it does not
/// serve.
const OF_TARGET: [&str; 6] = [
    "model identifier is invalid",
    "on-demand throughput",
    "operation not allowed",
    "isn't supported on this route",
    "isn’t supported on this route",
    "does not support the '/",
];

/// What the name of an exception says, whatever status it comes with: AWS has a 400 for all of these.
fn blame_of(exception: &str) -> Option<Blame> {
    match exception.strip_suffix("Exception").unwrap_or(exception) {
        "ModelNotReady"
        | "RequestThrottled"
        | "ServiceQuotaExceeded"
        | "Throttled"
        | "Throttling"
        | "TooManyRequests"
        | "service_quota_exceeded" => Some(Blame::Capacity),
        "AccessDenied"
        | "AuthFailure"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnauthorizedOperation"
        | "UnrecognizedClient"
        | "access_denied" => Some(Blame::Credential),
        _ => None,
    }
}
