//! Who asks: the tenant that a trusted hop names, and the policies that hold for it.

use std::rc::Rc;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Config, Grant, parse_grant};
use crate::fault::{Fault, Step};
use crate::name;

/// A tenant, and the policies that hold for its request.
#[derive(Debug)]
pub(super) struct Identity {
    /// Its name; empty where only its policy is known.
    pub tenant: Rc<str>,
    /// The tenant's own policy or the carried one.
    pub own: Rc<Grant>,
    /// What else has to allow.
    pub others: Vec<Rc<Grant>>,
}

fn unknown_tenant() -> ApiError {
    ApiError::new(401, "unknown_tenant", "The request does not name a tenant that this endpoint knows.")
}

/// Says what is missing to a client that has an API key and no more: its SDK lets it think that a key is all it takes.
fn no_tenant(header: &str, inbound: &Inbound<'_>) -> ApiError {
    if inbound.tenant != Single::Absent || !inbound.credential {
        return unknown_tenant();
    }
    let message = format!(
        "This endpoint takes the tenant from header `{header}`, set by a trusted hop; an API key alone names none."
    );
    ApiError::new(401, "unknown_tenant", message)
}

/// Finds the tenant and the policies that hold for a request. A carried policy stays within the ceiling and, where the
/// file lists the tenant too, within that tenant's entry.
///
/// # Errors
/// 401 for a tenant that is not known, 400 for a header that makes no sense.
pub(super) fn identify(config: &Config, inbound: &Inbound<'_>) -> Result<Identity, ApiError> {
    let header = &config.identity.header;
    let named = match inbound.tenant {
        Single::Absent => None,
        Single::Once(value) => Some(std::str::from_utf8(value).map_err(|_| unknown_tenant())?),
        Single::Repeated => return Err(invalid_header(header, "stands more than once")),
    };
    let listed = named.and_then(|name| config.tenants.get_key_value(name));
    let carried = match (&config.identity.carried, inbound.carried) {
        (None, _) | (_, Single::Absent) => None,
        (Some(carried), Single::Repeated) => return Err(invalid_header(&carried.header, "stands more than once")),
        (Some(carried), Single::Once(value)) => Some((carried, value)),
    };
    let Some((carried, value)) = carried else {
        if let Some(carried) = config.identity.carried.as_ref().filter(|carried| carried.required) {
            let message = format!("A request has to carry its tenant's policy in header `{}`.", carried.header);
            return Err(ApiError::new(403, "policy_required", message).about(carried.header.clone()).by_rule("policy"));
        }
        let (tenant, grant) = listed.ok_or_else(|| no_tenant(header, inbound))?;
        return Ok(Identity { tenant: Rc::clone(tenant), own: Rc::clone(grant), others: Vec::new() });
    };
    let own = read_carried(config, value).map_err(|why| invalid_header(&carried.header, &why))?;
    let tenant = match (listed, named) {
        (Some((tenant, _)), _) => Rc::clone(tenant),
        (None, Some(name)) if name::is_tenant(name) => name.into(),
        (None, _) => "".into(),
    };
    let others = [&carried.ceiling].into_iter().chain(listed.map(|(_, grant)| grant)).map(Rc::clone).collect();
    Ok(Identity { tenant, own: Rc::new(own), others })
}

/// A carried policy is at most this long: Envoy's own limit for all headers is 60 KiB.
const MOST_CARRIED: usize = 16 << 10;

/// base64url, with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn read_carried(config: &Config, value: &[u8]) -> Result<Grant, String> {
    if value.len() > MOST_CARRIED {
        return Err(format!("is longer than {MOST_CARRIED} bytes"));
    }
    let decoded;
    let json = if value.trim_ascii_start().starts_with(b"{") {
        value
    } else {
        decoded = BASE64URL.decode(value.trim_ascii()).map_err(|_| "is neither JSON nor base64url".to_owned())?;
        &decoded
    };
    parse_grant(json, &config.defaults).map_err(|faults| no_policy(&faults))
}

/// The most faults that a client reads of a policy that a hop wrote for it.
const MOST_FAULTS: usize = 8;

/// The fields of a tenant's entry: the only words of a carried policy that a client may read are ours.
const FIELDS: [&str; 7] = ["clouds", "residency", "models", "targets", "order", "max_attempts", "denies"];

/// Says where a carried policy is wrong, in none of its own words: it is the hop's, and the client may not know it.
fn no_policy(faults: &[Fault]) -> String {
    let mut places: Vec<String> = Vec::new();
    for fault in faults {
        let known = match fault.place.0.first() {
            None => "its JSON".to_owned(),
            Some(Step::Key(field)) if FIELDS.contains(&field.as_str()) => format!("`{}`", fault.place),
            Some(_) => "a field that no policy has".to_owned(),
        };
        if !places.contains(&known) && places.len() < MOST_FAULTS {
            places.push(known);
        }
    }
    let number = faults.len();
    let faults = if number == 1 { "1 fault".to_owned() } else { format!("{number} faults") };
    format!("is no policy: {faults}, in {}", places.join(", "))
}

/// A header that makes no sense.
pub(super) fn invalid_header(name: &str, why: &str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{name}` {why}.")).about(name.to_owned())
}
