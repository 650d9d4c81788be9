//! Whole streams of random requests, random answers and random ends: the module never panics, never keeps a
//! request, never asks a target that policy does not allow, and never lets anything leave that must stay.
//!
//! `FUZZ=n` plays n of them in place of the usual number, `SEED=n` a single one.

mod keyed;
mod made;
mod policy;

use serde_json::Value;

use self::keyed::{Fate, Held, Witness};
use self::made::Made;
use self::policy::Targets;
use super::{NOW, check};
use crate::beside::Chain;
use crate::exchange::play;
use crate::host;
use crate::random::Random;
use crate::script::{End, Outcome, Played, Sent};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

const RUNS: u64 = 50_000;
const TOKEN: &str = "ya29.token-of-the-metadata-server";

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_stream_breaks_a_rule() {
    let tally = play_all(super::policy(), None);
    if number("SEED").is_none() {
        tally.assert_ordinary(20);
    }
}

#[test]
fn no_stream_with_a_key_breaks_a_rule() {
    let tally = play_all(Held::new().policy(super::policy()), Some(Held::new()));
    if number("SEED").is_none() {
        // More of them are refused, for their credentials.
        tally.assert_ordinary(40);
        assert!(tally.by_key > tally.runs / 40 && tally.denied_by_key > tally.runs / 20, "{tally:?}");
    }
}

/// Plays each seed under a policy; with keys, where it has some.
fn play_all(policy: Value, held: Option<Held>) -> Tally {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FUZZ").unwrap_or(RUNS),
    };
    let worker = Worker::start(&Shared::default(), &policy).unwrap();
    let tally = worker.run(move |vm| {
        let rules = Rules { targets: Targets::of(&policy), held };
        host::with(|host| host.now = NOW);
        vm.fetch_token(TOKEN, 3600);
        let mut tally = Tally::default();
        seeds.for_each(|seed| run(vm, &rules, seed, &mut tally));
        tally
    });
    let tally = tally.expect("the worker panicked");
    println!("{tally:?}");
    tally
}

/// What requests are held against.
struct Rules {
    targets: Targets,
    held: Option<Held>,
}

impl Rules {
    fn request(&self, random: &mut Random) -> Made {
        let mut made = Made::request(random);
        if let Some(held) = &self.held {
            held.bring(random, &mut made);
        }
        made
    }
}

#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    served: usize,
    retried: usize,
    refused: usize,
    abandoned: usize,
    streamed: usize,
    by_key: usize,
    denied_by_key: usize,
}

impl Tally {
    /// A generator that makes nothing that gets through would find nothing.
    fn assert_ordinary(&self, one_in: usize) {
        let least = self.runs / one_in;
        for (what, count) in [
            ("served", self.served),
            ("retried", self.retried),
            ("refused", self.refused),
            ("abandoned", self.abandoned),
            ("streamed", self.streamed),
        ] {
            assert!(count > least, "{what}: {count} of {}", self.runs);
        }
    }
}

fn run(vm: &Vm, rules: &Rules, seed: u64, tally: &mut Tally) {
    host::with(|host| {
        host.label = format!("SEED={seed}");
        host.refused.clear();
        host.log.clear();
    });
    let mut random = Random::new(seed);
    let made = rules.request(&mut random);
    let played = stream(vm, rules, seed, &mut random, &made, true);
    assert_eq!(multihome_filter::requests_in_flight(), 0, "SEED={seed}: a request remained");
    let status = played.received.headers.as_ref().map_or(0, |headers| headers.status());
    tally.runs += 1;
    tally.served += usize::from(status == 200);
    tally.retried += usize::from(played.sent.len() > 1);
    tally.refused += usize::from(played.sent.is_empty() && status >= 400);
    tally.abandoned += usize::from(played.end == End::Abandoned);
    tally.by_key += usize::from(status == 200 && matches!(made.fate, Fate::Of(_)));
    tally.denied_by_key += usize::from(status == 401 && made.fate == Fate::Refused);
    tally.streamed += usize::from(played.sent.iter().any(|sent| sent.message.body == made.body));
}

