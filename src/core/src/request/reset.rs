//! How an attempt ended that gave no response, as far as anybody can tell.
//!
//! A connection that the cloud had closed, or was closing (a kept HTTP/1.1 connection, GOAWAY), and a stream that it refused
//! at once (REFUSED_STREAM) are no failure of the target: it is well on a new connection. Envoy tells the module none of
//! these apart from any other reset, nor from a try whose time was up; only the time does. So a try that had a connection and
//! lost it within [`AT_ONCE`] is made once more at the same target, on another connection. What comes later is taken for a
//! failure of the target, which may have been at work.
//!
//! Could the cloud have done the work twice? A lost connection shows within one round trip, and no model is done in a
//! second but for the shortest of completions; where it was, the request costs its tokens once more. That is what a
//! failover to another target costs as well, and what OpenAI's own SDKs risk: they send a request again, up to two times,
//! after any lost connection.

use std::time::Duration;

/// The end of an attempt without a response.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    /// Whether it had a connection.
    pub connected: bool,
    /// How long after its beginning it ended.
    pub after: Duration,
}

/// Within what time a lost connection shows: two or three round trips around the world, where it was made for this try.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Reset {
    /// Whether the connection was lost, rather than the target: see above. `most` is how long the try might have waited.
    pub(super) fn is_lost_connection(self, most: Duration) -> bool {
        self.connected && self.after < AT_ONCE.min(most / 2)
    }

    /// Whether it had waited as long as it might. Envoy's clock is not the one that [`Reset::after`] was read from.
    pub(super) fn is_timeout(self, most: Duration) -> bool {
        self.after >= most - most / 20
    }
}
