//! Tags that are put in on the way out.

use multihome_core::session::Tagger;
use multihome_core::session::tag::{Key, LENGTH};
use multihome_core::session::tagger::MOST_HELD;
use multihome_sim::random::Random;

use super::brought::SESSIONS;
use crate::corpus::Corpus;
use crate::judge::{is_json, rule, shown};
use crate::spoil::{cut, spoil};

/// Nothing is taken out or changed, tags alone are put in; the same wherever the bytes are cut. JSON stays JSON.
pub fn check(corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let direction = random.pick(&["responses/events", "responses/reply", "chat/request"]);
    let golden = corpus.golden(direction, random).bytes;
    let golden = if random.once_in(3) { random.pick(&SESSIONS).as_bytes().to_vec() } else { golden };
    let plain = spoil(corpus, &golden, random);
    let told = |why: &str, out: &[u8]| format!("{why}: {}\nof {}", shown(out), shown(&plain));
    let whole = tagged(std::slice::from_ref(&plain))?;
    let added = whole.len().checked_sub(plain.len());
    rule(added.is_some_and(|added| added % LENGTH == 0), || told("not only tags were put in", &whole))?;
    let mut rest = whole.iter();
    rule(plain.iter().all(|byte| rest.any(|other| other == byte)), || told("something was changed", &whole))?;
    rule(!is_json(&plain) || is_json(&whole), || told("JSON no more", &whole))?;
    let again = tagged(&cut(&plain, random))?;
    rule(again == whole, || told(&format!("cut it is {}\nbut whole", shown(&again)), &whole))?;
    Ok(added != Some(0))
}

fn tagged(pieces: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let (mut tagger, mut out) = (Tagger::new(Key::new(b"secret").bind("acme", "azure")), Vec::new());
    for piece in pieces {
        tagger.push(piece, false, &mut out);
        let held = tagger.held_bytes();
        rule(held <= MOST_HELD, || format!("{held} bytes are held"))?;
    }
    tagger.push(b"", true, &mut out);
    Ok(out)
}
