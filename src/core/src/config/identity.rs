//! Who says which tenant asks, who is trusted to say it, and how far a policy reaches that a request carries.

use std::rc::Rc;

use super::defaults::Defaults;
use super::tenant::{self, Grant, Known};
use crate::api::inbound::IdentityHeaders;
use crate::document::Node;
use crate::document::fields::{Fields, texts};
use crate::fault::{Faults, Place};
use crate::name;

/// How a request says which tenant it is for.
#[derive(Debug)]
pub struct Identity {
    /// The header that names the tenant.
    pub header: String,
    /// Who may set it; Envoy removes it from everyone else.
    pub trust: Trust,
    /// Whether requests may carry a tenant's whole policy.
    pub carried: Option<Carried>,
}

impl Identity {
    /// The headers that only trusted hops may set.
    pub fn headers(&self) -> IdentityHeaders<'_> {
        IdentityHeaders { tenant: &self.header, policy: self.carried.as_ref().map(|carried| carried.header.as_str()) }
    }
}

/// Who may set the identity headers.
#[derive(Debug, Default)]
pub struct Trust {
    /// Everyone who reaches one of these listeners.
    pub listeners: Vec<String>,
    /// Clients whose certificate holds one of these URI or DNS names.
    pub client_certificates: Vec<String>,
}

/// The header that carries a tenant's policy, and how far such a policy reaches.
#[derive(Debug)]
pub struct Carried {
    /// Its name.
    pub header: String,
    /// Nothing beyond this is allowed, whatever the header says.
    pub ceiling: Rc<Grant>,
}

pub(super) fn read(
    node: &Node,
    place: Place,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Identity> {
    let mut fields = Fields::open(node, place, faults)?;
    let header = read_header(&mut fields, "header", "x-tenant-id", faults);
    let trust = match fields.required("trust", faults) {
        Some((node, place)) => read_trust(Fields::open(node, place, faults), faults),
        None => None,
    };
    let carried = Fields::maybe(fields.optional("policy"), faults).and_then(|mut fields| {
        let header = read_header(&mut fields, "header", "x-tenant-policy", faults);
        let ceiling = fields
            .required("ceiling", faults)
            .and_then(|(node, place)| tenant::read(node, place, Some(known), defaults, faults));
        fields.finish(faults);
        Some(Carried { header, ceiling: Rc::new(ceiling?) })
    });
    if let Some(carried) = carried.as_ref().filter(|carried| carried.header == header) {
        faults.add(&fields.place.key("policy"), format!("`{}` already names the tenant", carried.header));
    }
    fields.finish(faults);
    Some(Identity { header, trust: trust?, carried })
}

/// Headers that mean something already, or that Envoy writes or drops; an identity header must not be one of them.
const TAKEN: [&str; 17] = [
    "host",
    "authorization",
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
    let mut list = |key, faults: &mut Faults| -> Vec<String> {
        let named = fields.optional(key).map(|(node, place)| texts(node, &place, faults)).unwrap_or_default();
        named.into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    let trust =
        Trust { listeners: list("listeners", faults), client_certificates: list("client_certificates", faults) };
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
