//! Who asks: the sources of `identity`, each in a file of its own, and what counts where several of them speak.
//!
//! | a request brings | it is |
//! |---|---|
//! | a key | the key's tenant |
//! | a token that holds | the tenant that it names, within the policy that it carries |
//! | a trusted header | the header's tenant |
//! | a key or a token, and the header, of one tenant | that tenant; the source that stands first in the file has named it |
//! | the same, of two tenants | refused |
//! | two different credentials (keys, tokens) | refused |
//! | a key of ours that is mistyped, unknown or expired | refused, whatever else it brings |
//! | a token that does not hold, has no policy where it must, or one that is none | refused, whatever else it brings |
//! | a credential that nobody here knows, and a trusted header | the header's tenant: a hop may pass on what is not ours |

mod carried;
mod credential;
mod header;
mod key;
mod token;

use std::rc::Rc;

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Config, Grant, Header, Source};
use crate::name;

pub use credential::brings_token;
pub(super) use header::invalid_header;
use key::Presented;

/// A tenant, and the policies that hold for its request.
#[derive(Debug)]
pub(super) struct Identity {
    /// Its name; empty where only its policy is known.
    pub tenant: Rc<str>,
    /// What has named it.
    pub by: NamedBy,
    /// The tenant's own policy or the carried one.
    pub own: Rc<Grant>,
    /// What else has to allow.
    pub others: Vec<Rc<Grant>>,
}

/// Which source has named a request's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// An API key, which may have a name.
    Key(Option<Rc<str>>),
    /// A token, whose source may have a name.
    Token(Option<Rc<str>>),
    /// A header of a trusted hop.
    Header,
}

impl NamedBy {
    /// Adds the word that the record has of it: `key`, `key:ci`, `jwt`, `jwt:staff`, `header`.
    pub fn write_to(&self, line: &mut String) {
        let (kind, name) = match self {
            NamedBy::Key(name) => ("key", name.as_deref()),
            NamedBy::Token(name) => ("jwt", name.as_deref()),
            NamedBy::Header => ("header", None),
        };
        line.push_str(kind);
        if let Some(name) = name {
            line.push(':');
            line.push_str(name);
        }
    }
}

/// Finds the tenant and the policies that hold for a request. A carried policy stays within the ceiling and, where the
/// file lists the tenant too, within that tenant's entry. `now` is asked in seconds since 1970.
///
/// # Errors
/// 401 for a tenant that is not known and for credentials that do not hold, 400 for a header that makes no sense, 403 where a
/// policy has to be carried and is not.
pub(super) fn identify(config: &Config, inbound: &Inbound<'_>, now: &dyn Fn() -> u64) -> Result<Identity, ApiError> {
    let claim = header::read(config, inbound)?;
    let credential = match config.identity.takes_credentials() {
        true => credential::read(inbound)?,
        false => None,
    };
    let token = token::read(config, inbound, credential)?;
    let presented = match credential {
        Some(credential) if token.is_none() && config.identity.takes_keys() => key::read(config, credential, now)?,
        Some(_) if token.is_none() => Presented::Stranger,
        _ => Presented::Nothing,
    };
    let key = match presented {
        Presented::Key(key) => Some(key),
        Presented::Stranger | Presented::Nothing => None,
    };
    let source_of_token = token.as_ref().map(|token| token.source);
    let (of_token, policy_of_token) = token.map(|token| (token.named, token.carried)).unwrap_or_default();
    let of_credential = key.map(|key| &*key.tenant).or(of_token.as_deref());
    if let (Some(tenant), Some(named)) = (of_credential, claim.named)
        && tenant != named
    {
        let what = if source_of_token.is_some() { "token" } else { "API key" };
        let message = format!("The {what} is of another tenant than the one that the request names.");
        return Err(ApiError::new(401, "conflicting_credentials", message));
    }
    let by = config.identity.sources.iter().find_map(|source| match source {
        Source::Keys { .. } => key.map(|key| NamedBy::Key(key.name.clone())),
        Source::Token(source) => (source_of_token.is_some_and(|found| std::ptr::eq(found, source))
            && (of_token.is_some() || policy_of_token.is_some()))
        .then(|| NamedBy::Token(source.name.clone())),
        Source::Header(_) => (claim.named.is_some() || claim.carried.is_some()).then_some(NamedBy::Header),
    });
    if claim.carried.is_none() && matches!(by, None | Some(NamedBy::Header)) {
        header::check_required(config)?;
    }
    let named = of_credential.or(claim.named);
    let listed = named.and_then(|name| config.tenants.get_key_value(name));
    let tenant = match (listed, named) {
        (Some((tenant, _)), _) => Rc::clone(tenant),
        (None, Some(name)) if name::is_tenant(name) => name.into(),
        (None, _) => "".into(),
    };
    let mut grants: Vec<Rc<Grant>> = Vec::new();
    if let Some((carried, policy)) = policy_of_token {
        grants.extend([Rc::new(policy), Rc::clone(&carried.ceiling)]);
    }
    if let Some((carried, value)) = claim.carried {
        grants.extend([Rc::new(header::read_carried(config, carried, value)?), Rc::clone(&carried.ceiling)]);
    }
    grants.extend(listed.map(|(_, grant)| Rc::clone(grant)));
    let mut grants = grants.into_iter();
    match (grants.next(), by, source_of_token) {
        (Some(own), Some(by), _) => Ok(Identity { tenant, by, own, others: grants.collect() }),
        (_, _, Some(source)) => Err(token::unknown(source)),
        (_, _, None) => Err(nobody(config, inbound, &presented)),
    }
}

