//! The clusters: one per endpoint, and those that tokens come from.

use std::net::IpAddr;

use multihome_core::config::{Address, Config, Endpoint, KeySet, Token};
use serde_json::{Value, json};

use super::any::{any, duration, extension, put, socket};
use super::bounds::{buffer_bytes, no_limits};
use super::policy::Paths;
use super::token::TokenClusters;
use super::{credential, plugin, strip, tls};
use crate::print::note::{explain, explained, named};
use crate::render::names::Names;
use multihome_core::contract::{ATTEMPT_FILTER, ATTEMPT_ROLE};

/// All clusters of a policy. `inside`: whether there are listeners inside this Envoy, that absorb informational responses and
/// hand out files of keys.
pub fn all(config: &Config, paths: &Paths, names: Names, inside: bool) -> Vec<Value> {
    let tokens = TokenClusters::of(config, names);
    let mut clusters = Vec::new();
    for endpoint in &config.endpoints {
        let filters = upstream_filters(config, endpoint, &tokens, paths, names);
        if inside && endpoint.absorbs_informational {
            let way = "policy: endpoints.NAME. The way to the listener that absorbs its informational responses.";
            let absorber = to_absorber(config, endpoint, names, filters);
            clusters.push(explained(&way.replace("NAME", &endpoint.name), absorber));
            let behind = to_cloud(config, endpoint, &names.behind_absorber(&endpoint.name), None, paths);
            clusters.push(explained("Behind that listener.", behind));
        } else {
            let cluster = to_cloud(config, endpoint, &names.endpoint(&endpoint.name), Some(filters), paths);
            clusters.push(explained(&format!("policy: endpoints.{}", endpoint.name), cluster));
        }
    }
    clusters.extend(tokens.iter().map(|token| {
        let mut cluster = plain(config, &token.cluster, &token.endpoint.address);
        let transport = token.endpoint.tls.as_ref().map(|tls| tls::upstream(tls, paths));
        put(&mut cluster, "transport_socket", transport);
        explained("Where Envoy fetches tokens of Entra ID.", cluster)
    }));
    clusters.extend(to_keys(config, paths, names, inside));
    if config.needs_google_token() {
        let metadata = plain(config, &names.metadata(), &config.metadata);
        clusters.push(explained("Where the module fetches tokens of Google's metadata server.", metadata));
    }
    clusters
}

/// The way to an endpoint's cloud.
fn to_cloud(config: &Config, endpoint: &Endpoint, name: &str, filters: Option<Value>, paths: &Paths) -> Value {
    let mut cluster = plain(config, name, &endpoint.address);
    put(&mut cluster, "connect_timeout", Some(duration(config.connect_time(endpoint))));
    let transport = endpoint.tls.as_ref().map(|tls| tls::upstream(tls, paths));
    let mut protocol = match transport {
        Some(_) => json!({"#auto_config": "HTTP/2 or HTTP/1.1, as the cloud chooses (ALPN).", "auto_config": {
            "http_protocol_options": {},
            "#http2_protocol_options": "The pings find a connection that died in a long silence.",
            "http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "10s"}},
        }}),
        None => json!({"explicit_http_config": {"http_protocol_options": {}}}),
    };
    let idle = json!({
        "#idle_timeout": "Sooner than any cloud: a request on a connection that the cloud just closes is lost.",
        "idle_timeout": IDLE_CONNECTION,
    });
    put(&mut protocol, "common_http_protocol_options", Some(idle));
    put(&mut protocol, "http_filters", filters);
    put(&mut cluster, "transport_socket", transport);
    put_http_options(&mut cluster, protocol);
    cluster
}

/// The way to the keys that each issuer signs tokens with. `inside`: whether listeners inside this Envoy hand out files of them.
fn to_keys(config: &Config, paths: &Paths, names: Names, inside: bool) -> Vec<Value> {
    let to_issuer = |(number, token): (usize, &Token)| {
        let name = names.keys(number);
        match &token.keys {
            KeySet::Uri(keys) => {
                let mut cluster = plain(config, &name, &keys.address);
                put(&mut cluster, "transport_socket", keys.tls.as_ref().map(|tls| tls::upstream(tls, paths)));
                Some(explained("Where Envoy fetches the keys that tokens are signed with.", cluster))
            }
            KeySet::File(_) if inside => {
                Some(explained("The way to the listener of this name.", internal(config, &name, &name)))
            }
            KeySet::File(_) => None,
        }
    };
    (1..).zip(config.identity.tokens()).filter_map(to_issuer).collect()
}

/// The way to the listener that absorbs an endpoint's informational responses.
fn to_absorber(config: &Config, endpoint: &Endpoint, names: Names, filters: Value) -> Value {
    let mut cluster = internal(config, &names.endpoint(&endpoint.name), &names.absorber(&endpoint.name));
    let protocol = json!({
        "explicit_http_config": {"http2_protocol_options": {}},
        "common_http_protocol_options": {"idle_timeout": IDLE_CONNECTION},
        "http_filters": filters,
    });
    put_http_options(&mut cluster, protocol);
    cluster
}

