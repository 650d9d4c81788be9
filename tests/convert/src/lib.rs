//! Translates one body or stream, as whoever tries it asks: by its direction, which is also the file of its rows.

pub mod recorded;
pub mod rows;

use multihome_core::convert::{Asked, Conversion, Told, Towards, Translated, Unreadable, Untranslatable, chat};
use multihome_core::form::Usage;
use multihome_core::stream::sse;

/// The time of all translations here, in seconds since 1970.
pub const NOW: u64 = 1_700_000_000;

/// The model of all targets here.
pub const MODEL: &str = "target-model";

/// What came of a translation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the target or the client gets.
    pub out: Vec<u8>,
    /// What a request leaves to its response.
    pub asked: Asked,
    /// The hints that were left out of a request.
    pub left_out: Vec<&'static str>,
    /// What of a request cannot be carried.
    pub cannot: Vec<String>,
    /// The cloud's error, or why nothing was understood.
    pub failed: Option<Vec<u8>>,
    /// What the completion took.
    pub usage: Option<Usage>,
}

/// Translates `input` in a direction; `None` for one that does not exist. A stream is read in pieces of `piece` bytes.
pub fn translate(direction: &str, input: &[u8], asked: Asked, piece: usize) -> Option<Outcome> {
    let (form, what) = direction.split_once('/')?;
    let (conversion, asked) = match form {
        "responses" => (Conversion::ToResponses, asked),
        "chat" => (Conversion::ToChat, repeated(asked)),
        _ => return None,
    };
    let mut out = Vec::new();
    match what {
        "request" => {
            let translated = conversion.request(input, &Towards { model: MODEL }, &mut out);
            Some(of_request(translated, out))
        }
        "reply" => {
            let usage = conversion.reply(input, &asked, NOW, &mut out);
            Some(of_reply(usage, out))
        }
        "events" => {
            let mut machine = conversion.events(&asked, NOW)?;
            let mut failed = None;
            let whole = read(input, piece, |event| note(machine.event(&event, &mut out), &mut failed));
            if failed.is_none() && whole {
                note(machine.end(&mut out), &mut failed);
            }
            Some(Outcome { out, failed, usage: machine.usage(), ..Outcome::default() })
        }
        _ => None,
    }
}

/// What a response repeats of its request: if that is not said, of one that asked for nothing special.
fn repeated(asked: Asked) -> Asked {
    if !asked.echo.is_empty() {
        return asked;
    }
    let plain = chat::request(br#"{"input":"Hi"}"#, &Towards { model: MODEL }, &mut Vec::new());
    Asked { echo: plain.map(|plain| plain.asked.echo).unwrap_or_default(), ..asked }
}

fn of_request(translated: Result<Translated, Untranslatable>, out: Vec<u8>) -> Outcome {
    match translated {
        Ok(Translated { asked, left_out }) => Outcome { out, asked, left_out, ..Outcome::default() },
        Err(Untranslatable(cannot)) => Outcome { cannot, ..Outcome::default() },
    }
}

fn of_reply(usage: Result<Usage, Unreadable>, out: Vec<u8>) -> Outcome {
    match usage {
        Ok(usage) => Outcome { out, usage: Some(usage), ..Outcome::default() },
        Err(Unreadable::Failed(error)) => Outcome { failed: Some(error), ..Outcome::default() },
        Err(Unreadable::Malformed) => Outcome { failed: Some(b"malformed".to_vec()), ..Outcome::default() },
    }
}

/// Reads a stream, until an event is too long; whether it was not.
fn read(input: &[u8], piece: usize, mut each: impl FnMut(sse::Event<'_>)) -> bool {
    let mut events = sse::Events::default();
    input.chunks(piece.max(1)).all(|piece| events.push(piece, &mut each).is_ok())
}

fn note(told: Told, failed: &mut Option<Vec<u8>>) {
    if let Told::Failed(error) = told {
        failed.get_or_insert(error);
    }
}
