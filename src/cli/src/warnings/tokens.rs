//! Tokens that somebody on the way could make.

use multihome_core::config::{Config, KeySet};
use multihome_core::fault::Fault;

use super::warning;

/// Keys that come by plain HTTP from another machine.
pub(super) fn unsafe_keys(config: &Config) -> Option<Fault> {
    let token = config.identity.token()?;
    let KeySet::Uri(keys) = &token.keys else { return None };
    let host = keys.address.host.as_str();
    if keys.tls.is_some() || host == "localhost" || host.starts_with("127.") {
        return None;
    }
    Some(warning(
        token.place.key("jwt").key("jwks"),
        "comes by plain HTTP: whoever is on the way can put in keys, and make tokens of any tenant",
        "write `https://`",
    ))
}
