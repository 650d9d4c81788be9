//! `key`: makes API keys, and says whose one is. No key is ever an argument, which every process of a machine can read.

mod check;
mod new;

use clap::Subcommand;

use crate::outcome::Outcome;

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make an API key for a tenant: prints it this once, and the line by which the policy knows it
    New(new::New),
    /// Say whose an API key is; it is read from the environment variable MULTIHOME_KEY, else from the standard input
    Check(check::Check),
}

impl Key {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome, Outcome> {
        match self {
            Key::New(new) => new.run(),
            Key::Check(check) => check.run(),
        }
    }
}
