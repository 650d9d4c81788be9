//! `multihome-fuzz [--seconds N] [--seed N] [TARGET…]`: spoils the bodies and streams of all golden cases, and holds what
//! reads them against its rules. Each target runs so long, or once with that seed.
//!
//! An execution is made of its target's name and its number alone: a failure names both, and happens again.
//! `FUZZ_SECONDS=n cargo test -p multihome-fuzz` runs each target for n seconds.

mod corpus;
mod judge;
mod memory;
mod run;
mod spoil;
mod target;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;

use corpus::Corpus;
use target::{TARGETS, Target};

fn main() -> ExitCode {
    match command() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("multihome-fuzz: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was found.
fn command() -> Result<bool, Box<dyn Error>> {
    let mut args = lexopt::Parser::from_env();
    let (mut seconds, mut seed, mut targets) = (10.0_f64, None, Vec::<&Target>::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("seconds") => seconds = args.value()?.parse()?,
            Long("seed") => seed = Some(args.value()?.parse::<u64>()?),
            Value(name) => {
                let found = TARGETS.iter().find(|target| name == target.name);
                let names = || TARGETS.map(|target| target.name).join(", ");
                targets.push(found.ok_or_else(|| format!("there is no target {name:?}, there are {}", names()))?);
            }
            _ => return Err(arg.unexpected().into()),
        }
    }
    if targets.is_empty() {
        targets.extend(&TARGETS);
    }
    let corpus = Corpus::read()?;
    let mut found = 0;
    for target in targets {
        let ran = match seed {
            Some(seed) => run::once(target, &corpus, seed),
            None => run::during(target, &corpus, Duration::try_from_secs_f64(seconds)?, &mut |tally| {
                eprintln!("  {:18} {tally}", target.name);
            }),
        };
        match ran {
            Ok(tally) => println!("{:20} {tally}", target.name),
            Err(fault) => {
                found += 1;
                println!("{fault}");
            }
        }
    }
    Ok(found == 0)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// The memory that is measured is the process's: one test at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn any_bytes_are_no_harm() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.8);
        let corpus = Corpus::read().unwrap();
        for target in &TARGETS {
            let tally = run::during(target, &corpus, Duration::from_secs_f64(seconds), &mut |_| {});
            let tally = tally.unwrap_or_else(|fault| panic!("{fault}"));
            println!("{:20} {tally}", target.name);
            // What is never understood tries the first byte alone.
            assert!(tally.understood > tally.runs / 20, "{}: {tally}", target.name);
        }
    }

    #[test]
    fn a_fault_names_what_makes_it_happen_again() {
        #[expect(clippy::panic_in_result_fn, reason = "what is fuzzed may panic: that is a fault")]
        fn is_unlucky(_: &Corpus, random: &mut multihome_sim::random::Random) -> Result<bool, String> {
            match random.below(100) {
                0 => Err("nothing understood".to_owned()),
                1 => panic!("out of luck"),
                _ => Ok(true),
            }
        }
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (corpus, target) = (Corpus::default(), Target { name: "unlucky", check: is_unlucky });
        for first in [0, 100_000] {
            let mut number = first;
            let fault = loop {
                if let Err(fault) = run::once(&target, &corpus, number) {
                    break fault;
                }
                number += 1;
            };
            let again = run::once(&target, &corpus, fault.seed).unwrap_err();
            assert_eq!((again.seed, &again.why), (number, &fault.why));
            assert!(fault.to_string().contains(&format!("--seed {number} unlucky")), "{fault}");
        }
    }
}
