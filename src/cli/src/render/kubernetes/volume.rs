//! What is mounted into the pod.

use std::collections::{BTreeMap, BTreeSet};

use multihome_core::config::{Config, KeySet};
use serde_json::{Value, json};

use super::drain;
use super::options::{BOOTSTRAP_DIR, BOOTSTRAP_FILE, MODULE_DIR, MODULE_FILE, Module, Options, SDS_DIR};
use crate::print::note::explain;
use crate::render::piece::certificate;

/// A volume, and where it is mounted.
pub struct Volume {
    name: String,
    folder: String,
    source: (&'static str, Value),
}

impl Volume {
    /// The pod's part.
    pub fn volume(&self) -> Value {
        let (kind, source) = &self.source;
        json!({"name": self.name, (*kind): source})
    }

    /// The container's part.
    pub fn mount(&self) -> Value {
        json!({"name": self.name, "mountPath": self.folder, "readOnly": true})
    }
}

/// All of them.
pub fn all(config: &Config, options: &Options, config_map: &str) -> Vec<Volume> {
    let mounted =
        |name: &str, folder: &str, source| Volume { name: name.to_owned(), folder: folder.to_owned(), source };
    let module = match &options.module {
        Module::Image(reference) => ("image", json!({"reference": reference, "pullPolicy": "IfNotPresent"})),
        Module::ConfigMap(name) => ("configMap", json!({"name": name, "items": items([MODULE_FILE.to_owned()])})),
    };
    // Certificates are in the Secrets below; here is which files they are, for Envoy to read them again when one changes.
    let certificates = certificate::files(config, &options.bootstrap().paths).into_iter().map(|(name, _)| name);
    let files = items([BOOTSTRAP_FILE, drain::FILE].map(str::to_owned).into_iter().chain(certificates));
    let mut volumes = vec![
        mounted("bootstrap", BOOTSTRAP_DIR, ("configMap", json!({"name": config_map, "items": files}))),
        mounted("module", MODULE_DIR, module),
    ];
    let names = secret_names(config);
    if !names.is_empty() {
        let files = names.iter().map(|name| format!("{name}.yaml"));
        volumes.push(mounted("secrets", SDS_DIR, secret(&options.named(SECRETS), files)));
    }
    for (folder, files) in folders(config) {
        let name = format!("files-{}", last(&folder));
        let source = secret(&options.named(last(&folder)), files);
        volumes.push(Volume { name, folder, source });
    }
    volumes
}

/// The secret with the clouds' credentials is called `NAME-` and this.
pub const SECRETS: &str = "secrets";

/// The names of the secrets that the policy refers to.
pub fn secret_names(config: &Config) -> BTreeSet<&str> {
    config.endpoints.iter().filter_map(|endpoint| endpoint.auth.secret()).map(|(name, _)| name).collect()
}

/// The folders with files that the policy names, and that the image of Envoy does not have: certificates, keys and
/// authorities. Each is one Secret, called after its last part.
pub fn folders(config: &Config) -> BTreeMap<String, BTreeSet<String>> {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files(config) {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        if folder != IN_THE_IMAGE {
            folders.entry(folder.to_owned()).or_default().insert(name.to_owned());
        }
    }
    folders
}

/// Where the image has the system's certificates.
const IN_THE_IMAGE: &str = "/etc/ssl/certs";

fn files(config: &Config) -> impl Iterator<Item = &str> {
    let of_listeners = config.listeners.iter().filter_map(|listener| listener.tls.as_ref()).flat_map(|tls| {
        [Some(&tls.certificate_file), Some(&tls.key_file), tls.client_ca_file.as_ref()].into_iter().flatten()
    });
    let of_endpoints = config.endpoints.iter().filter_map(|endpoint| endpoint.tls.as_ref()?.ca_file.as_ref());
    let of_tokens = config.identity.tokens().filter_map(|token| match &token.keys {
        KeySet::File(file) => Some(file),
        KeySet::Uri(keys) => keys.tls.as_ref()?.ca_file.as_ref(),
    });
    of_listeners.chain(of_endpoints).chain(of_tokens).map(String::as_str)
}

/// The last part of a folder's path.
pub fn last(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

/// A pod waits for a Secret that is not there, or lacks one of these: better than an Envoy that cannot start.
fn secret(name: &str, files: impl IntoIterator<Item = String>) -> (&'static str, Value) {
    // Readable for the group that the pod's `fsGroup` is.
    let mut source = json!({"secretName": name, "defaultMode": 0o440, "items": items(files)});
    explain(&mut source, "defaultMode", "0440");
    ("secret", source)
}

fn items(files: impl IntoIterator<Item = String>) -> Vec<Value> {
    files.into_iter().map(|file| json!({"key": file, "path": file})).collect()
}
