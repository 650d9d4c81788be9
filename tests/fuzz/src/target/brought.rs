//! Tags that a request brings back, and what is left out of one that moves without its origin.

use std::ops::Range;

use multihome_core::api::{self, Api};
use multihome_core::session::origin::find;
use multihome_core::session::references::{self, Reference, Role};
use multihome_core::session::tag::{Binding, Kind, LENGTH};
use multihome_core::session::{Keys, Tagger, foreign};
use multihome_sim::random::Random;

use crate::corpus::Corpus;
use crate::judge::{is_json, rule, shown};
use crate::spoil::spoil;

const TENANT: &str = "acme";
const ACCOUNTS: [&str; 3] = ["azure", "aws", "gcp"];

/// Later turns of sessions: more of what goes to and fro than the goldens have.
pub const SESSIONS: [&str; 5] = [
    r#"{"previous_response_id":"resp_0a1b","input":"go on","tools":[{"type":"code_interpreter","container":"cntr_1"}]}"#,
    r#"{"conversation":{"id":"conv_1"},"input":[{"type":"item_reference","id":"rs_1"},{"id":"msg_1"}]}"#,
    r#"{"input":[{"role":"user","content":"a"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAABo0123456789012345678901234567890123456789"},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"id\":\"rs_1\"}"},{"type":"function_call_output","call_id":"call_1","output":"x"}],"include":["reasoning.encrypted_content"],"store":false}"#,
    r#"{"input":[{"type":"compaction","id":"cmp_1","encrypted_content":"gAAAAABo"},{"type":"agent_message","content":[{"type":"encrypted_content","encrypted_content":"gAAAAABp"}]},{"type":"shell_call","id":"sh_1","container_id":"cntr_2","action":{"commands":[]}}]}"#,
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"encrypted_content\":\"gAAAAABo\"},\"item_id\":\"rs_1\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"previous_response_id\":\"resp_0\"}}\n\n",
];

fn body(corpus: &Corpus, random: &mut Random) -> Vec<u8> {
    let golden = corpus.golden("chat/request", random).bytes;
    let golden = if random.once_in(2) { random.pick(&SESSIONS).as_bytes().to_vec() } else { golden };
    spoil(corpus, &golden, random)
}

/// Only tags that this tenant's accounts made count, and only they are taken out.
pub fn read(corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let keys = Keys::new([&b"new"[..], b"old"]);
    let old = Keys::new([&b"old"[..]]);
    let plain = body(corpus, random);
    let makers = [random.pick(&ACCOUNTS), random.pick(&ACCOUNTS)];
    let half = if random.once_in(2) { plain.len() } else { random.below(plain.len() + 1) };
    let (first, second) = plain.split_at_checked(half).unwrap_or_default();
    let mut body = tagged(first, (if random.once_in(2) { &keys } else { &old }).binding(TENANT, makers[0]));
    body.extend(tagged(second, keys.binding(TENANT, makers[1])));
    let spoilt = random.once_in(2);
    if spoilt {
        body = spoil(corpus, &body, random);
    }
    let told = |why: String| format!("{why}\nof {}", shown(&body));

    let found = references::read(&body);
    let quoted = |span: &Range<usize>| {
        let before = span.start.checked_sub(1).and_then(|at| body.get(at));
        span.start <= span.end && before == Some(&b'"') && body.get(span.end) == Some(&b'"')
    };
    let odd = found.iter().find(|reference| !quoted(&reference.span));
    rule(odd.is_none(), || told(format!("no string: {odd:?}")))?;

    let origin = find(&body, &found, &keys, TENANT, ACCOUNTS.into_iter());
    if let Ok(origin) = &origin {
        let makers: Vec<(Role, Vec<&str>)> =
            origin.tags.iter().filter_map(|tag| made_by(&body, &found, tag, [&keys, &old])).collect();
        rule(makers.len() == origin.tags.len(), || told(format!("a tag that nobody made: {:?}", origin.tags)))?;
        let account = |account| makers.iter().any(|(_, by)| by.contains(account));
        rule(origin.account.as_ref().is_none_or(account), || told(format!("no tag is of {:?}", origin.account)))?;
        let binding = makers.iter().filter(|(role, _)| *role != Role::Name);
        let other = binding.clone().find(|(_, by)| origin.account.is_none_or(|account| !by.contains(&account)));
        rule(other.is_none(), || told(format!("{other:?} beside {:?}", origin.account)))?;
        rule(origin.binding == binding.clone().next().is_some(), || told(format!("{origin:?}")))?;
        let left = without(&body, &origin.tags).map_err(told)?;
        rule(!is_taken(&body) || is_json(&left), || told(format!("JSON no more: {}", shown(&left))))?;
    }
    // Tags that nothing was done to are known again. A client's own text may look like a tag.
    let plainly = !spoilt && half == plain.len() && !plain.contains(&b'X') && !plain.contains(&b'\\');
    rule(!plainly || origin.is_ok(), || told(format!("{origin:?}")))?;
    let stranger = find(&body, &found, &keys, "globex", ACCOUNTS.into_iter());
    rule(stranger.is_err() || stranger.is_ok_and(|origin| origin.account.is_none()), || {
        told("another tenant's tag counts".to_owned())
    })?;
    Ok(origin.is_ok_and(|origin| origin.account.is_some()))
}