/// The way to a listener inside this Envoy.
pub fn internal(config: &Config, name: &str, listener: &str) -> Value {
    json!({
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"envoy_internal_address": {"server_listener_name": listener}},
        }}]}]},
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "circuit_breakers": no_limits(),
    })
}

/// After what time without a request Envoy closes a connection to a cloud. AWS's load balancers keep a connection for 60 s by default, Azure's for 4
/// minutes, Google's for 10; none of the three promises a time for its API's own.
const IDLE_CONNECTION: &str = "55s";

/// Adds to a cluster how it speaks HTTP.
pub fn put_http_options(cluster: &mut Value, options: Value) {
    const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    put(cluster, "typed_extension_protocol_options", Some(json!({OPTIONS: any(OPTIONS, options)})));
}

/// Runs for every try: the module's attempt writes the request for this endpoint, then the credential is added to what it wrote.
fn upstream_filters(
    config: &Config,
    endpoint: &Endpoint,
    tokens: &TokenClusters,
    paths: &Paths,
    names: Names,
) -> Value {
    let configuration = json!({"role": ATTEMPT_ROLE, "endpoint": endpoint.name});
    let root = format!("{ATTEMPT_ROLE}-{}", endpoint.name);
    let attempt = explained(
        "The module at an attempt: it writes the request for this endpoint, to which the credential is added below.",
        plugin::filter(ATTEMPT_FILTER, &root, paths, names, &config.sessions, &configuration),
    );
    let mut filters = vec![strip::before_attempt(config), attempt, strip::behind_attempt(endpoint)];
    filters.extend(credential::filter(endpoint, tokens, paths));
    let codec = extension(
        "envoy.filters.http.upstream_codec",
        "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
        json!({}),
    );
    filters.push(named("codec", codec));
    Value::Array(filters)
}

/// What all clusters share.
fn plain(config: &Config, name: &str, address: &Address) -> Value {
    let is_ip = address.host.parse::<IpAddr>().is_ok();
    let mut localities = vec![locality(0, &address.host, address.port)];
    if !is_ip {
        localities.push(named("nobody", explained(
            "A host that is always there. While the name above cannot be resolved the cluster would have none, and Envoy \
                would reply 503 without a retry; to fail to connect is retried. This address is the limited broadcast: \
                no kernel connects TCP to it, so nothing of a request is ever sent there.",
            locality(1, NOBODY, 1),
        )));
    }
    let mut cluster = json!({"name": name});
    match is_ip {
        true => put(&mut cluster, "type", Some(json!("STATIC"))),
        false => {
            put(&mut cluster, "cluster_type", Some(named("dns", names())));
            put(&mut cluster, "wait_for_warm_on_init", Some(json!(false)));
            explain(&mut cluster, "wait_for_warm_on_init", "A name that does not resolve must not hold up the start.");
        }
    }
    let rest = json!({
        "#connect_timeout": "policy: timeouts.connect, or the endpoint's own",
        "connect_timeout": duration(config.timeouts.connect),
        "load_assignment": {"cluster_name": name, "endpoints": localities},
        "#lb_policy": "Streams differ in length by minutes: what counts is how many are open.",
        "lb_policy": "LEAST_REQUEST",
        "#per_connection_buffer_limit_bytes": "policy: limits.body_bytes, and some room",
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "#circuit_breakers": "The defaults (1024 requests, 3 retries at a time) would refuse without a retry what a cloud's own \
            limits decide better.",
        "circuit_breakers": named("no-limits", no_limits()),
        "#upstream_connection_options": "A model may think for minutes without a byte; what lies between would forget the connection.",
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 60, "keepalive_interval": 15, "keepalive_probes": 4}},
    });
    if let (Value::Object(cluster), Value::Object(rest)) = (&mut cluster, rest) {
        cluster.extend(rest);
    }
    cluster
}

/// Not a port of the loopback: that would be anybody's who listens on it, with the prompt and, where TLS is off, the key.
const NOBODY: &str = "255.255.255.255";

/// A cluster whose hosts are all addresses of its name.
fn names() -> Value {
    extension(
        "envoy.cluster.dns",
        "envoy.extensions.clusters.dns.v3.DnsCluster",
        json!({
            "respect_dns_ttl": true,
            "#dns_lookup_family": "IPv6 only where there is no IPv4: by default Envoy takes IPv6 alone where there is any.",
            "dns_lookup_family": "V4_PREFERRED",
            "#all_addresses_in_single_endpoint": "Each address is a host. As one host they could not have another of the next priority beside them.",
            "all_addresses_in_single_endpoint": false,
        }),
    )
}

fn locality(priority: u32, host: &str, port: u16) -> Value {
    let mut locality = json!({"lb_endpoints": [{"endpoint": {"address": socket(host, port)}}]});
    put(&mut locality, "priority", (priority > 0).then(|| json!(priority)));
    locality
}
