//! Tags that everybody could make, and accounts that cannot be one.

use std::collections::HashMap;

use multihome_core::config::Config;
use multihome_core::fault::{Fault, Place};
use multihome_core::name::Named;

use super::warning;

pub(super) fn of(config: &Config) -> Vec<Fault> {
    no_key(config).into_iter().chain(across_clouds(config)).collect()
}

/// Without a key, a tenant could tag what another one has.
fn no_key(config: &Config) -> Option<Fault> {
    let tagged: Vec<&str> =
        config.sessions.accounts.iter().filter(|account| account.tagged).map(|account| &*account.name).collect();
    if tagged.is_empty() || !config.sessions.key_variables.is_empty() || !config.has_several_tenants() {
        return None;
    }
    let message = format!(
        "names no `tag_keys`: what {} keep of a tenant's conversations is told apart by tags that anybody can make",
        tagged.join(", "),
    );
    let help = "write `sessions: {tag_keys: [MULTIHOME_TAG_KEY]}`, and start Envoy with that variable: `openssl rand -hex 32` makes a key";
    Some(warning(Place::default().key("sessions"), message, help))
}

/// No account is on two clouds.
fn across_clouds(config: &Config) -> Vec<Fault> {
    let mut first = HashMap::new();
    let mut warnings = Vec::new();
    for endpoint in &config.endpoints {
        let before = *first.entry(&*endpoint.account).or_insert(endpoint);
        if before.cloud != endpoint.cloud {
            let place = Place::default().key("endpoints").key(&endpoint.name).key("account");
            let message = format!(
                "`{}` is an account of {} at endpoints.{} already",
                endpoint.account,
                before.cloud.name(),
                before.name
            );
            warnings.push(warning(place, message, "give each cloud's accounts names of their own"));
        }
    }
    warnings
}
