//! The listeners.

use std::net::SocketAddr;

use multihome_core::config::{Awaited, Config};
use serde_json::{Value, json};

use crate::render::piece::any::{duration, extension, listen, put};
use crate::render::piece::bounds::{buffer_bytes, stream_idle};
use crate::render::piece::policy::{Paths, Policy};
use crate::render::piece::trust::{ClientTrust, ListenerContext, Place};
use crate::render::piece::{filter, refusal, reply, route, tls};

/// How long a client may take to say its first line, and then to finish its part of the TLS handshake.
pub const FIRST_BYTES: &str = "5s";

/// One listener, with everything that stands behind it.
pub fn listener(policy: &Policy<'_>, paths: &Paths, name: &str, address: SocketAddr, detour: bool) -> Value {
    let config = policy.config;
    let trust = ClientTrust::of(config, name);
    let context = ListenerContext { name, trust, detour, names: policy.names, place: Place::Own };
    let routes = all_hosts(config, &context);
    let mut chain = json!({"filters": [connection_manager(policy, paths, &context, routes)]});
    let known = config.listeners.iter().find(|listener| listener.name == name);
    let tls = known.and_then(|listener| listener.tls.as_ref());
    if let Some(tls) = tls {
        put(&mut chain, "transport_socket", Some(tls::downstream(tls, paths)));
        put(&mut chain, "transport_socket_connect_timeout", Some(json!(FIRST_BYTES)));
    }
    json!({
        "name": name,
        "address": listen(address),
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "listener_filters": [inspector(tls.is_some())],
        "listener_filters_timeout": FIRST_BYTES,
        "filter_chains": [chain],
    })
}

/// The routes of a listener whose clients may call it by any name.
pub fn all_hosts(config: &Config, context: &ListenerContext<'_>) -> Value {
    json!({"name": "multihome", "virtual_hosts": [route::virtual_host(config, context, &["*".to_owned()])]})
}

/// Waits for a client's first bytes, as nothing else does: one that says none within `listener_filters_timeout` is closed.
/// What it finds out decides nothing.
pub fn inspector(tls: bool) -> Value {
    let (name, message) = match tls {
        true => ("envoy.filters.listener.tls_inspector", "tls_inspector.v3.TlsInspector"),
        false => ("envoy.filters.listener.http_inspector", "http_inspector.v3.HttpInspector"),
    };
    extension(name, &format!("envoy.extensions.filters.listener.{message}"), json!({}))
}

/// The network filter that serves HTTP.
pub fn connection_manager(policy: &Policy<'_>, paths: &Paths, context: &ListenerContext<'_>, routes: Value) -> Value {
    let config = policy.config;
    let ListenerContext { name, trust, .. } = context;
    let inside = context.place == Place::Inside;
    let mut filters = filter::before_router(policy, paths, context);
    filters.push(extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        // Nothing of `x-envoy-*` in either direction: neither clouds nor clients have to know what stands between them.
        json!({"suppress_envoy_headers": true}),
    ));
    let common = match inside {
        // A little more than the defaults, for what was added to a request that was just small enough.
        true => json!({"idle_timeout": "3600s", "max_headers_count": 110}),
        // An old connection ends with its last response, so that load spreads anew over several Envoys.
        false => json!({
            "idle_timeout": duration(config.timeouts.idle),
            "max_connection_duration": "3600s",
            "max_connection_duration_jitter": {"value": 10},
            // `x_tenant_id` is `x-tenant-id` to some servers, and no client of ours has need of one.
            "headers_with_underscores_action": "DROP_HEADER",
        }),
    };
    let mut manager = json!({
        "stat_prefix": name,
        // On the detour, HTTP/2 would bring the trailers again, and the request would go round for ever.
        "codec_type": if inside { "HTTP1" } else { "AUTO" },
        "server_name": "multihome",
        // The peer is the client, whatever `x-forwarded-for` says; requests from outside lose their `x-envoy-*` headers.
        "use_remote_address": true,
        // `..` and double slashes are resolved before anything judges the path; `%2F` stays, as a model's name may hold it.
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        // Every response carries the id that the access log has. A hop that may name the tenant may also name the request.
        "always_set_request_id_in_response": true,
        "preserve_external_request_id": matches!(trust, ClientTrust::Trusted),
        // Of what is no stream, the route says more.
        "stream_idle_timeout": duration(stream_idle(config, Awaited::Stream)),
        "request_headers_timeout": "10s",
        "request_timeout": duration(config.timeouts.idle),
        "common_http_protocol_options": common,
        "http1_safe_max_connection_duration": true,
        "http_protocol_options": {"ignore_http_11_upgrade": refusal::ignored_upgrades()},
        "http2_protocol_options": {
            // One odd request of a connection that many tenants share ends alone.
            "override_stream_error_on_invalid_http_message": true,
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
            // Finds clients that went away without a word, and those that do not speak HTTP/2 after all.
            "connection_keepalive": {"interval": "15s", "timeout": "5s"},
        },
    });
    put(&mut manager, "max_request_headers_kb", inside.then(|| json!(64)));
    put(&mut manager, "early_header_mutation_extensions", Some(trust.early_mutations()));
    put(&mut manager, "access_log", Some(reply::access_log(name)));
    put(&mut manager, "upgrade_configs", (!inside).then(refusal::websocket_upgrade));
    put(&mut manager, "local_reply_config", Some(reply::local_replies(context.place)));
    put(&mut manager, "http_filters", Some(Value::Array(filters)));
    put(&mut manager, "route_config", Some(routes));
    extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    )
}