/// Plays one stream, and at times another one within it, and looks at all that came of it.
fn stream(vm: &Vm, rules: &Rules, seed: u64, random: &mut Random, made: &Made, outermost: bool) -> Played {
    let patience = random.once_in(6).then(|| random.below(12));
    let mut given = Vec::new();
    let chain = if random.once_in(2) { Chain::Bare } else { Chain::Rendered };
    let mut state = None;
    let played = play(vm, chain, &made.message, patience, &mut |turn| {
        state = Some(turn.filter_state.clone());
        if outermost && random.once_in(8) {
            let inner = rules.request(random);
            stream(vm, rules, seed, random, &inner, false);
        }
        let answer = made::answer(random);
        given.push(answer.clone());
        answer
    });
    let mut wrong = check::check(&played, TOKEN);
    let tried: Vec<_> = played.sent.iter().filter(|sent| sent.message.headers.is_some()).collect();
    wrong.extend(rules.targets.judge(made, &tried));
    if let Some(held) = &rules.held {
        let record = state.and_then(|state| state.borrow().get("wasm.multihome.record").cloned());
        let record = record.map(|record| String::from_utf8_lossy(&record).into_owned());
        let log = host::with(|host| host.log.iter().map(|(_, line)| line.clone()).collect());
        wrong.extend(held.judge(made, &played, &Witness { record, log }));
    }
    for sent in tried.iter().filter(|sent| sent.message.whole) {
        if is_translated(made, sent) {
            wrong.extend(
                serde_json::from_slice::<Value>(&sent.message.body)
                    .err()
                    .map(|error| format!("the translation is {error}")),
            );
        } else {
            wrong.extend(same_body(&made.body, &sent.message.body));
        }
    }
    if !tried.last().is_some_and(|latest| is_translated(made, latest)) {
        wrong.extend(same_answer(&played, given.last().map(|answer| &answer.outcome)));
    }
    assert!(wrong.is_empty(), "SEED={seed}: {wrong:#?}\n{}", told(made, &played));
    played
}

/// Whether the client speaks another API than the cloud was asked by.
fn is_translated(made: &Made, sent: &Sent) -> bool {
    let is_chat =
        |path: Option<&[u8]>| path.is_some_and(|path| String::from_utf8_lossy(path).contains("/chat/completions"));
    let asked = sent.message.headers.as_ref().and_then(|headers| headers.get(":path"));
    is_chat(made.message.headers.get(":path")) != is_chat(asked)
}

/// What a cloud gets is what the client sent, but for the model, and for the name that its family has for `max_tokens`.
fn same_body(client: &[u8], cloud: &[u8]) -> Option<String> {
    if client == cloud {
        return None;
    }
    let without_model = |bytes: &[u8]| {
        let mut body: Value = serde_json::from_slice(bytes).ok()?;
        let members = body.as_object_mut()?;
        members.remove("model");
        if let Some(tokens) = members.remove("max_tokens") {
            members.entry("max_completion_tokens").or_insert(tokens);
        }
        Some(body)
    };
    match (without_model(client), without_model(cloud)) {
        (Some(client), Some(cloud)) if client == cloud => None,
        // Half a surrogate pair is JSON, but no text: the module lets it pass, and the oracle cannot read it.
        (None, None) if differ_at_the_model_only(client, cloud) => None,
        _ => Some(format!("the body became {}", cloud.escape_ascii())),
    }
}

/// Whether two bodies differ within so few bytes as a model takes.
fn differ_at_the_model_only(client: &[u8], cloud: &[u8]) -> bool {
    let before = client.iter().zip(cloud).take_while(|(one, other)| one == other).count();
    let behind = client.iter().rev().zip(cloud.iter().rev()).take_while(|(one, other)| one == other).count();
    before + behind + "\"model\":\"openai.gpt-oss-120b-1:0\",".len() >= client.len()
}

/// What was served reaches the client byte for byte, as far as it came.
fn same_answer(played: &Played, last: Option<&Outcome>) -> Option<String> {
    let headers = played.received.headers.as_ref()?;
    let Some(Outcome::Answered(message, _)) = last else { return None };
    if headers.status() != 200 || message.headers.status() != 200 {
        return None;
    }
    let whole = message.chunks.concat();
    let right = if played.end == End::Answered {
        played.received.body == whole
    } else {
        whole.starts_with(&played.received.body)
    };
    (!right).then(|| "the answer changed on its way".to_owned())
}

/// What there is to see of a stream: heads, and how long the bodies are.
fn told(made: &Made, played: &Played) -> String {
    let mut text = format!("client {:?} and {} bytes\n", made.message.headers, made.body.len());
    for sent in &played.sent {
        text += &format!("{} {:?} and {} bytes\n", sent.endpoint, sent.message.headers, sent.message.body.len());
    }
    text + &format!("received {:?} and {} bytes", played.received.headers, played.received.body.len())
}
