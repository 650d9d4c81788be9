//! What is kept of the attempts that failed: the most telling failure, which the client hears when all have.

use crate::api::error::ApiError;
use crate::request::judge::Failure;

/// A failure that may be told to the client.
#[derive(Debug)]
pub(super) struct Told {
    /// The attempt's place in the plan.
    pub position: usize,
    /// What it was.
    pub failure: Failure,
    /// The cloud's id of the call, if it gave one.
    pub id: Option<Box<[u8]>>,
}

/// The most telling failure so far, if there was one.
#[derive(Debug, Default)]
pub(super) struct MostTelling(Option<Told>);

impl MostTelling {
    /// Notes a failure. Of two that tell the same the first stays, with the sooner return.
    pub fn note(&mut self, new: Told) {
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
    pub fn told(&self) -> Option<&Told> {
        self.0.as_ref()
    }

    /// What the client hears.
    pub fn error(&self) -> ApiError {
        match &self.0 {
            Some(told) => told.failure.error.clone(),
            None => ApiError::new(502, "upstream_error", "The upstream failed."),
        }
    }
}

/// Whether the first of two `retry-after`s is the sooner one; one that is not in seconds is the later, none is the latest.
fn is_sooner(one: &Option<String>, other: &Option<String>) -> bool {
    let seconds = |value: &str| value.parse::<f64>().unwrap_or(f64::MAX);
    match (one, other) {
        (Some(one), Some(other)) => seconds(one) < seconds(other),
        (one, other) => one.is_some() && other.is_none(),
    }
}
