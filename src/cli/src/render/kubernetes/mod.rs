//! A policy as Kubernetes' objects: a Deployment of stock Envoy, and what it needs around it.
//!
//! Nothing secret is in it. Secrets are mounted by name; `secrets` prints them to be filled in, apart from all that is
//! applied again with each change of the policy, which would empty them.

mod drain;
mod object;
pub mod options;
mod pod;
pub mod remarks;
mod secret;
mod volume;

use multihome_core::config::Version;
use multihome_core::document::Node;
use serde_json::{Value, json};

use super::envoy::{self, options::Scope};
use super::piece::any::put;
use super::piece::certificate;
use super::piece::policy::Policy;
use super::rendered::{Format, LEGEND, Rendered};
use crate::print;
use object::object;
use options::Options;

const HEADING: &str = "\
# Made by `multihome render kubernetes`; for Kubernetes 1.31 and later. Change the policy and render again rather than this file.
";

/// One file: every object but the secrets, in the order in which they are applied.
pub fn render(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    let mut data = json!({(options::BOOTSTRAP_FILE): bootstrap(policy, options), (drain::FILE): drain::SCRIPT});
    for (name, value) in certificate::files(policy.config, &options.bootstrap().paths) {
        put(&mut data, &name, Some(Value::from(Format::Yaml.text("", &value))));
    }
    // Named by its content: pods of the old policy keep theirs while new ones start, and a rollback finds it again.
    let config_map = options.named(&Version::of(&Node::Text(data.to_string()), None).to_string());
    let mut objects = vec![object::service_account(options)];
    objects.extend(object::network_policy(policy.config, options));
    let mut map = object("v1", "ConfigMap", &config_map, options);
    put(&mut map, "immutable", Some(json!(true)));
    put(&mut map, "data", Some(data));
    objects.push(map);
    objects.push(object::service(options));
    objects.push(object::disruption_budget(options));
    objects.push(pod::deployment(policy.config, options, &config_map));
    file("kubernetes", &format!("{HEADING}{LEGEND}\n"), objects, format)
}

/// The bootstrap's text, as `render envoy` prints it. Envoy reads JSON where it expects YAML, and a large policy takes less
/// room in it.
fn bootstrap(policy: &Policy<'_>, options: &Options) -> String {
    let options = options.bootstrap();
    let Rendered { files } = envoy::render(policy, &options, Scope::Bootstrap, Format::Yaml);
    let text: String = files.into_iter().map(|(_, text)| text).collect();
    match text.len() > MOST_BYTES / 2 {
        true => print::note::strip(&envoy::bootstrap(policy, &options)).to_string(),
        false => text,
    }
}

/// What a ConfigMap holds at most, with its object around it.
const MOST_BYTES: usize = (1 << 20) - (8 << 10);

/// One file: the secrets that the pods mount, empty.
pub fn secrets(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    file("secrets", secret::HEADING, secret::all(policy.config, options), format)
}

fn file(stem: &str, heading: &str, objects: Vec<Value>, format: Format) -> Rendered {
    let text = match format {
        Format::Yaml => {
            let documents: Vec<String> = objects.iter().map(|object| format.text("", object)).collect();
            format!("{heading}{}", documents.join("---\n"))
        }
        Format::Json => format.text("", &json!({"apiVersion": "v1", "kind": "List", "items": objects})),
    };
    Rendered { files: vec![(format.path(stem), text)] }
}
