//! `multihome render envoy`: the detour that a request with trailers takes, where an endpoint is signed for.

use serde_json::json;

use crate::render::{LISTENERS, REMARKS, bootstrap, cluster, everything, find, manager, names};
use crate::run::{EVERYTHING, multihome_with};

const DETOUR: &str = "multihome:detour";

/// Where an endpoint is signed for, a request with trailers goes round by HTTP/1.1 to the same edge.
#[test]
fn a_request_with_trailers_has_a_way_to_lose_them() {
    let bootstrap = bootstrap();
    let listener = find(&bootstrap["static_resources"]["listeners"], DETOUR);
    assert_eq!(listener["internal_listener"], json!({}));
    assert!(listener["address"].is_null(), "nobody reaches it from outside");
    assert_eq!(names(&bootstrap["bootstrap_extensions"]), ["envoy.bootstrap.internal_listener"]);
    let endpoints = &cluster(&bootstrap, DETOUR)["load_assignment"]["endpoints"][0]["lb_endpoints"];
    let address = json!({"envoy_internal_address": {"server_listener_name": DETOUR}});
    assert_eq!(endpoints[0]["endpoint"]["address"], address);
    let protocol = &cluster(&bootstrap, DETOUR)["typed_extension_protocol_options"];
    let protocol = &protocol["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]["explicit_http_config"];
    assert_eq!(*protocol, json!({"http_protocol_options": {}}), "HTTP/2 would bring the trailers back");
    assert_eq!(manager(&bootstrap, DETOUR)["codec_type"], "HTTP1");
    let edge = |listener| find(&manager(&bootstrap, listener)["http_filters"], "multihome")["typed_config"].clone();
    for listener in ["inside", "mtls", "web", "bare"] {
        assert_eq!(edge(listener), edge(DETOUR), "the plugin of {listener} is read once for both");
    }
    // What the client's own listener let through is trusted here.
    let behind = manager(&bootstrap, DETOUR);
    assert_eq!(names(&behind["early_header_mutation_extensions"]), ["multihome-sdk"]);
    assert_eq!(behind["preserve_external_request_id"], true);
}

#[test]
fn where_nothing_is_signed_or_for_an_envoy_of_ones_own_there_is_no_detour_for_trailers() {
    let unsigned = EVERYTHING.replace("auth: sigv4", "auth: { api_key: { sds: bedrock-key } }");
    let json = &["--format", "json"];
    let run = multihome_with(
        &[&["render", "envoy", "-", "--wasm", "multihome.wasm"], &LISTENERS[..], json].concat(),
        &unsigned,
    );
    assert_eq!((run.code, run.err.as_str()), (0, REMARKS));
    // The edge knows of none, and no route of the module's leads there.
    assert!(!run.out.contains(r#"\"detour\""#));
    assert!(!run.out.contains(r#""multihome:detour ""#));
    for part in ["filters", "route", "clusters"] {
        let run = everything(&["--part", part, "--domain", "*"]);
        assert_eq!(run.code, 0);
        assert!(!run.out.contains("detour"), "{part}");
    }
}
