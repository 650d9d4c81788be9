//! The clusters that the module leads to: there, with somebody behind them, and with the attempt before the credential.

use super::finding::{Finding, Kind};
use super::seen::Seen;
use super::seen::cluster::Cluster;
use super::seen::filter::Role;
use super::seen::json::{flag, text};

/// What is to be said of them.
pub fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = seen.named.iter().filter_map(|name| missing(seen, name)).collect();
    for cluster in seen.clusters.iter().filter(|cluster| cluster.is_active) {
        let is_named = seen.named.contains(cluster.name);
        let is_ours = is_named || cluster.attempt().is_some() || cluster.name.starts_with(OURS);
        if is_ours {
            found.extend(filters(seen, cluster, is_named));
            found.extend(hosts(cluster));
        }
    }
    found
}

/// How the names of rendered clusters begin.
const OURS: &str = "multihome";

fn missing(seen: &Seen<'_>, name: &str) -> Option<Finding> {
    if seen.cluster(name).is_some() {
        return None;
    }
    let is_warming = seen.clusters.iter().any(|cluster| cluster.name == name);
    let (what, fix) = match is_warming {
        true => ("still warms", "look at its secrets and at its discovery: until it is ready, attempts there are 503s"),
        false => (
            "does not exist, and a route leads there",
            "render clusters and route by one command line; in Istio, look whether the EnvoyFilter with the clusters still matches this gateway",
        ),
    };
    Some(Finding::fault(Kind::ClusterMissing, format!("cluster `{name}`"), what, fix))
}

fn filters(seen: &Seen<'_>, cluster: &Cluster<'_>, is_named: bool) -> Vec<Finding> {
    let place = format!("cluster `{}`", cluster.name);
    let mut found = Vec::new();
    match (cluster.attempt(), cluster.credential()) {
        (None, Some(_)) => found.push(Finding::fault(
            Kind::CredentialUnguarded,
            &place,
            "it adds the operator's credential to whatever comes, and the module's attempt is not before it: every request is sent with the key, as the client wrote it",
            "take the cluster's `http_filters` over from `render envoy --part clusters`",
        )),
        (None, None) if is_named && !leads_to_an_edge(seen, cluster) => found.push(Finding::fault(
            Kind::AttemptMissing,
            &place,
            "the module's attempt is not among its filters: a request goes out as the client wrote it, without a credential",
            "take the cluster's `http_filters` over from `render envoy --part clusters`; in Istio, look whether the EnvoyFilter still matches the cluster",
        )),
        (Some(attempt), Some(credential)) if credential < attempt => found.push(Finding::fault(
            Kind::AttemptOrder,
            &place,
            "the credential stands before the attempt: it is signed, or added, for a request that the attempt then changes",
            "put the attempt first, the credential behind it, the codec last",
        )),
        _ => {}
    }
    let codec = cluster.filters.iter().position(|filter| filter.kind.ends_with(".UpstreamCodec"));
    if codec.is_some_and(|codec| codec + 1 != cluster.filters.len()) {
        found.push(Finding::fault(
            Kind::CodecNotLast,
            &place,
            "filters stand behind the codec, and never run",
            "put `envoy.filters.http.upstream_codec` last",
        ));
    }
    found
}

/// A way into this Envoy, where an edge decides once more.
fn leads_to_an_edge(seen: &Seen<'_>, cluster: &Cluster<'_>) -> bool {
    let listener = cluster.internal_listener();
    let mut chains = seen.chains.iter().filter(|chain| Some(chain.listener) == listener);
    chains.any(|chain| chain.filters.iter().any(|filter| filter.is(Role::Edge)))
}

fn hosts(cluster: &Cluster<'_>) -> Option<Finding> {
    let is_somebody = |host: &&&serde_json::Value| text(host, "/address/socket_address/address") != NOBODY;
    let known: Vec<_> = cluster.hosts.iter().filter(is_somebody).collect();
    let is_healthy = |host: &&&serde_json::Value| {
        let failed = ["failed_active_health_check", "failed_outlier_check", "pending_active_hc", "active_hc_timeout"];
        let status = text(host, "/health_status/eds_health_status");
        !failed.iter().any(|flag_name| flag(host, &format!("/health_status/{flag_name}")))
            && !["UNHEALTHY", "DRAINING", "TIMEOUT"].contains(&status)
    };
    let what = match known.as_slice() {
        [] => "it has no host: its name does not resolve, or discovery gives none",
        some if !some.iter().copied().any(|host| is_healthy(&host)) => "none of its hosts is healthy",
        _ => return None,
    };
    Some(Finding::fault(
        Kind::ClusterWithoutHost,
        format!("cluster `{}`", cluster.name),
        format!("{what}; what needs it fails, or fails over"),
        "look at the endpoint's host name, and at the resolver of Envoy's machine",
    ))
}

/// The host that is always there, so that an attempt fails in a way that is retried. No request can ever be sent to it.
const NOBODY: &str = "255.255.255.255";
