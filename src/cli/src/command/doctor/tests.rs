//! What no Envoy of the end-to-end tests can be brought to: old ones, a control plane that is lost, what Envoy refuses to
//! start with, what is still on its way. And Istio's shape, where all comes by discovery.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::examine;
use super::seen::{Replies, Seen};
use crate::admin::{Dump, Server, Stats};
use crate::file;
use crate::render::envoy::options::{Options, Part, Scope};
use crate::render::envoy::render;
use crate::render::piece::policy::{Paths, Policy};
use crate::render::rendered::Format;
use crate::version::Version;

/// What `render envoy` makes of the example's policy.
fn rendered(scope: Scope) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy/policy.yaml");
    let file = file::read(&path).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let options = Options {
        paths: Paths {
            wasm: "/m.wasm".into(),
            sds_dir: "/secrets".into(),
            ca_file: "/ca.pem".into(),
            certificates: None,
        },
        listeners: vec![("default".to_owned(), any)],
        admin: any,
        domains: vec!["llm.contoso.test".to_owned()],
        internal_listeners: scope == Scope::Bootstrap,
        probe: None,
        max_heap_bytes: 1 << 30,
        max_connections: 100,
    };
    let policy = Policy { config: &file.config, node: &file.node, keys: file.keys.as_ref(), names: Default::default() };
    let text = &render(&policy, &options, scope, Format::Json).files[0].1;
    serde_json::from_str(text).unwrap()
}

fn server(version: &str, state: &str) -> Server {
    let build = format!("0/{version}/Clean/RELEASE/BoringSSL");
    Server { version: Version::of_build(&build).unwrap(), build, state: state.to_owned(), istio: None }
}

fn section(kind: &str, fields: Value) -> Value {
    let mut section = json!({"@type": format!("type.googleapis.com/envoy.admin.v3.{kind}")});
    section.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    section
}

/// What an Envoy says that runs these, by discovery or from its bootstrap. It has every secret, and a host in each cluster.
fn replies(listeners: &Value, clusters: &Value, routes: Option<&Value>) -> Replies {
    let listener = |one: &Value| json!({"name": one["name"], "active_state": {"version_info": "1", "listener": one}});
    let cluster = |one: &Value| json!({"version_info": "1", "cluster": one});
    let each =
        |list: &Value, entry: &dyn Fn(&Value) -> Value| list.as_array().unwrap().iter().map(entry).collect::<Vec<_>>();
    let all = [listeners, clusters].map(super::seen::json::maps).concat();
    let secrets: Vec<Value> = all
        .iter()
        .filter(|map| map.get("sds_config").is_some())
        .map(|map| json!({"secret": {"name": map["name"]}}))
        .collect();
    let hosts = each(clusters, &|one| {
        json!({"name": one["name"], "host_statuses": [{"address": {"socket_address": {"address": "10.0.0.1"}},
            "health_status": {"eds_health_status": "HEALTHY"}}]})
    });
    Replies {
        server: server("1.40.0", "LIVE"),
        dump: Dump::new(json!({"configs": [
            section("BootstrapConfigDump", json!({"bootstrap": {"dynamic_resources": {"ads_config": {"api_type": "GRPC"}}}})),
            section("ListenersConfigDump", json!({"dynamic_listeners": each(listeners, &listener)})),
            section("ClustersConfigDump", json!({"dynamic_active_clusters": each(clusters, &cluster)})),
            section("RoutesConfigDump", json!({"dynamic_route_configs": routes.iter().map(|one| json!({"version_info": "1", "route_config": one})).collect::<Vec<_>>()})),
            section("SecretsConfigDump", json!({"dynamic_active_secrets": secrets})),
        ]})),
        stats: Stats::default(),
        certificates: json!({}),
        clusters: json!({"cluster_statuses": hosts}),
    }
}

fn own() -> Replies {
    let bootstrap = rendered(Scope::Bootstrap);
    replies(&bootstrap["static_resources"]["listeners"], &bootstrap["static_resources"]["clusters"], None)
}

fn found(replies: &Replies, rendered_for: Option<&str>) -> Vec<String> {
    let seen = Seen::of(replies, rendered_for);
    let mut found: Vec<String> = examine(&seen, None, SystemTime::now())
        .iter()
        .map(|finding| format!("{} {}", finding.severity.name(), finding.kind.name()))
        .collect();
    found.dedup();
    found
}

fn stats(named: &[(&str, u64)]) -> Stats {
    let all: Vec<Value> = named.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    Stats::new(&json!({"stats": all}))
}

