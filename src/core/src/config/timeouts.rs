//! How long Envoy waits: for all endpoints, and what an endpoint says of its own.

use std::time::Duration;

use crate::document::Node;
use crate::document::fields::{Fields, Found, text};
use crate::fault::{Faults, Place};

/// How long Envoy waits, where an endpoint says nothing of its own.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// To a connection.
    pub connect: Duration,
    /// From the request to the first byte of a stream; after it Envoy tries the next target.
    pub first_byte: Duration,
    /// The same for a response that is not streamed: it begins when the model is done.
    pub whole: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

/// What an endpoint says of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnTimeouts {
    /// In place of [`Timeouts::connect`].
    pub connect: Option<Duration>,
    /// In place of [`Timeouts::first_byte`].
    pub first_byte: Option<Duration>,
    /// In place of [`Timeouts::whole`].
    pub whole: Option<Duration>,
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A stream.
    Stream,
    /// A response that comes when the model is done. So is one of which nobody knows, since its request was not read: to
    /// wait too long for a stream costs time, to cut off a model that is at work costs its tokens once more.
    Whole,
}

impl Awaited {
    /// Of a request whose body was read.
    pub fn of(stream: bool) -> Awaited {
        if stream { Awaited::Stream } else { Awaited::Whole }
    }
}

impl Timeouts {
    /// From a request to the beginning of its response, at an endpoint that says nothing of its own.
    pub fn response(&self, awaited: Awaited) -> Duration {
        match awaited {
            Awaited::Stream => self.first_byte,
            Awaited::Whole => self.whole,
        }
    }
}

/// The longest time that can be asked for.
const MOST_TIME: Duration = Duration::from_secs(24 * 3600);

pub(super) fn read(found: Found<'_>, faults: &mut Faults) -> Timeouts {
    let mut timeouts = Timeouts {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(60),
        // What OpenAI's SDKs wait for a response.
        whole: Duration::from_secs(600),
        idle: Duration::from_secs(300),
    };
    if let Some(mut fields) = Fields::maybe(found, faults) {
        for (key, time) in [
            ("connect", &mut timeouts.connect),
            ("first_byte", &mut timeouts.first_byte),
            ("whole", &mut timeouts.whole),
            ("idle", &mut timeouts.idle),
        ] {
            *time = read_field(&mut fields, key, faults).unwrap_or(*time);
        }
        fields.finish(faults);
    }
    timeouts
}

pub(super) fn read_own(found: Found<'_>, faults: &mut Faults) -> OwnTimeouts {
    let mut timeouts = OwnTimeouts::default();
    if let Some(mut fields) = Fields::maybe(found, faults) {
        timeouts.connect = read_field(&mut fields, "connect", faults);
        timeouts.first_byte = read_field(&mut fields, "first_byte", faults);
        timeouts.whole = read_field(&mut fields, "whole", faults);
        fields.finish(faults);
    }
    timeouts
}

fn read_field(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<Duration> {
    let (node, place) = fields.optional(key)?;
    read_time(node, &place, faults)
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
