//! Tokens (JWT) that name the tenant: whose, for whom, which keys sign them, and how far a policy reaches that one carries.
//!
//! Envoy verifies them; here is what it has to be told, and what is read of a token that held.

use std::rc::Rc;

use super::carried::{self, Carried};
use crate::cloud::connection::{self, Address, Tls};
use crate::config::defaults::Defaults;
use crate::config::tenant::Known;
use crate::document::Node;
use crate::document::fields::{Fields, texts};
use crate::fault::{Faults, Place};
use crate::name::{self, Pattern};

/// The tokens of one issuer.
#[derive(Debug)]
pub struct Token {
    /// Where the source stands in the file.
    pub place: Place,
    /// What the operator calls the source.
    pub name: Option<Rc<str>>,
    /// Who issues them: their claim `iss`, exactly.
    pub issuer: String,
    /// For whom: their claim `aud` has one of these.
    pub audiences: Vec<String>,
    /// The keys that sign them.
    pub keys: KeySet,
    /// The claim that names the tenant.
    pub tenant_claim: String,
    /// The tenants that it may name; `None` for any.
    pub tenants: Option<Vec<Pattern>>,
    /// Whether a token may carry a tenant's whole policy.
    pub carried: Option<Carried>,
}

/// Where a JSON Web Key Set is.
#[derive(Debug, PartialEq, Eq)]
pub enum KeySet {
    /// In a file, as Envoy finds it.
    File(String),
    /// At an address that Envoy asks.
    Uri(KeyUri),
}

/// The address of a JSON Web Key Set.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyUri {
    /// The whole of it.
    pub uri: String,
    /// Where to connect.
    pub address: Address,
    /// How the connection is secured; `None` is plain HTTP.
    pub tls: Option<Tls>,
}

/// Reads the source `jwt: {…}`.
pub(super) fn read(
    mut fields: Fields<'_>,
    known: &Known<'_>,
    defaults: &Defaults,
    faults: &mut Faults,
) -> Option<Token> {
    let place = fields.place.clone();
    let found = fields.optional("jwt");
    fields.finish(faults);
    let mut fields = Fields::maybe(found, faults)?;
    let issuer = fields.required_text("issuer", faults).map(str::to_owned);
    let audiences = read_audiences(&mut fields, faults);
    let keys = fields.required("jwks", faults).and_then(|(node, place)| read_key_set(node, place, faults));
    let tenant_claim = fields.optional_text("tenant_claim", faults).unwrap_or("tenant").to_owned();
    let tenants = fields.optional("tenants").map(|(node, place)| {
        let patterns: Vec<Pattern> = texts(node, &place, faults).iter().map(|(text, _)| Pattern::new(text)).collect();
        if patterns.is_empty() {
            faults.add_with_help(&place, "names nobody", "name tenants, as `acme` or `partner-*`, or leave it out");
        }
        patterns
    });
    let policy_claim = fields.optional_text("policy_claim", faults);
    let policy = fields.optional("policy");
    let is_bounded = policy.is_some();
    let policy = Fields::maybe(policy, faults).and_then(|fields| {
        let claim = policy_claim.unwrap_or_default().to_owned();
        carried::read(fields, claim, known, defaults, faults)
    });
    let carried = match (policy_claim, is_bounded) {
        (None, false) => None,
        (Some(_), true) => policy,
        (Some(_), false) => {
            let help = "write `policy: {ceiling: {…}}`: nothing beyond it is allowed, whatever a token says";
            faults.add_with_help(&fields.place.key("policy_claim"), "needs a ceiling", help);
            None
        }
        (None, true) => {
            let help = "name it: `policy_claim: multihome`";
            faults.add_with_help(&fields.place.key("policy"), "needs the claim that carries a policy", help);
            None
        }
    };
    if let Some(carried) = carried.as_ref().filter(|carried| carried.name == tenant_claim) {
        faults.add(&fields.place.key("policy_claim"), format!("`{}` already names the tenant", carried.name));
    }
    let name = fields.optional_text("name", faults);
    if let Some(name) = name.filter(|name| !name::is_key_name(name)) {
        faults.add_with_help(
            &fields.place.key("name"),
            format!("`{name}` cannot name a source"),
            "use up to 64 of A-Z a-z 0-9 . _ -",
        );
    }
    let name = name.map(Rc::from);
    fields.finish(faults);
    Some(Token { place, name, issuer: issuer?, audiences: audiences?, keys: keys?, tenant_claim, tenants, carried })
}

