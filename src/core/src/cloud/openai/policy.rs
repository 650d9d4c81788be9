//! What the policy file says of an endpoint at OpenAI.

use super::place::{Account, DataResidency};
use crate::cloud::auth::Kind;
use crate::cloud::{Auth, EndpointParts, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::name::{self, Named};

/// The fields of an endpoint.
pub(super) const ENDPOINT_FIELDS: [&str; 3] = ["data_residency", "organization", "project"];

pub(super) fn read(fields: &mut Fields<'_>, faults: &mut Faults) -> EndpointParts {
    let data_residency = fields.optional_text("data_residency", faults).and_then(|text| {
        let known = DataResidency::parse(text);
        if known.is_none() {
            faults.unknown(&fields.place.key("data_residency"), "data residency", text, DataResidency::names());
        }
        known
    });
    let site: Box<dyn Site> = Box::new(Account { data_residency });
    let headers = [("organization", "openai-organization"), ("project", "openai-project")];
    let headers = headers.into_iter().filter_map(|(field, header)| Some((header, read_id(field, fields, faults)?)));
    EndpointParts { site: Some(site), headers: headers.collect(), auth: read_auth(fields, faults) }
}

/// Reads the id of an organization or of a project: `org-…`, `proj_…`.
fn read_id(field: &'static str, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<String> {
    let id = fields.optional_text(field, faults)?;
    if !name::is_path_segment(id) {
        let message = format!("`{id}` is not an id");
        faults.add_with_help(&fields.place.key(field), message, "use a-z A-Z 0-9 . _ -");
    }
    Some(id.to_owned())
}

fn read_auth(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    Kind::read(fields, "openai", &["api_key"], faults)?.secret(faults).map(Auth::bearer)
}
