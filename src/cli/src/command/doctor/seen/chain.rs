//! A connection manager in a listener: its filters, its routes, and which of them the edge runs for.

use multihome_core::contract::NEXT_STATE;
use serde_json::Value;

use super::filter::{Discoveries, Filter, Role};
use super::json::{fields, flag, list, maps, members, message, text};
use crate::admin::Resource;

/// One connection manager.
#[derive(Debug)]
pub struct Chain<'s> {
    /// Its listener's name.
    pub listener: &'s str,
    /// The listener.
    pub body: &'s Value,
    /// Its own message.
    pub manager: &'s Value,
    /// Its HTTP filters.
    pub filters: Vec<Filter<'s>>,
    /// The routes. None where discovery has not delivered them.
    pub routes: Option<Vec<Route<'s>>>,
}

/// One route.
#[derive(Debug)]
pub struct Route<'s> {
    /// Its virtual host.
    pub host: &'s Value,
    /// Itself.
    pub body: &'s Value,
    /// The places of the edges that run for it.
    pub edges: Vec<usize>,
    /// How the module chooses its cluster, where it does.
    pub next: Option<Vec<Way<'s>>>,
    /// The clusters that it leads to whatever the module says.
    pub straight: Vec<&'s str>,
    /// The route configuration.
    config: &'s Value,
}

/// What the module may say, and the cluster that it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Way<'s> {
    /// What stands in filter state.
    pub key: &'s str,
    /// The cluster.
    pub cluster: &'s str,
}

/// Every connection manager of a listener.
pub fn all<'s>(listener: Resource<'s>, discovered: &Discoveries<'s>, configs: &[Resource<'s>]) -> Vec<Chain<'s>> {
    let default = listener.body.get("default_filter_chain");
    let chains = list(listener.body, "/filter_chains").iter().chain(default);
    let managers = chains.flat_map(|chain| list(chain, "/filters")).filter_map(manager);
    managers.map(|manager| Chain::of(listener, manager, discovered, configs)).collect()
}

/// The clusters that a listener leads to without HTTP: nothing of a cluster's HTTP filters would run.
pub fn by_tcp(listener: &Value) -> Vec<&str> {
    let default = listener.get("default_filter_chain");
    let chains = list(listener, "/filter_chains").iter().chain(default);
    let typed = chains.flat_map(|chain| list(chain, "/filters")).filter_map(|filter| filter.get("typed_config"));
    let proxies = typed.filter(|any| message(any) == "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy");
    proxies.map(fields).flat_map(named_clusters).collect()
}

fn manager(filter: &Value) -> Option<&Value> {
    const KIND: &str = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    filter.get("typed_config").filter(|any| message(any) == KIND).map(fields)
}

impl<'s> Chain<'s> {
    fn of(
        listener: Resource<'s>,
        manager: &'s Value,
        discovered: &Discoveries<'s>,
        configs: &[Resource<'s>],
    ) -> Chain<'s> {
        let filters: Vec<Filter<'s>> =
            list(manager, "/http_filters").iter().map(|entry| Filter::of(entry, discovered)).collect();
        let wanted = text(manager, "/rds/route_config_name");
        let config = match manager.get("route_config") {
            Some(config) => Some(config),
            None => configs.iter().find(|config| config.name == wanted).map(|config| config.body),
        };
        let routes = config.map(|config| routes(config, &filters));
        Chain { listener: listener.name, body: listener.body, manager, filters, routes }
    }

    /// Its routes, as far as they are there.
    pub fn routes(&self) -> &[Route<'s>] {
        self.routes.as_deref().unwrap_or_default()
    }

    /// Those whose cluster the module chooses.
    pub fn model_routes(&self) -> impl Iterator<Item = &Route<'s>> {
        self.routes().iter().filter(|route| route.next.is_some())
    }

    /// The edges, with their places.
    pub fn edges(&self) -> impl Iterator<Item = (usize, &Filter<'s>)> {
        self.filters.iter().enumerate().filter(|(_, filter)| filter.is(Role::Edge))
    }

    /// The edges that some route has.
    pub fn running_edges(&self) -> impl Iterator<Item = (usize, &Filter<'s>)> {
        self.edges().filter(|(place, _)| self.routes().iter().any(|route| route.edges.contains(place)))
    }

    /// Whether its listener is inside this Envoy.
    pub fn is_internal(&self) -> bool {
        self.body.get("internal_listener").is_some()
    }
}

impl<'s> Route<'s> {
    /// How it is named in a finding.
    pub fn name(&self) -> String {
        let (host, name) = (text(self.host, "/name"), text(self.body, "/name"));
        match name {
            "" => format!("a route without a name of the virtual host `{host}`"),
            name => format!("the route `{name}` of the virtual host `{host}`"),
        }
    }

