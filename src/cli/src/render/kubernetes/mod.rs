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

use super::envoy;
use super::piece::policy::Policy;
use super::rendered::{Format, Rendered};
use crate::print;
use object::object;
use options::Options;

const HEADING: &str = "\
# Made by `multihome render kubernetes`; for Kubernetes 1.31 and later. Change the policy and render again rather than this file.
";

/// One file: every object but the secrets, in the order in which they are applied.
pub fn render(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    let bootstrap = envoy::bootstrap(policy, &options.bootstrap());
    let data = json!({
        (pod::BOOTSTRAP_FILE): print::yaml(&bootstrap),
        (drain::FILE): drain::SCRIPT,
    });
    // Named by its content: pods of the old policy keep theirs while new ones start, and a rollback finds it again.
    let config_map = options.named(&Version::of(&Node::Text(data.to_string())).to_string());
    let mut objects = vec![object::service_account(options)];
    objects.extend(object::network_policy(policy.config, options));
    objects.push({
        let mut map = object("v1", "ConfigMap", &config_map, options);
        super::piece::any::put(&mut map, "immutable", Some(json!(true)));
        super::piece::any::put(&mut map, "data", Some(data));
        map
    });
    objects.push(object::service(options));
    objects.push(object::disruption_budget(options));
    objects.push(pod::deployment(policy.config, options, &config_map));
    file("kubernetes", HEADING, objects, format)
}

/// One file: the secrets that the pods mount, empty.
pub fn secrets(policy: &Policy<'_>, options: &Options, format: Format) -> Rendered {
    file("secrets", secret::HEADING, secret::all(policy.config, options), format)
}

fn file(stem: &str, heading: &str, objects: Vec<Value>, format: Format) -> Rendered {
    let text = match format {
        Format::Yaml => {
            let documents: Vec<String> = objects.iter().map(print::yaml).collect();
            format!("{heading}{}", documents.join("---\n"))
        }
        Format::Json => format.text("", &json!({"apiVersion": "v1", "kind": "List", "items": objects})),
    };
    Rendered { files: vec![(format.path(stem), text)] }
}
