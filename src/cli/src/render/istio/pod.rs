//! What the gateway's pods need beside the patches: the module, the secrets, the keys of AWS and of tags.

use std::collections::BTreeSet;

use multihome_core::config::{Auth, Config};
use serde_json::{Value, json};

use super::object::commented;
use super::options::{Module, Options};
use crate::render::rendered::Format;

/// The container of a gateway's proxy.
const CONTAINER: &str = "istio-proxy";
const SECRETS: &str = "multihome-secrets";
const MODULE: &str = "multihome-module";
const AWS: &str = "multihome-aws";
const TAGS: &str = "multihome-tags";

/// What a Deployment's template gets, as a strategic merge patch.
fn patch(config: &Config, options: &Options) -> Value {
    let (folder, file) = split(&options.paths.wasm);
    let mut mounts = Vec::new();
    let mut volumes = Vec::new();
    let mut init = Vec::new();
    if !secrets(config).is_empty() {
        // Not by `subPath`, which Kubernetes does not keep up to date.
        mounts.push(json!({"name": SECRETS, "mountPath": options.paths.sds_dir, "readOnly": true}));
        volumes.push(json!({"name": SECRETS, "secret": {"secretName": SECRETS}}));
    }
    mounts.push(json!({"name": MODULE, "mountPath": folder, "readOnly": true}));
    match &options.module {
        Module::Image(image) => {
            volumes.push(json!({"name": MODULE, "image": {"reference": image, "pullPolicy": "IfNotPresent"}}));
        }
        Module::Init(image) => {
            volumes.push(json!({"name": MODULE, "emptyDir": {}}));
            init.push(json!({
                "name": MODULE,
                "image": image,
                "command": ["cp", format!("/{file}"), format!("{folder}/{file}")],
                "volumeMounts": [{"name": MODULE, "mountPath": folder}],
            }));
        }
        Module::ConfigMap(name) => volumes.push(json!({"name": MODULE, "configMap": {"name": name}})),
    }
    let mut container = json!({"name": CONTAINER, "volumeMounts": mounts});
    let variables = environment(config);
    if let (false, Value::Object(container)) = (variables.is_empty(), &mut container) {
        container.insert("env".to_owned(), Value::Array(variables));
    }
    let mut spec = json!({"containers": [container], "volumes": volumes});
    if let (false, Value::Object(spec)) = (init.is_empty(), &mut spec) {
        spec.insert("initContainers".to_owned(), Value::Array(init));
    }
    json!({"spec": {"template": {"spec": spec}}})
}

/// The variables that the proxy needs. A key of tags is not optional: the module refuses a policy whose key is missing, and
/// Kubernetes says so before.
fn environment(config: &Config) -> Vec<Value> {
    let tag = |name| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": TAGS, "key": name}}});
    let mut variables: Vec<Value> = config.sessions.key_variables.iter().map(tag).collect();
    if signs(config) {
        let from_secret = |key| json!({"secretKeyRef": {"name": AWS, "key": key, "optional": true}});
        variables.extend([
            json!({"name": "AWS_ACCESS_KEY_ID", "valueFrom": from_secret("access-key-id")}),
            json!({"name": "AWS_SECRET_ACCESS_KEY", "valueFrom": from_secret("secret-access-key")}),
            json!({"name": "AWS_EC2_METADATA_DISABLED", "value": "true"}),
        ]);
    }
    variables
}

/// The same in words, with the commands.
fn words(config: &Config, options: &Options) -> String {
    let (folder, file) = split(&options.paths.wasm);
    let pods = &options.pods;
    let mut text = format!(
        "What the gateway's pods need, before the EnvoyFilters are applied: a proxy that finds no module, or no file for a
secret, refuses the whole listener, and a new pod of it then serves no host at all.

1. The module is the file {} in the container `{CONTAINER}`.
",
        options.paths.wasm
    );
    text.push_str(&match &options.module {
        Module::Image(image) => format!(
            "   The image {image} is mounted at {folder} and has /{file}. Kubernetes 1.33 or later, with image volumes switched on.
"
        ),
        Module::Init(image) => format!(
            "   A container of the image {image}, which has /{file} and `cp`, copies it before the proxy starts.
"
        ),
        Module::ConfigMap(name) => format!(
            "   A ConfigMap holds at most 1 MiB, and `apply` cannot store one of this size:
       kubectl -n {pods} create configmap {name} --from-file={file}
"
        ),
    });
    let secrets = secrets(config);
    if !secrets.is_empty() {
        let files: Vec<String> = secrets.iter().map(|name| format!("--from-file={name}.yaml")).collect();
        text.push_str(&format!(
            "2. The secrets are files in {}, one for each `sds` name, in the form that `multihome render envoy --help`
   shows. Envoy notices when Kubernetes swaps the folder, within about a minute of a change of the Secret:
       kubectl -n {pods} create secret generic {SECRETS} {}
",
            options.paths.sds_dir,
            files.join(" ")
        ));
    }
    if signs(config) {
        text.push_str(&format!(
            "3. `auth: sigv4` takes AWS's credentials from the environment, here from the Secret `{AWS}`, or from a web identity
   of the pods' service account (take `env` out of the patch then):
       kubectl -n {pods} create secret generic {AWS} --from-literal=access-key-id=ID --from-literal=secret-access-key=KEY
"
        ));
    }
    if !config.sessions.key_variables.is_empty() {
        let literal = |name: &String| format!("--from-literal={name}=$(openssl rand -hex 32)");
        let literals: Vec<String> = config.sessions.key_variables.iter().map(literal).collect();
        text.push_str(&format!(
            "{}. The keys of tags (`sessions.tag_keys`) are in the proxy's environment, here from the Secret `{TAGS}`. Without one
   of them the module refuses its configuration. Keep them: what clients hold was tagged with them.
       kubectl -n {pods} create secret generic {TAGS} {}
",
            if signs(config) { 4 } else { 3 },
            literals.join(" ")
        ));
    }
    text.push_str(&format!(
        "Then patch the gateway's Deployment, here as it is called DEPLOYMENT:
       kubectl -n {pods} patch deployment DEPLOYMENT --patch-file {PATCH_FILE}
A value of Helm or an IstioOperator that holds the same is better where one of them makes the Deployment: it would undo the patch.
"
    ));
    text
}

/// Where the patch stands below the folder of the manifests. `kubectl apply -f` of that folder leaves it alone.
const PATCH_FILE: &str = "pods/patch.yaml";

/// Both as a comment, for where there are no files.
pub fn comment(config: &Config, options: &Options) -> String {
    let patch = Format::Yaml.text("", &patch(config, options));
    commented(&format!("{}\n{patch}", words(config, options)))
}

/// The patch as a file of its own.
pub fn file(config: &Config, options: &Options) -> (String, String) {
    let text = Format::Yaml.text(&commented(&words(config, options)), &patch(config, options));
    (PATCH_FILE.to_owned(), text)
}

/// The names of the secrets that Envoy reads from files.
fn secrets(config: &Config) -> BTreeSet<&str> {
    config
        .endpoints
        .iter()
        .filter_map(|endpoint| match &endpoint.auth {
            Auth::Key { sds, .. } => Some(sds.as_str()),
            Auth::ClientCredentials { client_secret_sds, .. } => Some(client_secret_sds.as_str()),
            Auth::SigV4 { .. } | Auth::Metadata => None,
        })
        .collect()
}

fn signs(config: &Config) -> bool {
    config.endpoints.iter().any(|endpoint| endpoint.auth.signs_body())
}

/// A file's folder and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
