//! A policy file on disk, read and checked.

use std::fmt::Write;
use std::path::Path;

use multihome_core::fault::Fault;
use multihome_core::{
    config::{self, Config},
    document::Node,
};

use crate::yaml::{self, Positions};

/// A policy that was read and is right.
#[derive(Debug)]
pub struct Policy {
    /// The file's name, as it was given.
    pub name: String,
    /// What it says.
    pub node: Node,
    /// What it means.
    pub config: Config,
}

/// Why there is no policy.
#[derive(Debug)]
pub enum Refused {
    /// The file cannot be opened; the message is for a person.
    Unopened(String),
    /// The file has faults; the text shows them all.
    Faulty(String),
}

/// Reads and checks the policy at `path`; `-` is the standard input.
pub fn read(path: &Path) -> Result<Policy, Refused> {
    let name = path.display().to_string();
    let text = if name == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let text = text.map_err(|error| {
        Refused::Unopened(format!(
            "error: cannot read {name}: {error}\n  help: name the policy file, or `-` for the standard input\n"
        ))
    })?;
    parse(name, &text)
}

/// Reads and checks a policy's text. What begins with a brace is tried as JSON first: its escapes are not all YAML's.
fn parse(name: String, text: &str) -> Result<Policy, Refused> {
    let yaml = yaml::read(text);
    let (node, positions, mut faults) = match (config::parse_json(text.as_bytes()), yaml) {
        (Ok(node), Ok(document)) => (node, Some(document.positions), Vec::new()),
        (Ok(node), Err(_)) => (node, None, Vec::new()),
        (Err(_), Ok(document)) => (document.node, Some(document.positions), document.faults),
        (Err(_), Err(unreadable)) => {
            return Err(Refused::Faulty(format!(
                "{name}:{}:{}: cannot be read: {}\n",
                unreadable.at.line, unreadable.at.column, unreadable.message
            )));
        }
    };
    match config::check(&node) {
        Ok(config) if faults.is_empty() => Ok(Policy { name, node, config }),
        Ok(_) => Err(Refused::Faulty(show(&name, positions.as_ref(), &faults))),
        Err(found) => {
            faults.extend(found);
            Err(Refused::Faulty(show(&name, positions.as_ref(), &faults)))
        }
    }
}

fn show(name: &str, positions: Option<&Positions>, faults: &[Fault]) -> String {
    let mut text = String::new();
    for fault in faults {
        text.push_str(name);
        if let Some(positions) = positions {
            let at = positions.of(&fault.place);
            let _ = write!(text, ":{}:{}", at.line, at.column);
        }
        if !fault.place.0.is_empty() {
            let _ = write!(text, ": {}", fault.place);
        }
        let _ = writeln!(text, ": {}", fault.message);
        if let Some(help) = &fault.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    let _ = writeln!(text, "{name}: {}", counted(faults.len(), "fault"));
    text
}

/// `1 fault`, `2 faults`.
pub fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
