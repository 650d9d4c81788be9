//! What Envoy does when it runs short of memory or of connections; the rendered file says what at which share of the heap.
//!
//! Envoy resets streams of HTTP/2 alone; bodies on HTTP/1.1 end with their `request_timeout`, and until then hold the heap.
//! The heap is what Envoy itself has allocated; the module's memory and code are not part of it. Envoy looks four times a
//! second, so what arrives between two looks comes on top.

use serde_json::{Map, Value, json};

use super::options::Options;
use super::probe;
use crate::print::note::explained;
use crate::render::piece::any::{any, extension, put};

/// The monitors of both, and what they set off.
pub fn manager(options: &Options) -> Value {
    let connections = u64::from(options.max_connections).saturating_mul(options.listeners.len().max(1) as u64);
    json!({
        "refresh_interval": "0.250s",
        "resource_monitors": [
            extension(
                HEAP,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                json!({"#max_heap_size_bytes": "yours: --max-heap", "max_heap_size_bytes": options.max_heap_bytes}),
            ),
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                json!({
                    "#max_active_downstream_connections": "Enough for every listener to be full, so that none shuts out another.",
                    "max_active_downstream_connections": connections,
                }),
            ),
        ],
        "actions": [
            explained("At 80 % of the heap: gives free memory back to the system.", action("shrink_heap", at(0.8))),
            explained(
                "From 80 % on: closes idle connections the sooner, the fuller the heap.",
                reduce_timeouts(),
            ),
            explained(
                "From 85 % on: resets the HTTP/2 streams that hold most, the more of them, the fuller the heap; at 95 % \
                    all that hold a MiB.",
                action("reset_high_memory_stream", between(0.85, 0.95)),
            ),
            explained(
                "At 90 %: closes a connection of HTTP/1.1 after its response.",
                action("disable_http_keepalive", at(0.9)),
            ),
            explained("At 95 %: replies to new requests with 503.", action("stop_accepting_requests", at(0.95))),
            explained("At 98 %: closes new connections.", action("reject_incoming_connections", at(0.98))),
        ],
        "buffer_factory_config": {
            "#minimum_account_to_track_power_of_two": "A stream that holds less than 2^20 bytes is never reset for memory.",
            "minimum_account_to_track_power_of_two": TRACKED_FROM,
        },
    })
}

/// What only Envoy's runtime says: how many connections each listener takes, and how strictly chunks are read.
pub fn runtime(options: &Options) -> Value {
    let limit = |name: &str, limit: u32| (name.to_owned(), json!({"connection_limit": limit}));
    let of_clients = options.listeners.iter().map(|(name, _)| limit(name, options.max_connections));
    let of_probes = options.probe.map(|_| limit(probe::NAME, probe::MAX_CONNECTIONS));
    let limits: Map<String, Value> = of_clients.chain(of_probes).collect();
    json!({"layers": [{"name": "multihome", "static_layer": {"envoy": {
        "#resource_limits": "yours: --max-connections. A listener closes at once what is more.",
        "resource_limits": {"listener": limits},
        "#reloadable_features": "Holds a chunk's length and its end to their form (RFC 9112, 7.1).",
        "reloadable_features": {"strict_chunk_parsing": true},
    }}}]})
}

const HEAP: &str = "envoy.resource_monitors.fixed_heap";

/// As a power of two, in bytes.
const TRACKED_FROM: u32 = 20;

fn action(name: &str, trigger: Value) -> Value {
    json!({"name": format!("envoy.overload_actions.{name}"), "triggers": [trigger]})
}

fn at(share: f64) -> Value {
    json!({"name": HEAP, "threshold": {"value": share}})
}

fn between(from: f64, to: f64) -> Value {
    json!({"name": HEAP, "scaled": {"scaling_threshold": from, "saturation_threshold": to}})
}

fn reduce_timeouts() -> Value {
    let mut action = action("reduce_timeouts", between(0.8, 0.95));
    let timers = json!({"timer_scale_factors": [
        {"timer": "HTTP_DOWNSTREAM_CONNECTION_IDLE", "min_timeout": "2s"},
        {"timer": "TRANSPORT_SOCKET_CONNECT", "min_timeout": "1s"},
    ]});
    put(&mut action, "typed_config", Some(any("envoy.config.overload.v3.ScaleTimersOverloadActionConfig", timers)));
    action
}
