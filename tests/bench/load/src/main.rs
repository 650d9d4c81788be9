//! Load and a plain upstream for the benchmark, each on one thread and cheap enough that Envoy's
//! worker stays the bottleneck on a machine of two cores.
//!
//! `multihome-load upstream --listen ADDRESS` prints the address it listens on and serves until killed.
//! `multihome-load run --target ADDRESS --case NAME …` loads one Envoy and prints one line of JSON.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;

mod answer;
mod case;
mod connection;
mod cpu;
mod http;
mod run;
mod schedule;
mod upstream;

use case::Case;
use run::Plan;

const HELP: &str = "\
multihome-load upstream --listen ADDRESS
multihome-load run --target ADDRESS --case CASE [--model NAME] [--header 'NAME: VALUE']…
                   [--connections N] [--warm-up S] [--seconds S] [--pid PID]
multihome-load request --case CASE [--model NAME]    (prints the request)

CASE is headers, json-700, key-700, json-64k, sse-64, sse-paced, translated-json-700, translated-json-64k,
translated-sse-64 or tagged-sse-64. With --pid, the CPU time of that process
over the timed seconds is reported as well.";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("multihome-load: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<(), Box<dyn Error>> {
    let mut args = lexopt::Parser::from_env();
    let mut word = None;
    let mut listen = None;
    let mut target: Option<SocketAddr> = None;
    let mut case: Option<Case> = None;
    let mut model = None;
    let mut headers = Vec::new();
    let mut connections = 16_usize;
    let mut warm_up = 0.2_f64;
    let mut seconds = 1.0_f64;
    let mut pid = None;
    while let Some(arg) = args.next()? {
        match arg {
            Value(value) if word.is_none() => word = Some(value.string()?),
            Long("listen") => listen = Some(args.value()?.parse()?),
            Long("target") => target = Some(args.value()?.parse()?),
            Long("case") => case = Some(args.value()?.parse()?),
            Long("model") => model = Some(args.value()?.string()?),
            Long("header") => headers.push(args.value()?.string()?),
            Long("connections") => connections = args.value()?.parse()?,
            Long("warm-up") => warm_up = args.value()?.parse()?,
            Long("seconds") => seconds = args.value()?.parse()?,
            Long("pid") => pid = Some(args.value()?.parse()?),
            Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            _ => return Err(arg.unexpected().into()),
        }
    }
    let wanted = |name: &str| format!("{name} is missing\n{HELP}");
    match word.as_deref() {
        Some("upstream") => upstream::serve(listen.ok_or_else(|| wanted("--listen"))?),
        Some("run") => {
            let case = case.ok_or_else(|| wanted("--case"))?;
            let target = target.ok_or_else(|| wanted("--target"))?;
            let plan = Plan {
                target,
                case,
                request: case.request(&target.to_string(), model.as_deref(), &headers)?,
                connections,
                warm_up: Duration::try_from_secs_f64(warm_up)?,
                timed: Duration::try_from_secs_f64(seconds)?,
                pid,
            };
            println!("{}", run::run(&plan)?);
            Ok(())
        }
        Some("request") => {
            let case = case.ok_or_else(|| wanted("--case"))?;
            let request = case.request("multihome", model.as_deref(), &headers)?;
            std::io::stdout().write_all(&request)?;
            Ok(())
        }
        _ => Err(wanted("a command").into()),
    }
}
