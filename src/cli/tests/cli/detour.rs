//! `multihome render envoy`: the detour that a request with trailers takes, where an endpoint is signed for.

use serde_json::{Value, json};

use crate::render::{LISTENERS, REMARKS, bootstrap, cluster, everything, find, manager, names, switches_on};
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
fn where_nothing_is_signed_there_is_no_detour_for_trailers() {
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
}

/// The listeners inside, and the cluster behind the second.
const INSIDE: [&str; 3] = [DETOUR, "multihome:absorb:aws-key", "multihome:absorbed:aws-key"];

#[test]
fn an_envoy_of_ones_own_has_it_by_a_part_of_its_own() {
    let part = |part: &str| part_of(&["--part", part, "--domain", "*"]);
    let listeners = part("listeners");
    assert_eq!(names(&listeners["listeners"]), INSIDE[..2]);
    assert_eq!(names(&listeners["bootstrap_extensions"]), ["envoy.bootstrap.internal_listener"]);
    let manager = &listeners["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    assert!(manager["access_log"].is_null(), "how that Envoy writes its log is not known");
    let edge = |filters: &Value| find(filters, "multihome")["typed_config"].clone();
    assert_eq!(
        edge(&part("filters")["http_filters"]),
        edge(&manager["http_filters"]),
        "the plugin is read once for both"
    );
    let clusters = part("clusters");
    for cluster in [DETOUR, INSIDE[2]] {
        find(&clusters["clusters"], cluster);
    }
}

#[test]
fn without_that_part_no_other_one_leads_there() {
    for part in ["filters", "route", "clusters"] {
        let run = everything(&["--part", part, "--domain", "*", "--no-internal-listeners"]);
        assert_eq!(run.code, 0);
        assert!(INSIDE.iter().all(|name| !run.out.contains(name)), "{part}");
    }
    let run = everything(&["--part", "listeners", "--no-internal-listeners"]);
    assert!(run.code == 1 && run.err.contains("says that your Envoy has none"), "{}", run.err);
}

/// The detour trusts what comes to it: whoever gets there has lost the identity headers that are not theirs.
#[test]
fn each_route_that_leads_on_judges_who_asks() {
    let part = part_of(&["--part", "route", "--domain", "*", "--listen", "mtls=127.0.0.1:1"]);
    let routes = part["virtual_hosts"][0]["routes"].as_array().unwrap();
    let leading: Vec<&Value> = routes.iter().filter(|route| route["route"].is_object()).collect();
    assert!(leading.iter().any(|route| route["route"]["cluster"] == DETOUR), "gRPC's is one of them");
    for route in leading {
        for filter in ["multihome-certificates", "multihome-identity"] {
            let on = &route["typed_per_filter_config"][filter];
            assert!(switches_on(on), "{} {filter}", route["name"]);
        }
    }
}

fn part_of(options: &[&str]) -> Value {
    let run = everything(&[options, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}
