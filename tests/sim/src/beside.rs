//! Envoy's own filters beside an attempt, as `multihome render` configures them: what they take away, what they
//! add, and the credential. The module must be right with them and without them.

use multihome_core::cloud::{Cloud, Stripped};
use multihome_core::contract::{RESPONSE_STRIPPED, STRIPPED, STRIPPED_BY_PREFIX};
use multihome_core::name::Named;
use serde_json::Value;

use crate::headers::Headers;

/// Which of Envoy's filters stand beside an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// All that `multihome render` writes.
    Rendered,
    /// Only the one that adds the credential, in an Envoy that tells what it knows in headers of its own.
    Bare,
}

/// The filters of one endpoint's cluster.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The endpoint's name.
    pub endpoint: String,
    cloud: String,
    region: String,
    credential: Vec<(&'static str, String)>,
    identity: Vec<String>,
}

impl Beside {
    /// The filters of every endpoint of a policy.
    pub fn all(policy: &Value) -> Vec<Beside> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let header = |place: Option<&Value>, default: &str| {
            place.map(|place| place.get("header").and_then(Value::as_str).unwrap_or(default).to_owned())
        };
        let identity = policy.get("identity");
        let carried = identity.and_then(|identity| identity.get("policy"));
        let identity: Vec<String> =
            [header(identity, "x-tenant-id"), header(carried, "x-tenant-policy")].into_iter().flatten().collect();
        let endpoints = policy.get("endpoints").and_then(Value::as_object).into_iter().flatten();
        let of = |endpoint: &Value, field: &str| endpoint.get(field).map(text).unwrap_or_default();
        endpoints
            .map(|(name, endpoint)| Beside {
                endpoint: name.clone(),
                cloud: of(endpoint, "cloud"),
                region: [of(endpoint, "region"), of(endpoint, "location")].concat(),
                credential: credential(name, endpoint),
                identity: identity.clone(),
            })
            .collect()
    }

    /// A request reaches the attempt.
    pub fn before_request(&self, chain: Chain, headers: &mut Headers) {
        if chain == Chain::Rendered {
            STRIPPED
                .iter()
                .copied()
                .chain(self.identity.iter().map(String::as_str))
                .for_each(|name| headers.remove(name.as_bytes()));
            STRIPPED_BY_PREFIX.iter().for_each(|prefix| headers.remove_prefixed(prefix));
        }
    }

    /// A request leaves the attempt; the credential is not on it yet.
    pub fn behind_request(&self, chain: Chain, headers: &mut Headers) {
        if chain == Chain::Rendered {
            headers.set(b"accept-encoding", b"identity");
        }
    }

    /// The credential is added. It stays in the map, which the next attempt finds.
    pub fn add_credential(&self, headers: &mut Headers) {
        self.credential.iter().for_each(|(name, value)| headers.set(name.as_bytes(), value.as_bytes()));
    }

    /// An answer comes, before the attempt sees it.
    pub fn before_answer(&self, chain: Chain, headers: &mut Headers) {
        if chain == Chain::Bare {
            return;
        }
        RESPONSE_STRIPPED.iter().for_each(|name| headers.remove(name.as_bytes()));
        if let Some(cloud) = Cloud::parse(&self.cloud) {
            let Stripped { names, prefixes } = cloud.response_stripped();
            names.iter().for_each(|name| headers.remove(name.as_bytes()));
            prefixes.iter().for_each(|prefix| headers.remove_prefixed(prefix));
        }
        let who = [
            ("x-multihome-cloud", &self.cloud),
            ("x-multihome-target", &self.endpoint),
            ("x-multihome-region", &self.region),
            ("x-multihome-attempts", &"1".to_owned()),
        ];
        for (name, value) in who.iter().filter(|(_, value)| !value.is_empty()) {
            headers.set(name.as_bytes(), value.as_bytes());
        }
    }
}

/// What the endpoint's credential filter adds. The metadata server's token is the module's own doing.
fn credential(name: &str, endpoint: &Value) -> Vec<(&'static str, String)> {
    let secret = format!("CREDENTIAL-OF-{name}");
    let auth = endpoint.get("auth");
    match (endpoint.get("cloud").and_then(Value::as_str), auth.and_then(Value::as_str)) {
        (Some("azure"), _) => vec![("api-key", secret)],
        (_, Some("sigv4")) => vec![
            ("authorization", format!("AWS4-HMAC-SHA256 Credential={secret}")),
            ("x-amz-date", "20270115T080000Z".to_owned()),
            ("x-amz-content-sha256", secret),
        ],
        (_, Some("metadata")) => Vec::new(),
        _ => vec![("authorization", format!("Bearer {secret}"))],
    }
}
