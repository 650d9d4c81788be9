//! What serves: updates that were refused or have not come into force, and the policy that decides.

use std::collections::{BTreeMap, BTreeSet};

use multihome_core::config::Config;

use super::finding::{Finding, Kind};
use super::seen::Seen;
use crate::admin::Stats;

/// What is to be said, also against the policy that ought to run.
pub fn find(seen: &Seen<'_>, wanted: Option<&Config>) -> Vec<Finding> {
    let mut found = rejected(seen);
    let warming = seen.replies.dump.listeners().into_iter().filter(|listener| !listener.is_active);
    found.extend(warming.map(|listener| {
        Finding::warning(
            Kind::StillWarming,
            format!("listener `{}`", listener.name),
            "it does not take connections yet: it waits for routes, filters or secrets",
            "look at `/init_dump` of the admin interface for what it waits for",
        )
    }));
    found.extend(policies(seen, wanted));
    found.extend(unrouted(seen));
    found
}

/// The versions by their source: `lds`, `cds`, `rds NAME`, `ecds NAME`.
pub fn versions(stats: &Stats) -> BTreeMap<String, String> {
    let named =
        stats.texts().filter_map(|(name, version)| Some((source(name.strip_suffix(".version_text")?)?, version)));
    named.map(|(source, version)| (source, version.to_owned())).collect()
}

/// What a scope of statistics is of. Secrets are left out: their files have no version.
fn source(scope: &str) -> Option<String> {
    match scope {
        "listener_manager.lds" => Some("lds".to_owned()),
        "cluster_manager.cds" => Some("cds".to_owned()),
        _ => {
            let filter =
                scope.strip_prefix("extension_config_discovery.http_filter.").map(|name| format!("ecds {name}"));
            let filter = filter.or_else(|| {
                scope
                    .strip_prefix("extension_config_discovery.upstream_http_filter.")
                    .map(|name| format!("ecds {name}"))
            });
            filter.or_else(|| scope.strip_prefix("http.")?.split_once(".rds.").map(|(_, name)| format!("rds {name}")))
        }
    }
}

fn rejected(seen: &Seen<'_>) -> Vec<Finding> {
    let stats = &seen.replies.stats;
    let versions = versions(stats);
    let mut found = BTreeMap::new();
    for rejected in seen.replies.dump.rejected() {
        let named = |version: &str| if version.is_empty() { String::new() } else { format!(", version {version}") };
        let finding = refused(
            format!("{} `{}`", rejected.kind, rejected.name),
            format!(
                "Envoy refused its last update{}: {}. What it had goes on{}",
                named(rejected.refused),
                rejected.why.trim_end_matches('.'),
                named(rejected.serving)
            ),
        );
        found.entry((rejected.kind, rejected.name)).or_insert(finding);
    }
    // The dump has the last update of a filter, taken or not; the statistic the last that was taken.
    for filter in seen.replies.dump.filters() {
        let Some(accepted) = versions.get(&format!("ecds {}", filter.name)) else { continue };
        if accepted != filter.version {
            let what = format!("Envoy refused its last update, version {}: version {accepted} goes on", filter.version);
            found.entry(("filter", filter.name)).or_insert(refused(format!("filter `{}`", filter.name), what));
        }
    }
    let mut all: Vec<Finding> = found.into_values().collect();
    // Of the others Envoy only counts. Whether the last was among them is not told.
    for (name, count) in stats.numbers().filter(|(_, count)| *count > 0) {
        let Some(scope) = name.strip_suffix(".update_rejected") else { continue };
        let source = match scope {
            "cluster_manager.cds" => Some("cds".to_owned()),
            _ => source(scope).filter(|source| source.starts_with("rds ")),
        };
        if let Some(source) = source {
            let serving = versions.get(&source).map_or("without a name", String::as_str);
            all.push(Finding::warning(
                Kind::UpdateRejected,
                &source,
                format!("Envoy refused {count} updates since it started; the version that serves is {serving}"),
                "where that is not the version that you gave it last, look for `rejected` in Envoy's log",
            ));
        }
    }
    all
}

fn refused(place: String, what: String) -> Finding {
    Finding::fault(
        Kind::UpdateRejected,
        place,
        what,
        "look for `rejected` in Envoy's log, render again, and replace the file by a rename",
    )
}

/// Which policy decides.
fn policies(seen: &Seen<'_>, wanted: Option<&Config>) -> Vec<Finding> {
    let mut found = Vec::new();
    for running in seen.running.iter().filter(|running| running.config.is_none()) {
        found.push(Finding::fault(
            Kind::PolicyUnknown,
            format!("listener `{}`", running.listener),
            "the edge's policy cannot be read by this version of the tool",
            "use the `multihome` of the module's own version",
        ));
    }
    let versions = seen.versions();
    let at =
        |listeners: &BTreeSet<&str>| listeners.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if versions.len() > 1 {
        let shown: Vec<_> =
            versions.iter().map(|(version, listeners)| format!("{version} at {}", at(listeners))).collect();
        found.push(Finding::warning(
            Kind::PolicyMixed,
            "the edges",
            format!("they decide by different policies: {}", shown.join("; ")),
            "render all listeners from one policy; where a change is under way, ask again",
        ));
    }
    if let Some(wanted) = wanted.map(|config| config.version.to_string()) {
        let others = versions.iter().filter(|(version, _)| **version != wanted);
        found.extend(others.map(|(version, listeners)| {
            Finding::fault(
                Kind::PolicyDiffers,
                format!("listener {}", at(listeners)),
                format!("version {version} of the policy decides here, and the file is version {wanted}"),
                "render the file again and give it to Envoy; if that was done, look for `update-rejected`",
            )
        }));
    }
    found
}

/// Endpoints of the policy that no route leads to.
fn unrouted(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in &seen.chains {
        let Some(config) = seen.policy_at(chain.listener) else { continue };
        for route in chain.model_routes() {
            let ways = route.next.as_deref().unwrap_or_default();
            let keys: BTreeSet<&str> = ways.iter().map(|way| name_in(way.key)).collect();
            let lost = config.endpoints.iter().filter(|endpoint| !keys.contains(endpoint.name.as_str()));
            found.extend(lost.map(|endpoint| {
                Finding::fault(
                    Kind::EndpointUnrouted,
                    format!("listener `{}`, {}", chain.listener, route.name()),
                    format!(
                        "the policy has the endpoint `{}`, and the route does not know it: attempts there are 503s",
                        endpoint.name
                    ),
                    "give Envoy clusters and routes of the same policy before the edge's",
                )
            }));
        }
    }
    found
}

/// The name in what the module leaves in filter state: between the kind of the response, if it is told, and the ticket.
fn name_in(key: &str) -> &str {
    use multihome_core::contract::{NEXT_END, WHOLE};
    let name = key.strip_prefix(WHOLE).unwrap_or(key);
    name.strip_suffix(NEXT_END).unwrap_or(name)
}
