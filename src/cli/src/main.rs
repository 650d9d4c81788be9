//! `multihome`: checks a policy, explains what it decides, and renders Envoy's configuration from it.
//!
//! Exit codes: 0 it is so, 1 the input has faults, 2 the command line has.

mod args;
mod check;
mod explain;
mod file;
mod print;
mod render;
mod run;
mod schema;
mod version;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let outcome = run::run(args::Arguments::parse());
    if !outcome.out.is_empty() {
        use std::io::Write;
        // A reader that closes the pipe early (`| head`) has what it wanted.
        let _ = std::io::stdout().write_all(outcome.out.as_bytes());
    }
    if !outcome.err.is_empty() {
        eprint!("{}", outcome.err);
    }
    ExitCode::from(outcome.code)
}