fn tagged(bytes: &[u8], binding: Binding) -> Vec<u8> {
    let mut out = Vec::new();
    Tagger::new(binding).push(bytes, true, &mut out);
    out
}

/// The accounts that made a tag for the value it stands in, and what that is.
fn made_by<'a>(
    body: &[u8],
    references: &[Reference],
    tag: &Range<usize>,
    keys: [&Keys; 2],
) -> Option<(Role, Vec<&'a str>)> {
    let Reference { role, kind, span } =
        references.iter().find(|reference| reference.span.start <= tag.start && tag.end <= reference.span.end)?;
    let (prefix, rest) = (body.get(span.start..tag.start)?, body.get(tag.end..span.end)?);
    let place = if *kind == Kind::Id { prefix.ends_with(b"_") } else { prefix.is_empty() };
    let mut value = [prefix, rest].concat();
    value.truncate(kind.bound());
    let made = |account: &&str| {
        let is = |keys: &Keys| body.get(tag.clone()) == Some(&keys.binding(TENANT, account).tag(&value)[..]);
        keys.into_iter().any(is)
    };
    let makers: Vec<&str> = ACCOUNTS.into_iter().filter(made).collect();
    (place && !makers.is_empty() && tag.len() == LENGTH).then_some((*role, makers))
}

/// A body of JSON stays one, and nothing is left in it that its origin alone can read.
pub fn left_out(corpus: &Corpus, random: &mut Random) -> Result<bool, String> {
    let body = body(corpus, random);
    let cuts = foreign::cuts(&body);
    let (true, Some(cuts)) = (is_taken(&body), cuts) else { return Ok(false) };
    let told = |why: String| format!("{why}\nof {}", shown(&body));
    let left = without(&body, &cuts).map_err(told)?;
    let why = || told(format!("cut {cuts:?}: {}", shown(&left)));
    rule(is_json(&left), why)?;
    rule(foreign::cuts(&left).is_some_and(|more| more.is_empty()), why)?;
    let found = references::read(&left);
    rule(found.iter().all(|reference| reference.role == Role::Name), || format!("{}\n{found:?}", why()))?;
    Ok(true)
}

/// Whether a client's body is read any further: it is JSON, and no key that matters stands in it twice.
fn is_taken(body: &[u8]) -> bool {
    api::body::read(body, Api::Responses).is_ok()
}

/// Takes out what must not overlap.
fn without(body: &[u8], ranges: &[Range<usize>]) -> Result<Vec<u8>, String> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| range.start);
    let (mut left, mut at) = (Vec::new(), 0);
    for range in sorted {
        let between = body.get(at..range.start).filter(|_| range.start <= range.end && range.end <= body.len());
        left.extend_from_slice(between.ok_or_else(|| format!("{ranges:?} overlap or lie outside"))?);
        at = range.end;
    }
    left.extend_from_slice(body.get(at..).unwrap_or_default());
    Ok(left)
}
