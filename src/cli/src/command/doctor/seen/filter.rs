//! An HTTP filter in a chain, and the module among them.
//!
//! The module is known by its type and its plugin configuration (`{"role": …}`); where that has not arrived, by its name.
//! Names of clusters and slots differ by how it was rendered.

use std::collections::BTreeMap;

use multihome_core::contract::{ATTEMPT_FILTER, ATTEMPT_ROLE, EDGE_FILTER, EDGE_ROLE};
use multihome_core::document::Node;
use serde_json::Value;

use super::json::{fields, flag, message, text};

/// One filter of a connection manager's, or a cluster's, chain.
#[derive(Debug)]
pub struct Filter<'s> {
    /// Its name, by which routes switch it.
    pub name: &'s str,
    /// The type of its configuration.
    pub kind: &'s str,
    /// Its configuration.
    pub fields: &'s Value,
    /// Whether it runs only for routes that switch it on.
    pub is_disabled: bool,
    /// The module, where it is that.
    pub plugin: Option<Plugin<'s>>,
}

/// The module, loaded in one place.
#[derive(Debug)]
pub struct Plugin<'s> {
    /// What it does there.
    pub role: Role,
    /// Its `PluginConfig`. None where extension discovery has not delivered it, or the dump shows another than the one that runs.
    pub config: Option<&'s Value>,
    /// Whether it never arrived, so that Envoy refuses the requests of its routes.
    pub is_undelivered: bool,
    /// The policy, of an edge.
    pub policy: Option<Node>,
    /// Its keys, where they have a file of their own.
    pub keys: Option<Node>,
}

/// What the module does in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Decides, in a listener.
    Edge,
    /// Writes the request, in a cluster.
    Attempt,
}

/// A filter that extension discovery gave.
#[derive(Clone, Copy, Debug)]
pub struct Discovered<'s> {
    /// Its `typed_config`.
    pub config: &'s Value,
    /// Whether the dump shows an update that was refused. It then has nothing of the one that runs.
    pub is_rejected: bool,
}

/// Those of all chains, by name.
pub type Discoveries<'s> = BTreeMap<&'s str, Discovered<'s>>;

impl<'s> Filter<'s> {
    /// Reads an entry of `http_filters`.
    pub fn of(entry: &'s Value, discovered: &Discoveries<'s>) -> Filter<'s> {
        let name = text(entry, "/name");
        let discovery = entry.get("config_discovery").map(|_| discovered.get(name).copied());
        let typed = match discovery {
            Some(found) => found.map_or(&Value::Null, |found| found.config),
            None => entry.get("typed_config").unwrap_or(&Value::Null),
        };
        let (kind, fields) = (message(typed), fields(typed));
        let plugin = match discovery {
            Some(None) => role_by_name(name).map(|role| Plugin::unseen(role, true)),
            Some(Some(Discovered { is_rejected: true, .. })) => {
                role_by_name(name).map(|role| Plugin::unseen(role, false))
            }
            _ if kind == WASM => Plugin::of(name, fields),
            _ => None,
        };
        Filter { name, kind, fields, is_disabled: flag(entry, "/disabled"), plugin }
    }

    /// Whether this is the module in that role.
    pub fn is(&self, role: Role) -> bool {
        self.plugin.as_ref().is_some_and(|plugin| plugin.role == role)
    }

    /// Whether it adds a credential.
    pub fn is_credential(&self) -> bool {
        CREDENTIALS.contains(&self.kind)
    }
}

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const CREDENTIALS: [&str; 2] = [
    "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
    "envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning",
];

impl<'s> Plugin<'s> {
    fn unseen(role: Role, is_undelivered: bool) -> Plugin<'s> {
        Plugin { role, config: None, is_undelivered, policy: None, keys: None }
    }

    fn of(name: &str, wasm: &'s Value) -> Option<Plugin<'s>> {
        let config = wasm.get("config")?;
        let configuration = configuration(config.get("configuration").unwrap_or(&Value::Null));
        let role = match configuration.as_ref().and_then(|all| all.get("role")) {
            Some(Node::Text(role)) if role == EDGE_ROLE => Role::Edge,
            Some(Node::Text(role)) if role == ATTEMPT_ROLE => Role::Attempt,
            // Another module; or ours, without what it needs.
            _ => role_by_name(name)?,
        };
        let given = |key| configuration.as_ref().and_then(|all| all.get(key).cloned());
        let (policy, keys) = (given("policy"), given("keys"));
        Some(Plugin { role, config: Some(config), is_undelivered: false, policy, keys })
    }
}

fn role_by_name(name: &str) -> Option<Role> {
    let names = |known: &str| name == known || name.strip_prefix(known).is_some_and(|rest| rest.starts_with('-'));
    if names(ATTEMPT_FILTER) { Some(Role::Attempt) } else { names(EDGE_FILTER).then_some(Role::Edge) }
}

/// A plugin's configuration: a text, which keeps the order that a policy's version is made of, or a `Struct`.
fn configuration(any: &Value) -> Option<Node> {
    match any.get("value")? {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => serde_json::from_value(other.clone()).ok(),
    }
}