/// The dump, as it came.
fn changed(change: impl Fn(&mut Value, &mut Value)) -> Replies {
    let mut bootstrap = rendered(Scope::Bootstrap);
    let mut resources = bootstrap["static_resources"].take();
    let (mut listeners, mut clusters) = (resources["listeners"].take(), resources["clusters"].take());
    change(&mut listeners, &mut clusters);
    replies(&listeners, &clusters, None)
}

const MANAGER: &str = "/0/filter_chains/0/filters/0/typed_config";
const UPSTREAM: &str =
    "/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters";

fn list<'v>(value: &'v mut Value, path: &str) -> &'v mut Vec<Value> {
    value.pointer_mut(path).unwrap().as_array_mut().unwrap()
}

/// The edge, in the first listener.
fn edge(listeners: &mut Value) -> &mut Value {
    let filters = list(listeners, &format!("{MANAGER}/http_filters"));
    filters.iter_mut().find(|filter| filter["name"] == "multihome").unwrap()
}

#[test]
fn what_is_rendered_is_armed() {
    assert_eq!(found(&own(), None), [""; 0]);
}

#[test]
fn an_old_or_resting_envoy_is_found() {
    for (version, state, expected) in [
        ("1.38.4", "LIVE", "fault envoy-too-old"),
        ("1.39.2", "LIVE", "warning envoy-unpatched"),
        ("1.40.0", "INITIALIZING", "fault envoy-not-serving"),
        ("1.40.0", "DRAINING", "warning envoy-not-serving"),
    ] {
        assert_eq!(found(&Replies { server: server(version, state), ..own() }, None), [expected]);
    }
    assert_eq!(found(&Replies { server: server("1.39.3", "LIVE"), ..own() }, None), [""; 0]);
}

#[test]
fn what_envoy_counts_is_found() {
    for (named, expected) in [
        (&[("control_plane.connected_state", 0)][..], Some("warning control-plane-lost")),
        (&[("control_plane.connected_state", 1)], None),
        (&[("wasm.envoy.wasm.runtime.v8.active", 0)], Some("fault vm-down")),
        (&[("wasm.envoy.wasm.runtime.v8.active", 3), ("wasm.envoy.wasm.runtime.null.active", 0)], None),
        (&[("wasm.edge.vm_reload_success", 2)], Some("warning vm-replaced")),
        (&[("cluster_manager.cds.update_rejected", 1)], Some("warning update-rejected")),
        // Secrets of others.
        (&[("sds.other.update_rejected", 1)], None),
    ] {
        let counted = found(&Replies { stats: stats(named), ..own() }, None);
        assert_eq!(counted, Vec::from_iter(expected), "{named:?}");
    }
}

/// Envoy does not start so, and refuses such an update.
#[test]
fn what_envoy_would_refuse_is_found() {
    let behind_router = changed(|listeners, _| list(listeners, &format!("{MANAGER}/http_filters")).rotate_right(1));
    assert_eq!(found(&behind_router, None), ["fault edge-order"]);
    let behind_codec = changed(|_, clusters| list(clusters, UPSTREAM).rotate_right(1));
    assert_eq!(found(&behind_codec, None), ["fault codec-not-last"]);
    let no_policy = changed(|listeners, _| {
        edge(listeners)["typed_config"]["config"]["configuration"]["value"] = json!("{\"role\": \"edge\"}")
    });
    assert_eq!(found(&no_policy, None), ["fault policy-unknown"]);
}

#[test]
fn what_is_on_its_way_is_found() {
    let undelivered = changed(|listeners, _| *edge(listeners) = json!({"name": "multihome-a", "config_discovery": {}}));
    // It runs for every route that switches off an edge of another name.
    assert!(found(&undelivered, None).contains(&"fault edge-missing".to_owned()));
    let no_routes = changed(|listeners, _| {
        let manager = listeners.pointer_mut(MANAGER).unwrap().as_object_mut().unwrap();
        manager.remove("route_config");
        manager.insert("rds".to_owned(), json!({"route_config_name": "late"}));
    });
    assert_eq!(found(&no_routes, None), ["fault route-missing"]);
    let warming = |section: usize, from: &str, to: &str| {
        let mut bootstrap = rendered(Scope::Bootstrap);
        let resources = bootstrap["static_resources"].take();
        let mut replies = replies(&resources["listeners"], &resources["clusters"], None);
        let dump = std::mem::replace(&mut replies.dump, Dump::new(Value::Null));
        replies.dump = dump.edited(|dump| {
            let section = &mut dump["configs"][section];
            let entry = section[from].as_array_mut().unwrap().remove(0);
            let entry = match from {
                "dynamic_listeners" => json!({"name": entry["name"], "warming_state": entry["active_state"]}),
                _ => entry,
            };
            if section.get(to).is_none() {
                section[to] = json!([]);
            }
            section[to].as_array_mut().unwrap().push(entry);
        });
        found(&replies, None)
    };
    assert_eq!(warming(1, "dynamic_listeners", "dynamic_listeners"), ["warning still-warming"]);
    assert_eq!(warming(2, "dynamic_active_clusters", "dynamic_warming_clusters"), ["fault cluster-missing"]);
    assert_eq!(warming(4, "dynamic_active_secrets", "dynamic_warming_secrets"), ["fault secret-missing"]);
}

