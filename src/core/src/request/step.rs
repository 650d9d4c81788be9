//! The steps of a request, as its types: an attempt that has begun, what a cloud responded with, what becomes of it.

use crate::api::error::ApiError;

/// What has become of the latest attempt.
///
/// ```text
/// Pending ──► FailedOver    it asked for the next target
///        └──► Served        its response, or what stands in its place, goes to the client
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryState {
    /// There is no response yet; or none will come, and Envoy may retry.
    Pending,
    /// It asked for the next target. A response that reaches the client all the same is the cloud's own error.
    FailedOver,
    /// A response went to the client: nothing is tried after it.
    Served,
}

/// An attempt that has begun and has not been judged.
#[derive(Debug, PartialEq, Eq)]
pub struct Try {
    pub(super) position: usize,
    /// Whether its target was tried before, and the connection was lost.
    pub(super) repeated: bool,
}

/// Why an attempt must not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// The plan does not have that endpoint now.
    OutOfTurn,
    /// The plan has no target left: the last one gave no response. Envoy had a retry left that none of its targets needed.
    /// What it would have said without one is this status.
    NoTargetLeft(u16),
}

/// An error that a cloud responded with, as far as an attempt reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpstreamResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `retry-after`.
    pub retry_after: Option<&'a str>,
    /// The cloud's own header that names the error.
    pub error_type: Option<&'a str>,
    /// The headers that [`says_limits`](super::judge::says_limits) knows.
    pub limits: &'a [(&'a str, &'a str)],
    /// The cloud's id of the call.
    pub id: Option<&'a [u8]>,
    /// The body, as far as it is read.
    pub body: &'a [u8],
}

/// What becomes of an error.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// It goes to the client as it is.
    Pass,
    /// Envoy tries the next target.
    Failover,
    /// This goes to the client in its place. Whose failure it is says [`Request::reported`](super::Request::reported), where it is not the latest
    /// attempt's.
    Replace(Box<ApiError>, Whose),
}

/// Whose failure stands in a local reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The latest attempt's.
    Latest,
    /// The one that tells the client most, of all that failed.
    Reported,
    /// Envoy's own: no target responded.
    Nobody,
}
