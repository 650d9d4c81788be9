//! The policy file: read into a tree, checked whole, kept as types that cannot be wrong.

mod defaults;
pub mod edition;
mod endpoint;
mod identity;
mod limit;
mod listener;
mod model;
mod order;
mod session;
mod tenant;
mod timeouts;
mod version;
mod wait;

use std::collections::HashMap;
use std::rc::Rc;

use crate::fault::{Fault, Faults, Place};

pub use crate::cloud::auth::TokenEndpoint;
pub use crate::cloud::{Address, Auth, Tls};
pub use defaults::Defaults;
pub use endpoint::Endpoint;
pub use identity::carried::Carried;
pub use identity::header::{CertificateNames, Header, Trust};
pub use identity::keys::{Key, KeyFile, Keys};
pub use identity::token::{KeySet, KeyUri, Token};
pub use identity::{Identity, Source, keys::file as keys_file};
pub use limit::Limits;
pub use listener::{Listener, ListenerTls};
pub use model::{Price, Target};
pub use order::Order;
pub use session::{Account, LEAST_KEY, Sessions, Users};
pub use tenant::{Grant, grant_of, parse_grant};
pub use timeouts::{Awaited, OwnTimeouts, Timeouts};
pub use version::{TargetKey, Version};

use crate::cloud::gcp::metadata;
use crate::contract;
use crate::document::fields::{Fields, texts};
use crate::document::{self, Node};
use crate::name::sorted;

/// A checked policy.
///
/// ```
/// use multihome_core::config;
///
/// let text = br#"{
///     "endpoints": {"azure": {"cloud": "azure", "resource": "contoso", "residency": "us", "auth": {"api_key": {"sds": "key"}}}},
///     "models": {"gpt-6.1-sol": [{"endpoint": "azure", "id": "sol", "form": "openai.chat"}]},
///     "tenants": {"acme": {"clouds": ["azure"], "residency": ["us"], "models": ["gpt-*"]}},
///     "identity": {"trust": {"listeners": ["default"]}}
/// }"#;
/// let config = config::check(&config::parse_json(text).unwrap()).unwrap();
/// assert_eq!(config.endpoints[0].host, "contoso.openai.azure.com");
///
/// // All faults at once, each with its place.
/// let faults = config::check(&config::parse_json(br#"{"endpoint": {}}"#).unwrap()).unwrap_err();
/// assert!(faults.iter().any(|fault| fault.to_string() == "endpoint: unknown field `endpoint` (did you mean `endpoints`?)"));
/// ```
#[derive(Debug)]
pub struct Config {
    /// Which policy this is.
    pub version: Version,
    /// One per account, region and API surface, in the file's order.
    pub endpoints: Vec<Endpoint>,
    /// Every target of every model, those of one model together in the file's order.
    pub targets: Vec<Target>,
    /// From a model's public name to its targets' places in [`Config::targets`].
    pub models: HashMap<Rc<str>, Vec<usize>>,
    /// What each tenant may use.
    pub tenants: HashMap<Rc<str>, Rc<Grant>>,
    /// Who says which tenant asks.
    pub identity: Identity,
    /// The API keys of the tenants.
    pub keys: Keys,
    /// Listeners that need more than an address.
    pub listeners: Vec<Listener>,
    /// Where to reach Google's metadata server.
    pub metadata: Address,
    /// What holds where a tenant says nothing.
    pub defaults: Defaults,
    /// How what clients bring back finds the account that made it.
    pub sessions: Sessions,
    /// Sizes.
    pub limits: Limits,
    /// Times.
    pub timeouts: Timeouts,
}

impl Config {
    /// A model's name and the places of its targets. `None` where the file has no such model.
    pub fn model(&self, name: &str) -> Option<(&Rc<str>, &[usize])> {
        self.models.get_key_value(name).map(|(name, targets)| (name, targets.as_slice()))
    }

    /// Whether some endpoint takes its token from Google's metadata server.
    pub fn needs_google_token(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.auth == Auth::Metadata)
    }

    /// The place of a target's account among [`Sessions::accounts`].
    pub fn account_of(&self, target: &Target) -> Option<usize> {
        self.sessions.account_of(target.endpoint)
    }

    /// Whether the values that a model's responses give are tagged.
    pub fn tags(&self, targets: &[usize]) -> bool {
        let targets = targets.iter().filter_map(|index| self.targets.get(*index));
        targets.filter_map(|target| self.account_of(target)).any(|account| self.sessions.is_tagged(account))
    }

    /// Whether more than one tenant may come: then nothing that an account keeps is one's own.
    pub fn has_several_tenants(&self) -> bool {
        self.tenants.len() > 1 || self.identity.ceilings().next().is_some()
    }

    /// The endpoint that a target stands on.
    pub fn endpoint_of(&self, target: &Target) -> Option<&Endpoint> {
        self.endpoints.get(target.endpoint)
    }
}

