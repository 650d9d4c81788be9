//! `multihome`: checks a policy, explains what it decides, and renders Envoy's configuration from it.
//!
//! Exit codes: 0 it is so, 1 the input has faults, 2 the command line has.

mod admin;
mod clock;
mod command;
mod file;
mod finding;
mod folder;
mod outcome;
mod print;
mod render;
mod version;
mod warnings;
mod yaml;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let outcome = command::Arguments::parse().run();
    let printed = print_all(&mut io::stdout(), &outcome.out);
    // Where the standard error cannot be written, there is nowhere to say so.
    let _ = print_all(&mut io::stderr(), &outcome.err);
    match printed {
        // Half a configuration must not pass for a whole one.
        Err(error) => {
            let _ = print_all(&mut io::stderr(), &format!("error: cannot write the output: {error}\n"));
            ExitCode::from(1)
        }
        Ok(()) => ExitCode::from(outcome.code),
    }
}

/// A reader that closes the pipe early (`| head`) has what it wanted.
fn print_all(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
