//! What Envoy has found of the token that a request brings.

use multihome_core::api::inbound::{Inbound, Verification};
use multihome_core::config::Config;
use multihome_core::{contract, tenant};

use crate::host;

/// What Envoy has found.
#[derive(Debug)]
pub enum Found {
    /// Nothing was asked, or nothing is there.
    Nothing,
    /// The claims of a token that holds.
    Claims(Vec<u8>),
    /// Why it does not hold.
    Fault(Vec<u8>),
}

/// Asks Envoy, where the request's credential is a token and tokens count: no other request pays for it.
pub fn look(config: &Config, inbound: &Inbound<'_>) -> Found {
    if !config.identity.takes_tokens() || !tenant::brings_token(inbound) {
        return Found::Nothing;
    }
    if let Some(claims) = host::filter_state_of_envoy(contract::CLAIMS) {
        return Found::Claims(claims);
    }
    host::filter_state_of_envoy(contract::TOKEN_FAULT).map_or(Found::Nothing, Found::Fault)
}

impl Found {
    /// The same as core knows it.
    pub fn verification(&self) -> Verification<'_> {
        match self {
            Found::Nothing => Verification::Unknown,
            Found::Claims(claims) => Verification::Holds(claims),
            Found::Fault(reason) => Verification::Fails(reason),
        }
    }
}
