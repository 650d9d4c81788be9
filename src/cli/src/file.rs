//! A policy file on disk, and the file of keys that it names, read and checked.

use std::path::Path;

use multihome_core::config::{self, Config, Faulty, KeyFile};
use multihome_core::document::Node;
use multihome_core::fault::{Fault, Place};

use crate::clock::now;
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
    /// What the file of its keys says, where it names one.
    pub keys: Option<Node>,
    /// What it means.
    pub config: Config,
    positions: Option<Positions>,
    of_keys: Option<(String, Option<Positions>)>,
}

impl Policy {
    /// The name of the file of keys, where there is one.
    pub fn keys_name(&self) -> Option<&str> {
        self.of_keys.as_ref().map(|(name, _)| name.as_str())
    }

    /// What is probably not meant.
    pub fn warnings(&self) -> Vec<Finding> {
        let warning = |fault: Fault| Finding::warning(fault, self.positions.as_ref());
        let expired = |file| warnings::expired(&self.config, file, now());
        let mut found: Vec<Finding> =
            warnings::of(&self.config).into_iter().chain(expired(KeyFile::Policy)).map(warning).collect();
        if let Some((name, positions)) = &self.of_keys {
            let warning = |fault: Fault| Finding::warning(fault, positions.as_ref()).in_file(name);
            found.extend(expired(KeyFile::Keys).into_iter().map(warning));
        }
        found
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

/// Reads and checks the policy at `path`, with the file of keys that it names; `-` is the standard input.
pub fn read(path: &Path) -> Result<Policy, Refused> {
    let name = path.display().to_string();
    let text = if name == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    match text {
        Ok(text) => check(&text, path, &name).map_err(|faults| Refused::Faulty { name, faults }),
        Err(error) => Err(Refused::Unopened(format!(
            "error: cannot read {name}: {error}\n  help: name the policy file, or `-` for the standard input\n"
        ))),
    }
}

/// A file as a tree.
struct Text {
    node: Node,
    positions: Option<Positions>,
    /// What must not stand in it, though YAML allows it.
    faults: Vec<Fault>,
}

/// Reads a file's text. It is tried as JSON first: JSON's escapes are not all YAML's.
fn parse(text: &str) -> Result<Text, Finding> {
    match (config::parse_json(text.as_bytes()), yaml::read(text)) {
        (Ok(node), Ok(document)) => Ok(Text { node, positions: Some(document.positions), faults: Vec::new() }),
        (Ok(node), Err(_)) => Ok(Text { node, positions: None, faults: Vec::new() }),
        (Err(_), Ok(document)) => {
            Ok(Text { node: document.node, positions: Some(document.positions), faults: document.faults })
        }
        (Err(_), Err(unreadable)) => Err(Finding::unreadable(unreadable.fault, unreadable.at)),
    }
}

fn check(text: &str, path: &Path, name: &str) -> Result<Policy, Vec<Finding>> {
    let Text { node, positions, mut faults } = parse(text).map_err(|unreadable| vec![unreadable])?;
    let keys = config::keys_file(&node).map(|file| read_keys(file, path));
    let (mut of_keys, mut unread) = (None, Vec::new());
    match keys {
        Some(Ok(keys)) => of_keys = Some(keys),
        Some(Err(finding)) => unread.push(finding),
        None => {}
    }
    // Without a file that has faults of its own, the policy has no other for the lack of it.
    let nothing = Node::Map(vec![("tenants".to_owned(), Node::Map(Vec::new()))]);
    let mut keys_faults: Vec<Fault> =
        of_keys.as_mut().map(|(_, keys)| std::mem::take(&mut keys.faults)).unwrap_or_default();
    let given = of_keys.as_ref().map(|(_, keys)| &keys.node).or((!unread.is_empty()).then_some(&nothing));
    let checked = config::check_with_keys(&node, given);
    match checked {
        Ok(config) if faults.is_empty() && keys_faults.is_empty() && unread.is_empty() => {
            let (keys, of_keys) = match of_keys {
                Some((name, Text { node, positions, .. })) => (Some(node), Some((name, positions))),
                None => (None, None),
            };
            return Ok(Policy { name: name.to_owned(), node, keys, config, positions, of_keys });
        }
        Ok(_) => {}
        Err(Faulty { policy, keys }) => {
            faults.extend(policy);
            keys_faults.extend(keys);
        }
    }
    let mut findings: Vec<Finding> =
        faults.into_iter().map(|fault| Finding::fault(fault, positions.as_ref())).collect();
    findings.extend(unread);
    if let Some((name, Text { positions, .. })) = &of_keys {
        findings.extend(keys_faults.into_iter().map(|fault| Finding::fault(fault, positions.as_ref()).in_file(name)));
    }
    Err(findings)
}

/// The file of keys that the policy at `policy` names, relative to the policy's folder, with its name.
fn read_keys(file: &str, policy: &Path) -> Result<(String, Text), Finding> {
    let path = policy.parent().unwrap_or(Path::new("")).join(file);
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let message = format!("cannot be read: {error}");
        let help = "`keys.file` of the policy names it, relative to the policy's own folder";
        let fault = Fault { place: Place::default(), message, help: Some(help.to_owned()) };
        Finding::fault(fault, None).in_file(&name)
    })?;
    let parsed = parse(&text).map_err(|unreadable| unreadable.in_file(&name))?;
    Ok((name, parsed))
}
