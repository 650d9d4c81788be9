//! Tokens that somebody on the way could make.

use multihome_core::config::{Config, KeySet, Token};
use multihome_core::fault::Fault;

use super::warning;

/// Keys that come by plain HTTP from another machine.
pub(super) fn unsafe_keys(config: &Config) -> Vec<Fault> {
    let unsafely = |token: &&Token| {
        let KeySet::Uri(keys) = &token.keys else { return false };
        let host = keys.address.host.as_str();
        keys.tls.is_none() && host != "localhost" && !host.starts_with("127.")
    };
    let warn = |token: &Token| {
        warning(
            token.place.key("jwt").key("jwks"),
            "comes by plain HTTP: whoever is on the way can put in keys, and make tokens of any tenant",
            "write `https://`",
        )
    };
    config.identity.tokens().filter(unsafely).map(warn).collect()
}
