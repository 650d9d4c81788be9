//! API keys that serve nobody, and tenants whom nobody can be.

use std::collections::HashSet;

use multihome_core::config::{Config, Key, KeyFile};
use multihome_core::fault::{Fault, Place};

use super::warning;

/// The keys of one file that have expired, in the file's order.
pub fn expired(config: &Config, file: KeyFile, now: u64) -> Vec<Fault> {
    let mut keys: Vec<&Key> = config.keys.iter().filter(|key| key.file == file && key.has_expired(|| now)).collect();
    keys.sort_by(|one, other| one.order().cmp(&other.order()));
    keys.into_iter().map(|key| warning(key.place(), "has expired: requests with it get 401", "take it out")).collect()
}

/// Tenants that no source can name.
pub(super) fn unnamed(config: &Config) -> Vec<Fault> {
    if config.identity.header().is_some() || config.identity.takes_tokens() {
        return Vec::new();
    }
    let named: HashSet<&str> = config.keys.iter().map(|key| &*key.tenant).collect();
    let mut tenants: Vec<&str> =
        config.tenants.keys().map(|name| &**name).filter(|name| !named.contains(name)).collect();
    tenants.sort_unstable();
    let unnamed = |name| {
        let help = format!("`multihome key new {name}` makes a key");
        warning(Place::default().key("tenants").key(name), "no request can be this tenant's: it has no key", help)
    };
    tenants.into_iter().map(unnamed).collect()
}
