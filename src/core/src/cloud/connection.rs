//! Where to connect and how a connection is secured, as the policy file says it of endpoints and of token endpoints.

use crate::document::Node;
use crate::document::fields::Fields;
use crate::fault::{Faults, Place};
use crate::name;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A DNS name or an IPv4 address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The TLS of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// A PEM bundle; `None` is the system's.
    pub ca_file: Option<String>,
    /// The server name that is asked for.
    pub sni: String,
    /// The name that the certificate must hold.
    pub san: String,
}

/// The fields that [`read`] reads.
pub(crate) const FIELDS: [&str; 2] = ["address", "tls"];

/// Reads where to connect, and how; `None` for the connection speaks plain HTTP.
pub(crate) fn read(fields: &mut Fields<'_>, host: &str, faults: &mut Faults) -> (Option<Address>, Option<Tls>) {
    let given = fields.optional_text("address", faults);
    let tls = read_tls(fields, host, faults);
    if tls.is_none() && given.is_none() {
        faults.add_with_help(
            &fields.place.key("tls"),
            "plain HTTP to the cloud itself would show the credential to everyone on the way",
            "name the `address` of a proxy of your own, or leave `tls` out",
        );
    }
    let address = match given {
        Some(text) => parse_address(text, &fields.place.key("address"), faults),
        None => Some(Address { host: host.to_owned(), port: 443 }),
    };
    (address, tls)
}

/// Reads `host:port`.
pub(crate) fn parse_address(text: &str, place: &Place, faults: &mut Faults) -> Option<Address> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        // A number's own parser takes a sign.
        let port = port.parse::<u16>().ok().filter(|number| *number != 0 && !port.starts_with('+'))?;
        name::is_host(host).then(|| Address { host: host.to_owned(), port })
    });
    if parsed.is_none() {
        faults.add_with_help(place, format!("`{text}` is not an address"), "write host:port");
    }
    parsed
}

/// Reads the field `host`, if it is there.
pub(crate) fn read_host(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<String> {
    let host = fields.optional_text("host", faults)?;
    Some(checked_host(host, &fields.place.key("host"), faults))
}

fn checked_host(text: &str, place: &Place, faults: &mut Faults) -> String {
    if !name::is_host(text) {
        faults.add_with_help(place, format!("`{text}` is not a host name"), "without scheme, port or path");
    }
    text.to_owned()
}

fn read_tls(fields: &mut Fields<'_>, host: &str, faults: &mut Faults) -> Option<Tls> {
    let system = Tls { ca_file: None, sni: host.to_owned(), san: host.to_owned() };
    match fields.optional("tls") {
        None => Some(system),
        // YAML 1.1 readers take a bare `off` for false.
        Some((Node::Bool(false), _)) => None,
        Some((Node::Text(word), _)) if word == "off" => None,
        Some((node, place)) => {
            let Some(mut tls) = Fields::open(node, place, faults) else {
                return Some(system);
            };
            let ca_file = tls.optional_text("ca_file", faults).map(str::to_owned);
            let mut name = |key, default: &str, faults: &mut Faults| match tls.optional_text(key, faults) {
                Some(name) => checked_host(name, &tls.place.key(key), faults),
                None => default.to_owned(),
            };
            let sni = name("sni", host, faults);
            let san = name("san", &sni, faults);
            tls.finish(faults);
            Some(Tls { ca_file, sni, san })
        }
    }
}
