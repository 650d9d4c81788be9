//! A tenant's whole policy that a request carries: in a header of a trusted hop, or in a claim of a token.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::config::{Config, Grant, grant_of, parse_grant};
use crate::document::Node;
use crate::fault::{Fault, Step};

/// A carried policy is at most this long: Envoy's own limit for all headers is 60 KiB.
const MOST_CARRIED: usize = 16 << 10;

/// base64url, with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads one that is written as JSON, plain or base64url.
///
/// # Errors
/// What is wrong, in words that follow a name.
pub(super) fn parse(config: &Config, value: &[u8]) -> Result<Grant, String> {
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

/// Reads one that is a value already, or its text.
///
/// # Errors
/// As above.
pub(super) fn read(config: &Config, node: &Node) -> Result<Grant, String> {
    match node {
        Node::Text(text) => parse(config, text.as_bytes()),
        Node::Map(_) => grant_of(node, &config.defaults).map_err(|faults| no_policy(&faults)),
        other => Err(format!("is no policy: it is {}", other.kind())),
    }
}

/// The most faults that a client reads of a policy that somebody else wrote for it.
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
