//! What a cloud's response means: whether it is served or Envoy tries the next target, and what the client reads.

mod inside;

use std::borrow::Cow;

use crate::api::error::{ApiError, Limits, kind_of};
use crate::cloud::{Blame, Cloud, CloudError, ErrorResponse};
use crate::name::Named;

pub use inside::{error_inside, judge_inside};

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
    /// The headers that [`says_limits`] knows, as they came.
    pub limits: &'a [(&'a str, &'a str)],
    /// The body, or its first [`MOST_BODY`] bytes.
    pub body: &'a [u8],
    /// Whether it was asked for what the account keeps: a 404 says then that it does not.
    pub is_kept: bool,
}

/// The most of an error's body that is read; of a longer one the client reads our own words.
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
    let error = cloud.read_error(ErrorResponse { status, error_type, body }).concealed(body);
    let cause = cause_of_status(status).or_else(|| cause_of_words(status, error.blame));
    match cause.filter(|_| !(failed.is_kept && status == 404 && error.blame.is_none())) {
        Some(cause) => Verdict::MoveOn(Failure { cause, error: reported(cause, error, failed) }),
        None => Verdict::Serve(client_error(error, failed)),
    }
}

/// Judges an error by its head, where no body could change whose fault it is: one that stalls need not be waited for. What
/// only the body says is lost: the cloud's words, and when to come back where no header says it.
pub fn verdict_by_head(failed: FailedResponse<'_>) -> Option<Verdict> {
    cause_of_status(failed.status).map(|_| judge(FailedResponse { body: b"", ..failed }))
}

/// Whether an error is the client's only because this account does not have, or cannot read, what another one keeps.
pub fn is_about_one_account(failed: FailedResponse<'_>) -> bool {
    let FailedResponse { cloud, status, error_type, body, .. } = failed;
    cloud.read_error(ErrorResponse { status, error_type, body }).is_about_one_account()
}

/// What failed, where the status alone says it.
fn cause_of_status(status: u16) -> Option<Cause> {
    match status {
        // 407 is a proxy's on the way to the cloud.
        401 | 403 | 407 => Some(Cause::Credential),
        408 | 504 => Some(Cause::Timeout),
        429 => Some(Cause::Capacity),
        // Any other 4xx may be the client's. 424 is Bedrock's for a model that failed; 499 is Google's for a call it cancelled.
        424 | 499 => Some(Cause::ServerError),
        400..500 => None,
        // A redirect, say: nothing that an API responds with.
        _ => Some(Cause::ServerError),
    }
}

/// What failed, where the cloud's words say whose fault a 4xx is; `None` where it is the client's.
fn cause_of_words(status: u16, blame: Option<Blame>) -> Option<Cause> {
    match blame {
        Some(Blame::Client) => None,
        Some(Blame::Target) => Some(Cause::Misconfigured),
        Some(Blame::Credential) => Some(Cause::Credential),
        Some(Blame::Capacity) => Some(Cause::Capacity),
        None => (status == 404).then_some(Cause::Misconfigured),
    }
}

/// Whether a header of that name says when to come back, or how much is left: an error of ours carries it on.
pub fn says_limits(name: &str) -> bool {
    name == "retry-after-ms" || name.starts_with("x-ratelimit-")
}

/// The most of such headers that are kept: there are three for requests and for tokens each.
const MOST_LIMITS: usize = 16;
/// The longest name and value of one that is kept.
const MOST_LIMIT: usize = 64;

/// The longest `retry-after` that is kept: an HTTP date has 29 bytes.
const MOST_RETRY_AFTER: usize = 64;
/// The most of a cloud's message that is kept while other targets are tried, in bytes.
const MOST_MESSAGE: usize = 4 << 10;

fn reported(cause: Cause, error: CloudError, failed: FailedResponse<'_>) -> ApiError {
    let (cloud, endpoint) = (failed.cloud.name(), failed.endpoint);
    let retry_after = failed.retry_after.map(str::to_owned).or(error.retry_after.clone());
    let retry_after = retry_after.filter(|after| after.len() <= MOST_RETRY_AFTER);
    match cause {
        Cause::Misconfigured => {
            let message = format!(
                "Target `{endpoint}` does not serve the model as the policy file says: its id, API form or api_version is wrong."
            );
            ApiError { is_final: true, ..ApiError::new(502, "target_misconfigured", message) }
        }
        // Not in the cloud's words: they can hold parts of the credential.
        Cause::Credential => {
            let message = format!("Target `{endpoint}` refused this endpoint's credential.");
            ApiError { is_final: true, ..ApiError::new(502, "credential_refused", message) }
        }
        Cause::Timeout => {
            let message = short_or(error, format!("Target `{endpoint}` took too long."));
            ApiError { limits: limits(failed), ..ApiError::new(504, "upstream_timeout", message) }
        }
        Cause::ServerError => {
            let status = if matches!(failed.status, 500 | 502 | 503) { failed.status } else { 502 };
            let message = short_or(error, format!("Target `{endpoint}` failed on {cloud}."));
            ApiError { retry_after, limits: limits(failed), ..ApiError::new(status, "upstream_error", message) }
        }
        Cause::Capacity => {
            let code = match error.code.as_deref() {
                Some("insufficient_quota") => "insufficient_quota",
                _ => "rate_limit_exceeded",
            };
            let message = short_or(error, format!("Target `{endpoint}` has no capacity at this moment."));
            ApiError { retry_after, limits: limits(failed), ..ApiError::new(429, code, message) }
        }
    }
}

/// What is kept of the headers that say when to come back.
fn limits(failed: FailedResponse<'_>) -> Option<Box<Limits>> {
    let short = |(name, value): &&(&str, &str)| name.len() <= MOST_LIMIT && value.len() <= MOST_LIMIT;
    let limits = failed.limits.iter().filter(short).take(MOST_LIMITS);
    let limits: Limits = limits.map(|(name, value)| ((*name).into(), (*value).into())).collect();
    (!limits.is_empty()).then(|| Box::new(limits))
}

/// The cloud's message, no longer than what is kept of a failure; `own` where it has none.
fn short_or(error: CloudError, own: String) -> String {
    let mut message = words_or(error.message, error.unreadable, own);
    if message.len() > MOST_MESSAGE {
        message.truncate(message.floor_char_boundary(MOST_MESSAGE));
        message.push('…');
        message.shrink_to_fit();
    }
    message
}

fn words_or(message: Option<String>, unreadable: bool, own: String) -> String {
    match (message, unreadable) {
        (Some(message), _) => message,
        (None, true) => format!("{own} Its reason cannot be read: the body of its response is compressed, or no text."),
        (None, false) => own,
    }
}

/// What the client is told of its own mistake; `None` where the cloud's body says it in OpenAI's shape.
fn client_error(error: CloudError, failed: FailedResponse<'_>) -> Option<ApiError> {
    if error.whole {
        return None;
    }
    let own = format!("The request was refused with status {} by {}.", failed.status, failed.cloud.name());
    Some(ApiError {
        kind: error.kind.or_else(|| Some(kind_of(failed.status).to_owned())),
        param: error.param.map(Cow::Owned),
        code: error.code.map(Cow::Owned),
        inner: error.inner,
        limits: limits(failed),
        ..ApiError::new(failed.status, "", words_or(error.message, error.unreadable, own))
    })
}

#[cfg(test)]
mod tests;
