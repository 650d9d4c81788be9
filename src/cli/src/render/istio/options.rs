//! What Istio needs to know beside the policy.

use crate::render::piece::policy::Paths;

/// The command line's share.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the gateway's proxy finds its files.
    pub paths: Paths,
    /// Where requests come from.
    pub mode: Mode,
    /// The `Gateway` that the hosts are served by.
    pub gateway: Name,
    /// Which objects are there already and are not made.
    pub existing: Existing,
    /// The hosts that clients call, at least one.
    pub hosts: Vec<String>,
    /// The port of the gateway's server.
    pub port: u16,
    /// The Secret with the certificate of the gateway's server; without one it speaks plain HTTP.
    pub tls_secret: Option<String>,
    /// The namespace of the gateway's pods: patches hold there.
    pub pods: String,
    /// The labels of these pods.
    pub selector: Vec<(String, String)>,
    /// The listener of the policy whose trust and browsers hold here.
    pub listener: String,
    /// Tokens that say which tenant asks.
    pub jwt: Option<Jwt>,
    /// Callers by their SPIFFE name, and the tenants that they are; others are the tenant of that very name.
    pub tenants: Vec<(String, String)>,
    /// How the module comes into the pods.
    pub module: Module,
}

/// Where requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From outside the mesh.
    Gateway,
    /// From the mesh's own workloads, known by their certificates.
    Egress,
    /// From outside the mesh, in an Istio that cannot carry the whole form.
    Header,
}

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its namespace.
    pub namespace: String,
    /// The name in it.
    pub name: String,
}

/// What is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing.
    Nothing,
    /// The `Gateway`.
    Gateway,
    /// The `Gateway` and a `VirtualService` for the hosts.
    VirtualService,
}

/// Tokens that say which tenant asks.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// Who issues them.
    pub issuer: String,
    /// The keys that sign them.
    pub keys: Keys,
    /// For whom a token has to be; any where it is empty.
    pub audiences: Vec<String>,
    /// The claim that names the tenant.
    pub claim: String,
}

/// Where the issuer's public keys are.
#[derive(Clone, Debug)]
pub enum Keys {
    /// At an address that istiod asks.
    Uri(String),
    /// A JSON Web Key Set itself.
    Set(String),
}

/// How the module comes into the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Module {
    /// A volume that is an image: Kubernetes 1.33 or later.
    Image(String),
    /// A container of that image copies it before the proxy starts.
    Init(String),
    /// A ConfigMap of that name.
    ConfigMap(String),
}
