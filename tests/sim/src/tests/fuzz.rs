//! Whole streams of random requests, random answers and random ends: the module never panics, never keeps a
//! request, never asks a target that policy does not allow, and never lets anything leave that must stay.
//!
//! `FUZZ=n` plays n of them in place of the usual number, `SEED=n` a single one.

mod made;
mod policy;

use serde_json::Value;

use self::made::Made;
use self::policy::Targets;
use super::{NOW, check};
use crate::beside::Chain;
use crate::exchange::play;
use crate::host;
use crate::random::Random;
use crate::script::{End, Outcome, Played};
use crate::shared::Shared;
use crate::worker::{Vm, Worker};

const RUNS: u64 = 50_000;
const TOKEN: &str = "ya29.token-of-the-metadata-server";

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_stream_breaks_a_rule() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FUZZ").unwrap_or(RUNS),
    };
    let worker = Worker::start(&Shared::default(), &super::policy()).unwrap();
    let tally = worker.run(move |vm| {
        let targets = Targets::of(&super::policy());
        host::with(|host| host.now = NOW);
        vm.fetch_token(TOKEN, 3600);
        let mut tally = Tally::default();
        seeds.for_each(|seed| run(vm, &targets, seed, &mut tally));
        tally
    });
    let tally = tally.expect("the worker panicked");
    println!("{tally:?}");
    if number("SEED").is_none() {
        // A generator that makes nothing that gets through would find nothing.
        let least = tally.runs / 20;
        for (what, count) in [
            ("served", tally.served),
            ("retried", tally.retried),
            ("refused", tally.refused),
            ("abandoned", tally.abandoned),
            ("streamed", tally.streamed),
        ] {
            assert!(count > least, "{what}: {count} of {}", tally.runs);
        }
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
}

fn run(vm: &Vm, targets: &Targets, seed: u64, tally: &mut Tally) {
    host::with(|host| {
        host.label = format!("SEED={seed}");
        host.refused.clear();
        host.log.clear();
    });
    let mut random = Random::new(seed);
    let made = Made::request(&mut random);
    let played = stream(vm, targets, seed, &mut random, &made, true);
    assert_eq!(multihome_filter::requests_in_flight(), 0, "SEED={seed}: a request remained");
    let status = played.received.headers.as_ref().map_or(0, |headers| headers.status());
    tally.runs += 1;
    tally.served += usize::from(status == 200);
    tally.retried += usize::from(played.sent.len() > 1);
    tally.refused += usize::from(played.sent.is_empty() && status >= 400);
    tally.abandoned += usize::from(played.end == End::Abandoned);
    tally.streamed += usize::from(played.sent.iter().any(|sent| sent.message.body == made.body));
}

/// Plays one stream, and at times another one within it, and looks at all that came of it.
fn stream(vm: &Vm, targets: &Targets, seed: u64, random: &mut Random, made: &Made, outermost: bool) -> Played {
    let patience = random.once_in(6).then(|| random.below(12));
    let mut given = Vec::new();
    let chain = if random.once_in(2) { Chain::Bare } else { Chain::Rendered };
    let played = play(vm, chain, &made.message, patience, &mut |_| {
        if outermost && random.once_in(8) {
            let inner = Made::request(random);
            stream(vm, targets, seed, random, &inner, false);
        }
        let answer = made::answer(random);
        given.push(answer.clone());
        answer
    });
    let mut wrong = check::check(&played, TOKEN);
    let tried: Vec<_> = played.sent.iter().filter(|sent| sent.message.headers.is_some()).collect();
    wrong.extend(targets.judge(made, &tried));
    for sent in tried.iter().filter(|sent| sent.message.whole) {
        wrong.extend(same_body(&made.body, &sent.message.body));
    }
    wrong.extend(same_answer(&played, given.last().map(|answer| &answer.outcome)));
    assert!(wrong.is_empty(), "SEED={seed}: {wrong:#?}\n{}", told(made, &played));
    played
}

/// What a cloud gets is what the client sent, but for the model.
fn same_body(client: &[u8], cloud: &[u8]) -> Option<String> {
    if client == cloud {
        return None;
    }
    let without_model = |bytes: &[u8]| {
        let mut body: Value = serde_json::from_slice(bytes).ok()?;
        body.as_object_mut()?.remove("model");
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
