//! A header of a trusted hop: the tenant that it names, and the policy that another one carries.

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Carried, Config, Grant};

use super::carried;

/// What the trusted headers say. Where the file has no such source, or Envoy has taken them away, nothing.
#[derive(Debug, Default)]
pub(super) struct Claim<'a> {
    /// The tenant's name, which the file may not list.
    pub named: Option<&'a str>,
    /// Its policy, unread.
    pub carried: Option<(&'a Carried, &'a [u8])>,
}

/// Reads them.
///
/// # Errors
/// 400 for a header that stands twice, 401 for a name that is no text.
pub(super) fn read<'a>(config: &'a Config, inbound: &Inbound<'a>) -> Result<Claim<'a>, ApiError> {
    let Some(header) = config.identity.header() else { return Ok(Claim::default()) };
    let named = match inbound.tenant {
        Single::Absent => None,
        Single::Once(value) => Some(std::str::from_utf8(value).map_err(|_| unknown_tenant())?),
        Single::Repeated => return Err(invalid_header(&header.name, "stands more than once")),
    };
    let carried = match (&header.carried, inbound.carried) {
        (None, _) | (_, Single::Absent) => None,
        (Some(carried), Single::Repeated) => return Err(invalid_header(&carried.name, "stands more than once")),
        (Some(carried), Single::Once(value)) => Some((carried, value)),
    };
    Ok(Claim { named, carried })
}

/// Refuses a request that carries no policy where it has to.
///
/// # Errors
/// 403 for such a request.
pub(super) fn check_required(config: &Config) -> Result<(), ApiError> {
    let carried = config.identity.header().and_then(|header| header.carried.as_ref());
    let Some(carried) = carried.filter(|carried| carried.required) else { return Ok(()) };
    let message = format!("A request has to carry its tenant's policy in header `{}`.", carried.name);
    Err(ApiError::new(403, "policy_required", message).about(carried.name.clone()).by_rule("policy"))
}

pub(super) fn unknown_tenant() -> ApiError {
    ApiError::new(401, "unknown_tenant", "The request does not name a tenant that this endpoint knows.")
}

/// Reads a carried policy.
///
/// # Errors
/// 400 for one that is none.
pub(super) fn read_carried(config: &Config, header: &Carried, value: &[u8]) -> Result<Grant, ApiError> {
    carried::parse(config, value).map_err(|why| invalid_header(&header.name, &why))
}

/// A header that makes no sense.
pub(in crate::tenant) fn invalid_header(name: &str, why: &str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{name}` {why}.")).about(name.to_owned())
}
