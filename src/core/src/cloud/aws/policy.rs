//! What the policy file says of an AWS endpoint and of a model on it.

use super::place::{Bedrock, Surface};
use crate::cloud::auth::Kind;
use crate::cloud::{Auth, EndpointParts, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;

/// The fields of an endpoint.
pub(super) const ENDPOINT_FIELDS: [&str; 2] = ["region", "surface"];

pub(super) fn read(fields: &mut Fields<'_>, faults: &mut Faults) -> EndpointParts {
    let region = fields.required_label("region", faults);
    let surface = fields.required_named::<Surface>("surface", faults);
    let auth = read_auth(surface, fields, faults);
    let site = region.zip(surface).map(|(region, surface)| Box::new(Bedrock { surface, region }) as Box<dyn Site>);
    EndpointParts { site, auth }
}

fn read_auth(surface: Option<Surface>, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    let kind = Kind::read(fields, "aws", &["sigv4", "api_key"], faults)?;
    match kind.name {
        "sigv4" => kind.plain(Auth::SigV4 { service: surface?.signing_name() }, faults),
        _ => kind.secret(faults).map(Auth::bearer),
    }
}
