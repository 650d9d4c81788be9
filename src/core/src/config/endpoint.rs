//! Endpoints: one account, region and API surface of one cloud; one Envoy cluster.

use std::rc::Rc;

use crate::cloud::{Cloud, Surface, aws, azure, gcp};
use crate::contract::{self, RESERVED_ENDPOINT};
use crate::document::Node;
use crate::document::fields::{Fields, some_entries};
use crate::fault::{Faults, Place};
use crate::name::{self, Named};

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name in the file; clients see it in `x-multihome-target`.
    pub name: String,
    /// The Envoy cluster that reaches it: `multihome-` and its name.
    pub cluster: String,
    /// Its cloud.
    pub cloud: Cloud,
    /// What answers there.
    pub surface: Surface,
    /// The region or location that clients see in `x-multihome-region`; empty where the file names none.
    pub region: String,
    /// The operator's label for where data is processed.
    pub residency: Rc<str>,
    /// The host name that requests carry.
    pub host: String,
    /// How Envoy proves who we are.
    pub auth: Auth,
    /// Where to connect.
    pub address: Address,
    /// How the connection is secured; `None` speaks plain HTTP.
    pub tls: Option<Tls>,
}

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

/// The credential of an endpoint; the secrets themselves stay in Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A key from a secret file: Azure's `api-key`, Bedrock's bearer.
    ApiKey {
        /// The secret's name.
        sds: String,
    },
    /// Entra ID's client credentials, by Envoy's OAuth2 source.
    Entra {
        /// The directory's id.
        tenant: String,
        /// The application's id.
        client_id: String,
        /// The secret's name.
        client_secret_sds: String,
        /// What the token is for.
        scope: String,
        /// Where tokens are issued, if not at `login.microsoftonline.com`.
        token_endpoint: Option<TokenEndpoint>,
    },
    /// AWS Signature Version 4, with Envoy's credential chain.
    SigV4,
    /// Google's metadata server, asked by the keeper.
    Metadata,
    /// A Google access token from a secret file that somebody keeps fresh.
    Token {
        /// The secret's name.
        sds: String,
    },
}

/// Where an OAuth2 token endpoint is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Its host name, as the authority has it.
    pub host: String,
    /// Where to connect.
    pub address: Address,
    /// How the connection is secured.
    pub tls: Option<Tls>,
}

/// The scope of Azure's commercial cloud.
const ENTRA_SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// The authority of Azure's commercial cloud.
const ENTRA_HOST: &str = "login.microsoftonline.com";

pub(super) fn read_all(node: &Node, place: &Place, faults: &mut Faults) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (key, node, place) in some_entries(node, place, faults) {
        if key == RESERVED_ENDPOINT {
            faults.add(&place, format!("`{key}` is the name of a cluster of our own"));
        }
        if !name::is_endpoint_name(key) {
            faults.add_with_help(&place, format!("`{key}` cannot name an endpoint"), "use up to 60 of a-z A-Z 0-9 _ -");
        }
        endpoints.extend(read(key, node, place, faults));
    }
    endpoints
}

fn read(key: &str, node: &Node, place: Place, faults: &mut Faults) -> Option<Endpoint> {
    let mut fields = Fields::open(node, place, faults)?;
    let cloud = read_cloud(&mut fields, faults);
    let residency = fields.required_text("residency", faults);
    let Some(cloud) = cloud else {
        // What follows depends on the cloud: without one, only what no cloud has can be judged.
        fields.leave(&["resource", "region", "surface", "project", "location", "host", "auth", "address", "tls"]);
        fields.finish(faults);
        return None;
    };
    let surface = read_surface(cloud, &mut fields, faults);
    let host = match (fields.optional_text("host", faults), &surface) {
        (Some(host), _) => checked_host(host, &fields.place.key("host"), faults),
        (None, Some((_, _, derived))) => derived.clone(),
        (None, None) => String::new(),
    };
    let auth = fields.required("auth", faults).and_then(|(node, place)| read_auth(cloud, node, place, faults));
    let (address, tls) = read_connection(&mut fields, &host, faults);
    fields.finish(faults);
    let (surface, region, _) = surface?;
    Some(Endpoint {
        name: key.to_owned(),
        cluster: contract::cluster(key),
        cloud,
        surface,
        region,
        residency: residency?.into(),
        host,
        auth: auth?,
        address: address?,
        tls,
    })
}

