//! What is kept of the attempts that failed: the failure that tells the client most, which is reported when all have.

use super::judge::{Cause, Failure};
use crate::api::error::ApiError;

/// A failure that may be reported to the client.
#[derive(Debug)]
pub(super) struct Reported {
    /// The attempt's place in the plan.
    pub position: usize,
    /// What it was.
    pub failure: Failure,
    /// The cloud's id of the call, if it gave one.
    pub id: Option<Box<[u8]>>,
}

/// The failure that tells most so far, if there was one.
#[derive(Debug, Default)]
pub(super) struct ReportedFailure(Option<Reported>);

impl ReportedFailure {
    /// Notes a failure. Of two that tell the same the first stays, with the sooner return.
    pub fn note(&mut self, new: Reported) {
        match &mut self.0 {
            Some(kept) if kept.failure.cause > new.failure.cause => {}
            Some(kept) if kept.failure.cause == new.failure.cause => {
                let (kept, new) = (&mut kept.failure.error, new.failure.error);
                if is_sooner(&new.retry_after, &kept.retry_after) {
                    // What stands beside it says the same more exactly.
                    (kept.retry_after, kept.limits) = (new.retry_after, new.limits);
                }
            }
            kept => *kept = Some(new),
        }
    }

    /// The failure.
    pub fn reported(&self) -> Option<&Reported> {
        self.0.as_ref()
    }

    /// Whether the client may come back with success: the target had no capacity, failed or was too slow.
    pub fn is_retryable(&self) -> bool {
        self.0.as_ref().is_some_and(|told| told.failure.cause >= Cause::ServerError)
    }

    /// What the client reads.
    pub fn error(&self) -> ApiError {
        match &self.0 {
            Some(told) => told.failure.error.clone(),
            None => ApiError::new(502, "upstream_error", "The upstream failed."),
        }
    }
}

/// The failure of a request that one account alone can serve, as the client reads it: it may come back, and begins nothing
/// anew.
pub(super) fn at_origin(error: ApiError) -> ApiError {
    if error.is_final || !(error.status == 429 || error.status >= 500) {
        return error;
    }
    let retry_after = error.retry_after.clone().or_else(|| Some(RETRY_AFTER.to_owned()));
    if error.status == 429 {
        return ApiError { retry_after, ..error };
    }
    let message = format!(
        "The account that has what this request refers to is not available now, and no other can serve it. {}",
        error.message
    );
    ApiError { retry_after, limits: error.limits, ..ApiError::new(error.status, "origin_unavailable", message) }
}

/// When to come back to an account that said nothing of it, in seconds.
const RETRY_AFTER: &str = "5";

/// Whether the first of two `retry-after`s is the sooner one; one that is not in seconds is the later, none is the latest.
fn is_sooner(one: &Option<String>, other: &Option<String>) -> bool {
    let seconds = |value: &str| value.parse::<f64>().unwrap_or(f64::MAX);
    match (one, other) {
        (Some(one), Some(other)) => seconds(one) < seconds(other),
        (one, other) => one.is_some() && other.is_none(),
    }
}
