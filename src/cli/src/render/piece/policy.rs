//! What is rendered, and where Envoy finds what the policy file does not hold.

use multihome_core::{config::Config, document::Node};

use crate::render::names::Names;

/// A checked policy, with the tree that it was made from: the module reads the latter.
#[derive(Debug)]
pub struct Policy<'p> {
    /// The checked policy.
    pub config: &'p Config,
    /// The file.
    pub node: &'p Node,
    /// The file with its keys, where they have one of their own.
    pub keys: Option<&'p Node>,
    /// What is made of it in Envoy is called.
    pub names: Names,
}

/// Files on the machine, or in the container, where Envoy runs.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The module.
    pub wasm: String,
    /// The folder of the secrets' files.
    pub sds_dir: String,
    /// The authorities that certificates are held against, where an endpoint names no `ca_file`.
    pub ca_file: String,
    /// The folder of the files by which Envoy is given certificates, where it is to read them again when they are replaced.
    pub certificates: Option<String>,
}
