//! `check`: every fault of a policy, or what there is to say of one that has none.

use std::path::PathBuf;

use clap::Args;

use crate::file::{self, counted};
use crate::outcome::{Outcome, lines};
use crate::warnings;

#[derive(Debug, Args)]
pub struct Check {
    /// The policy, YAML or JSON
    policy: PathBuf,
}

impl Check {
    /// One line, and a line for everything that is probably not meant.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let policy = file::read(&self.policy)?;
        let config = &policy.config;
        let out = format!(
            "{}: {}, {}, {}\n",
            policy.name,
            counted(config.endpoints.len(), "endpoint"),
            counted(config.models.len(), "model"),
            counted(config.tenants.len(), "tenant"),
        );
        Ok(Outcome { out, err: lines("warning", &warnings::of(config)), code: 0 })
    }
}
