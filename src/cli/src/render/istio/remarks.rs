//! What Istio cannot carry though the policy is right, and what is probably not meant.

use multihome_core::config::{Config, Header, KeySet, Source as Named};

use super::egress;
use super::identity::{Source, source};
use super::options::{Mode, Options};
use crate::render::envoy::remarks::Remarks;
use crate::render::piece::policy::Policy;

/// Holds the command line against the policy.
pub fn on(policy: &Policy<'_>, options: &Options) -> Remarks {
    let mut remarks = Remarks::default();
    on_hosts(options, &mut remarks);
    on_files(options, &mut remarks);
    on_plugin(options, &mut remarks);
    on_listeners(policy.config, options, &mut remarks);
    on_identity(policy, options, &mut remarks);
    for endpoint in policy.config.endpoints.iter().filter(|endpoint| endpoint.absorbs_informational) {
        remarks.warnings.push(format!(
            "endpoints.{}.informational: has no effect here, only a whole bootstrap has the listener that it needs",
            endpoint.name
        ));
    }
    remarks
}

fn on_hosts(options: &Options, remarks: &mut Remarks) {
    for host in &options.hosts {
        if host == "*" {
            remarks.faults.push(
                "`--host *` would take every host of the gateway\n  help: name the hosts that clients call Multihome by"
                    .to_owned(),
            );
        }
        let wrong = match (options.mode, egress::service(host)) {
            (Mode::Gateway | Mode::Header, _) => continue,
            (Mode::Egress, None) => "is no name of a Service".to_owned(),
            (Mode::Egress, Some(service)) if service.namespace != options.pods => {
                format!("is a Service in `{}`, and the gateway's pods are in `{}`", service.namespace, options.pods)
            }
            (Mode::Egress, Some(_)) => continue,
        };
        remarks.faults.push(format!(
            "`--host {host}` {wrong}\n  help: workloads of the mesh call a Service beside the gateway's pods: `--host llm.{}.svc.cluster.local`",
            options.pods
        ));
    }
}

/// Each folder is a volume of its own in the pods.
fn on_files(options: &Options, remarks: &mut Remarks) {
    let wasm = options.paths.wasm.as_str();
    let folder = wasm.rsplit_once('/').map_or("", |(folder, _)| folder);
    let secrets = options.paths.sds_dir.trim_end_matches('/');
    for (option, path, folder) in
        [("--wasm-path", wasm, folder), ("--sds-dir", options.paths.sds_dir.as_str(), secrets)]
    {
        if !folder.starts_with('/') || folder.matches('/').count() < 2 {
            remarks.faults.push(format!(
                "`{option} {path}`: a volume is mounted at `{folder}`, and that is no folder of its own in the pods\n  help: write `--wasm-path /opt/multihome/multihome.wasm --sds-dir /etc/multihome/secrets`"
            ));
        }
    }
    let holds = |outer: &str, inner: &str| format!("{inner}/").starts_with(&format!("{outer}/"));
    if holds(folder, secrets) || holds(secrets, folder) {
        remarks.faults.push(format!(
            "the folders of the module and of the secrets, `{folder}` and `{secrets}`, are two volumes, and one lies in the other\n  help: write `--wasm-path /opt/multihome/multihome.wasm --sds-dir /etc/multihome/secrets`"
        ));
    }
}

/// The plugin knows its hosts by their names.
fn on_plugin(options: &Options, remarks: &mut Remarks) {
    for host in options.hosts.iter().filter(|host| options.mode == Mode::Header && host.starts_with("*.")) {
        remarks.faults.push(format!(
            "`--host {host}`: `--mode header` needs each host by its name\n  help: write `--host` for each of them"
        ));
    }
}

fn on_listeners(config: &Config, options: &Options, remarks: &mut Remarks) {
    for listener in &config.listeners {
        let here = listener.name == options.listener;
        match (here, &listener.tls) {
            (true, Some(_)) => remarks.faults.push(format!(
                "listeners.{0}.tls: Istio's Gateway has the certificate\n  help: take it out of the policy and write `--tls-secret NAME`, or name another listener by `--listener`",
                listener.name
            )),
            (true, None) => {}
            (false, _) => remarks.warnings.push(format!(
                "listeners.{}: has no effect here, the hosts are those of the listener `{}` (`--listener`)",
                listener.name, options.listener
            )),
        }
    }
}

