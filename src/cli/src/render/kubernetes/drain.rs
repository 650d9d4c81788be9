//! How a pod ends: no request is cut that was there before.
//!
//! Kubernetes takes the pod out of its Services and runs `preStop` at the same moment; only then it sends SIGTERM, at which
//! Envoy ends at once. So `preStop` waits for the requests, and `terminationGracePeriodSeconds` for `preStop`.

use multihome_core::config::{Awaited, Config};
use serde_json::{Value, json};

use super::options::{ADMIN, BOOTSTRAP_DIR, Options};
use crate::render::piece::bounds::longest_try;

/// The script's file.
pub const FILE: &str = "drain.sh";
/// What waits.
pub const SCRIPT: &str = include_str!("drain.sh");

/// How long requests may still arrive, in seconds: until every node's rules, and load balancers, know of it.
const SPREAD: u64 = 10;
/// For Envoy to end after that, in seconds.
const END: u64 = 15;

/// What Kubernetes runs before it stops Envoy.
pub fn pre_stop(config: &Config, options: &Options) -> Value {
    let numbers = [u64::from(ADMIN.port()), SPREAD, most(config, options)].map(|number| number.to_string());
    let names = options.listeners.iter().map(|(name, _)| name.clone());
    let words = ["bash".to_owned(), format!("{BOOTSTRAP_DIR}/{FILE}")].into_iter();
    let command: Vec<String> = words.chain(numbers).chain(names).collect();
    json!({"exec": {"command": command}})
}

/// How long Kubernetes waits before it kills Envoy, in seconds.
pub fn grace(config: &Config, options: &Options) -> u64 {
    most(config, options) + END
}

/// A response that is not streamed may take as long as one target has for it; a stream that began has no bound but the
/// client's patience. A pod without requests ends at once, whatever this is.
fn most(config: &Config, options: &Options) -> u64 {
    let longest = longest_try(config, Awaited::Whole).as_secs();
    options.drain_seconds.unwrap_or(longest).saturating_add(SPREAD)
}
