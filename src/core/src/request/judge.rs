//! What a cloud's answer means: whether it is served or the next target is tried, and what a client is told.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::error::{ApiError, kind_of};
use crate::cloud::Cloud;
use crate::name::Named;

/// An error that a cloud answered with.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The cloud.
    pub cloud: Cloud,
    /// The endpoint's name, for messages about what is not the client's to know more of.
    pub endpoint: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// `retry-after`, as it came.
    pub retry_after: Option<&'a str>,
    /// AWS's `x-amzn-errortype`.
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
pub fn judge(failed: Failed<'_>) -> Verdict {
    let said = Said::read(failed);
    let cause = match failed.status {
        400 if let Some(cause) = cause_of_aws(failed.cloud, said.code.as_deref()) => cause,
        // 407 is a proxy's on the way to the cloud.
        401 | 403 | 407 => Cause::Credential,
        404 if !is_of_the_client(&said) => Cause::Misconfigured,
        408 | 504 => Cause::Timeout,
        429 => Cause::Capacity,
        // 424 is Bedrock's for a model that failed; 499 is Google's for a call it cancelled.
        424 | 499 | 500.. => Cause::ServerError,
        400..500 => return Verdict::Serve(said.into_client_error(failed)),
        // A redirect, say: nothing that an API answers.
        _ => Cause::ServerError,
    };
    Verdict::MoveOn(Failure { cause, error: told(cause, said, failed) })
}

/// What AWS says with a 400 that is not the client's fault, by the names of its errors. Sources: botocore's service model
/// and `_retry.json`, AWS "Common errors" and "Troubleshooting Amazon Bedrock API error codes" (2026-11).
fn cause_of_aws(cloud: Cloud, code: Option<&str>) -> Option<Cause> {
    let code = code.filter(|_| cloud == Cloud::Aws)?;
    match code.strip_suffix("Exception").unwrap_or(code) {
        "ServiceQuotaExceeded" | "Throttling" | "Throttled" | "RequestThrottled" | "TooManyRequests" => {
            Some(Cause::Capacity)
        }
        "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => Some(Cause::Credential),
        _ => None,
    }
}

/// A 404 that names something of the client's: a response or an item that it refers to.
fn is_of_the_client(said: &Said) -> bool {
    said.param.as_deref().is_some_and(|param| param != "model")
        || said.code.as_deref().is_some_and(|code| code.starts_with("previous_response") || code.starts_with("item_"))
}

/// The longest `retry-after` that is kept: an HTTP date has 29 bytes.
const MOST_RETRY_AFTER: usize = 64;
/// The most of a cloud's message that is kept while other targets are tried, in bytes.
const MOST_MESSAGE: usize = 4 << 10;

fn told(cause: Cause, said: Said, failed: Failed<'_>) -> ApiError {
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
            ApiError::new(504, "upstream_timeout", said.short_or(format!("Target `{endpoint}` took too long.")))
        }
        Cause::ServerError => {
            let status = if matches!(failed.status, 500 | 502 | 503) { failed.status } else { 502 };
            let message = said.short_or(format!("Target `{endpoint}` failed on {cloud}."));
            ApiError { retry_after, ..ApiError::new(status, "upstream_error", message) }
        }
        Cause::Capacity => {
            let code = match said.code.as_deref() {
                Some("insufficient_quota") => "insufficient_quota",
                _ => "rate_limit_exceeded",
            };
            let message = said.short_or(format!("Target `{endpoint}` has no capacity at this moment."));
            ApiError { retry_after, ..ApiError::new(429, code, message) }
        }
    }
}

/// What a cloud said, out of any of the shapes that the three of them use.
#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    kind: Option<String>,
    param: Option<String>,
    code: Option<String>,
    inner: Option<String>,
    retry_after: Option<String>,
    /// Whether it is OpenAI's shape already, so that its body can pass as it is.
    whole: bool,
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Option<Detail<'a>>,
    #[serde(borrow, alias = "Message")]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "__type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "Code")]
    code: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    param: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    /// Google's word for its code; Azure's number of the status.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow, alias = "inner_error")]
    innererror: Option<&'a RawValue>,
    /// A list of Google's; others put anything here.
    #[serde(borrow)]
    details: Option<&'a RawValue>,
}