fn on_identity(policy: &Policy<'_>, options: &Options, remarks: &mut Remarks) {
    let identity = &policy.config.identity;
    let header = identity.header();
    let source = source(policy, options);
    if header.is_none() && matches!(source, Source::Token | Source::Certificate) {
        remarks.faults.push(
            "`--mode egress` and `--jwt-issuer` put the tenant's name into a header, and no header is a source of the policy's `identity`\n  help: add `- header: x-tenant-id` with its `trust` to it"
                .to_owned(),
        );
    }
    if options.mode == Mode::Egress && options.jwt.is_some() {
        remarks.faults.push(
            "`--mode egress` knows callers by their certificates, and `--jwt-issuer` by their tokens\n  help: take one of them"
                .to_owned(),
        );
    }
    if let Some(token) = identity.tokens().next().filter(|_| options.jwt.is_some()) {
        remarks.faults.push(format!(
            "{}.jwt and `--jwt-issuer` both take tokens, and the objects of the latter refuse API keys\n  help: take one of them",
            token.place
        ));
    }
    for token in identity.tokens() {
        if let KeySet::File(file) = &token.keys {
            remarks.faults.push(format!(
                "{}.jwt.jwks: the gateway's proxy has no file {file}, and would refuse its listener\n  help: write the address of the keys, `https://…`, or take `--jwt-issuer` with `--jwks-file FILE`",
                token.place
            ));
        }
    }
    let of_keys = identity.sources.iter().find_map(|each| match each {
        Named::Keys { place } => Some(place),
        Named::Token(_) | Named::Header(_) => None,
    });
    if let (Source::Token, Some(place)) = (source, of_keys) {
        remarks.warnings.push(format!(
            "{place}.keys: no key counts here, since `--jwt-issuer` asks every request for a token (a source `jwt` of the policy takes tokens, and keys too)"
        ));
    }
    if options.mode != Mode::Egress && !options.tenants.is_empty() {
        remarks.faults.push(
            "`--tenant-of` names callers by their certificates, which only the mesh's own have\n  help: add `--mode egress`, or take it out"
                .to_owned(),
        );
    }
    for (caller, tenant) in &options.tenants {
        if !policy.config.tenants.contains_key(tenant.as_str()) {
            remarks.faults.push(format!(
                "`--tenant-of {caller}={tenant}`: the policy has no tenant `{tenant}`\n  help: add it to `tenants`"
            ));
        }
    }
    let listener = &options.listener;
    match source {
        Source::Client => remarks.warnings.push(format!(
            "the listener `{listener}` is trusted: whoever reaches the hosts says which tenant asks (`--jwt-issuer` has a token say it)"
        )),
        // Keys say it.
        Source::Nobody if identity.takes_credentials() => {}
        Source::Nobody => remarks.warnings.push(format!(
            "every request is a 401, unless a filter of yours behind `{}` sets `{}`: nobody may say which tenant asks (`--jwt-issuer` has a token say it)",
            super::identity::IDENTITY_FILTER,
            header.map_or("x-tenant-id", |header| &header.name),
        )),
        Source::Certificate
            if options.tenants.is_empty() && !policy.config.tenants.keys().any(|name| name.starts_with("spiffe://")) =>
        {
            remarks.warnings.push(
                "every request is a 401: no tenant of the policy has the name of a caller, such as `spiffe://cluster.local/ns/shop/sa/web` (`--tenant-of CALLER=TENANT` gives it one)"
                    .to_owned(),
            );
        }
        Source::Token | Source::Certificate => {}
    }
    let carries = |header: &&Header| header.carried.as_ref().is_some_and(|carried| carried.required);
    if let Some(header) = header.filter(carries).filter(|_| source != Source::Client && !identity.takes_credentials()) {
        remarks.faults.push(format!(
            "{}.policy.required: every request would be a 403, since nobody here may carry a policy\n  help: take it out, or trust the listener",
            header.place
        ));
    }
}
