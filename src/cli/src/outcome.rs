//! What a command prints and how the process ends.

use clap::ValueEnum;

use crate::file::Refused;
use crate::finding::{Finding, counted};

/// How a command ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    /// It is so.
    pub fn done(out: String) -> Outcome {
        Outcome { out, ..Outcome::default() }
    }

    /// The input has faults.
    pub fn faults(err: String) -> Outcome {
        Outcome { err, code: 1, ..Outcome::default() }
    }

    /// The command line has.
    pub fn usage(err: String) -> Outcome {
        Outcome { err, code: 2, ..Outcome::default() }
    }
}

/// A policy that cannot be opened is named wrongly on the command line; one that is read has faults of its own.
impl From<Refused> for Outcome {
    fn from(refused: Refused) -> Outcome {
        match refused {
            Refused::Unopened(message) => Outcome::usage(message),
            Refused::Faulty { name, faults } => {
                let shown = faults.iter().map(|fault| fault.show(&name)).collect::<String>();
                Outcome::faults(format!("{shown}{name}: {}\n", counted(faults.len(), "fault")))
            }
        }
    }
}

/// For whom a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Messages for the standard error, each behind its kind.
pub fn lines(kind: &str, messages: &[String]) -> String {
    messages.iter().map(|message| format!("{kind}: {message}\n")).collect()
}

/// Findings in a file, one after the other.
pub fn shown(findings: &[Finding], file: &str) -> String {
    findings.iter().map(|finding| finding.show(file)).collect()
}
