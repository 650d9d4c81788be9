//! What a cloud's answer means: whether it is served or the next target is tried, and what a client is told.

use std::borrow::Cow;

use crate::api::error::{ApiError, kind_of};
use crate::cloud::{Blame, Cloud, CloudError, ErrorResponse};
use crate::name::Named;

/// The response of an attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedResponse<'a> {
    /// The cloud.
    pub cloud: Cloud,
    /// The endpoint's name, for messages about what is not the client's to know more of.
    pub endpoint: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// `retry-after`, as it came.
    pub retry_after: Option<&'a str>,
    /// The cloud's own header that names the error.
    pub error_type: Option<&'a str>,
    /// The body, or its first [`MOST_BODY`] bytes.
    pub body: &'a [u8],
}

/// The most of an error's body that is read; a longer one is answered for in our own words.
pub const MOST_BODY: usize = 64 << 10;

/// What follows from an error.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It is the client's: no other cloud would say otherwise. `None` passes the body on as it is.
    Serve(Option<ApiError>),
    /// It is not: the next target is tried, and this is told if all fail.
    MoveOn(Failure),
}

/// A failed attempt, as it would be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What failed.
    pub cause: Cause,
    /// What a client is told.
    pub error: ApiError,
}

/// Why an attempt failed. A later variant tells a client more than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The model or path is not there: the policy file is wrong about this target.
    Misconfigured,
    /// Our credential was refused.
    Credential,
    /// The cloud failed.
    ServerError,
    /// The cloud took too long.
    Timeout,
    /// The cloud has no capacity, or our quota is used up: the client can come back.
    Capacity,
}

/// Judges an error.
pub fn judge(failed: FailedResponse<'_>) -> Verdict {
    let FailedResponse { cloud, status, error_type, body, .. } = failed;
    let error = cloud.read_error(ErrorResponse { status, error_type, body });
    let cause = match (status, error.blame) {
        // 407 is a proxy's on the way to the cloud.
        (401 | 403 | 407, _) => Cause::Credential,
        (408 | 504, _) => Cause::Timeout,
        (429, _) => Cause::Capacity,
        // 424 is Bedrock's for a model that failed; 499 is Google's for a call it cancelled.
        (424 | 499 | 500.., _) => Cause::ServerError,
        (400..500, Some(Blame::Capacity)) => Cause::Capacity,
        (400..500, Some(Blame::Credential)) => Cause::Credential,
        (400..500, Some(Blame::Target)) | (404, None) => Cause::Misconfigured,
        (400..500, Some(Blame::Client) | None) => return Verdict::Serve(client_error(error, failed)),
        // A redirect, say: nothing that an API answers.
        _ => Cause::ServerError,
    };
    Verdict::MoveOn(Failure { cause, error: told(cause, error, failed) })
}

/// The longest `retry-after` that is kept: an HTTP date has 29 bytes.
const MOST_RETRY_AFTER: usize = 64;
/// The most of a cloud's message that is kept while other targets are tried, in bytes.
const MOST_MESSAGE: usize = 4 << 10;

fn told(cause: Cause, said: CloudError, failed: FailedResponse<'_>) -> ApiError {
    let (cloud, endpoint) = (failed.cloud.name(), failed.endpoint);
    let retry_after = failed.retry_after.map(str::to_owned).or(said.retry_after.clone());
    let retry_after = retry_after.filter(|after| after.len() <= MOST_RETRY_AFTER);
    match cause {
        Cause::Misconfigured => {
            let message = format!("Target `{endpoint}` does not have the model that the policy file says it has.");
            ApiError::new(502, "target_misconfigured", message)
        }
        // Not in the cloud's words: they can hold parts of the credential.
        Cause::Credential => {
            ApiError::new(502, "credential_refused", format!("Target `{endpoint}` refused this endpoint's credential."))
        }
        Cause::Timeout => {
            ApiError::new(504, "upstream_timeout", short_or(said, format!("Target `{endpoint}` took too long.")))
        }
        Cause::ServerError => {
            let status = if matches!(failed.status, 500 | 502 | 503) { failed.status } else { 502 };
            let message = short_or(said, format!("Target `{endpoint}` failed on {cloud}."));
            ApiError { retry_after, ..ApiError::new(status, "upstream_error", message) }
        }
        Cause::Capacity => {
            let code = match said.code.as_deref() {
                Some("insufficient_quota") => "insufficient_quota",
                _ => "rate_limit_exceeded",
            };
            let message = short_or(said, format!("Target `{endpoint}` has no capacity at this moment."));
            ApiError { retry_after, ..ApiError::new(429, code, message) }
        }
    }
}

/// The cloud's message, no longer than what is kept of a failure; `own` where it has none.
fn short_or(error: CloudError, own: String) -> String {
    let mut message = error.message.unwrap_or(own);
    if message.len() > MOST_MESSAGE {
        message.truncate(message.floor_char_boundary(MOST_MESSAGE));
        message.push('…');
        message.shrink_to_fit();
    }
    message
}

/// What the client is told of its own mistake; `None` where the cloud's body says it in OpenAI's shape.
fn client_error(error: CloudError, failed: FailedResponse<'_>) -> Option<ApiError> {
    if error.whole {
        return None;
    }
    let own = || format!("The request was refused with status {} by {}.", failed.status, failed.cloud.name());
    Some(ApiError {
        kind: error.kind.or_else(|| Some(kind_of(failed.status).to_owned())),
        param: error.param.map(Cow::Owned),
        code: error.code.map(Cow::Owned),
        inner: error.inner,
        ..ApiError::new(failed.status, "", error.message.unwrap_or_else(own))
    })
}

#[cfg(test)]
mod tests;
