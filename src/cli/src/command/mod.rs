//! The command line: one module a command, with its own arguments.

mod apply;
mod check;
mod doctor;
mod envoy_version;
mod explain;
mod key;
mod render;
mod schema;

use clap::{Parser, Subcommand};

use crate::outcome::Outcome;

/// One OpenAI-compatible endpoint over several clouds: the tool beside the Envoy filter.
///
/// Exit codes: 0 done, 1 faults in what was read (each with its place and a way to mend it), 2 a wrong command line.
#[derive(Debug, Parser)]
#[command(name = "multihome", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a policy file: every fault at once, with its line, its place and a suggestion
    Check(check::Check),
    /// Explain what would become of a request: every target, and why it is refused or ranked so
    Explain(explain::Explain),
    /// Make API keys, and say whose one is
    #[command(subcommand)]
    Key(key::Key),
    /// Print the JSON Schema (2020-12) of the policy file
    Schema,
    /// Render configuration from a policy file
    #[command(subcommand)]
    Render(render::Render),
    /// Look at a running Envoy, or Istio gateway, and say whether it is armed
    Doctor(doctor::Doctor),
    /// Give what `render envoy --out` has written to a running Envoy, without a request that is lost
    Apply(apply::Apply),
    /// Say which version an Envoy binary has, and refuse one that is too old
    EnvoyVersion(envoy_version::EnvoyVersion),
}

impl Arguments {
    /// Runs the command.
    pub fn run(self) -> Outcome {
        let ended = match self.command {
            Command::Check(check) => check.run(),
            Command::Explain(explain) => explain.run(),
            Command::Key(key) => key.run(),
            Command::Schema => Ok(schema::run()),
            Command::Render(render) => render.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Apply(apply) => apply.run(),
            Command::EnvoyVersion(envoy_version) => envoy_version.run(),
        };
        ended.unwrap_or_else(|refused| refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
