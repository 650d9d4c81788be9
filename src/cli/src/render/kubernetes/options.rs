//! What the objects need beside the policy.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::render::envoy;
use crate::render::piece::policy::Paths;

/// The command line's share.
#[derive(Clone, Debug)]
pub struct Options {
    /// What all objects are called.
    pub name: String,
    /// The namespace that they live in.
    pub namespace: String,
    /// Where the module comes from.
    pub module: Module,
    /// The image of Envoy.
    pub envoy_image: String,
    /// How many pods.
    pub replicas: u32,
    /// How many workers each Envoy has, and cores it asks for.
    pub cpus: u32,
    /// The listeners, by name, as they listen in the pod.
    pub listeners: Vec<(String, SocketAddr)>,
    /// Who may reach the trusted listeners; anybody in the cluster where nobody is named.
    pub clients: Vec<Clients>,
    /// How long a pod that is to end waits for its last request, in seconds; `None`: as long as one target may take.
    pub drain_seconds: Option<u64>,
    /// The authorities that the clouds' certificates are held against, as the image has them.
    pub ca_file: String,
    /// The most that Envoy may allocate, in bytes.
    pub max_heap_bytes: u64,
    /// The most connections that one listener takes.
    pub max_connections: u32,
}

/// Where the module comes from.
#[derive(Clone, Debug)]
pub enum Module {
    /// An OCI image, mounted as a volume.
    Image(String),
    /// A ConfigMap of the namespace.
    ConfigMap(String),
}

/// Pods that may reach a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Their namespace; `None` is the one that is rendered for.
    pub namespace: Option<String>,
    /// The label that they have, and its value.
    pub label: (String, String),
}

/// Where all that is mounted lies.
pub const BOOTSTRAP_DIR: &str = "/etc/multihome/bootstrap";
/// The bootstrap's file.
pub const BOOTSTRAP_FILE: &str = "envoy.yaml";
/// The module's folder.
pub const MODULE_DIR: &str = "/etc/multihome/module";
/// The module in it, by the name that it has in the image.
pub const MODULE_FILE: &str = "plugin.wasm";
/// The secrets' folder.
pub const SDS_DIR: &str = "/etc/multihome/secrets";

/// The admin interface: for what runs in the pod, and for `kubectl port-forward`.
pub const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9901);
/// The port of the listener for probes.
pub const PROBE_PORT: u16 = 8081;

impl Options {
    /// The same for the bootstrap inside.
    pub fn bootstrap(&self) -> envoy::options::Options {
        envoy::options::Options {
            paths: Paths {
                wasm: format!("{MODULE_DIR}/{MODULE_FILE}"),
                sds_dir: SDS_DIR.to_owned(),
                ca_file: self.ca_file.clone(),
                certificates: Some(BOOTSTRAP_DIR.to_owned()),
            },
            listeners: self.listeners.clone(),
            admin: ADMIN,
            domains: Vec::new(),
            internal_listeners: true,
            probe: Some(self.probe()),
            max_heap_bytes: self.max_heap_bytes,
            max_connections: self.max_connections,
        }
    }

    /// Where the node asks: at the pod's own address, of the family that the listeners have.
    pub fn probe(&self) -> SocketAddr {
        let v6 = self.listeners.iter().all(|(_, address)| address.is_ipv6());
        let any: IpAddr = if v6 { [0u16; 8].into() } else { [0u8; 4].into() };
        SocketAddr::new(any, PROBE_PORT)
    }

    /// What is called after the objects: `NAME-secrets`.
    pub fn named(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }
}
