//! What the policy file says of an Azure endpoint and of a deployment on it.

use super::place::Resource;
use crate::cloud::auth::{Kind, TokenEndpoint, read_secret};
use crate::cloud::{Auth, EndpointParts, Site, connection};
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::name;

/// The fields of an endpoint.
pub(super) const ENDPOINT_FIELDS: [&str; 4] = ["resource", "region", "path_prefix", "key_header"];

/// The scope of Azure's commercial cloud.
const ENTRA_SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// The authority of Azure's commercial cloud; the sovereign ones name theirs.
const ENTRA_HOST: &str = "login.microsoftonline.com";

pub(super) fn read(fields: &mut Fields<'_>, faults: &mut Faults) -> EndpointParts {
    let name = fields.required_label("resource", faults);
    let region = fields.optional_label("region", faults).unwrap_or_default();
    let path_prefix = read_path_prefix(fields, faults).unwrap_or_default();
    let site = name.map(|name| Box::new(Resource { name, region, path_prefix }) as Box<dyn Site>);
    EndpointParts { site, auth: read_auth(fields, faults) }
}

/// The path under which a gateway of API Management has the API: `/openai-eu`.
fn read_path_prefix(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<String> {
    let text = fields.optional_text("path_prefix", faults)?;
    let mut segments = text.split('/');
    if segments.next() != Some("") || !segments.all(name::is_path_segment) {
        let message = format!("`{text}` is not the beginning of a path");
        faults.add_with_help(&fields.place.key("path_prefix"), message, "as `/openai-eu`, without a slash at its end");
    }
    Some(text.to_owned())
}

fn read_auth(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    let header = fields.optional_text("key_header", faults);
    if let Some(bad) = header.filter(|header| !name::is_header(header) || NO_KEY_HEADERS.contains(header)) {
        let message = format!("`{bad}` cannot hold a key");
        faults.add_with_help(&fields.place.key("key_header"), message, "as `ocp-apim-subscription-key`, in lower case");
    }
    let kind = Kind::read(fields, "azure", &["api_key", "entra"], faults)?;
    match kind.name {
        "entra" => {
            if header.is_some() {
                let message = "is for `auth: {api_key: …}`: a token of Entra ID goes into `authorization`";
                faults.add_with_help(&fields.place.key("key_header"), message, "take it out");
            }
            read_entra(kind.fields(faults)?, faults)
        }
        _ => {
            let header = header.unwrap_or("api-key").to_owned();
            Some(Auth::Key { sds: kind.secret(faults)?, header, prefix: "" })
        }
    }
}

/// Headers that say something else, or that Envoy writes.
const NO_KEY_HEADERS: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "transfer-encoding",
];

fn read_entra(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    let tenant = fields.required_text("tenant", faults);
    if let Some(tenant) = tenant.filter(|tenant| !name::is_path_segment(tenant)) {
        faults.add(&fields.place.key("tenant"), format!("`{tenant}` is not a directory id"));
    }
    let client_id = fields.required_text("client_id", faults);
    let secret = match fields.required("client_secret", faults) {
        Some((node, place)) => read_secret(node, place, faults),
        None => None,
    };
    let scope = fields.optional_text("scope", faults).unwrap_or(ENTRA_SCOPE).to_owned();
    let issuer = match fields.optional("token_endpoint") {
        Some((node, place)) => Fields::open(node, place, faults).and_then(|fields| read_issuer(fields, faults)),
        None => Some(TokenEndpoint::of_host(ENTRA_HOST)),
    };
    fields.finish(faults);
    Some(Auth::ClientCredentials {
        issuer: issuer?,
        path: format!("/{}/oauth2/v2.0/token", tenant?),
        client_id: client_id?.to_owned(),
        client_secret_sds: secret?,
        scope,
    })
}

fn read_issuer(mut fields: Fields<'_>, faults: &mut Faults) -> Option<TokenEndpoint> {
    let host = connection::read_host(&mut fields, faults).unwrap_or_else(|| ENTRA_HOST.to_owned());
    let (address, tls) = connection::read(&mut fields, &host, faults);
    fields.finish(faults);
    Some(TokenEndpoint { host, address: address?, tls })
}
