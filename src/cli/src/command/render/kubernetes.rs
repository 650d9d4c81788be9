//! `render kubernetes`: the objects, or the secrets that they refer to.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FormatName;
use super::value::{bytes, clients, object_name, pod_listener};
use crate::file;
use crate::outcome::{Outcome, lines};
use crate::render::kubernetes;
use crate::render::kubernetes::options::{Clients, Module, Options};
use crate::render::names::Names;
use crate::render::piece::policy::Policy;
use crate::render::rendered::Rendered;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Secrets are mounted by name and are no part of the output: `NAME-secrets` has a key `SDS.yaml` for each `sds: SDS` of the
policy, `NAME-aws` AWS's keys (it may be absent where the pods have a role), and `NAME-FOLDER` the files that the policy names
in a folder (`NAME-tls` for /etc/multihome/tls). `--secrets` prints them, empty.

Examples:
    multihome render kubernetes policy.yaml --namespace llm --module registry.example.com/multihome:0.1.0 --secrets > secrets.yaml
    multihome render kubernetes policy.yaml --namespace llm --module registry.example.com/multihome:0.1.0 > kubernetes.yaml
    multihome render kubernetes policy.yaml --namespace llm --module-from configmap --module multihome-module --clients ingress/app=gateway")]
pub struct RenderKubernetes {
    /// The policy, YAML or JSON
    policy: PathBuf,
    /// The namespace of all objects, which has to be there
    #[arg(long, value_name = "NAMESPACE", value_parser = object_name)]
    namespace: String,
    /// What the objects are called
    #[arg(long, value_name = "NAME", default_value = "multihome", value_parser = object_name)]
    name: String,
    /// The image or the ConfigMap that holds the module, as `plugin.wasm`
    #[arg(long, value_name = "NAME")]
    module: String,
    /// How the module comes into the pods
    #[arg(long, value_enum, default_value_t = ModuleFrom::Image)]
    module_from: ModuleFrom,
    /// The image of Envoy; it has to have `bash`, which the one called `distroless` has not
    #[arg(long, value_name = "REFERENCE", default_value = "docker.io/envoyproxy/envoy:v1.40.0")]
    envoy_image: String,
    /// Where to listen in the pod, and the Service's ports: PORT is the listener `default`, NAME=PORT another one; may be
    /// repeated
    #[arg(long, value_name = "[NAME=]PORT", value_parser = pod_listener, default_value = "8080")]
    listen: Vec<(String, SocketAddr)>,
    /// The pods that may reach the trusted listeners, by a label; a NetworkPolicy keeps all others away. May be repeated
    #[arg(long, value_name = "[NAMESPACE/]LABEL=VALUE", value_parser = clients)]
    clients: Vec<Clients>,
    /// How many pods
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replicas: u32,
    /// How many workers each Envoy has, and cores it asks for
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
    cpus: u32,
    /// How long a pod that is to end waits for its last request; default: as long as one target may take for a response
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    drain: Option<u64>,
    /// The authorities that the clouds' certificates are held against, as the image of Envoy has them
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    ca_file: String,
    /// The most memory that each Envoy may allocate, as for `render envoy`; the pod gets room for the rest
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes)]
    max_heap: u64,
    /// The most connections that one listener takes; more are closed at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Print the Secrets to be filled in, and nothing else
    #[arg(long)]
    secrets: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FormatName::Yaml)]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModuleFrom {
    /// A volume that is an image (Kubernetes 1.35 or later)
    Image,
    /// A ConfigMap
    Configmap,
}

impl RenderKubernetes {
    /// Renders, unless there is a reason not to.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let file = file::read(&self.policy)?;
        let module = match self.module_from {
            ModuleFrom::Image => Module::Image(self.module),
            ModuleFrom::Configmap => Module::ConfigMap(self.module),
        };
        let options = Options {
            name: self.name,
            namespace: self.namespace,
            module,
            envoy_image: self.envoy_image,
            replicas: self.replicas,
            cpus: self.cpus,
            listeners: self.listen,
            clients: self.clients,
            drain_seconds: self.drain,
            ca_file: self.ca_file,
            max_heap_bytes: self.max_heap,
            max_connections: self.max_connections,
        };
        let policy =
            Policy { config: &file.config, node: &file.node, keys: file.keys.as_ref(), names: Names::default() };
        let remarks = kubernetes::remarks::on(&policy, &options);
        if !remarks.faults.is_empty() {
            return Err(Outcome::faults(lines("error", &remarks.faults)));
        }
        let render = if self.secrets { kubernetes::secrets } else { kubernetes::render };
        let Rendered { files } = render(&policy, &options, self.format.into());
        let out = files.into_iter().map(|(_, text)| text).collect();
        // What is rendered beside the secrets says it too.
        let warnings = if self.secrets { String::new() } else { lines("warning", &remarks.warnings) };
        Ok(Outcome { out, err: warnings, code: 0 })
    }
}
