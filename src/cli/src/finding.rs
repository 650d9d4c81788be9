//! What there is to say of a policy file: a fault or a warning, with its line.

use std::fmt::Write;

use multihome_core::fault::Fault;
use serde_json::{Value, json};

use crate::yaml::{Position, Positions};

/// Something that is wrong in a file, or probably not meant.
#[derive(Debug)]
pub struct Finding {
    /// The file, where it is another one than the policy.
    file: Option<String>,
    /// Where it stands, if the file tells (JSON with escapes that YAML does not have does not).
    at: Option<Position>,
    /// The place, what is wrong, and what to write instead.
    fault: Fault,
    /// Whether it is only probably not meant.
    is_warning: bool,
}

impl Finding {
    /// What makes a policy unusable.
    pub fn fault(fault: Fault, positions: Option<&Positions>) -> Finding {
        Finding { file: None, at: positions.map(|positions| positions.of(&fault.place)), fault, is_warning: false }
    }

    /// What is probably not meant.
    pub fn warning(fault: Fault, positions: Option<&Positions>) -> Finding {
        Finding { is_warning: true, ..Finding::fault(fault, positions) }
    }

    /// What ended the reading of a file.
    pub fn unreadable(fault: Fault, at: Position) -> Finding {
        Finding { file: None, at: Some(at), fault, is_warning: false }
    }

    /// The same in another file than the policy.
    #[must_use]
    pub fn in_file(self, name: &str) -> Finding {
        Finding { file: Some(name.to_owned()), ..self }
    }

    /// `policy.yaml:2:8: endpoints.az.cloud: unknown cloud …`, and what to do.
    pub fn show(&self, file: &str) -> String {
        let mut text = self.file.as_deref().unwrap_or(file).to_owned();
        if let Some(at) = self.at {
            let _ = write!(text, ":{}:{}", at.line, at.column);
        }
        if self.is_warning {
            text.push_str(": warning");
        }
        if !self.fault.place.0.is_empty() {
            let _ = write!(text, ": {}", self.fault.place);
        }
        let _ = writeln!(text, ": {}", self.fault.message);
        if let Some(help) = &self.fault.help {
            let _ = writeln!(text, "  help: {help}");
        }
        text
    }

    /// The same for programs. What is not known is null; so is the file where it is the policy.
    pub fn json(&self) -> Value {
        json!({
            "file": self.file,
            "place": self.fault.place.to_string(),
            "line": self.at.map(|at| at.line),
            "column": self.at.map(|at| at.column),
            "message": self.fault.message,
            "help": self.fault.help,
        })
    }
}

/// `1 fault`, `2 faults`.
pub fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
