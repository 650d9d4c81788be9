//! Sizes and numbers beyond which a request is refused.

use crate::document::fields::{Fields, Found};
use crate::fault::Faults;

/// Sizes and numbers beyond which a request is refused.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest body that is taken, in bytes.
    pub body_bytes: u64,
    /// How many requests may wait for the rest of their body at once, in each worker.
    pub held_requests: u64,
    /// How many bytes the bodies of these may have together, in each worker: Envoy holds them.
    pub held_bytes: u64,
}

/// Holds an image of 5 MB, the most that most clients send: in base64 it takes 6.7 MB.
const DEFAULT_BODY: u64 = 8 << 20;
/// The most that a body may be: Envoy keeps it for every attempt.
const MOST_BODY: u64 = 64 << 20;
/// The most requests that may be held: each takes some 40 KiB of the module's memory at the worst.
const MOST_HELD_REQUESTS: u64 = 50_000;
/// The most that held bodies may have together.
const MOST_HELD_BYTES: u64 = 64 << 30;

pub(super) fn read(found: Found<'_>, faults: &mut Faults) -> Limits {
    let mut limits = Limits { body_bytes: DEFAULT_BODY, held_requests: 4096, held_bytes: 256 << 20 };
    if let Some(mut fields) = Fields::maybe(found, faults) {
        for (key, most, limit) in [
            ("body_bytes", MOST_BODY, &mut limits.body_bytes),
            ("held_requests", MOST_HELD_REQUESTS, &mut limits.held_requests),
            ("held_bytes", MOST_HELD_BYTES, &mut limits.held_bytes),
        ] {
            *limit = fields.optional_integer(key, 1..=most, faults).unwrap_or(*limit);
        }
        if limits.held_bytes < limits.body_bytes {
            let message =
                format!("is below `body_bytes` ({}): no body of that size could ever be held", limits.body_bytes);
            faults.add_with_help(&fields.place.key("held_bytes"), message, "raise it, or lower `body_bytes`");
        }
        fields.finish(faults);
    }
    limits
}
