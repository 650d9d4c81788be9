//! How Google says that a call failed: `google.rpc.Status` as JSON, in a list on the OpenAI-compatible chat endpoint.

use std::borrow::Cow;

use crate::cloud::error_body::Body;
use crate::cloud::{Blame, CloudError, ErrorResponse};
use crate::json::{Cursor, Malformed};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let body = Body::read(response.body);
    let details = body.details.map(Details::read).unwrap_or_default();
    let mut error = body.into_error(None);
    error.retry_after = details.retry_delay.as_deref().and_then(seconds);
    error.blame = match (error.code.as_deref(), details.reason.as_deref()) {
        (_, Some("API_KEY_INVALID" | "ACCESS_TOKEN_EXPIRED" | "CONSUMER_INVALID" | "SERVICE_DISABLED")) => {
            Some(Blame::Credential)
        }
        // The model is not served in this location, or not to this project.
        (Some("FAILED_PRECONDITION"), _) => Some(Blame::Target),
        _ => error.openai_blame(response.status),
    };
    error
}

/// What the details of an error say.
#[derive(Debug, Default)]
struct Details<'b> {
    /// Of `google.rpc.RetryInfo`.
    retry_delay: Option<Cow<'b, str>>,
    /// Of `google.rpc.ErrorInfo`.
    reason: Option<Cow<'b, str>>,
}

impl<'b> Details<'b> {
    fn read(bytes: &'b [u8]) -> Details<'b> {
        let mut details = Details::default();
        // What stands before a malformed place has been read.
        let _: Result<(), Malformed> = Cursor::new(bytes).array(|cursor| match cursor.peek() {
            Some(b'{') => cursor.object(|cursor, key| {
                match cursor.peek() {
                    Some(b'"') if key.is("retryDelay") => details.retry_delay = cursor.string("a delay")?.unescaped(),
                    Some(b'"') if key.is("reason") => details.reason = cursor.string("a reason")?.unescaped(),
                    _ => _ = cursor.skip()?,
                }
                Ok(())
            }),
            _ => cursor.skip().map(|_| ()),
        });
        details
    }
}

/// `5s` or `1.5s` in whole seconds, rounded up.
fn seconds(delay: &str) -> Option<String> {
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds.ceil() as u64).to_string())
}