/// Reads a policy file that is JSON.
///
/// # Errors
/// What the parser says, or a key that stands twice.
pub fn parse_json(text: &[u8]) -> Result<Node, Fault> {
    document::parse(text).map_err(|why| Fault {
        place: Place::default(),
        message: format!("cannot be read: {why}"),
        help: None,
    })
}

/// Checks a policy file that has all of its keys in it.
///
/// # Errors
/// Every fault of the file, each with its place.
pub fn check(root: &Node) -> Result<Config, Vec<Fault>> {
    check_with_keys(root, None).map_err(|faulty| faulty.policy)
}

/// The faults of a policy file, and of the file with its keys.
#[derive(Debug)]
pub struct Faulty {
    /// Those of the policy.
    pub policy: Vec<Fault>,
    /// Those of the file with its keys; their places are there.
    pub keys: Vec<Fault>,
}

/// Checks a policy file, and the file that it has its keys in ([`keys_file`]).
///
/// # Errors
/// Every fault of both.
pub fn check_with_keys(root: &Node, keys: Option<&Node>) -> Result<Config, Faulty> {
    let (mut faults, mut of_keys) = (Faults::default(), Faults::default());
    match read(root, keys, &mut faults, &mut of_keys) {
        Some(config) if faults.is_empty() && of_keys.is_empty() => Ok(config),
        _ => Err(Faulty { policy: faults.into_vec(), keys: of_keys.into_vec() }),
    }
}

fn read(root: &Node, keys: Option<&Node>, faults: &mut Faults, of_keys: &mut Faults) -> Option<Config> {
    let mut fields = Fields::open(root, Place::default(), faults)?;
    if !edition::is_read(&mut fields, faults) {
        return None;
    }
    let defaults = defaults::read(fields.optional("defaults"), faults);
    let endpoints = fields
        .required("endpoints", faults)
        .map(|(node, place)| endpoint::read_all(node, &place, faults))
        .unwrap_or_default();
    endpoint::check_secrets(&endpoints, faults);
    // An endpoint with a fault is there all the same: to name it is no second fault.
    let written = match root.get("endpoints") {
        Some(Node::Map(members)) => members.as_slice(),
        _ => &[],
    };
    let known = model::Known { endpoints: &endpoints, written };
    let (models, targets) = fields
        .required("models", faults)
        .map(|(node, place)| model::read_all(node, &place, &known, faults))
        .unwrap_or_default();
    let label = |endpoint| match Node::get(endpoint, "residency") {
        Some(Node::Text(label)) => Some(label.as_str()),
        _ => None,
    };
    let set = |names| {
        let mut names = sorted(names);
        names.dedup();
        names
    };
    let known = tenant::Known {
        residencies: set(written.iter().filter_map(|(_, endpoint)| label(endpoint)).collect()),
        endpoints: set(written.iter().map(|(name, _)| name.as_str()).collect()),
        models: set(models.keys().map(|name| &**name).collect()),
    };
    let tenants = fields
        .optional("tenants")
        .map(|(node, place)| tenant::read_all(node, &place, &known, &defaults, faults))
        .unwrap_or_default();
    let identity = match fields.required("identity", faults) {
        Some((node, place)) => identity::read(node, place, &known, &defaults, faults),
        None => None,
    };
    let header = identity.as_ref().and_then(Identity::header);
    let ceilings = || identity.iter().flat_map(Identity::ceilings);
    for ceiling in ceilings() {
        tenant::check_orders(&tenants, ceiling, faults);
    }
    let listed = |name: &str| {
        root.get("tenants")?.get(name)?;
        Some(tenants.get_key_value(name).map_or_else(|| name.into(), |(name, _)| Rc::clone(name)))
    };
    let mut all_keys = Keys::default();
    identity::keys::read_policy(root, &listed, &mut all_keys, faults);
    match (keys, keys_file(root)) {
        // What is left out of a policy with faults is no second fault.
        (Some(keys), _) => identity::keys::read_file(keys, &listed, &mut all_keys, of_keys),
        (None, Some(file)) => {
            faults.add(&fields.place.key("identity"), format!("the file of keys `{file}` was not read along"));
        }
        (None, None) => {}
    }
    if let Some(key) = all_keys.iter().map(Key::place).min_by_key(Place::to_string)
        && identity.as_ref().is_some_and(|identity| !identity.takes_keys())
    {
        let help = "make `identity` a list, and add `- keys: {}` to it";
        faults.add_with_help(&key, "counts for nothing: API keys are no source of `identity`", help);
    }
    // One that was written and has a fault is a tenant all the same.
    let no_tenant = !root.get("tenants").is_some_and(|node| *node != Node::Map(Vec::new()));
    if no_tenant && identity.is_some() && ceilings().next().is_none() {
        faults.add_with_help(
            &fields.place.key("tenants"),
            "no tenant may use anything",
            "list a tenant, or let requests carry their policy (`policy` of a header or of tokens)",
        );
    }
    let listeners = listener::read_all(fields.optional("listeners"), faults);
    if let Some(header) = header {
        identity::header::check_certificates(header, &listeners, faults);
    }
    let metadata_address = metadata::read(fields.optional("gcp"), faults);
    let limits = limit::read(fields.optional("limits"), faults);
    let timeouts = timeouts::read(fields.optional("timeouts"), faults);
    let mut sessions = session::read(fields.optional("sessions"), faults);
    sessions.settle(&session::Settled {
        endpoints: &endpoints,
        targets: &targets,
        models: &models,
        tenants: &tenants,
        ceilings: ceilings().map(|ceiling| &**ceiling).collect(),
    });
    fields.finish(faults);
    Some(Config {
        version: Version::of(root, keys),
        endpoints,
        targets,
        models,
        tenants,
        identity: identity?,
        keys: all_keys,
        listeners,
        metadata: metadata_address,
        defaults,
        sessions,
        limits,
        timeouts,
    })
}

