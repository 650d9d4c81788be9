//! The Secrets that the pods mount, to be filled in.

use multihome_core::config::{Auth, Config};
use serde_json::{Map, Value, json};

use super::object::object;
use super::options::Options;
use super::volume::{SECRETS, folders, last, secret_names};
use crate::print;
use crate::render::piece::any::put;

/// Above all of them.
pub const HEADING: &str = "\
# Made by `multihome render kubernetes --secrets`: fill in what is empty, apply it, and keep it out of the repository.
";

/// Called `NAME-` and this, it holds AWS's keys.
pub const AWS: &str = "aws";
/// AWS's variables, and the keys of that Secret.
pub const AWS_KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "access-key-id"), ("AWS_SECRET_ACCESS_KEY", "secret-access-key")];

/// Called `NAME-` and this, it holds the keys of tags, each under the name of its variable.
pub const TAGS: &str = "tags";

/// Whether Envoy signs for AWS, and may need keys in its environment.
pub fn signs(config: &Config) -> bool {
    config.endpoints.iter().any(|endpoint| matches!(endpoint.auth, Auth::SigV4 { .. }))
}

/// One for the clouds' credentials, one for AWS's keys, one for the keys of tags, and one a folder of files.
pub fn all(config: &Config, options: &Options) -> Vec<Value> {
    let mut secrets = Vec::new();
    let names = secret_names(config);
    if !names.is_empty() {
        let files = names.into_iter().map(|name| (format!("{name}.yaml"), sds(name)));
        secrets.push(secret(SECRETS, files, options));
    }
    if signs(config) {
        secrets.push(secret(AWS, AWS_KEYS.map(|(_, key)| (key.to_owned(), String::new())), options));
    }
    let variables = &config.sessions.key_variables;
    if !variables.is_empty() {
        secrets.push(secret(TAGS, variables.iter().map(|variable| (variable.clone(), String::new())), options));
    }
    for (folder, files) in folders(config) {
        secrets.push(secret(last(&folder), files.into_iter().map(|file| (file, String::new())), options));
    }
    secrets
}

fn secret(what: &str, data: impl IntoIterator<Item = (String, String)>, options: &Options) -> Value {
    let data: Map<String, Value> = data.into_iter().map(|(key, text)| (key, Value::String(text))).collect();
    let mut secret = object("v1", "Secret", &options.named(what), options);
    put(&mut secret, "type", Some(json!("Opaque")));
    put(&mut secret, "stringData", Some(Value::Object(data)));
    secret
}

/// The file that Envoy reads a secret from.
fn sds(name: &str) -> String {
    print::yaml(&json!({"resources": [{
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": name,
        "generic_secret": {"secret": {"inline_string": ""}},
    }]}))
}
