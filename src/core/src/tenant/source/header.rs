//! A header of a trusted hop: the tenant that it names, and the policy that another one carries.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::api::error::ApiError;
use crate::api::inbound::{Inbound, Single};
use crate::config::{Carried, Config, Grant, parse_grant};
use crate::fault::{Fault, Step};

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
        (Some(carried), Single::Repeated) => return Err(invalid_header(&carried.header, "stands more than once")),
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
    let message = format!("A request has to carry its tenant's policy in header `{}`.", carried.header);
    Err(ApiError::new(403, "policy_required", message).about(carried.header.clone()).by_rule("policy"))
}

pub(super) fn unknown_tenant() -> ApiError {
    ApiError::new(401, "unknown_tenant", "The request does not name a tenant that this endpoint knows.")
}

/// Reads a carried policy.
///
/// # Errors
/// 400 for one that is none.
pub(super) fn read_carried(config: &Config, carried: &Carried, value: &[u8]) -> Result<Grant, ApiError> {
    parse_carried(config, value).map_err(|why| invalid_header(&carried.header, &why))
}

/// A carried policy is at most this long: Envoy's own limit for all headers is 60 KiB.
const MOST_CARRIED: usize = 16 << 10;

/// base64url, with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn parse_carried(config: &Config, value: &[u8]) -> Result<Grant, String> {
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
pub(in crate::tenant) fn invalid_header(name: &str, why: &str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{name}` {why}.")).about(name.to_owned())
}
