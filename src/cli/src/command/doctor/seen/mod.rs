//! What an Envoy said, in the shapes in which it is judged.

pub mod chain;
pub mod cluster;
pub mod filter;
pub mod json;

use std::collections::{BTreeMap, BTreeSet};

use multihome_core::config::{self, Config};
use serde_json::Value;

use crate::admin::{Admin, AdminError, Dump, Server, Stats};
use chain::Chain;
use cluster::Cluster;
use filter::{Discovered, Discoveries, Filter, Plugin};

/// The replies of the admin interface.
#[derive(Debug)]
pub struct Replies {
    /// `/server_info`.
    pub server: Server,
    /// `/config_dump`.
    pub dump: Dump,
    /// `/stats`, of what is looked at.
    pub stats: Stats,
    /// `/certs`.
    pub certificates: Value,
    /// `/clusters`.
    pub clusters: Value,
}

/// The statistics that are looked at.
const STATS: [&str; 7] = [
    "update_rejected$",
    "version_text$",
    "vm_reload_success$",
    "^wasm\\.envoy\\.",
    "credential_injector\\.",
    "(gcp-metadata|entra[_0-9]*)\\.upstream_(rq_2xx|rq_completed|rq_timeout|cx_connect_fail)$",
    "connected_state$",
];

impl Replies {
    /// Asks for all of them.
    pub fn ask(admin: &Admin) -> Result<Replies, AdminError> {
        Ok(Replies {
            // First: it shows whether this is an Envoy.
            server: admin.server()?,
            dump: admin.dump()?,
            stats: admin.stats(&STATS.join("|"))?,
            certificates: admin.certificates()?,
            clusters: admin.clusters()?,
        })
    }
}

/// What the replies mean.
#[derive(Debug)]
pub struct Seen<'s> {
    /// What was said.
    pub replies: &'s Replies,
    /// Every connection manager.
    pub chains: Vec<Chain<'s>>,
    /// Every cluster.
    pub clusters: Vec<Cluster<'s>>,
    /// The clusters that the module may name.
    pub named: BTreeSet<&'s str>,
    /// The policies that run, each with a listener where it does.
    pub running: Vec<Running<'s>>,
    /// The listener of the policy that the parts were rendered for, where it is not called so here.
    pub rendered_for: Option<&'s str>,
}

/// A policy that decides.
#[derive(Debug)]
pub struct Running<'s> {
    /// Where.
    pub listener: &'s str,
    /// What it says; none where it cannot be read by this version of the tool.
    pub config: Option<Config>,
}

impl<'s> Seen<'s> {
    /// Reads the replies.
    pub fn of(replies: &'s Replies, rendered_for: Option<&'s str>) -> Seen<'s> {
        let dump = &replies.dump;
        let discovered: Discoveries<'s> = dump
            .filters()
            .into_iter()
            .map(|found| {
                let accepted = format!("extension_config_discovery.http_filter.{}.version_text", found.name);
                // The dump has the last update, taken or not; the statistic the last that was taken.
                let is_rejected = replies.stats.text(&accepted).is_some_and(|accepted| accepted != found.version);
                let config = found.body.get("typed_config").unwrap_or(&Value::Null);
                (found.name, Discovered { config, is_rejected })
            })
            .collect();
        let configs = dump.route_configs();
        let listeners = dump.listeners().into_iter().filter(|listener| listener.is_active);
        let chains: Vec<Chain<'s>> =
            listeners.flat_map(|listener| chain::all(listener, &discovered, &configs)).collect();
        let assignments = dump.endpoints();
        let cluster = |found| Cluster::of(found, &discovered, &assignments, &replies.clusters);
        let clusters = dump.clusters().into_iter().map(cluster).collect();
        let ways = chains.iter().flat_map(Chain::model_routes).filter_map(|route| route.next.as_ref()).flatten();
        let named = ways.map(|way| way.cluster).collect();
        let running = chains.iter().flat_map(|chain| running(chain)).collect();
        Seen { replies, chains, clusters, named, running, rendered_for }
    }

    /// A cluster that serves.
    pub fn cluster(&self, name: &str) -> Option<&Cluster<'s>> {
        self.clusters.iter().find(|cluster| cluster.name == name && cluster.is_active)
    }

    /// The policy that decides at a listener.
    pub fn policy_at(&self, listener: &str) -> Option<&Config> {
        self.running.iter().find(|running| running.listener == listener)?.config.as_ref()
    }

    /// The versions of the policies that decide, with the listeners where they do.
    pub fn versions(&self) -> BTreeMap<String, BTreeSet<&'s str>> {
        let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for running in &self.running {
            if let Some(config) = &running.config {
                found.entry(config.version.to_string()).or_default().insert(running.listener);
            }
        }
        found
    }

    /// The plugins that serve together: each running edge, and the attempts that its routes lead to.
    pub fn teams(&self) -> Vec<Team<'_, 's>> {
        let mut found = Vec::new();
        for chain in &self.chains {
            for (place, edge) in chain.running_edges() {
                let routes = chain.model_routes().filter(|route| route.edges.contains(&place));
                let names: BTreeSet<&str> =
                    routes.filter_map(|route| route.next.as_ref()).flatten().map(|way| way.cluster).collect();
                let attempt = |name: &&'s str| {
                    let cluster = self.cluster(name)?;
                    let plugin = cluster.filters.get(cluster.attempt()?)?.plugin.as_ref()?;
                    Some((cluster.name, plugin))
                };
                let attempts = names.iter().filter_map(attempt).collect();
                found.push(Team { chain, edge, attempts });
            }
        }
        found
    }
}

/// An edge, and the attempts that it leads to, by cluster.
#[derive(Debug)]
pub struct Team<'a, 's> {
    /// Where the edge is.
    pub chain: &'a Chain<'s>,
    /// The edge.
    pub edge: &'a Filter<'s>,
    /// The attempts.
    pub attempts: Vec<(&'s str, &'a Plugin<'s>)>,
}

fn running<'s>(chain: &Chain<'s>) -> Vec<Running<'s>> {
    let plugins = chain.running_edges().filter_map(|(_, edge)| edge.plugin.as_ref());
    // What the dump does not show cannot be judged.
    let shown = plugins.filter(|plugin| plugin.config.is_some());
    let config = |plugin: &Plugin<'_>| config::check_with_keys(plugin.policy.as_ref()?, plugin.keys.as_ref()).ok();
    shown.map(|plugin| Running { listener: chain.listener, config: config(plugin) }).collect()
}
