//! A policy file on disk, read and checked.

use std::path::Path;

use multihome_core::config::{self, Config};
use multihome_core::document::Node;
use multihome_core::fault::Fault;

use crate::finding::Finding;
use crate::warnings;
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
    positions: Option<Positions>,
}

impl Policy {
    /// What is probably not meant.
    pub fn warnings(&self) -> Vec<Finding> {
        let warning = |fault: Fault| Finding::warning(fault, self.positions.as_ref());
        warnings::of(&self.config).into_iter().map(warning).collect()
    }
}

/// Why there is no policy.
#[derive(Debug)]
pub enum Refused {
    /// The file cannot be opened; the message is for a person.
    Unopened(String),
    /// The file has faults.
    Faulty {
        /// Its name, as it was given.
        name: String,
        /// All of them.
        faults: Vec<Finding>,
    },
}

/// Reads and checks the policy at `path`; `-` is the standard input.
pub fn read(path: &Path) -> Result<Policy, Refused> {
    let name = path.display().to_string();
    let text = if name == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    match text {
        Ok(text) => parse(&text, &name).map_err(|faults| Refused::Faulty { name, faults }),
        Err(error) => Err(Refused::Unopened(format!(
            "error: cannot read {name}: {error}\n  help: name the policy file, or `-` for the standard input\n"
        ))),
    }
}

/// Reads and checks a policy's text. It is tried as JSON first: JSON's escapes are not all YAML's.
fn parse(text: &str, name: &str) -> Result<Policy, Vec<Finding>> {
    let (node, positions, mut faults) = match (config::parse_json(text.as_bytes()), yaml::read(text)) {
        (Ok(node), Ok(document)) => (node, Some(document.positions), Vec::new()),
        (Ok(node), Err(_)) => (node, None, Vec::new()),
        (Err(_), Ok(document)) => (document.node, Some(document.positions), document.faults),
        (Err(_), Err(unreadable)) => return Err(vec![Finding::unreadable(unreadable.fault, unreadable.at)]),
    };
    match config::check(&node) {
        Ok(config) if faults.is_empty() => return Ok(Policy { name: name.to_owned(), node, config, positions }),
        Ok(_) => {}
        Err(found) => faults.extend(found),
    }
    Err(faults.into_iter().map(|fault| Finding::fault(fault, positions.as_ref())).collect())
}
