//! The times that have no effect, or that no client waits for.

use std::time::Duration;

use multihome_core::config::{Awaited, Config, Timeouts};
use multihome_core::fault::{Fault, Place};

use super::warning;

/// What OpenAI's SDKs wait for a response, with nothing of a stream begun.
const MOST_FOR_STREAM: Duration = Duration::from_secs(600);
/// Six attempts of the default.
const MOST_FOR_WHOLE: Duration = Duration::from_secs(3600);

/// Each with its place and what to write instead.
pub(super) fn of(config: &Config) -> Vec<Fault> {
    let place = |field: &str| Place::default().key("timeouts").key(field);
    let mut warnings = Vec::new();
    let Timeouts { connect, first_byte, whole, .. } = config.timeouts;
    if connect > first_byte.min(whole) {
        let before = if first_byte <= whole { "first_byte" } else { "whole" };
        let message = format!("has no effect: `{before}` ends the attempt before");
        warnings.push(warning(place("connect"), message, format!("set it below `{before}`")));
    }
    for (field, awaited, most) in
        [("first_byte", Awaited::Stream, MOST_FOR_STREAM), ("whole", Awaited::Whole, MOST_FOR_WHOLE)]
    {
        let longest = config.longest_wait(awaited);
        if longest > most {
            let minutes = longest.as_secs() / 60;
            let message = format!("with all attempts a client may wait {minutes} minutes for its response to begin");
            warnings.push(warning(place(field), message, "lower it, or `max_attempts`"));
        }
    }
    warnings
}