#[test]
fn hosts_that_are_not_healthy_are_found() {
    for (health, is_found) in [
        (json!({"eds_health_status": "HEALTHY"}), false),
        (json!({"eds_health_status": "HEALTHY", "failed_outlier_check": true}), true),
        (json!({"eds_health_status": "UNHEALTHY"}), true),
        (json!({}), false),
    ] {
        let mut replies = own();
        let hosts = replies.clusters["cluster_statuses"][0]["host_statuses"].as_array_mut().unwrap();
        // The one that is always there does not count.
        hosts.push(json!({"address": {"socket_address": {"address": "255.255.255.255"}}, "health_status": {}}));
        hosts[0]["health_status"] = health.clone();
        let expected = if is_found { vec!["fault cluster-without-host"] } else { Vec::new() };
        assert_eq!(found(&replies, None), expected, "{health}");
    }
}

#[test]
fn a_bundle_of_authorities_does_as_long_as_its_last() {
    let until =
        |year: u32| json!({"serial_number": year.to_string(), "expiration_time": format!("{year}-01-01T00:00:00Z")});
    for (bundle, chain, expected) in [
        (vec![until(2020), until(9000), until(2021)], vec![], None),
        (vec![until(2020), until(2021)], vec![], Some("fault certificate-expired")),
        (vec![until(9000)], vec![until(9000), until(2020)], Some("fault certificate-expired")),
        (vec![], vec![until(9000)], None),
    ] {
        let certificates = json!({"certificates": [{"ca_cert": bundle, "cert_chain": chain}]});
        assert_eq!(found(&Replies { certificates, ..own() }, None), Vec::from_iter(expected));
    }
}

/// A gateway of Istio's, with the parts as EnvoyFilters put them there: all by discovery, another team's host beside ours.
struct Gateway {
    listeners: Value,
    clusters: Value,
    routes: Value,
}

