//! Executions of one target, one after the other, and what came of them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use multihome_sim::random::Random;

use crate::corpus::Corpus;
use crate::target::Target;

/// No execution takes so long, even on a busy machine: what does so grows faster than its input.
const TOO_LONG: Duration = Duration::from_secs(30);
/// Between two reports of a run that goes on.
const REPORT: Duration = Duration::from_secs(30);

/// What came of many executions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Executions.
    pub runs: u64,
    /// Those whose input was read to its end and understood.
    pub understood: u64,
    /// The longest one.
    pub slowest: Duration,
    /// All of them.
    pub took: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = (self.understood * 100).checked_div(self.runs).unwrap_or_default();
        let (took, slowest) = (self.took.as_secs_f64(), self.slowest.as_millis());
        write!(f, "{:9} executions in {took:.0} s, {share} % understood, the slowest took {slowest} ms", self.runs)
    }
}

/// An execution that broke a rule.
#[derive(Debug)]
pub struct Fault {
    /// Its target.
    pub target: &'static str,
    /// Its number.
    pub seed: u64,
    /// What was wrong.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { target, seed, why } = self;
        write!(f, "{target}: {why}\nagain: cargo run -p multihome-fuzz -- --seed {seed} {target}")
    }
}

/// Executes a target with one number.
///
/// # Errors
/// It broke a rule.
pub fn once(target: &Target, corpus: &Corpus, seed: u64) -> Result<Tally, Fault> {
    let began = Instant::now();
    let mut random = Random::new(seed ^ of_name(target.name));
    // A target keeps nothing from one execution to the next.
    let checked = catch_unwind(AssertUnwindSafe(|| (target.check)(corpus, &mut random)));
    let took = began.elapsed();
    let fault = |why| Fault { target: target.name, seed, why };
    let understood = checked.unwrap_or_else(|_| Err("it panicked".to_owned())).map_err(fault)?;
    if took > TOO_LONG {
        return Err(fault(format!("it took {} s", took.as_secs())));
    }
    Ok(Tally { runs: 1, understood: understood.into(), slowest: took, took })
}

/// Executes a target with one number after the other, as long as that.
///
/// # Errors
/// An execution broke a rule.
pub fn during(
    target: &Target,
    corpus: &Corpus,
    span: Duration,
    report: &mut dyn FnMut(&Tally),
) -> Result<Tally, Fault> {
    let began = Instant::now();
    let (mut all, mut next_report) = (Tally::default(), REPORT);
    while all.took < span {
        let one = once(target, corpus, all.runs)?;
        all.runs += 1;
        all.understood += one.understood;
        all.slowest = all.slowest.max(one.slowest);
        all.took = began.elapsed();
        if all.took > next_report && all.took < span {
            report(&all);
            next_report = all.took + REPORT;
        }
    }
    Ok(all)
}

/// No two targets get the same numbers (FNV-1a).
fn of_name(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
