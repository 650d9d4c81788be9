//! Who asks: the sources of `identity`, each in a file of its own, and what counts where several of them speak.
//!
//! | a request brings | it is |
//! |---|---|
//! | a key | the key's tenant |
//! | a trusted header | the header's tenant |
//! | both, of one tenant | that tenant; the source that stands first in the file has named it |
//! | both, of two tenants | refused |
//! | two different credentials | refused |
//! | a key of ours that is mistyped, unknown or expired | refused, whatever else it brings |
//! | a credential that nobody here knows, and a trusted header | the header's tenant: a hop may pass on what is not ours |

mod header;
mod key;

use std::rc::Rc;

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Config, Grant, Source};
use crate::name;

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
    /// A header of a trusted hop.
    Header,
}

impl NamedBy {
    /// Adds the word that the record has of it: `key`, `key:ci`, `header`.
    pub fn write_to(&self, line: &mut String) {
        match self {
            NamedBy::Key(Some(name)) => {
                line.push_str("key:");
                line.push_str(name);
            }
            NamedBy::Key(None) => line.push_str("key"),
            NamedBy::Header => line.push_str("header"),
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
    let presented = match config.identity.takes_keys() {
        true => key::read(config, inbound, now)?,
        false => Presented::Nothing,
    };
    let key = match presented {
        Presented::Key(key) => Some(key),
        Presented::Stranger | Presented::Nothing => None,
    };
    if let (Some(key), Some(named)) = (key, claim.named)
        && *key.tenant != *named
    {
        let message = "The API key is of another tenant than the one that the request names.";
        return Err(ApiError::new(401, "conflicting_credentials", message));
    }
    let by = config.identity.sources.iter().find_map(|source| match source {
        Source::Keys { .. } => key.map(|key| NamedBy::Key(key.name.clone())),
        Source::Header(_) => (claim.named.is_some() || claim.carried.is_some()).then_some(NamedBy::Header),
    });
    let named = key.map(|key| &*key.tenant).or(claim.named);
    let listed = named.and_then(|name| config.tenants.get_key_value(name));
    let Some((carried, value)) = claim.carried else {
        if !matches!(by, Some(NamedBy::Key(_))) {
            header::check_required(config)?;
        }
        let (Some((tenant, grant)), Some(by)) = (listed, by) else {
            return Err(nobody(config, inbound, &presented));
        };
        return Ok(Identity { tenant: Rc::clone(tenant), by, own: Rc::clone(grant), others: Vec::new() });
    };
    let own = header::read_carried(config, carried, value)?;
    let tenant = match (listed, named) {
        (Some((tenant, _)), _) => Rc::clone(tenant),
        (None, Some(name)) if name::is_tenant(name) => name.into(),
        (None, _) => "".into(),
    };
    let others = [&carried.ceiling].into_iter().chain(listed.map(|(_, grant)| grant)).map(Rc::clone).collect();
    Ok(Identity { tenant, by: by.unwrap_or(NamedBy::Header), own: Rc::new(own), others })
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
        return key::unknown(header);
    }
    let keys = config.identity.takes_keys();
    let has_credential = inbound.authorization.reveal() != Single::Absent || inbound.api_key.reveal() != Single::Absent;
    let message = match header {
        _ if inbound.tenant != Single::Absent => return header::unknown_tenant(),
        Some(header) if keys => format!(
            "This endpoint takes the tenant from an API key (`Authorization: Bearer KEY` or `api-key: KEY`), or from header `{header}`, set by a trusted hop; the request has neither."
        ),
        // Its SDK lets such a client think that a key is all it takes.
        Some(header) if has_credential => format!(
            "This endpoint takes the tenant from header `{header}`, set by a trusted hop; an API key alone names none."
        ),
        Some(_) => return header::unknown_tenant(),
        None => "This endpoint takes the tenant from an API key (`Authorization: Bearer KEY` or `api-key: KEY`); the request has none.".to_owned(),
    };
    ApiError::new(401, "unknown_tenant", message)
}

#[cfg(test)]
mod tests;
