//! The listeners.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::render::piece::any::{duration, extension, listen, put};
use crate::render::piece::bounds::{buffer_bytes, stream_idle};
use crate::render::piece::policy::{Paths, Policy};
use crate::render::piece::trust::{ClientTrust, ListenerContext};
use crate::render::piece::{filter, reply, route, tls};

/// One listener, with everything that stands behind it.
pub fn listener(policy: &Policy<'_>, paths: &Paths, name: &str, address: SocketAddr, detour: Option<&str>) -> Value {
    let config = policy.config;
    let context = ListenerContext { name, trust: ClientTrust::of(config, name), detour, inside: false };
    let mut chain = json!({"filters": [connection_manager(policy, paths, &context)]});
    let known = config.listeners.iter().find(|listener| listener.name == name);
    put(&mut chain, "transport_socket", known.and_then(|listener| listener.tls.as_ref()).map(tls::downstream));
    json!({
        "name": name,
        "address": listen(address),
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "filter_chains": [chain],
    })
}

/// The network filter that serves HTTP.
pub fn connection_manager(policy: &Policy<'_>, paths: &Paths, context: &ListenerContext<'_>) -> Value {
    let config = policy.config;
    let ListenerContext { name, trust, detour, inside } = context;
    let mut filters = filter::before_router(policy, paths, context);
    filters.push(extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        // Nothing of `x-envoy-*` in either direction: neither clouds nor clients have to know what stands between them.
        json!({"suppress_envoy_headers": true}),
    ));
    let mut common = json!({"idle_timeout": "3600s"});
    // Inside, a little more than the defaults, for what was added to a request that was just small enough.
    put(&mut common, "max_headers_count", inside.then(|| json!(110)));
    let mut manager = json!({
        "stat_prefix": name,
        // On the detour, HTTP/2 would bring the trailers again, and the request would go round for ever.
        "codec_type": if *inside { "HTTP1" } else { "AUTO" },
        "server_name": "multihome",
        // The peer is the client, whatever `x-forwarded-for` says; requests from outside lose their `x-envoy-*` headers.
        "use_remote_address": true,
        // `..` and double slashes are resolved before anything judges the path; `%2F` stays, as a model's name may hold it.
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        // Every answer carries the id that the access log has. A hop that may name the tenant may also name the request.
        "always_set_request_id_in_response": true,
        "preserve_external_request_id": matches!(trust, ClientTrust::Trusted),
        "stream_idle_timeout": duration(stream_idle(config)),
        "request_headers_timeout": "10s",
        "request_timeout": duration(config.timeouts.idle),
        "common_http_protocol_options": common,
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
    });
    put(&mut manager, "max_request_headers_kb", inside.then(|| json!(64)));
    put(&mut manager, "early_header_mutation_extensions", Some(trust.early_mutations()));
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