/// The identity of a tenant that the file lists, for whoever asks about policy and not about credentials.
pub(super) fn listed(config: &Config, tenant: &str) -> Option<Identity> {
    let (tenant, own) = config.tenants.get_key_value(tenant)?;
    Some(Identity { tenant: Rc::clone(tenant), by: NamedBy::Header, own: Rc::clone(own), others: Vec::new() })
}

/// Says what is missing: which sources there are, and nothing of who there is.
fn nobody(config: &Config, inbound: &Inbound<'_>, presented: &Presented<'_>) -> ApiError {
    let header = config.identity.header().map(|header| header.name.as_str());
    if let Presented::Stranger = presented
        && inbound.tenant == Single::Absent
    {
        return if config.identity.takes_keys() { key::unknown(header) } else { token::none() };
    }
    if inbound.tenant != Single::Absent {
        return header::unknown_tenant();
    }
    let has_credential = inbound.authorization.reveal() != Single::Absent || inbound.api_key.reveal() != Single::Absent;
    let message = match (header, config.identity.takes_credentials()) {
        // Its SDK lets such a client think that a key is all it takes.
        (Some(header), false) if has_credential => format!(
            "This endpoint takes the tenant from header `{header}`, set by a trusted hop; an API key alone names none."
        ),
        (_, false) => return header::unknown_tenant(),
        (_, true) => sources(config),
    };
    ApiError::new(401, "unknown_tenant", message)
}

/// Which sources there are, to a request that has none.
fn sources(config: &Config) -> String {
    let identity = &config.identity;
    let key = "an API key (`Authorization: Bearer KEY` or `api-key: KEY`)".to_owned();
    let mut issuers = name::sorted(identity.tokens().map(|token| token.issuer.as_str()).collect());
    issuers.dedup();
    // An issuer of its own may be all that one knows a tenant by.
    let issuer = match issuers.as_slice() {
        [] => None,
        [issuer] => Some(*issuer),
        _ => Some("an issuer that it knows"),
    };
    let token = |issuer: &str| format!("a token (JWT) of {issuer} (`Authorization: Bearer TOKEN`)");
    let header = |header: &Header| format!("header `{}`, set by a trusted hop", header.name);
    let ways = identity.takes_keys().then_some(key).into_iter();
    let ways: Vec<String> = ways.chain(issuer.map(token)).chain(identity.header().map(header)).collect();
    let none = match ways.len() {
        1 => "none",
        2 => "neither",
        _ => "none of them",
    };
    format!("This endpoint takes the tenant from {}; the request has {none}.", ways.join(", or from "))
}

#[cfg(test)]
mod tests;
