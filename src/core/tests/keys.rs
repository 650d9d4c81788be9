//! What finding a key costs: the same with ten and with a hundred thousand of them, and the same for one that is nearly right.
#![cfg(test)]

use std::rc::Rc;
use std::time::{Duration, Instant};

use multihome_core::api::inbound::{IdentityHeaders, Inbound};
use multihome_core::config::{self, Config};
use multihome_core::key::{self, Digest};
use multihome_core::tenant::Caller;

/// The secret of the key of that number: like a random one, and the same at every run.
fn secret(number: u32) -> [u8; 32] {
    let mut secret = [0; 32];
    let mut state = u64::from(number) + 0x9e37_79b9_7f4a_7c15;
    for byte in &mut secret {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    secret
}

fn key_of(number: u32) -> String {
    key::make(secret(number))
}

fn policy(keys: u32) -> Rc<Config> {
    let keys: Vec<String> =
        (0..keys).map(|number| format!(r#"{{"sha256": "{}"}}"#, Digest::of(key_of(number).as_bytes()))).collect();
    let text = format!(
        r#"{{"endpoints": {{"az": {{"cloud": "azure", "resource": "r", "residency": "us", "auth": {{"api_key": {{"sds": "k"}}}}}}}},
            "models": {{"m": [{{"endpoint": "az", "id": "dep", "form": "openai.chat"}}]}},
            "tenants": {{"acme": {{"clouds": ["azure"], "residency": ["us"], "models": ["m"], "keys": [{}]}}}},
            "identity": [{{"keys": {{}}}}]}}"#,
        keys.join(",")
    );
    Rc::new(config::check(&config::parse_json(text.as_bytes()).unwrap()).unwrap())
}

/// Asks with that key; says whether somebody was found, and how long it took.
fn ask(config: &Config, key: &str) -> (bool, Duration) {
    let value = format!("Bearer {key}");
    let headers = [(&b"authorization"[..], value.as_bytes())];
    let inbound = Inbound::read(headers.into_iter(), IdentityHeaders { tenant: None, policy: None });
    let begin = Instant::now();
    let found = std::hint::black_box(Caller::identify(config, &inbound, &|| 0)).is_ok();
    (found, begin.elapsed())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_nanos() as f64
}

/// Medians of kinds of keys, asked for in turns, so that what else the machine does befalls all of them.
fn medians<const N: usize>(rounds: u32, mut ask: impl FnMut(u32) -> [Duration; N]) -> [f64; N] {
    let mut times = [(); N].map(|()| Vec::with_capacity(rounds as usize));
    for round in 0..rounds {
        for (times, time) in times.iter_mut().zip(ask(round)) {
            times.push(time);
        }
    }
    times.map(median)
}

/// Noise is not the same twice; a difference that the code makes is.
fn within<const N: usize>(bound: f64, mut measure: impl FnMut() -> [f64; N]) {
    let mut seen = Vec::new();
    for _ in 0..5 {
        let medians = measure();
        let (least, most) =
            medians.iter().fold((f64::MAX, 0_f64), |(least, most), time| (least.min(*time), most.max(*time)));
        if most <= least * bound {
            return;
        }
        seen.push(medians);
    }
    panic!("more than {bound} times as long as another, in ns: {seen:?}");
}

const LOOKUPS: u32 = 10_000;

/// A key that differs from one of the table in a single bit, the first or the last, takes as long as one that is like none.
#[test]
fn a_near_miss_takes_as_long_as_a_miss() {
    let config = policy(1_000);
    let timed = |key: &str| {
        let (found, time) = ask(&config, key);
        assert!(!found);
        time
    };
    within(1.1, || {
        medians(LOOKUPS, |round| {
            let near = |byte: usize, bit: u8| {
                let mut secret = secret(round % 1_000);
                secret[byte] ^= bit;
                key::make(secret)
            };
            [timed(&key_of(1_000_000 + round)), timed(&near(31, 1)), timed(&near(0, 0x80)), timed(&near(16, 0x10))]
        })
    });
}

#[test]
fn a_hundred_thousand_keys_cost_what_ten_do() {
    let (few, many) = (policy(10), policy(100_000));
    assert_eq!(many.keys.iter().count(), 100_000);
    let timed = |config: &Config, key: &str| {
        let (found, time) = ask(config, key);
        assert!(found);
        time
    };
    // The same ten of each, so that both are in the processor's cache.
    within(1.3, || medians(LOOKUPS, |round| [&few, &many].map(|config| timed(config, &key_of(round % 10)))));
    // All of them are not: what the memory takes, and no search.
    within(5.0, || {
        medians(LOOKUPS, |round| [timed(&few, &key_of(round % 10)), timed(&many, &key_of(round * 9_973 % 100_000))])
    });
}
