//! What cannot be rendered though the policy is right, and what is probably not meant.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use multihome_core::config::Config;

use super::options::{ADMIN, BOOTSTRAP_DIR, MODULE_DIR, Module, Options, PROBE_PORT, SDS_DIR};
use super::volume::{SECRETS, folders, last};
use super::{MOST_BYTES, secret};
use crate::render::envoy;
use crate::render::envoy::options::Scope;
use crate::render::envoy::remarks::Remarks;
use crate::render::piece::policy::Policy;

/// Holds the command line against the policy, as for a bootstrap.
pub fn on(policy: &Policy<'_>, options: &Options) -> Remarks {
    let config = policy.config;
    let mut bootstrap = options.bootstrap();
    if !options.clients.is_empty() {
        // The NetworkPolicy stands between it and the cluster, as the loopback stands between it and the network.
        for (name, address) in &mut bootstrap.listeners {
            if config.identity.header().is_some_and(|header| header.trust.listeners.contains(name)) {
                *address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
            }
        }
    }
    let mut remarks = envoy::remarks::on(config, &bootstrap, Scope::Bootstrap);
    for (name, address) in &options.listeners {
        let port = address.port();
        if [ADMIN.port(), PROBE_PORT, 0].contains(&port) {
            remarks.faults.push(format!(
                "the listener `{name}` cannot have port {port}: the pod's own are {PROBE_PORT} for probes and {} for the admin interface\n  help: give it another one, as in `--listen {name}=8080`",
                ADMIN.port()
            ));
        }
        if options.listeners.iter().any(|(other, at)| other < name && at != address && at.port() == port) {
            remarks.faults.push(format!("two listeners have port {port}\n  help: give each its own"));
        }
    }
    remarks.faults.extend(files(config));
    let size = super::bootstrap(policy, options).len();
    if size > MOST_BYTES {
        remarks.faults.push(format!(
            "the bootstrap has {size} bytes, and a ConfigMap holds {MOST_BYTES}\n  help: divide the endpoints between several policies, each with its own `--name`"
        ));
    }
    if let Module::Image(reference) = &options.module
        && !reference.contains('@')
        && reference.rsplit('/').next().is_none_or(|name| !name.contains(':'))
    {
        remarks.warnings.push(format!(
            "`--module {reference}` has neither a tag nor a digest: pods may run whatever is newest when they start"
        ));
    }
    remarks
}

/// Files that the pod cannot have.
fn files(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    let own = [(SECRETS, SDS_DIR), (secret::AWS, ""), (secret::TAGS, "")];
    let mut taken = BTreeMap::from(own.map(|(secret, folder)| (secret.to_owned(), folder.to_owned())));
    for (folder, files) in folders(config) {
        let file = files.first().map_or("", String::as_str);
        let last = last(&folder);
        let is_label = !last.is_empty()
            && last.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !folder.starts_with('/') || overlaps(&folder) || !is_label || last.len() > 40 {
            faults.push(format!(
                "the policy names `{folder}/{file}`, which the pod cannot have: each folder is mounted from a Secret that is called after it\n  help: write an absolute path in a folder of its own, called by a-z 0-9 -, such as `/etc/multihome/tls/{file}`"
            ));
        } else if let Some(other) = taken.insert(last.to_owned(), folder.clone()) {
            faults.push(format!(
                "the policy names files in `{folder}` and in `{other}`, whose Secrets would both be called after `{last}`\n  help: put them into one folder, or call one of the two otherwise"
            ));
        }
    }
    faults
}

/// Whether a folder would be mounted over one of the pod's own, or in it.
fn overlaps(folder: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    [BOOTSTRAP_DIR, MODULE_DIR, SDS_DIR].iter().any(|own| within(own, folder) || within(folder, own))
}
