//! Requests and whole responses that are translated.

use multihome_convert::{MODEL, NOW};
use multihome_core::convert::{Asked, Conversion, MOST_ECHO, MOST_UNTRANSLATABLE, Towards, Unreadable, Untranslatable};
use multihome_sim::random::Random;

use super::folder;
use crate::corpus::Corpus;
use crate::judge::{is_json, rule, shown};
use crate::memory;
use crate::spoil::spoil;

/// A translation takes at most so many times the memory of what it reads …
const TIMES: usize = 16;
/// … and this beside, in bytes.
const BESIDE: usize = 64 << 10;

/// A request becomes JSON, or it is said what of it cannot be carried.
pub fn request(conversion: Conversion, corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let golden = corpus.golden(&format!("{}/request", folder(conversion)), random);
    let body = spoil(corpus, &golden.bytes, random);
    let why = |what: &str, more: &[u8]| format!("{what}: {}\nof {}", shown(more), shown(&body));
    let mut out = Vec::new();
    let since = memory::since();
    let translated = conversion.request(&body, &Towards { model: MODEL }, &mut out);
    let most = since.most();
    rule(most <= TIMES * body.len() + BESIDE, || why(&format!("{most} bytes for {}", body.len()), b""))?;
    match translated {
        Ok(translated) => {
            let asked = &translated.asked;
            rule(is_json(&out), || why("no JSON", &out))?;
            rule(asked.echo.len() <= MOST_ECHO, || why("too much is kept", &asked.echo))?;
            let echo = [b"{", &asked.echo[..], b"}"].concat();
            rule(is_json(&echo), || why("what a response repeats is no JSON", &echo))?;
            Ok(true)
        }
        Err(Untranslatable(places)) => {
            let fits = !places.is_empty() && places.len() <= MOST_UNTRANSLATABLE;
            rule(fits && places.iter().all(|place| place.len() < 1000), || why(&format!("{places:?}"), b""))?;
            Ok(false)
        }
    }
}

/// A whole response becomes JSON; or it is a failure, which is JSON, too.
pub fn reply(conversion: Conversion, corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let golden = corpus.golden(&format!("{}/reply", folder(conversion)), random);
    let asked = asked(conversion, golden.asked, corpus, random);
    let body = spoil(corpus, &golden.bytes, random);
    let why = |what: &str, more: &[u8]| format!("{what}: {}\nof {}", shown(more), shown(&body));
    let mut out = Vec::new();
    let since = memory::since();
    let translated = conversion.reply(&body, &asked, NOW, &mut out);
    let most = since.most();
    let bound = TIMES * (body.len() + asked.echo.len()) + BESIDE;
    rule(most <= bound, || why(&format!("{most} bytes for {}", body.len()), b""))?;
    match translated {
        Ok(_) => {
            rule(is_json(&out), || why("no JSON", &out))?;
            Ok(true)
        }
        Err(Unreadable::Failed(error)) => {
            rule(is_json(&error), || why("an error that is no JSON", &error))?;
            Ok(true)
        }
        Err(Unreadable::Malformed) => Ok(false),
    }
}

/// What a client asked for: as its row says, and what a response to some request repeats.
pub fn asked(conversion: Conversion, asked: Asked, corpus: &Corpus, random: &mut Random) -> Asked {
    if conversion != Conversion::ToChat {
        return Asked { include_usage: random.once_in(2), ..asked };
    }
    let golden = corpus.golden("chat/request", random);
    let body = spoil(corpus, &golden.bytes, random);
    let of_body = |body: &[u8]| conversion.request(body, &Towards { model: MODEL }, &mut Vec::new());
    let translated = of_body(&body).or_else(|_| of_body(br#"{"input":"Hi"}"#));
    translated.map_or(asked, |translated| translated.asked)
}
