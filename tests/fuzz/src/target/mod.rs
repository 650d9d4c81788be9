//! What is fuzzed, and the rules that hold of it whatever the bytes are.

mod brought;
mod events;
mod stream;
mod tagger;
mod whole;

use multihome_core::convert::Conversion;
use multihome_sim::random::Random;

use crate::corpus::Corpus;

/// One thing that reads what a client or a cloud says.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Makes an input and holds what came of it against the rules; whether it was understood.
    pub check: fn(&Corpus, &mut Random) -> Result<bool, String>,
}

/// All of them.
pub const TARGETS: [Target; 10] = [
    Target {
        name: "responses/request",
        check: |corpus, random| whole::request(Conversion::ToResponses, corpus, random),
    },
    Target { name: "responses/reply", check: |corpus, random| whole::reply(Conversion::ToResponses, corpus, random) },
    Target { name: "responses/events", check: |corpus, random| stream::check(Conversion::ToResponses, corpus, random) },
    Target { name: "chat/request", check: |corpus, random| whole::request(Conversion::ToChat, corpus, random) },
    Target { name: "chat/reply", check: |corpus, random| whole::reply(Conversion::ToChat, corpus, random) },
    Target { name: "chat/events", check: |corpus, random| stream::check(Conversion::ToChat, corpus, random) },
    Target { name: "sse", check: events::check },
    Target { name: "tags/written", check: tagger::check },
    Target { name: "tags/read", check: brought::read },
    Target { name: "tags/left-out", check: brought::left_out },
];

/// The directory of rows that a conversion's are in.
fn folder(conversion: Conversion) -> &'static str {
    match conversion {
        Conversion::ToChat => "chat",
        Conversion::ToResponses | Conversion::Pass => "responses",
    }
}
