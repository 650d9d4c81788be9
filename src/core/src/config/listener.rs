//! Listeners that need more than an address.

use crate::document::fields::{Fields, Found, entries, texts};
use crate::fault::{Faults, Place};
use crate::name;

/// A listener that needs more than an address.
#[derive(Debug)]
pub struct Listener {
    /// Its name, as `render --listen NAME=ADDRESS` has it.
    pub name: String,
    /// Its certificate; `None` speaks plain HTTP.
    pub tls: Option<ListenerTls>,
    /// The origins that browsers may call from: exact, or `*`.
    pub cors_origins: Vec<String>,
}

/// The files of a listener's TLS.
#[derive(Debug)]
pub struct ListenerTls {
    /// The certificate chain, PEM.
    pub certificate_file: String,
    /// Its key, PEM.
    pub key_file: String,
    /// The authority of client certificates, PEM; where it is set, a client may show one.
    pub client_ca_file: Option<String>,
}

pub(super) fn read_all(found: Found<'_>, faults: &mut Faults) -> Vec<Listener> {
    let Some((node, place)) = found else { return Vec::new() };
    let mut listeners = Vec::new();
    for (key, node, place) in entries(node, &place, faults) {
        if !name::is_endpoint_name(key) {
            faults.add_with_help(&place, format!("`{key}` cannot name a listener"), "use up to 60 of a-z A-Z 0-9 _ -");
        }
        let Some(mut fields) = Fields::open(node, place, faults) else { continue };
        let tls = Fields::maybe(fields.optional("tls"), faults).and_then(|tls| read_tls(tls, faults));
        let cors_origins = Fields::maybe(fields.optional("cors"), faults)
            .map(|mut cors| {
                let origins = cors.required("allow_origins", faults).map(|(node, place)| texts(node, &place, faults));
                cors.finish(faults);
                origins
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(origin, place)| read_origin(origin, &place, faults))
                    .collect()
            })
            .unwrap_or_default();
        fields.finish(faults);
        listeners.push(Listener { name: key.to_owned(), tls, cors_origins });
    }
    listeners
}

/// An origin as browsers write it (RFC 6454, section 6.2): one that has a path, capitals or a `*` would match none.
fn read_origin(origin: &str, place: &Place, faults: &mut Faults) -> String {
    let host = origin.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).map(|(_, host)| host);
    let is_host = |host: &str| {
        !host.is_empty() && !host.bytes().any(|byte| byte.is_ascii_uppercase() || b"/*?#@ ".contains(&byte))
    };
    if origin != "*" && !host.is_some_and(is_host) {
        faults.add_with_help(place, format!("`{origin}` is not an origin"), "write `https://chat.example.com`, or `*`");
    }
    origin.to_owned()
}

fn read_tls(mut fields: Fields<'_>, faults: &mut Faults) -> Option<ListenerTls> {
    let certificate_file = fields.required_text("certificate_file", faults);
    let key_file = fields.required_text("key_file", faults);
    let client_ca_file = fields.optional_text("client_ca_file", faults).map(str::to_owned);
    fields.finish(faults);
    Some(ListenerTls { certificate_file: certificate_file?.to_owned(), key_file: key_file?.to_owned(), client_ca_file })
}
