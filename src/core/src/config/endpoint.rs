//! Endpoints: one account, region and API surface of one cloud; one Envoy cluster. What all clouds share is read here, the
//! rest by the cloud.

use std::rc::Rc;

use super::timeouts::{self, OwnTimeouts};
use crate::cloud::{Address, Auth, Cloud, EndpointParts, Site, Tls, connection};
use crate::document::Node;
use crate::document::fields::{Fields, some_entries, text};
use crate::fault::{Faults, Place};
use crate::name::{self, Named};

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name in the file; clients see it in `x-multihome-target`.
    pub name: String,
    /// The account that it belongs to: what one endpoint of it made, the others can read.
    pub account: Rc<str>,
    /// Its cloud.
    pub cloud: Cloud,
    /// What serves there.
    pub site: Box<dyn Site>,
    /// The region or location that clients see in `x-multihome-region`; empty where the file names none.
    pub region: String,
    /// The operator's label for where data is processed.
    pub residency: Rc<str>,
    /// The host name that requests carry.
    pub host: String,
    /// How Envoy proves who we are.
    pub auth: Auth,
    /// Headers that Envoy adds to every request, with their values.
    pub headers: Vec<(String, String)>,
    /// Where to connect.
    pub address: Address,
    /// How the connection is secured; `None` speaks plain HTTP.
    pub tls: Option<Tls>,
    /// How long Envoy waits there, where it is not as long as elsewhere.
    pub timeouts: OwnTimeouts,
    /// Whether its informational responses (1xx) are absorbed on the way: Envoy gives up its retries at the first.
    pub absorbs_informational: bool,
}

pub(super) fn read_all(node: &Node, place: &Place, faults: &mut Faults) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (key, node, place) in some_entries(node, place, faults) {
        if !name::is_endpoint_name(key) {
            faults.add_with_help(&place, format!("`{key}` cannot name an endpoint"), "use up to 60 of a-z A-Z 0-9 _ -");
        }
        endpoints.extend(read(key, node, place, faults));
    }
    endpoints
}

fn read(key: &str, node: &Node, place: Place, faults: &mut Faults) -> Option<Endpoint> {
    let mut fields = Fields::open(node, place, faults)?;
    let cloud = fields.required_named::<Cloud>("cloud", faults);
    let residency = fields.required_text("residency", faults);
    let Some(cloud) = cloud else {
        // What follows depends on the cloud: without one, only what no cloud has can be judged.
        Cloud::ALL.iter().for_each(|cloud| fields.leave(cloud.endpoint_fields()));
        fields.leave(&["host", "auth", "headers", "timeouts", "informational", "account"]);
        fields.leave(&connection::FIELDS);
        fields.finish(faults);
        return None;
    };
    let EndpointParts { site, auth, headers: own } = cloud.read_endpoint(&mut fields, faults);
    let given = connection::read_host(&mut fields, faults);
    let host = given.or_else(|| site.as_ref().map(|site| site.host())).unwrap_or_default();
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    let headers = own.chain(read_headers(&mut fields, site.as_deref(), faults)).collect();
    let (address, tls) = connection::read(&mut fields, &host, faults);
    let timeouts = timeouts::read_own(fields.optional("timeouts"), faults);
    let absorbs_informational = read_informational(&mut fields, faults);
    let account = fields.optional_label("account", faults);
    fields.finish(faults);
    let site = site?;
    Some(Endpoint {
        name: key.to_owned(),
        account: account.as_deref().unwrap_or(key).into(),
        cloud,
        region: site.region().to_owned(),
        site,
        residency: residency?.into(),
        host,
        auth: auth?,
        headers,
        address: address?,
        tls,
        timeouts,
        absorbs_informational,
    })
}

fn read_informational(fields: &mut Fields<'_>, faults: &mut Faults) -> bool {
    let text = fields.optional_text("informational", faults);
    if let Some(other) = text.filter(|text| *text != ABSORB) {
        faults.unknown(&fields.place.key("informational"), "word", other, [ABSORB]);
    }
    text.is_some()
}

/// What is said of informational responses, where anything is.
const ABSORB: &str = "absorb";

/// The longest value of a header.
const MOST_VALUE: usize = 512;

/// Headers are an allow-list of each site's, whose values the operator fixes: nothing of a client's comes into them.
fn read_headers(fields: &mut Fields<'_>, site: Option<&dyn Site>, faults: &mut Faults) -> Vec<(String, String)> {
    let (Some((node, place)), Some(site)) = (fields.optional("headers"), site) else { return Vec::new() };
    let mut headers = Vec::new();
    for (name, value, place) in some_entries(node, &place, faults) {
        if !site.headers().contains(&name) {
            faults.unknown(&place, "header of this endpoint", name, site.headers().iter().copied());
        }
        let Some(value) = text(value, &place, faults) else { continue };
        if value.len() > MOST_VALUE || value.trim() != value || value.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
            let message = format!("is not the value of a header: up to {MOST_VALUE} visible ASCII characters");
            faults.add(&place, message);
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    headers
}

/// Envoy shows a secret to whatever endpoint names it: one name for the secrets of two clouds, or for a key and a client
/// secret, would show one's to the other.
pub(super) fn check_secrets(endpoints: &[Endpoint], faults: &mut Faults) {
    for endpoint in endpoints {
        let Some((sds, kind)) = endpoint.auth.secret() else { continue };
        let same = |other: &Endpoint| other.auth.secret().filter(|(name, _)| *name == sds).map(|(_, kind)| kind);
        let Some((first, first_kind)) = endpoints.iter().find_map(|other| Some((other, same(other)?))) else {
            continue;
        };
        if first.cloud != endpoint.cloud || first_kind != kind {
            let (cloud, other) = (endpoint.cloud.name(), first.cloud.name());
            let message = format!(
                "secret `{sds}` is {kind} for {cloud} here and {first_kind} for {other} at endpoints.{}: one of them would be shown to the other",
                first.name
            );
            let place = Place::default().key("endpoints").key(&endpoint.name).key("auth");
            faults.add_with_help(&place, message, "give each secret a name of its own");
        }
    }
}
