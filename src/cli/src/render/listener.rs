//! The listeners.

use std::net::SocketAddr;
use std::time::Duration;

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::any::{duration, extension, listen, put};
use super::filter::Standing;
use super::{Options, Policy, detour, filter, reply, route, tls};

/// Where requests come in, as what stands behind it has to know it.
#[derive(Debug)]
pub struct Door<'p> {
    /// The listener's name.
    pub name: &'p str,
    /// What its clients may say of themselves.
    pub standing: Standing<'p>,
    /// The cluster that requests with trailers take, if there is one.
    pub detour: Option<&'p str>,
}

impl Door<'_> {
    /// Whether it is inside Envoy.
    fn is_inside(&self) -> bool {
        self.name == detour::NAME
    }
}

/// One listener, with everything that stands behind it.
pub fn listener(policy: &Policy<'_>, options: &Options, name: &str, address: SocketAddr) -> Value {
    let config = policy.config;
    let door = Door { name, standing: Standing::of(config, name), detour: detour::of(config) };
    let mut chain = json!({"filters": [connection_manager(policy, options, &door)]});
    let known = config.listeners.iter().find(|listener| listener.name == name);
    put(&mut chain, "transport_socket", known.and_then(|listener| listener.tls.as_ref()).map(tls::downstream));
    json!({
        "name": name,
        "address": listen(address),
        "per_connection_buffer_limit_bytes": route::buffer_bytes(config),
        "filter_chains": [chain],
    })
}

/// The network filter that serves HTTP.
pub fn connection_manager(policy: &Policy<'_>, options: &Options, door: &Door<'_>) -> Value {
    let config = policy.config;
    let Door { name, standing, detour } = door;
    let mut filters = filter::before_router(policy, options, door);
    filters.push(extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        // Nothing of `x-envoy-*` in either direction: neither clouds nor clients have to know what stands between them.
        json!({"suppress_envoy_headers": true}),
    ));
    let mut common = json!({"idle_timeout": "3600s"});
    // Inside, a little more than the defaults, for what was added to a request that was just small enough.
    put(&mut common, "max_headers_count", door.is_inside().then(|| json!(110)));
    let mut manager = json!({
        "stat_prefix": name,
        // On the detour, HTTP/2 would bring the trailers again, and the request would go round for ever.
        "codec_type": if door.is_inside() { "HTTP1" } else { "AUTO" },
        "server_name": "multihome",
        // The peer is the client, whatever `x-forwarded-for` says; requests from outside lose their `x-envoy-*` headers.
        "use_remote_address": true,
        // `..` and double slashes are resolved before anything judges the path; `%2F` stays, as a model's name may hold it.
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        // Every answer carries the id that the access log has. A hop that may name the tenant may also name the request.
        "always_set_request_id_in_response": true,
        "preserve_external_request_id": matches!(standing, Standing::Trusted),
        "stream_idle_timeout": duration(stream_idle(config)),
        "request_headers_timeout": "10s",
        "request_timeout": duration(config.timeouts.idle),
        "common_http_protocol_options": common,
        "http2_protocol_options": {
            "max_concurrent_streams": 256,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
    });
    put(&mut manager, "max_request_headers_kb", door.is_inside().then(|| json!(64)));
    put(&mut manager, "early_header_mutation_extensions", Some(standing.early_mutations()));
    put(&mut manager, "access_log", Some(reply::access_log(name)));
    put(&mut manager, "local_reply_config", Some(reply::local_replies()));
    put(&mut manager, "http_filters", Some(Value::Array(filters)));
    let routes = json!({"name": "multihome", "virtual_hosts": [route::virtual_host(config, name, *detour)]});
    put(&mut manager, "route_config", Some(routes));
    extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    )
}

/// Envoy counts the wait for a first byte as idle time too, over all tries: the longest plan must fit into it.
fn stream_idle(config: &Config) -> Duration {
    let grants = config.tenants.values().chain(config.identity.carried.as_ref().map(|carried| &carried.ceiling));
    let allowed = grants.map(|grant| grant.max_attempts).max().unwrap_or(config.defaults.max_attempts);
    let targets = config.models.values().map(Vec::len).max().unwrap_or(1);
    let tries = u32::try_from(targets).unwrap_or(u32::MAX).min(allowed);
    let waiting = config.timeouts.first_byte.saturating_mul(tries) + Duration::from_secs(5);
    config.timeouts.idle.max(waiting)
}