fn read_cloud(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Cloud> {
    let text = fields.required_text("cloud", faults)?;
    let cloud = Cloud::parse(text);
    if cloud.is_none() {
        faults.unknown(&fields.place.key("cloud"), "cloud", text, Cloud::names());
    }
    cloud
}

/// The surface, the region that clients see, and the host that follows from both.
fn read_surface(cloud: Cloud, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<(Surface, String, String)> {
    match cloud {
        Cloud::Azure => {
            let resource = required_label(fields, "resource", faults);
            let region = fields.optional_text("region", faults).unwrap_or_default();
            let resource = resource?;
            Some((Surface::AzureOpenAi, checked_label(region, fields, "region", faults), azure::host(&resource)))
        }
        Cloud::Aws => {
            let region = required_label(fields, "region", faults);
            let surface = match fields.required_text("surface", faults)? {
                "runtime" => Surface::BedrockRuntime,
                "mantle" => Surface::BedrockMantle,
                other => {
                    faults.unknown(&fields.place.key("surface"), "surface", other, ["runtime", "mantle"]);
                    return None;
                }
            };
            let region = region?;
            let host = match surface {
                Surface::BedrockMantle => aws::mantle_host(&region),
                _ => aws::runtime_host(&region),
            };
            Some((surface, region, host))
        }
        Cloud::Gcp => {
            let project = required_label(fields, "project", faults);
            let location = required_label(fields, "location", faults);
            let (project, location) = (project?, location?);
            let host = gcp::host(&location);
            Some((Surface::Google { project, location: location.clone() }, location, host))
        }
    }
}

fn required_label(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<String> {
    let text = fields.required_text(key, faults)?;
    Some(checked_label(text, fields, key, faults))
}

fn checked_label(text: &str, fields: &Fields<'_>, key: &str, faults: &mut Faults) -> String {
    if !text.is_empty() && !name::is_label(text) {
        faults.add_with_help(&fields.place.key(key), format!("`{text}` is not a {key}"), "use a-z 0-9 -");
    }
    text.to_owned()
}

fn checked_host(text: &str, place: &Place, faults: &mut Faults) -> String {
    if !name::is_host(text) {
        faults.add_with_help(place, format!("`{text}` is not a host name"), "without scheme, port or path");
    }
    text.to_owned()
}

fn read_auth(cloud: Cloud, node: &Node, place: Place, faults: &mut Faults) -> Option<Auth> {
    let known: &[&str] = match cloud {
        Cloud::Azure => &["api_key", "entra"],
        Cloud::Aws => &["sigv4", "api_key"],
        Cloud::Gcp => &["metadata", "token"],
    };
    // `auth: sigv4` is short for a map with that one key and nothing to say under it.
    let (kind, details) = match node {
        Node::Text(kind) => (kind.as_str(), None),
        Node::Map(members) if members.len() == 1 => members.first().map(|(kind, node)| (kind.as_str(), Some(node)))?,
        other => {
            faults.add_with_help(
                &place,
                format!("expected one kind of credential, found {}", other.kind()),
                known.join(" or "),
            );
            return None;
        }
    };
    if !known.contains(&kind) {
        faults.unknown(&place, &format!("credential for {}", cloud.name()), kind, known.iter().copied());
        return None;
    }
    let place = match details {
        Some(_) => place.key(kind),
        None => place,
    };
    match (kind, details) {
        ("sigv4", None) => Some(Auth::SigV4),
        ("metadata", None) => Some(Auth::Metadata),
        ("sigv4" | "metadata", Some(_)) => {
            faults.add_with_help(&place, "takes no details", format!("write `auth: {kind}`"));
            None
        }
        (_, None) => {
            faults.add(&place, format!("`{kind}` needs its details"));
            None
        }
        ("entra", Some(node)) => read_entra(Fields::open(node, place, faults)?, faults),
        (kind, Some(node)) => {
            let sds = read_secret(Fields::open(node, place, faults)?, faults)?;
            Some(if kind == "token" { Auth::Token { sds } } else { Auth::ApiKey { sds } })
        }
    }
}

fn read_entra(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Auth> {
    let tenant = fields.required_text("tenant", faults);
    if let Some(tenant) = tenant.filter(|tenant| !name::is_path_segment(tenant)) {
        faults.add(&fields.place.key("tenant"), format!("`{tenant}` is not a directory id"));
    }
    let client_id = fields.required_text("client_id", faults);
    let secret = match fields.required("client_secret", faults) {
        Some((node, place)) => Fields::open(node, place, faults).and_then(|fields| read_secret(fields, faults)),
        None => None,
    };
    let scope = fields.optional_text("scope", faults).unwrap_or(ENTRA_SCOPE).to_owned();
    let token_endpoint = fields
        .optional("token_endpoint")
        .and_then(|(node, place)| read_token_endpoint(Fields::open(node, place, faults)?, faults));
    fields.finish(faults);
    Some(Auth::Entra {
        tenant: tenant?.to_owned(),
        client_id: client_id?.to_owned(),
        client_secret_sds: secret?,
        scope,
        token_endpoint,
    })
}

fn read_token_endpoint(mut fields: Fields<'_>, faults: &mut Faults) -> Option<TokenEndpoint> {
    let host = match fields.optional_text("host", faults) {
        Some(host) => checked_host(host, &fields.place.key("host"), faults),
        None => ENTRA_HOST.to_owned(),
    };
    let (address, tls) = read_connection(&mut fields, &host, faults);
    fields.finish(faults);
    Some(TokenEndpoint { host, address: address?, tls })
}

fn read_secret(mut fields: Fields<'_>, faults: &mut Faults) -> Option<String> {
    let sds = fields.required_text("sds", faults);
    if let Some(bad) = sds.filter(|sds| !name::is_path_segment(sds)) {
        faults.add_with_help(
            &fields.place.key("sds"),
            format!("`{bad}` cannot name a secret"),
            "use a-z A-Z 0-9 . _ -",
        );
    }
    fields.finish(faults);
    sds.map(str::to_owned)
}

/// Where to connect, and how.
fn read_connection(fields: &mut Fields<'_>, host: &str, faults: &mut Faults) -> (Option<Address>, Option<Tls>) {
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
pub(super) fn parse_address(text: &str, place: &Place, faults: &mut Faults) -> Option<Address> {
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
