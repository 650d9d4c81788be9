//! What a bootstrap, or a part, needs beside the policy.

use std::net::SocketAddr;

use crate::render::piece::policy::Paths;

/// The command line's share.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Envoy finds its files.
    pub paths: Paths,
    /// The listeners, by name, at least one for a bootstrap.
    pub listeners: Vec<(String, SocketAddr)>,
    /// The admin interface; it can stop Envoy and shows its configuration, so it belongs on the loopback.
    pub admin: SocketAddr,
    /// The host names of a part's virtual host.
    pub domains: Vec<String>,
    /// Whether the Envoy that a part is for takes the part [`Part::Listeners`].
    pub internal_listeners: bool,
    /// Where probes are answered whatever happens to the other listeners.
    pub probe: Option<SocketAddr>,
    /// The most that Envoy may allocate, in bytes.
    pub max_heap_bytes: u64,
    /// The most connections that one listener takes.
    pub max_connections: u32,
}

impl Options {
    /// The listener that a part is for.
    pub fn listener_of_part(&self) -> &str {
        self.listeners.first().map_or("default", |(name, _)| name.as_str())
    }
}

/// How much is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that an Envoy needs.
    Bootstrap,
    /// A piece for an Envoy that has its own.
    Part(Part),
}

/// Which piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The HTTP filters before the router, for one listener.
    Filters,
    /// The virtual host.
    Route,
    /// The clusters.
    Clusters,
    /// The listeners inside Envoy.
    Listeners,
}