/// One of Google's details; only `google.rpc.RetryInfo` has a delay.
#[derive(Deserialize)]
struct Extra<'a> {
    #[serde(borrow, rename = "retryDelay")]
    retry_delay: Option<Cow<'a, str>>,
}

impl Said {
    fn read(failed: Failed<'_>) -> Said {
        // `ThrottlingException:http://internal…`, `com.amazon#ThrottlingException`: the name is in the middle.
        let named = |text: &str| {
            let name = text.split(':').next().unwrap_or_default();
            name.rsplit('#').next().unwrap_or_default().to_owned()
        };
        let envelope = parse(failed.body).unwrap_or_default();
        let outer = failed.error_type.or(envelope.kind.as_deref()).map(named);
        let Some(detail) = envelope.error else {
            let code = outer.or_else(|| envelope.code.and_then(word));
            return Said { message: envelope.message.map(Cow::into_owned), code, ..Said::default() };
        };
        // A code is a word, a number in quotes (Azure) or a number (Google, which has a word beside it).
        let status = detail.status.and_then(word).filter(|status| !status.starts_with(|c: char| c.is_ascii_digit()));
        let code = outer.or(status).or_else(|| detail.code.and_then(word));
        Said {
            whole: detail.message.is_some() && detail.kind.is_some(),
            message: detail.message.map(Cow::into_owned),
            kind: detail.kind.map(Cow::into_owned),
            param: detail.param.map(Cow::into_owned),
            code,
            inner: detail.innererror.map(|inner| inner.get().to_owned()),
            retry_after: detail.details.and_then(retry_delay),
        }
    }

    fn or(self, own: String) -> String {
        self.message.filter(|message| !message.is_empty()).unwrap_or(own)
    }

    /// The same, no longer than what is kept of a failure.
    fn short_or(self, own: String) -> String {
        let mut message = self.or(own);
        if message.len() > MOST_MESSAGE {
            message.truncate(message.floor_char_boundary(MOST_MESSAGE));
            message.push('…');
            message.shrink_to_fit();
        }
        message
    }

    /// What the client is told of its own mistake; `None` where the cloud's body says it in OpenAI's shape.
    fn into_client_error(self, failed: Failed<'_>) -> Option<ApiError> {
        if self.whole {
            return None;
        }
        let own = format!("The request was refused with status {} by {}.", failed.status, failed.cloud.name());
        Some(ApiError {
            status: failed.status,
            kind: self.kind.clone().or_else(|| Some(kind_of(failed.status).to_owned())),
            param: self.param.clone().map(Cow::Owned),
            code: self.code.clone().map(Cow::Owned),
            inner: self.inner.clone(),
            retry_after: None,
            allow: None,
            rule: None,
            message: self.or(own),
        })
    }
}

/// An error's body; Google wraps it in an array when a stream was asked for without SSE.
fn parse(body: &[u8]) -> Option<Envelope<'_>> {
    if body.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice::<[Envelope<'_>; 1]>(body).ok().map(|[envelope]| envelope);
    }
    serde_json::from_slice(body).ok()
}

/// A code that is a string or a number, as a word.
fn word(code: &RawValue) -> Option<String> {
    match serde_json::from_str::<Cow<'_, str>>(code.get()) {
        Ok(text) => Some(text.into_owned()),
        Err(_) => code.get().bytes().all(|byte| byte.is_ascii_digit()).then(|| code.get().to_owned()),
    }
}

/// The delay that one of Google's details asks for.
fn retry_delay(details: &RawValue) -> Option<String> {
    let details: Vec<Extra<'_>> = serde_json::from_str(details.get()).ok()?;
    details.into_iter().find_map(|extra| seconds(&extra.retry_delay?))
}

/// `5s` or `1.5s` in whole seconds, rounded up.
fn seconds(delay: &str) -> Option<String> {
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds.ceil() as u64).to_string())
}

#[cfg(test)]
mod tests;
