//! Streams that are translated.

use multihome_convert::NOW;
use multihome_core::api::error::ApiError;
use multihome_core::convert::chat::MOST_KEPT;
use multihome_core::convert::{Asked, Conversion, Told};
use multihome_core::form::Usage;
use multihome_core::stream::sse::{Events, MOST_EVENT};
use multihome_sim::random::Random;

use super::{folder, whole};
use crate::corpus::Corpus;
use crate::judge::{chat_stream, is_json, responses_stream, rule, shown};
use crate::memory;
use crate::spoil::{cut, lengthen, spoil};

/// The most bytes that are held between two pieces: a list that grows takes up to twice what is in it.
const MOST_HELD: usize = 2 * (MOST_EVENT + MOST_KEPT) + (64 << 10);
/// Of short streams: so many times what came, and this beside.
const TIMES: usize = 16;
const BESIDE: usize = 64 << 10;
/// One stream of so many is made long.
const LONG: usize = 1000;
const LONG_BYTES: usize = 5 << 20;

#[derive(Debug, Default, PartialEq, Eq)]
struct Streamed {
    out: Vec<u8>,
    /// Whether the completion ended well.
    whole: bool,
    error: Option<Vec<u8>>,
    usage: Option<Usage>,
}

/// What a client gets is a stream of its API, the same wherever the bytes were cut; and ended, well or with an error.
pub fn check(conversion: Conversion, corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let golden = corpus.golden(&format!("{}/events", folder(conversion)), random);
    let asked = whole::asked(conversion, golden.asked, corpus, random);
    let mut stream = spoil(corpus, &golden.bytes, random);
    let long = random.once_in(LONG);
    if long {
        stream = lengthen(&stream, LONG_BYTES, random);
    }
    let told = |why: String| {
        let end = stream.len().min(20_000);
        format!("{why}\nof {}", shown(stream.get(..end).unwrap_or_default()))
    };
    let pieces = if long { random.cut(&stream, 100) } else { vec![stream.clone()] };
    let streamed = translate(conversion, asked.clone(), &pieces).map_err(told)?;
    let judge = if conversion == Conversion::ToChat { responses_stream } else { chat_stream };
    judge(&streamed.out, streamed.whole).map_err(told)?;
    rule(streamed.error.as_deref().is_none_or(is_json), || told("an error that is no JSON".to_owned()))?;
    if !long {
        let pieces = cut(&stream, random);
        let again = translate(conversion, asked, &pieces).map_err(told)?;
        rule(again == streamed, || {
            let at = pieces.iter().map(Vec::len).collect::<Vec<_>>();
            told(format!("cut into {at:?}\n{}\nbut in one\n{}", shown(&again.out), shown(&streamed.out)))
        })?;
    }
    Ok(streamed.whole)
}

fn translate(conversion: Conversion, asked: Asked, pieces: &[Vec<u8>]) -> Result<Streamed, String> {
    let (mut events, mut streamed, mut came) = (Events::default(), Streamed::default(), asked.echo.len());
    let since = memory::since();
    let mut machine = conversion.events(&asked, NOW).ok_or("it does not translate")?;
    let mut breach = Ok(());
    for piece in pieces {
        came += piece.len();
        let Streamed { out, whole, error, .. } = &mut streamed;
        let pushed = events.push(piece, |event| {
            if *whole || error.is_some() {
                return;
            }
            let before = out.len();
            match machine.event(&event, out) {
                Told::Lifecycle | Told::Output => {}
                Told::Done => *whole = true,
                Told::Failed(why) => {
                    // A `Response` has numbered events: what was begun is told to its end.
                    if conversion != Conversion::ToChat && out.len() != before {
                        breach = Err(format!("an event that failed wrote {} bytes", out.len() - before));
                    }
                    *error = Some(why);
                }
            }
        });
        if pushed.is_err() && !*whole {
            error.get_or_insert_with(|| b"\"too long\"".to_vec());
        }
        // What goes to the client is not held.
        let held = since.now().saturating_sub(out.capacity());
        rule(held <= MOST_HELD.min(TIMES * came + BESIDE), || format!("{held} bytes are held of {came}"))?;
        if *whole || error.is_some() {
            break;
        }
    }
    breach?;
    match streamed.error {
        Some(_) => machine.fail(&ApiError::new(502, "upstream_error", "It \"failed\".\n\n"), &mut streamed.out),
        None if streamed.whole => {}
        None => match machine.end(&mut streamed.out) {
            Told::Done => streamed.whole = true,
            Told::Failed(error) => streamed.error = Some(error),
            Told::Lifecycle | Told::Output => return Err("it does not end".to_owned()),
        },
    }
    streamed.usage = machine.usage();
    Ok(streamed)
}
