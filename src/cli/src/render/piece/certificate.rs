//! Certificates and authorities of files that may be replaced while Envoy serves.
//!
//! Envoy reads a file that a TLS context names itself once, and never again (1.40.0). What comes by secret discovery it reads
//! again when something is moved into the file's folder: a rename, or the symbolic link that Kubernetes swaps. So there is one
//! more file for each, which names the file and its folder, and never changes itself.

use std::path::Path;

use multihome_core::config::{Auth, Config, KeySet, ListenerTls};
use serde_json::{Value, json};

use super::any::{any, put};
use super::policy::Paths;
use crate::render::digest;

/// The files to write into the folder of [`Paths::certificates`], by their names there.
pub fn files(config: &Config, paths: &Paths) -> Vec<(String, Value)> {
    let mut secrets = Vec::new();
    for tls in config.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
        secrets.push(secret(
            &own_name(tls),
            "tls_certificate",
            &tls.certificate_file,
            json!({
                "certificate_chain": {"filename": tls.certificate_file},
                "private_key": {"filename": tls.key_file},
            }),
        ));
        secrets.extend(tls.client_ca_file.as_deref().map(authority_secret));
    }
    for endpoint in &config.endpoints {
        let issuer = match &endpoint.auth {
            Auth::ClientCredentials { issuer, .. } => issuer.tls.as_ref(),
            _ => None,
        };
        let used = endpoint.tls.iter().chain(issuer);
        secrets.extend(used.map(|tls| authority_secret(tls.ca_file.as_deref().unwrap_or(&paths.ca_file))));
    }
    let of_issuers = config.identity.tokens().filter_map(|token| match &token.keys {
        KeySet::Uri(keys) => keys.tls.as_ref(),
        KeySet::File(_) => None,
    });
    secrets.extend(of_issuers.map(|tls| authority_secret(tls.ca_file.as_deref().unwrap_or(&paths.ca_file))));
    let mut files: Vec<(String, Value)> = Vec::new();
    for (name, secret) in secrets {
        let file = format!("{name}.yaml");
        if !files.iter().any(|(known, _)| *known == file) {
            files.push((file, json!({"resources": [secret]})));
        }
    }
    files
}

/// A listener's own certificate, in its `common_tls_context`.
pub fn put_own(common: &mut Value, tls: &ListenerTls, paths: &Paths) {
    match discovered(&own_name(tls), paths) {
        Some(config) => put(common, "tls_certificate_sds_secret_configs", Some(json!([config]))),
        None => {
            let certificate = json!({
                "certificate_chain": {"filename": tls.certificate_file},
                "private_key": {"filename": tls.key_file},
            });
            put(common, "tls_certificates", Some(json!([certificate])));
        }
    }
}

/// What the other side's certificate is held against: an authority, and beside it what `matches` says.
/// `whose`: who names its file.
pub fn put_authority(common: &mut Value, ca_file: &str, whose: &str, matches: Value, paths: &Paths) {
    match discovered(&authority_name(ca_file), paths) {
        Some(config) => {
            let combined =
                json!({"default_validation_context": matches, "validation_context_sds_secret_config": config});
            put(common, "combined_validation_context", Some(combined));
        }
        None => {
            let mut context = json!({"#trusted_ca": whose, "trusted_ca": {"filename": ca_file}});
            if let (Some(context), Value::Object(matches)) = (context.as_object_mut(), matches) {
                context.extend(matches);
            }
            put(common, "validation_context", Some(context));
        }
    }
}

fn discovered(name: &str, paths: &Paths) -> Option<Value> {
    let folder = paths.certificates.as_deref()?.trim_end_matches('/');
    Some(json!({
        "name": name,
        "sds_config": {
            "path_config_source": {"path": format!("{folder}/{name}.yaml")},
            "resource_api_version": "V3",
        },
    }))
}

fn authority_secret(ca_file: &str) -> (String, Value) {
    secret(&authority_name(ca_file), "validation_context", ca_file, json!({"trusted_ca": {"filename": ca_file}}))
}

fn secret(name: &str, kind: &str, file: &str, mut content: Value) -> (String, Value) {
    let folder =
        Path::new(file).parent().map(|folder| folder.display().to_string()).filter(|folder| !folder.is_empty());
    put(&mut content, "watched_directory", Some(json!({"path": folder.as_deref().unwrap_or(".")})));
    let secret = any("envoy.extensions.transport_sockets.tls.v3.Secret", json!({"name": name, kind: content}));
    (name.to_owned(), secret)
}

fn own_name(tls: &ListenerTls) -> String {
    name("certificate", &[&tls.certificate_file, &tls.key_file])
}

fn authority_name(ca_file: &str) -> String {
    name("authority", &[ca_file])
}

/// A name by the files that are named, so that others have another name.
fn name(kind: &str, files: &[&str]) -> String {
    format!("{kind}-{}", digest::of(files.join("\0"), 4))
}
