//! How Google says that a call failed: `google.rpc.Status` as JSON, in a list on the OpenAI-compatible chat endpoint.

use std::borrow::Cow;

use crate::cloud::error::Body;
use crate::cloud::{CloudError, ErrorResponse};
use crate::json::{Cursor, Malformed};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let body = Body::read(response.body);
    let retry_after = body.details.and_then(retry_delay);
    let mut error = CloudError { retry_after, ..body.into_error(None) };
    error.blame = error.openai_blame(response.status);
    error
}

/// The delay that one of the details asks for: only `google.rpc.RetryInfo` has one.
fn retry_delay(details: &[u8]) -> Option<String> {
    let mut delay = None;
    let read: Result<(), Malformed> = Cursor::new(details).array(|cursor| match cursor.peek() {
        Some(b'{') => cursor.object(|cursor, key| match cursor.peek() {
            Some(b'"') if key.is("retryDelay") => {
                delay = cursor.string("a delay")?.unescaped();
                Ok(())
            }
            _ => cursor.skip().map(|_| ()),
        }),
        _ => cursor.skip().map(|_| ()),
    });
    read.ok()?;
    delay.as_ref().map(Cow::as_ref).and_then(seconds)
}

/// `5s` or `1.5s` in whole seconds, rounded up.
fn seconds(delay: &str) -> Option<String> {
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds.ceil() as u64).to_string())
}