impl Gateway {
    fn patched() -> Gateway {
        let (filters, route) = (rendered(Scope::Part(Part::Filters)), rendered(Scope::Part(Part::Route)));
        let mut clusters = rendered(Scope::Part(Part::Clusters))["clusters"].take();
        let placeholder = json!({"socket_address": {"address": "192.0.2.1", "port_value": 80}});
        clusters.as_array_mut().unwrap().push(json!({
            "name": PLACEHOLDER, "type": "STATIC",
            "load_assignment": {"cluster_name": PLACEHOLDER, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": placeholder}}]}]},
        }));
        let mut manager = filters;
        manager["@type"] = json!(
            "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        );
        manager["rds"] = json!({"route_config_name": "http.8080"});
        // A tenant comes from a JWT, and a policy from nobody.
        let remove = json!({"mutations": [{"remove": "X-Tenant-Policy"}]});
        list(&mut manager, "/early_header_mutation_extensions").push(json!({"name": "policy", "typed_config": remove}));
        let claims = json!([{"header_name": "x-tenant-id", "claim_name": "tenant"}]);
        let jwt = json!({"name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"contoso": {"claim_to_headers": claims}}}});
        let router = json!({"name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}});
        let chain = manager["http_filters"].as_array_mut().unwrap();
        chain.insert(0, jwt);
        chain.push(router);
        let listeners = json!([{"name": "0.0.0.0_8080", "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]}]);
        let ours = route["virtual_hosts"][0].clone();
        let shop = json!({"name": "shop.contoso.test:8080", "domains": ["shop.contoso.test"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "outbound|80||shop"}}]});
        let routes = json!({"name": "http.8080", "virtual_hosts": [ours, shop]});
        Gateway { listeners, clusters, routes }
    }

    fn found(&self, rendered_for: Option<&str>) -> Vec<String> {
        found(&replies(&self.listeners, &self.clusters, Some(&self.routes)), rendered_for)
    }
}

const PLACEHOLDER: &str = "outbound|80||placeholder.multihome.internal";

#[test]
fn a_patched_gateway_is_armed() {
    assert_eq!(Gateway::patched().found(None), [""; 0]);
}

#[test]
fn a_patch_that_matches_nothing_is_found() {
    let route = |gateway: &mut Gateway, change: &dyn Fn(&mut Value)| {
        let routes = gateway.routes["virtual_hosts"][0]["routes"].as_array_mut().unwrap();
        routes
            .iter_mut()
            .filter(|route| route.pointer("/route/inline_cluster_specifier_plugin").is_some())
            .for_each(change);
    };
    let mut unpatched = Gateway::patched();
    route(&mut unpatched, &|route| {
        *route = json!({"name": "model", "match": {"prefix": "/"}, "route": {"cluster": PLACEHOLDER, "timeout": "0s"}})
    });
    assert_eq!(unpatched.found(None), ["fault route-placeholder"]);
    let mut no_filters = Gateway::patched();
    list(&mut no_filters.listeners, &format!("{MANAGER}/http_filters")).retain(|filter| filter["name"] != "multihome");
    assert_eq!(no_filters.found(None), ["fault edge-missing"]);
    let mut no_clusters = Gateway::patched();
    no_clusters.clusters = json!([]);
    assert_eq!(no_clusters.found(None), ["fault cluster-missing"]);
    let mut nothing = unpatched;
    list(&mut nothing.listeners, &format!("{MANAGER}/http_filters")).retain(|filter| filter["name"] != "multihome");
    assert_eq!(nothing.found(None), ["fault edge-missing", "fault route-placeholder"]);
    let mut on_for_all = Gateway::patched();
    edge(&mut on_for_all.listeners).as_object_mut().unwrap().remove("disabled");
    assert_eq!(on_for_all.found(None), ["fault edge-elsewhere"]);
    // As older patches do it: off on every other host.
    on_for_all.routes["virtual_hosts"][1]["typed_per_filter_config"] =
        json!({"multihome": {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": true}});
    assert_eq!(on_for_all.found(None), [""; 0]);
}

#[test]
fn a_gateway_where_nobody_says_who_asks_is_found() {
    let mut open = Gateway::patched();
    list(&mut open.listeners, &format!("{MANAGER}/http_filters")).remove(0);
    assert_eq!(open.found(None), ["fault identity-kept"]);
    // The parts were rendered for a listener that the policy trusts, whatever Istio calls it.
    assert_eq!(open.found(Some("default")), [""; 0]);
}

/// As `render istio` has it: the VirtualService's own route says that nothing stands before it.
#[test]
fn an_unarmed_host_is_found() {
    let unarmed = json!({"name": "multihome-unarmed", "match": {"prefix": "/"}, "direct_response": {"status": 503}});
    let mut gateway = Gateway::patched();
    list(&mut gateway.routes, "/virtual_hosts/0/routes").push(unarmed.clone());
    assert_eq!(gateway.found(None), [""; 0]);
    *list(&mut gateway.routes, "/virtual_hosts/0/routes") = vec![unarmed];
    assert_eq!(gateway.found(None), ["fault route-missing"]);
}

/// The filters are in every listener of a gateway, and our hosts at one.
#[test]
fn a_listener_without_hosts_of_ours_is_left_alone() {
    let mut gateway = Gateway::patched();
    let mut other = gateway.listeners[0].clone();
    other["name"] = json!("0.0.0.0_80");
    other.pointer_mut("/filter_chains/0/filters/0/typed_config").unwrap()["rds"] =
        json!({"route_config_name": "http.80"});
    list(&mut gateway.listeners, "").push(other);
    assert_eq!(gateway.found(None), [""; 0]);
}

/// A filter that takes the headers away has to run where the edge does.
#[test]
fn a_removal_that_is_switched_off_is_none() {
    let mut gateway = Gateway::patched();
    let jwt = &mut list(&mut gateway.listeners, &format!("{MANAGER}/http_filters"))[0];
    jwt["disabled"] = json!(true);
    assert_eq!(gateway.found(None), ["fault identity-kept"]);
}

/// Some tools write messages whose types they do not know as `TypedStruct`.
#[test]
fn a_hidden_type_is_seen() {
    let mut gateway = Gateway::patched();
    let typed = &mut edge(&mut gateway.listeners)["typed_config"];
    let hidden = typed.as_object_mut().unwrap().remove("@type").unwrap();
    *typed = json!({"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": hidden, "value": typed});
    assert_eq!(gateway.found(None), [""; 0]);
}
