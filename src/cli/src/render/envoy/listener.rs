//! The listeners.

use std::net::SocketAddr;

use multihome_core::config::{Awaited, Config};
use serde_json::{Value, json};

use crate::print::note::explain;
use crate::render::piece::any::{duration, extension, listen, put};
use crate::render::piece::bounds::{buffer_bytes, stream_idle};
use crate::render::piece::policy::{Paths, Policy};
use crate::render::piece::trust::{ClientTrust, ListenerContext, Place};
use crate::render::piece::{filter, refusal, reply, route, tls};

/// How long a client may take to say its first line, and then to finish its part of the TLS handshake.
pub const FIRST_BYTES: &str = "5s";

/// One listener, with everything that stands behind it.
pub fn listener(policy: &Policy<'_>, paths: &Paths, name: &str, address: SocketAddr) -> Value {
    let config = policy.config;
    let trust = ClientTrust::of(config, name);
    let context = ListenerContext { name, trust, detour: true, names: policy.names, place: Place::Own };
    let routes = all_hosts(config, &context);
    let log = Some(reply::access_log(name));
    let mut chain = json!({"filters": [connection_manager(policy, paths, &context, routes, log)]});
    let known = config.listeners.iter().find(|listener| listener.name == name);
    let tls = known.and_then(|listener| listener.tls.as_ref());
    if let Some(tls) = tls {
        put(&mut chain, "transport_socket", Some(tls::downstream(tls, paths)));
        put(&mut chain, "transport_socket_connect_timeout", Some(json!(FIRST_BYTES)));
    }
    let who = match &context.trust {
        ClientTrust::Trusted => {
            "For clients. Whoever reaches it may say which tenant asks (policy: identity.trust.listeners)."
        }
        ClientTrust::Certificates { .. } => {
            "For clients. Who shows a certificate of a listed name may say which tenant asks (policy: identity.trust.client_certificates)."
        }
        ClientTrust::Untrusted { .. } if config.identity.takes_credentials() => {
            "For clients. Who has a tenant's API key, or a token of it, is that tenant, and no header may say which one asks (policy: identity)."
        }
        ClientTrust::Untrusted { .. } => {
            "For clients. Nobody may say which tenant asks: every request is refused (policy: identity.trust)."
        }
    };
    json!({
        "#": who,
        "name": name,
        "#address": "yours: --listen",
        "address": listen(address),
        "#per_connection_buffer_limit_bytes": BUFFER,
        "per_connection_buffer_limit_bytes": buffer_bytes(config),
        "#listener_filters": "It waits for the client's first bytes, as nothing else does. What it finds out decides nothing.",
        "listener_filters": [inspector(tls.is_some())],
        "#listener_filters_timeout": "A client that says nothing for so long is closed.",
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

const BUFFER: &str = "policy: limits.body_bytes, and some room, so that the edge is the first to refuse a body.";
const MORE: &str = "A little more than the default, for what was added to a request that was just small enough.";

/// The network filter that serves HTTP, with its access log, if it has one.
pub fn connection_manager(
    policy: &Policy<'_>,
    paths: &Paths,
    context: &ListenerContext<'_>,
    routes: Value,
    access_log: Option<Value>,
) -> Value {
    let config = policy.config;
    let ListenerContext { name, trust, .. } = context;
    let inside = context.place == Place::Inside;
    let mut filters = filter::before_router(policy, paths, context);
    filters.push(extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        json!({
            "#suppress_envoy_headers": "No `x-envoy-*` in either direction: clouds and clients need not know what stands between them.",
            "suppress_envoy_headers": true,
        }),
    ));
    let common = match inside {
        true => json!({
            "idle_timeout": "3600s",
            "#max_headers_count": MORE,
            "max_headers_count": 110,
        }),
        false => json!({
            "#idle_timeout": "policy: timeouts.idle",
            "idle_timeout": duration(config.timeouts.idle),
            "#max_connection_duration": "An old connection ends with its last response, so that load spreads anew over several Envoys.",
            "max_connection_duration": "3600s",
            "max_connection_duration_jitter": {"value": 10},
            "#headers_with_underscores_action": "To some servers `x_tenant_id` is `x-tenant-id`.",
            "headers_with_underscores_action": "DROP_HEADER",
        }),
    };
    let mut manager = json!({
        "stat_prefix": name,
        "codec_type": if inside { "HTTP1" } else { "AUTO" },
        "server_name": "multihome",
        "#use_remote_address": "The peer is the client, whatever `x-forwarded-for` says. Requests from outside lose their `x-envoy-*` headers.",
        "use_remote_address": true,
        "#normalize_path": "`..` and double slashes are resolved before anything judges the path. `%2F` stays: a model's name may hold it.",
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "#always_set_request_id_in_response": "Every response carries the id that the access log has.",
        "always_set_request_id_in_response": true,
        "#preserve_external_request_id": "Who may say which tenant asks may also name the request.",
        "preserve_external_request_id": matches!(trust, ClientTrust::Trusted),
        "#stream_idle_timeout": "policy: timeouts.idle, or the longest plan if that is more: Envoy counts the wait for a \
            response as idle time, over all tries.",
        "stream_idle_timeout": duration(stream_idle(config, Awaited::Stream)),
        "request_headers_timeout": "10s",
        "#request_timeout": "policy: timeouts.idle. For a whole request to arrive.",
        "request_timeout": duration(config.timeouts.idle),
        "common_http_protocol_options": common,
        "http1_safe_max_connection_duration": true,
        "#http_protocol_options": "Offers of other protocols than WebSocket are ignored, and the request is served (RFC 9110, 7.8): by \
            default Envoy replies 403. RE2 has no \"not\": the pattern is every word but `websocket`.",
        "http_protocol_options": {"ignore_http_11_upgrade": refusal::ignored_upgrades()},
        "http2_protocol_options": {
            "&": "http2",
            "#override_stream_error_on_invalid_http_message": "One odd request of a connection that many tenants share ends alone.",
            "override_stream_error_on_invalid_http_message": true,
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
            "#connection_keepalive": "Finds clients that went away without a word.",
            "connection_keepalive": {"interval": "15s", "timeout": "5s"},
        },
    });
    explain(
        &mut manager,
        "codec_type",
        if inside {
            "HTTP/2 would bring the trailers again, and the request would go round for ever."
        } else {
            "HTTP/1.1 or HTTP/2, as the client speaks."
        },
    );
    put(&mut manager, "max_request_headers_kb", inside.then(|| json!(64)));
    explain(&mut manager, "max_request_headers_kb", MORE);
    // In the order of a request's way.
    put(&mut manager, "early_header_mutation_extensions", Some(trust.early_mutations()));
    put(&mut manager, "http_filters", Some(Value::Array(filters)));
    put(&mut manager, "route_config", Some(routes));
    put(&mut manager, "local_reply_config", Some(reply::local_replies(context.place)));
    put(&mut manager, "access_log", access_log);
    explain(
        &mut manager,
        "access_log",
        "yours: what a line holds, and where it goes. A client's headers and path may hold secrets.",
    );
    extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    )
}
