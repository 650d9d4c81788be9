//! What the policy file says of a Google endpoint.

use super::place::Location;
use crate::cloud::auth::Kind;
use crate::cloud::{Auth, EndpointParts, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;

/// The fields of an endpoint.
pub(super) const ENDPOINT_FIELDS: [&str; 2] = ["project", "location"];

pub(super) fn read(fields: &mut Fields<'_>, faults: &mut Faults) -> EndpointParts {
    let project = fields.required_label("project", faults);
    let location = fields.required_label("location", faults);
    let site = project.zip(location);
    let site = site.map(|(project, location)| Box::new(Location { project, location }) as Box<dyn Site>);
    EndpointParts { site, auth: read_auth(fields, faults), headers: Vec::new() }
}

fn read_auth(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    let kind = Kind::read(fields, "gcp", &["metadata", "token"], faults)?;
    match kind.name {
        "metadata" => kind.plain(Auth::Metadata, faults),
        _ => kind.secret(faults).map(Auth::bearer),
    }
}