/// Two sources of one issuer: whatever one of them takes, its issuer and its audience have to say which. Envoy's word that a
/// token holds has to be worth the same for both, so both have the same keys.
pub(super) fn check_beside(token: &Token, other: &Token, faults: &mut Faults) {
    if token.issuer != other.issuer {
        return;
    }
    let place = token.place.key("jwt");
    if let Some(audience) = token.audiences.iter().find(|audience| other.audiences.contains(audience)) {
        faults.add_with_help(
            &place.key("audiences"),
            format!("`{audience}` of this issuer is {}.jwt's already", other.place),
            "name each audience once, or make one source of the two",
        );
    }
    if token.keys != other.keys {
        faults.add_with_help(
            &place.key("jwks"),
            format!("differs from {}.jwt's, and both are of the issuer {}", other.place, token.issuer),
            "write one `jwks` for both: a set of keys may hold several",
        );
    }
}

/// A token that was made for somebody else must not count here: without audiences each of the issuer's would.
fn read_audiences(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let (node, place) = fields.required("audiences", faults)?;
    let audiences: Vec<String> = texts(node, &place, faults).into_iter().map(|(name, _)| name.to_owned()).collect();
    if audiences.is_empty() {
        let help = "name what the issuer writes into `aud` of tokens for this endpoint";
        faults.add_with_help(&place, "names nobody: a token could be meant for anyone", help);
    }
    Some(audiences)
}

fn read_key_set(node: &Node, place: Place, faults: &mut Faults) -> Option<KeySet> {
    if let Node::Text(text) = node {
        if !text.contains("://") {
            return Some(KeySet::File(text.clone()));
        }
        let parsed = Parsed::of(text, &place, faults)?;
        let tls = parsed.tls();
        return Some(KeySet::Uri(KeyUri { uri: text.clone(), address: parsed.address, tls }));
    }
    let mut fields = Fields::open(node, place, faults)?;
    let uri = fields.required_text("uri", faults);
    let parsed = uri.and_then(|uri| Parsed::of(uri, &fields.place.key("uri"), faults));
    let Some((uri, parsed)) = uri.zip(parsed) else {
        fields.leave(&connection::FIELDS);
        fields.finish(faults);
        return None;
    };
    let is_elsewhere = fields.optional("address").is_some();
    let (address, tls) = match parsed.https {
        true => connection::read(&mut fields, &parsed.address.host, faults),
        false => {
            let address = fields.optional_text("address", faults).map(str::to_owned);
            let place = fields.place.key("address");
            let own = parsed.address.clone();
            (address.map_or(Some(own), |text| connection::parse_address(&text, &place, faults)), None)
        }
    };
    fields.finish(faults);
    let address = if is_elsewhere { address? } else { parsed.address };
    Some(KeySet::Uri(KeyUri { uri: uri.to_owned(), address, tls }))
}

struct Parsed {
    https: bool,
    address: Address,
}

impl Token {
    /// Whether it may name that tenant.
    pub fn may_name(&self, tenant: &str) -> bool {
        self.tenants.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(tenant)))
    }
}

impl Parsed {
    fn of(uri: &str, place: &Place, faults: &mut Faults) -> Option<Parsed> {
        let parsed = Parsed::parse(uri);
        if parsed.is_none() {
            let help = "write `https://idp.example.com/keys`, or the name of a file";
            faults.add_with_help(place, format!("`{uri}` is no address of keys"), help);
        }
        parsed
    }

    fn parse(uri: &str) -> Option<Parsed> {
        let (scheme, rest) = uri.split_once("://")?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, path) = rest.split_once('/')?;
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return None;
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().ok().filter(|port| *port != 0)?),
            None => (authority, if https { 443 } else { 80 }),
        };
        name::is_host(host).then(|| Parsed { https, address: Address { host: host.to_owned(), port } })
    }

    fn tls(&self) -> Option<Tls> {
        let host = &self.address.host;
        self.https.then(|| Tls { ca_file: None, sni: host.clone(), san: host.clone() })
    }
}
