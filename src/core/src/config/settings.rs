//! The rest of the file: who is trusted, what listeners hold, and the defaults, limits and times.

use std::rc::Rc;
use std::time::Duration;

use super::endpoint::{Address, parse_address};
use super::tenant::{self, Grant, Known, MOST_ATTEMPTS, Order};
use crate::api::inbound::IdentityHeaders;
use crate::document::Node;
use crate::document::fields::{Fields, entries, text, texts};
use crate::fault::{Faults, Place};
use crate::name::{self, Named};

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

/// What holds where a tenant or a request says nothing.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// How targets are ranked.
    pub order: Order,
    /// The most targets that one request may try.
    pub max_attempts: u32,
    /// The tokens that `cheapest` reckons for an answer of unknown length.
    pub max_tokens: u64,
}

/// Sizes and numbers beyond which a request is refused.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest body that is taken, in bytes.
    pub body_bytes: u64,
    /// How many requests may wait for the rest of their body at once, in each worker.
    pub held_requests: u64,
    /// How many bytes the bodies of these may have together, in each worker: Envoy holds them.
    pub held_bytes: u64,
}

/// Times that Envoy is told.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// To a connection.
    pub connect: Duration,
    /// From the request to the first byte of its answer; after it the next target is tried.
    pub first_byte: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

/// The longest time that can be asked for.
const MOST_TIME: Duration = Duration::from_secs(24 * 3600);
/// The most that a body may be: Envoy keeps it for every attempt.
const MOST_BODY: u64 = 64 << 20;
/// The most requests that may be held: each takes some 40 KiB of the module's memory at the worst.
const MOST_HELD_REQUESTS: u64 = 50_000;
/// The most that held bodies may have together.
const MOST_HELD_BYTES: u64 = 64 << 30;

type Found<'n> = Option<(&'n Node, Place)>;

fn open<'n>(found: Found<'n>, faults: &mut Faults) -> Option<Fields<'n>> {
    found.and_then(|(node, place)| Fields::open(node, place, faults))
}

pub(super) fn read_defaults(found: Found<'_>, faults: &mut Faults) -> Defaults {
    let mut defaults = Defaults { order: Order::Ordered, max_attempts: 3, max_tokens: 1024 };
    if let Some(mut fields) = open(found, faults) {
        if let Some(text) = fields.optional_text("order", faults) {
            match Order::parse(text) {
                Some(order) => defaults.order = order,
                None => faults.unknown(&fields.place.key("order"), "order", text, Order::names()),
            }
        }
        if let Some(attempts) = fields.optional_integer("max_attempts", 1..=MOST_ATTEMPTS, faults) {
            defaults.max_attempts = attempts as u32;
        }
        if let Some(tokens) = fields.optional_integer("max_tokens", 1..=10_000_000, faults) {
            defaults.max_tokens = tokens;
        }
        fields.finish(faults);
    }
    defaults
}

pub(super) fn read_identity(
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
    let carried = open(fields.optional("policy"), faults).and_then(|mut fields| {
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

pub(super) fn read_listeners(found: Found<'_>, faults: &mut Faults) -> Vec<Listener> {
    let Some((node, place)) = found else { return Vec::new() };
    let mut listeners = Vec::new();
    for (key, node, place) in entries(node, &place, faults) {
        if !name::is_endpoint_name(key) {
            faults.add_with_help(&place, format!("`{key}` cannot name a listener"), "use up to 60 of a-z A-Z 0-9 _ -");
        }
        let Some(mut fields) = Fields::open(node, place, faults) else { continue };
        let tls = open(fields.optional("tls"), faults).and_then(|tls| read_listener_tls(tls, faults));
        let cors_origins = open(fields.optional("cors"), faults)
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

fn read_listener_tls(mut fields: Fields<'_>, faults: &mut Faults) -> Option<ListenerTls> {
    let certificate_file = fields.required_text("certificate_file", faults);
    let key_file = fields.required_text("key_file", faults);
    let client_ca_file = fields.optional_text("client_ca_file", faults).map(str::to_owned);
    fields.finish(faults);
    Some(ListenerTls { certificate_file: certificate_file?.to_owned(), key_file: key_file?.to_owned(), client_ca_file })
}

pub(super) fn read_gcp(found: Found<'_>, faults: &mut Faults) -> Address {
    // The link-local address of every Google machine; the name `metadata.google.internal` leads there.
    let default = Address { host: "169.254.169.254".to_owned(), port: 80 };
    let Some(mut fields) = open(found, faults) else { return default };
    let address = open(fields.optional("metadata"), faults).and_then(|mut metadata| {
        let address = metadata.required_text("address", faults).map(str::to_owned);
        let place = metadata.place.key("address");
        metadata.finish(faults);
        parse_address(&address?, &place, faults)
    });
    fields.finish(faults);
    address.unwrap_or(default)
}

pub(super) fn read_limits(found: Found<'_>, faults: &mut Faults) -> Limits {
    let mut limits = Limits { body_bytes: 4 << 20, held_requests: 4096, held_bytes: 256 << 20 };
    if let Some(mut fields) = open(found, faults) {
        for (key, most, limit) in [
            ("body_bytes", MOST_BODY, &mut limits.body_bytes),
            ("held_requests", MOST_HELD_REQUESTS, &mut limits.held_requests),
            ("held_bytes", MOST_HELD_BYTES, &mut limits.held_bytes),
        ] {
            *limit = fields.optional_integer(key, 1..=most, faults).unwrap_or(*limit);
        }
        if limits.held_bytes < limits.body_bytes {
            let message =
                format!("is below `body_bytes` ({}): no body of that size could ever be held", limits.body_bytes);
            faults.add_with_help(&fields.place.key("held_bytes"), message, "raise it, or lower `body_bytes`");
        }
        fields.finish(faults);
    }
    limits
}

pub(super) fn read_timeouts(found: Found<'_>, faults: &mut Faults) -> Timeouts {
    let mut timeouts = Timeouts {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(60),
        idle: Duration::from_secs(300),
    };
    if let Some(mut fields) = open(found, faults) {
        for (key, time) in
            [("connect", &mut timeouts.connect), ("first_byte", &mut timeouts.first_byte), ("idle", &mut timeouts.idle)]
        {
            if let Some((node, place)) = fields.optional(key) {
                *time = read_time(node, &place, faults).unwrap_or(*time);
            }
        }
        fields.finish(faults);
    }
    timeouts
}

fn read_time(node: &Node, place: &Place, faults: &mut Faults) -> Option<Duration> {
    let written = text(node, place, faults)?;
    let time = parse_time(written).filter(|time| !time.is_zero() && *time <= MOST_TIME);
    if time.is_none() {
        faults.add_with_help(place, format!("`{written}` is not a time"), "write 500ms, 30s or 5m; at most a day");
    }
    time
}

fn parse_time(written: &str) -> Option<Duration> {
    let (number, milliseconds) = match written.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => match written.strip_suffix('s') {
            Some(number) => (number, 1_000),
            None => (written.strip_suffix('m')?, 60_000),
        },
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}