    /// What the route, its virtual host and the route configuration say, the closest first.
    pub fn levels(&self) -> [&'s Value; 3] {
        [self.body, self.host, self.config]
    }

    /// Its retries: its own, or the virtual host's.
    pub fn retries(&self) -> Option<&'s Value> {
        self.body.pointer("/route/retry_policy").or_else(|| self.host.get("retry_policy"))
    }

    /// Whether a filter of its chain runs for it.
    pub fn runs(&self, filter: &Filter<'_>) -> bool {
        self.levels().into_iter().find_map(|level| switch(level, filter.name)).unwrap_or(!filter.is_disabled)
    }

    /// Whether it, or what it stands in, switches the filter of that name off.
    pub fn switches_off(&self, filter: &str) -> bool {
        let weighted = list(self.body, "/route/weighted_clusters/clusters").iter();
        let mut told = weighted.chain(self.levels()).filter_map(|level| switch(level, filter));
        told.any(|is_on| !is_on)
    }
}

fn routes<'s>(config: &'s Value, filters: &[Filter<'s>]) -> Vec<Route<'s>> {
    let mut found = Vec::new();
    for host in list(config, "/virtual_hosts") {
        for body in list(host, "/routes").iter().chain(matched(host)) {
            let specifier = specifier(body, config);
            let next = specifier.and_then(ways);
            let mut straight: Vec<&str> = body.get("route").map(named_clusters).unwrap_or_default();
            if next.is_none() {
                straight.extend(specifier.into_iter().flat_map(actions));
            }
            let mut route = Route { host, body, edges: Vec::new(), next, straight, config };
            let is_on = |(_, filter): &(usize, &Filter<'s>)| filter.is(Role::Edge) && route.runs(filter);
            route.edges = filters.iter().enumerate().filter(is_on).map(|(place, _)| place).collect();
            found.push(route);
        }
    }
    found
}

/// The routes of a virtual host that chooses by a matcher.
fn matched(host: &Value) -> Vec<&Value> {
    let maps = host.get("matcher").map(maps).unwrap_or_default();
    maps.into_iter().filter(|map| message(map) == "envoy.config.route.v3.Route").collect()
}

/// What a level says of a filter: whether it is on. Anything but a switch is a configuration of its own, for a filter that
/// runs.
fn switch(level: &Value, filter: &str) -> Option<bool> {
    let said = members(level, "/typed_per_filter_config").find(|(name, _)| *name == filter)?.1;
    if message(said) != "envoy.config.route.v3.FilterConfig" {
        return Some(true);
    }
    Some(!flag(fields(said), "/disabled"))
}

/// The cluster specifier of a route: its own, or one of the configuration's by name.
fn specifier<'s>(route: &'s Value, config: &'s Value) -> Option<&'s Value> {
    let own = route.pointer("/route/inline_cluster_specifier_plugin");
    let named = || {
        let name = route.pointer("/route/cluster_specifier_plugin")?.as_str()?;
        list(config, "/cluster_specifier_plugins").iter().find(|plugin| text(plugin, "/extension/name") == name)
    };
    own.or_else(named)?.pointer("/extension/typed_config")
}

/// The ways of a matcher on what the module leaves in filter state.
fn ways(specifier: &Value) -> Option<Vec<Way<'_>>> {
    let reads = |map: &&Value| {
        message(map) == "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput"
            && text(fields(map), "/key") == NEXT_STATE
    };
    let all = maps(specifier);
    all.iter().find(|map| reads(map))?;
    let entries = all.iter().flat_map(|map| members(map, ""));
    let found = entries.filter_map(|(key, entry)| {
        let action = entry.pointer("/action/typed_config")?;
        Some(Way { key, cluster: fields(action).get("cluster")?.as_str()? })
    });
    Some(found.collect())
}

/// The clusters of a specifier's actions.
fn actions(specifier: &Value) -> Vec<&str> {
    let is_action = |map: &&Value| message(map).ends_with(".ClusterAction");
    maps(specifier).into_iter().filter(is_action).map(|map| text(fields(map), "/cluster")).collect()
}

/// The clusters that an action, of a route or of a TCP proxy, names itself.
fn named_clusters(action: &Value) -> Vec<&str> {
    let weighted = list(action, "/weighted_clusters/clusters").iter().map(|one| text(one, "/name"));
    let mirrored = list(action, "/request_mirror_policies").iter().map(|one| text(one, "/cluster"));
    let named = std::iter::once(text(action, "/cluster")).chain(weighted).chain(mirrored);
    named.filter(|name| !name.is_empty()).collect()
}
