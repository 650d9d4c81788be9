//! The objects around the Deployment.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::options::{Clients, Options, PROBE_PORT};
use crate::render::piece::any::put;
use crate::render::piece::trust::ClientTrust;

/// An object with its name and labels.
pub fn object(api_version: &str, kind: &str, name: &str, options: &Options) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": options.namespace, "labels": labels(options)},
    })
}

/// What tells these pods from all others.
pub fn labels(options: &Options) -> Value {
    json!({"app.kubernetes.io/name": "multihome", "app.kubernetes.io/instance": options.name})
}

/// The identity of the pods, which AWS and Google can be told to trust. The pods do not talk to Kubernetes.
pub fn service_account(options: &Options) -> Value {
    let mut account = object("v1", "ServiceAccount", &options.name, options);
    put(&mut account, "automountServiceAccountToken", Some(json!(false)));
    account
}

/// The listeners under one name. The listener for probes is the node's.
pub fn service(options: &Options) -> Value {
    let ports: Vec<Value> = options
        .listeners
        .iter()
        .map(|(name, address)| {
            let port = port_name(name, address.port());
            json!({"name": port, "port": address.port(), "targetPort": port, "protocol": "TCP"})
        })
        .collect();
    let mut service = object("v1", "Service", &options.name, options);
    put(&mut service, "spec", Some(json!({"type": "ClusterIP", "selector": labels(options), "ports": ports})));
    service
}

/// The name of a listener's port: the listener's where that can name a port (RFC 6335, 5.1).
pub fn port_name(listener: &str, port: u16) -> String {
    let letters = listener.bytes().any(|byte| byte.is_ascii_lowercase());
    let known = listener.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let hyphens = listener.starts_with('-') || listener.ends_with('-') || listener.contains("--");
    if letters && known && !hyphens && listener.len() <= 15 && listener != "probe" {
        listener.to_owned()
    } else {
        format!("port-{port}")
    }
}

/// A node that is emptied takes one pod at a time.
pub fn disruption_budget(options: &Options) -> Value {
    let mut budget = object("policy/v1", "PodDisruptionBudget", &options.name, options);
    let spec = json!({"maxUnavailable": 1, "selector": {"matchLabels": labels(options)}});
    put(&mut budget, "spec", Some(spec));
    budget
}

/// Whoever reaches a trusted listener may name any tenant: only the clients that were named reach it. The others are open
/// to all, as is what answers probes.
pub fn network_policy(config: &Config, options: &Options) -> Option<Value> {
    if options.clients.is_empty() {
        return None;
    }
    let is_trusted = |name: &str| matches!(ClientTrust::of(config, name), ClientTrust::Trusted);
    let port = |port: u16| json!({"protocol": "TCP", "port": port});
    let (trusted, open): (Vec<_>, Vec<_>) = options.listeners.iter().partition(|(name, _)| is_trusted(name));
    let ports = |listeners: Vec<&(String, _)>| -> Vec<Value> {
        listeners.into_iter().map(|(_, address): &(String, std::net::SocketAddr)| port(address.port())).collect()
    };
    let mut rules = Vec::new();
    if !trusted.is_empty() {
        let from: Vec<Value> = options.clients.iter().map(peer).collect();
        rules.push(json!({"from": from, "ports": ports(trusted)}));
    }
    let mut for_all = ports(open);
    for_all.push(port(PROBE_PORT));
    rules.push(json!({"ports": for_all}));
    let mut policy = object("networking.k8s.io/v1", "NetworkPolicy", &options.name, options);
    let spec = json!({"podSelector": {"matchLabels": labels(options)}, "policyTypes": ["Ingress"], "ingress": rules});
    put(&mut policy, "spec", Some(spec));
    Some(policy)
}

fn peer(clients: &Clients) -> Value {
    let (label, value) = &clients.label;
    let mut peer = json!({});
    let namespace = clients.namespace.as_ref();
    // Every namespace has this label, with its own name.
    let of_namespace = |name| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    put(&mut peer, "namespaceSelector", namespace.map(of_namespace));
    put(&mut peer, "podSelector", Some(json!({"matchLabels": {(label.as_str()): value}})));
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_has_its_listeners_name_where_it_can() {
        for (listener, name) in [
            ("default", "default"),
            ("partners-2", "partners-2"),
            ("Partners", "port-8443"),
            ("with_line", "port-8443"),
            ("-a", "port-8443"),
            ("443", "port-8443"),
            ("longer-than-fifteen", "port-8443"),
            ("probe", "port-8443"),
        ] {
            assert_eq!(port_name(listener, 8443), name, "{listener}");
        }
    }
}
