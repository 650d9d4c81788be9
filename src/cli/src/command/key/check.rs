//! `key check`: whose a key is.

use std::path::PathBuf;

use clap::Args;
use multihome_core::config::KeyFile;
use multihome_core::key::{self, Digest};

use crate::clock::now;
use crate::file;
use crate::outcome::Outcome;

/// The variable that a key is read from.
const VARIABLE: &str = "MULTIHOME_KEY";

#[derive(Debug, Args)]
#[command(after_long_help = "\
The exit code is 0 where the key is whole and, with --policy, a tenant's; 1 where it is not; 2 where no key is given. The key itself is never printed.

Examples:
    multihome key check --policy policy.yaml < key.txt
    MULTIHOME_KEY=\"$OPENAI_API_KEY\" multihome key check --policy policy.yaml")]
pub struct Check {
    /// The policy whose tenants to look among; without it, only the check digits are looked at
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Check {
    /// Looks.
    pub fn run(self) -> Result<Outcome, Outcome> {
        if self.policy.as_ref().is_some_and(|path| path.as_os_str() == "-") {
            let message = "error: the standard input has the key\n  help: name the policy's file, or put the key into MULTIHOME_KEY\n";
            if std::env::var_os(VARIABLE).is_none() {
                return Err(Outcome::usage(message.to_owned()));
            }
        }
        let presented = presented()?;
        if key::is_mistyped(presented.as_bytes()) {
            let message = "no whole key: its check digits do not fit\n  help: copy it again, all 52 letters and digits from `mh-` on\n";
            return Err(Outcome::faults(message.to_owned()));
        }
        let what = match key::is_ours(presented.as_bytes()) {
            true => "a whole key of Multihome's",
            false => "no key of Multihome's making",
        };
        let digest = Digest::of(presented.as_bytes());
        let Some(path) = self.policy else {
            return Ok(Outcome::done(format!("{what}; sha256 {digest}\n")));
        };
        let policy = file::read(&path)?;
        let Some(key) = policy.config.keys.find(digest) else {
            return Err(Outcome::faults(format!("nobody's: {what}, and no tenant has it; sha256 {digest}\n")));
        };
        let at = match (key.file, &policy.keys_name()) {
            (KeyFile::Keys, Some(name)) => format!("{} of {name}", key.place()),
            _ => format!("{} of {}", key.place(), policy.name),
        };
        let name = key.name.as_ref().map(|name| format!(", key {name}")).unwrap_or_default();
        if key.has_expired(now) {
            return Err(Outcome::faults(format!("expired: tenant {}{name} ({at})\n", key.tenant)));
        }
        Ok(Outcome::done(format!("tenant {}{name} ({at})\n", key.tenant)))
    }
}

/// The key, without what surrounds it in a file.
fn presented() -> Result<String, Outcome> {
    let given = std::env::var(VARIABLE).ok().filter(|key| !key.is_empty());
    let text = match given {
        Some(key) => key,
        None => std::io::read_to_string(std::io::stdin())
            .map_err(|error| Outcome::usage(format!("error: cannot read the key: {error}\n")))?,
    };
    match text.trim() {
        "" => Err(Outcome::usage(format!(
            "error: there is no key\n  help: put it into {VARIABLE}, or give it on the standard input\n"
        ))),
        key => Ok(key.to_owned()),
    }
}
