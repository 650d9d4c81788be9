//! The times that Envoy is told.

use std::time::Duration;

use crate::document::Node;
use crate::document::fields::{Fields, Found, text};
use crate::fault::{Faults, Place};

/// Times that Envoy is told.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// To a connection.
    pub connect: Duration,
    /// From the request to the first byte of its answer; after it the next target is tried.
    pub first_byte: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

/// The longest time that can be asked for.
const MOST_TIME: Duration = Duration::from_secs(24 * 3600);
pub(super) fn read(found: Found<'_>, faults: &mut Faults) -> Timeouts {
    let mut timeouts = Timeouts {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(60),
        idle: Duration::from_secs(300),
    };
    if let Some(mut fields) = Fields::maybe(found, faults) {
        for (key, time) in
            [("connect", &mut timeouts.connect), ("first_byte", &mut timeouts.first_byte), ("idle", &mut timeouts.idle)]
        {
            if let Some((node, place)) = fields.optional(key) {
                *time = read_time(node, &place, faults).unwrap_or(*time);
            }
        }
        fields.finish(faults);
    }
    timeouts
}

fn read_time(node: &Node, place: &Place, faults: &mut Faults) -> Option<Duration> {
    let written = text(node, place, faults)?;
    let time = parse_time(written).filter(|time| !time.is_zero() && *time <= MOST_TIME);
    if time.is_none() {
        faults.add_with_help(place, format!("`{written}` is not a time"), "write 500ms, 30s or 5m; at most a day");
    }
    time
}

fn parse_time(written: &str) -> Option<Duration> {
    let (number, milliseconds) = match written.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => match written.strip_suffix('s') {
            Some(number) => (number, 1_000),
            None => (written.strip_suffix('m')?, 60_000),
        },
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}
