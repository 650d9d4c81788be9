//! A header that names the tenant: who is trusted to set it, and how far a policy reaches that a request carries.

use super::carried::{self, Carried};
use crate::config::defaults::Defaults;
use crate::config::listener::Listener;
use crate::config::tenant::Known;
use crate::document::Node;
use crate::document::fields::{Fields, entries, texts};
use crate::fault::{Faults, Place};
use crate::name;

/// The header that names the tenant, and who may set it.
#[derive(Debug)]
pub struct Header {
    /// Where it stands in the file.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Who may set it; Envoy removes it from everyone else.
    pub trust: Trust,
    /// Whether requests may carry a tenant's whole policy.
    pub carried: Option<Carried>,
}

impl Header {
    /// The headers that only trusted hops may set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.carried.as_ref().map(|carried| carried.name.as_str()))
    }
}

/// Who may set the identity headers.
#[derive(Debug, Default)]
pub struct Trust {
    /// Everyone who reaches one of these listeners.
    pub listeners: Vec<String>,
    /// Clients whose certificate holds one of these URI or DNS names.
    pub client_certificates: Vec<CertificateNames>,
}

impl Trust {
    /// The names that a certificate may hold at a listener.
    pub fn certificate_names(&self, listener: &str) -> Vec<&str> {
        let here = |names: &&CertificateNames| names.listener.as_deref().is_none_or(|name| name == listener);
        self.client_certificates.iter().filter(here).flat_map(|names| &names.names).map(String::as_str).collect()
    }
}

/// The names of client certificates that count at a listener. Each listener has an authority of its own, which can issue
/// any name: one that the partners' authority signed must not count where only the operator's hops are meant.
#[derive(Debug)]
pub struct CertificateNames {
    /// The listener; `None` is the only one that asks for certificates.
    pub listener: Option<String>,
    /// The URI and DNS names.
    pub names: Vec<String>,
}

pub(super) fn read(
    mut fields: Fields<'_>,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Header> {
    let name = read_header(&mut fields, "header", "x-tenant-id", faults);
    let trust = match fields.required("trust", faults) {
        Some((node, place)) => read_trust(Fields::open(node, place, faults), faults),
        None => None,
    };
    let carried = Fields::maybe(fields.optional("policy"), faults).and_then(|mut fields| {
        let header = read_header(&mut fields, "header", "x-tenant-policy", faults);
        carried::read(fields, header, known, defaults, faults)
    });
    if let Some(carried) = carried.as_ref().filter(|carried| carried.name == name) {
        faults.add(&fields.place.key("policy"), format!("`{}` already names the tenant", carried.name));
    }
    let place = fields.place.clone();
    fields.finish(faults);
    Some(Header { place, name, trust: trust?, carried })
}

/// Headers that mean something already, or that Envoy writes or drops; an identity header must not be one of them.
const TAKEN: [&str; 18] = [
    "host",
    "authorization",
    "api-key",
    "content-type",
    "content-length",
    "content-encoding",
    "accept",
    "cookie",
    "te",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "expect",
    "via",
    "x-request-id",
];

/// How the names of such headers begin.
const TAKEN_FAMILIES: [&str; 4] = ["x-multihome-", "x-envoy-", "x-forwarded-", "x-stainless-"];

fn read_header(fields: &mut Fields<'_>, key: &'static str, default: &str, faults: &mut Faults) -> String {
    let header = fields.optional_text(key, faults).unwrap_or(default);
    let reserved = TAKEN.contains(&header) || TAKEN_FAMILIES.iter().any(|family| header.starts_with(family));
    if !name::is_header(header) || reserved {
        faults.add_with_help(
            &fields.place.key(key),
            format!("`{header}` cannot be that header"),
            "use a name of your own in lower case, such as `x-tenant-id`",
        );
    }
    header.to_owned()
}

fn read_trust(fields: Option<Fields<'_>>, faults: &mut Faults) -> Option<Trust> {
    let mut fields = fields?;
    let owned = |named: Vec<(&str, Place)>| named.into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let listeners =
        fields.optional("listeners").map(|(node, place)| owned(texts(node, &place, faults))).unwrap_or_default();
    let client_certificates = match fields.optional("client_certificates") {
        None => Vec::new(),
        Some((node @ Node::Map(_), place)) => entries(node, &place, faults)
            .map(|(listener, node, place)| CertificateNames {
                listener: Some(listener.to_owned()),
                names: owned(texts(node, &place, faults)),
            })
            .collect(),
        Some((node, place)) => match owned(texts(node, &place, faults)) {
            names if names.is_empty() => Vec::new(),
            names => vec![CertificateNames { listener: None, names }],
        },
    };
    let trust = Trust { listeners, client_certificates };
    if trust.listeners.is_empty() && trust.client_certificates.is_empty() {
        faults.add_with_help(
            &fields.place,
            "nobody may say which tenant asks",
            "name a listener (`listeners: [default]`) or a client certificate's SAN",
        );
    }
    fields.finish(faults);
    Some(trust)
}

/// Names that hold wherever a client shows a certificate would let each listener's authority name everyone.
pub(in crate::config) fn check_certificates(header: &Header, listeners: &[Listener], faults: &mut Faults) {
    let place = header.place.key("trust").key("client_certificates");
    let asks = |listener: &&Listener| listener.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
    let asking: Vec<&str> = listeners.iter().filter(asks).map(|listener| listener.name.as_str()).collect();
    for CertificateNames { listener, .. } in &header.trust.client_certificates {
        match listener {
            None if asking.len() > 1 => {
                let message = format!("does not say for which of {} it holds", asking.join(", "));
                faults.add_with_help(&place, message, "write a map: `LISTENER: [NAME, …]`");
            }
            Some(name) if !asking.contains(&name.as_str()) => {
                let message = "is no listener with a `tls.client_ca_file`";
                faults.add_with_help(&place.key(name), message, "give it one under `listeners`, or take it out");
            }
            _ => {}
        }
    }
}