/// What the configuration of one plugin says.
#[derive(Debug)]
pub enum Role {
    /// In the listener.
    Edge {
        /// The whole policy, with its keys.
        policy: Box<Config>,
        /// The cluster that leads back to this role by HTTP/1.1, on which a request loses its trailers. Without one, a
        /// request keeps them, and is not sent where they could not be signed for.
        detour: Option<String>,
        /// The cluster of Google's metadata server, where an endpoint takes its token from there.
        metadata: Option<String>,
        /// What the operator calls all that was rendered with this policy.
        release: Option<String>,
    },
    /// In a listener, where no cluster has an attempt: chooses one target by the headers.
    Header {
        /// The whole policy.
        policy: Box<Config>,
        /// The hosts that it is for, in lower case and without a port; requests to others are not its own.
        hosts: Vec<String>,
        /// As in [`Role::Edge`].
        metadata: Option<String>,
    },
    /// In the upstream chain of one endpoint's cluster: knows that endpoint's name.
    Attempt {
        /// The endpoint's name.
        endpoint: String,
    },
}

/// Reads a plugin's configuration: `{"role": "edge", "policy": …, "keys": …, "detour": …, "metadata": …, "release": …}`,
/// `{"role": "attempt", "endpoint": …}` or `{"role": "header", "policy": …, "keys": …, "hosts": […], "metadata": …}`.
///
/// # Errors
/// Every fault, each with its place.
pub fn parse_role(text: &[u8]) -> Result<Role, Vec<Fault>> {
    let root = parse_json(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let role = read_role(&root, &mut faults);
    match role {
        Some(role) if faults.is_empty() => Ok(role),
        _ => Err(faults.into_vec()),
    }
}

fn read_role(root: &Node, faults: &mut Faults) -> Option<Role> {
    let mut fields = Fields::open(root, Place::default(), faults)?;
    let role = match fields.required_text("role", faults)? {
        "edge" => {
            let detour = read_word(&mut fields, "detour", faults);
            let release = read_word(&mut fields, "release", faults);
            let (policy, metadata) = read_policy(&mut fields, faults)?;
            Role::Edge { policy, detour, metadata, release }
        }
        contract::HEADER_ROLE => {
            let (policy, metadata) = read_policy(&mut fields, faults)?;
            let (hosts, place) = fields.required("hosts", faults)?;
            let hosts = texts(hosts, &place, faults).into_iter().map(|(host, _)| host.to_owned()).collect();
            Role::Header { policy, hosts, metadata }
        }
        "attempt" => Role::Attempt { endpoint: fields.required_text("endpoint", faults)?.to_owned() },
        other => {
            faults.unknown(&fields.place.key("role"), "role", other, ["edge", "attempt", contract::HEADER_ROLE]);
            return None;
        }
    };
    fields.finish(faults);
    Some(role)
}

/// The policy of a role that decides, and the cluster of Google's metadata server.
fn read_policy(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<(Box<Config>, Option<String>)> {
    let (policy, _) = fields.required("policy", faults)?;
    let metadata = read_word(fields, "metadata", faults);
    let keys = fields.optional("keys").map(|(keys, _)| keys);
    let mut of_keys = Faults::default();
    let policy = read(policy, keys, faults, &mut of_keys);
    for fault in of_keys.into_vec() {
        faults.add(&fields.place.key("keys"), fault.to_string());
    }
    let policy = Box::new(policy?);
    if metadata.is_none() && policy.needs_google_token() {
        let place = fields.place.key("metadata");
        faults.add_with_help(
            &place,
            "is missing, and an endpoint has `auth: metadata`",
            "name the metadata server's cluster",
        );
    }
    Some((policy, metadata))
}

/// The name of a cluster, or of a release.
fn read_word(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<String> {
    let name = fields.optional_text(key, faults)?;
    if name.is_empty() || name.contains(' ') {
        faults.add(&fields.place.key(key), "is no name: it is empty, or has a space");
    }
    Some(name.to_owned())
}

#[cfg(test)]
mod tests;
