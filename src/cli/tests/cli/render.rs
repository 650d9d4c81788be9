//! `multihome render envoy`: what Envoy is told. That Envoy takes it, and does what is meant, the end-to-end tests show.

use crate::run::{EVERYTHING, Run, assert_golden, multihome, multihome_with};
use serde_json::{Value, json};

/// The arguments by which `envoy/envoy.yaml` is made.
const EXAMPLE: [&str; 9] = [
    "render",
    "envoy",
    "envoy/policy.yaml",
    "--wasm",
    "/etc/multihome/multihome.wasm",
    "--listen",
    "127.0.0.1:8080",
    "--admin",
    "127.0.0.1:9901",
];

pub fn everything(more: &[&str]) -> Run {
    let mut arguments = vec!["render", "envoy", "-", "--wasm", "multihome.wasm"];
    arguments.extend(more);
    multihome_with(&arguments, EVERYTHING)
}

pub const LISTENERS: [&str; 10] = [
    "--listen",
    "inside=127.0.0.1:8080",
    "--listen",
    "mtls=0.0.0.0:8443",
    "--listen",
    "web=[::]:443",
    "--listen",
    "bare=0.0.0.0:80",
    "--admin",
    "127.0.0.1:9901",
];

/// What is said of these listeners.
pub const REMARKS: &str = "\
warning: the listener `web` refuses every request with 401: nobody there may say which tenant asks (`identity.trust`)
warning: the listener `bare` refuses every request with 401: nobody there may say which tenant asks (`identity.trust`)
";

/// The bootstrap of everything, as JSON.
pub fn bootstrap() -> Value {
    let run = everything(&[&LISTENERS[..], &["--format", "json"]].concat());
    assert_eq!((run.code, run.err.as_str()), (0, REMARKS));
    serde_json::from_str(&run.out).unwrap()
}

pub fn find<'v>(list: &'v Value, name: &str) -> &'v Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no `{name}`"))
}

pub fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// Whether what a route says of a filter switches it on: a configuration does, unless it is for switching off.
pub fn switches_on(configuration: &Value) -> bool {
    configuration["@type"].is_string() && configuration["disabled"] != true
}

pub fn manager<'v>(bootstrap: &'v Value, listener: &str) -> &'v Value {
    let listener = find(&bootstrap["static_resources"]["listeners"], listener);
    &listener["filter_chains"][0]["filters"][0]["typed_config"]
}

pub fn cluster<'v>(bootstrap: &'v Value, name: &str) -> &'v Value {
    find(&bootstrap["static_resources"]["clusters"], name)
}

fn upstream_filters(cluster: &Value) -> &Value {
    &cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]["http_filters"]
}

#[test]
fn the_example_is_up_to_date() {
    let run = multihome(&EXAMPLE);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_golden("envoy/envoy.yaml", &run.out);
}

#[test]
fn everything_renders_as_it_did() {
    let run = everything(&LISTENERS);
    assert_eq!((run.code, run.err.as_str()), (0, REMARKS));
    assert_golden("src/cli/tests/golden/everything.yaml", &run.out);
    for (part, first) in PARTS {
        let domain: &[&str] = if part == "route" { &["--domain", "llm.contoso.com"] } else { &[] };
        let run = everything(&[&["--part", part, "--listen", "web=[::]:443"], domain].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{part}");
        assert_eq!(run.out.lines().find(|line| !line.starts_with('#') && !line.is_empty()), Some(first));
    }
}

/// Each part, and how it begins.
const PARTS: [(&str, &str); 4] = [
    ("filters", "early_header_mutation_extensions:"),
    ("route", "virtual_hosts:"),
    ("clusters", "clusters:"),
    ("listeners", "bootstrap_extensions:"),
];

#[test]
fn both_roles_share_one_vm() {
    fn plugins<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
        match value {
            Value::Object(members) => {
                if members.contains_key("vm_config") {
                    found.push(value);
                }
                members.values().for_each(|member| plugins(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| plugins(item, found)),
            _ => {}
        }
    }
    let bootstrap = bootstrap();
    let mut found = Vec::new();
    plugins(&bootstrap, &mut found);
    assert_eq!(found.len(), 4 + 1 + endpoints(), "one a listener, one on the detour and one an endpoint");
    let mut edges = 0;
    for plugin in found {
        assert_eq!(plugin["vm_config"]["vm_id"], "multihome");
        assert_eq!(plugin["vm_config"], bootstrap_vm());
        assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
        assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
        let configuration: Value = serde_json::from_str(plugin["configuration"]["value"].as_str().unwrap()).unwrap();
        let root = plugin["root_id"].as_str().unwrap();
        match configuration["role"].as_str().unwrap() {
            "edge" => {
                edges += 1;
                assert_eq!(root, "edge");
                assert_eq!(configuration["policy"]["endpoints"].as_object().unwrap().len(), endpoints());
            }
            _ => assert_eq!(root, format!("attempt-{}", configuration["endpoint"].as_str().unwrap())),
        }
    }
    assert_eq!(edges, 5);
}

/// How many endpoints [`EVERYTHING`] has.
fn endpoints() -> usize {
    EVERYTHING.matches("cloud: ").count()
}

fn bootstrap_vm() -> Value {
    serde_json::json!({
        "vm_id": "multihome",
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"filename": "multihome.wasm"}},
        "environment_variables": {"host_env_keys": ["MULTIHOME_TAG_KEY"]},
    })
}

/// Both routes, and of each how long a try, a pause in it and all tries together may take.
#[test]
fn the_routes_lead_to_every_endpoint_and_nowhere_else() {
    let bootstrap = bootstrap();
    let manager = manager(&bootstrap, "inside");
    for (name, way, per_try, pause, all) in [
        // The longest plan (4 attempts of 100 s, of 600 s) must fit into the idle time.
        ("model", "", "100s", None, ("stream_idle_timeout", manager)),
        ("model-whole", "whole ", "600s", Some("900s"), ("idle_timeout", &Value::Null)),
    ] {
        let route = find(&manager["route_config"]["virtual_hosts"][0]["routes"], name);
        let tree = &route["route"]["inline_cluster_specifier_plugin"]["extension"]["typed_config"]["cluster_matcher"]["matcher_tree"];
        assert_eq!(tree["input"]["typed_config"]["key"], "wasm.multihome.next");
        let map = tree["prefix_match_map"]["map"].as_object().unwrap();
        assert_eq!(map.len(), endpoints() + 1, "one an endpoint, and the detour");
        for (prefix, on_match) in map {
            // With the space, the name of one endpoint is not the beginning of another's.
            let name = prefix.strip_prefix(way).unwrap().strip_suffix(' ').unwrap();
            let detour = "multihome:detour";
            let expected = if name == detour { detour.to_owned() } else { format!("multihome-{name}") };
            assert_eq!(on_match["action"]["typed_config"]["cluster"], expected.as_str());
            cluster(&bootstrap, &expected);
        }
        let retry = &route["route"]["retry_policy"];
        assert_eq!(retry["refresh_cluster_on_retry"], true);
        assert_eq!(retry["per_try_timeout"], per_try);
        assert_eq!(retry["per_try_idle_timeout"].as_str(), pause);
        assert_eq!(route["request_body_buffer_limit"], 8 * 1024 * 1024 + 64 * 1024);
        let (field, holder) = all;
        let expected = if name == "model" { "405s" } else { "3605s" };
        assert_eq!(if holder.is_null() { &route["route"][field] } else { &holder[field] }, expected);
    }
    let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array().unwrap();
    let place = |name: &str| routes.iter().position(|route| route["name"] == name).unwrap();
    assert!(place("model-whole") < place("model"), "the first that matches holds");
}

/// The upstream chain of an endpoint, and the filter in it that adds the credential.
fn chain<'v>(bootstrap: &'v Value, endpoint: &str) -> (Vec<&'v str>, Option<&'v Value>) {
    let filters = upstream_filters(cluster(bootstrap, &format!("multihome-{endpoint}")));
    let adds = |filter: &&Value| {
        let kind = filter["typed_config"]["@type"].as_str().unwrap();
        kind.ends_with(".CredentialInjector") || kind.ends_with(".AwsRequestSigning")
    };
    (names(filters), filters.as_array().unwrap().iter().find(adds))
}

/// One row a credential.
#[test]
fn each_endpoint_gets_its_credential() {
    let bootstrap = bootstrap();
    let injected = |endpoint: &str| {
        let filter = chain(&bootstrap, endpoint).1.unwrap();
        assert_eq!(filter["typed_config"]["allow_request_without_credential"], true, "{endpoint}");
        filter["typed_config"]["credential"]["typed_config"].clone()
    };
    for (endpoint, header, prefix, secret) in [
        ("azure-key", "api-key", None, "azure-key"),
        ("aws-key", "authorization", Some("Bearer "), "bedrock-key"),
        ("gcp-token", "authorization", Some("Bearer "), "gcp-token"),
    ] {
        let generic = injected(endpoint);
        assert_eq!(generic["header"], header);
        assert_eq!(generic["header_value_prefix"].as_str(), prefix);
        assert_eq!(generic["credential"]["name"], secret);
        let path = format!("/etc/multihome/secrets/{secret}.yaml");
        assert_eq!(generic["credential"]["sds_config"]["path_config_source"]["path"], path.as_str());
    }
    for (endpoint, uri, cluster_name) in [
        ("azure-entra", "https://login.microsoftonline.com/t/oauth2/v2.0/token", "multihome:entra"),
        ("azure-gov", "https://login.microsoftonline.us/t/oauth2/v2.0/token", "multihome:entra:2"),
    ] {
        let oauth = injected(endpoint);
        assert_eq!(oauth["token_endpoint"]["uri"], uri);
        assert_eq!(oauth["token_endpoint"]["cluster"], cluster_name);
        assert_eq!(oauth["client_credentials"]["auth_type"], "URL_ENCODED_BODY");
        cluster(&bootstrap, cluster_name);
    }
    for (endpoint, service) in [("aws-sign", "bedrock"), ("mantle-sign", "bedrock-mantle")] {
        let signing = &chain(&bootstrap, endpoint).1.unwrap()["typed_config"];
        assert_eq!(signing["service_name"], service);
        assert_eq!(signing["region"], "us-east-1");
    }
    assert!(chain(&bootstrap, "gcp-machine").1.is_none(), "the module sets the token");
    cluster(&bootstrap, "multihome:gcp-metadata");
}

/// What removes headers, or signs them, must not stand in front of what writes them.
#[test]
fn a_credential_is_added_to_what_the_module_wrote() {
    let bootstrap = bootstrap();
    for (endpoint, credential) in [
        ("azure-key", "envoy.filters.http.credential_injector"),
        ("azure-entra", "envoy.filters.http.credential_injector"),
        ("aws-sign", "envoy.filters.http.aws_request_signing"),
        ("gcp-token", "envoy.filters.http.credential_injector"),
    ] {
        let names = chain(&bootstrap, endpoint).0;
        let place = |name: &str| names.iter().position(|other| *other == name).unwrap();
        assert!(place("multihome-attempt") < place(credential), "{names:?}");
        assert_eq!(names[names.len() - 2..], [credential, "envoy.filters.http.upstream_codec"]);
    }
}

#[test]
fn each_endpoint_is_reached_under_its_own_name() {
    let bootstrap = bootstrap();
    let tls = |name: &str| cluster(&bootstrap, name)["transport_socket"]["typed_config"].clone();
    let public = tls("multihome-aws-sign");
    assert_eq!(public["sni"], "bedrock-runtime.us-east-1.amazonaws.com");
    let validation = &public["common_tls_context"]["validation_context"];
    assert_eq!(validation["trusted_ca"]["filename"], "/etc/ssl/certs/ca-certificates.crt");
    let san = &validation["match_typed_subject_alt_names"][0];
    assert_eq!(san["matcher"]["exact"], "bedrock-runtime.us-east-1.amazonaws.com");
    let private = tls("multihome-private");
    assert_eq!(private["sni"], "contoso.privatelink.openai.azure.com");
    let validation = &private["common_tls_context"]["validation_context"];
    assert_eq!(validation["trusted_ca"]["filename"], "/etc/ssl/private-ca.pem");
    assert_eq!(cluster(&bootstrap, "multihome-private")["type"], "STATIC");
    assert!(tls("multihome-plain").is_null());
    let names = cluster(&bootstrap, "multihome-plain");
    assert_eq!(names["cluster_type"]["name"], "envoy.cluster.dns");
    // A name that does not resolve must still fail over: there is a host to fail at.
    assert_eq!(names["load_assignment"]["endpoints"][1]["priority"], 1);
}

#[test]
fn only_the_trusted_may_say_who_asks() {
    let bootstrap = bootstrap();
    let removed = |mutations: &Value| -> Vec<String> {
        mutations.as_array().unwrap().iter().map(|mutation| mutation["remove"].as_str().unwrap().to_owned()).collect()
    };
    let headers = ["x-team", "x-team-policy"];

    let early = |manager: &Value| manager["early_header_mutation_extensions"].clone();
    let inside = manager(&bootstrap, "inside");
    assert_eq!(names(&early(inside)), ["multihome-sdk"]);
    assert_eq!(names(&inside["http_filters"]), ["multihome-readiness", "multihome", "envoy.filters.http.router"]);
    assert_eq!(inside["preserve_external_request_id"], true);

    for listener in ["web", "bare"] {
        let early = early(manager(&bootstrap, listener));
        assert_eq!(names(&early), ["multihome-sdk", "multihome-identity"]);
        assert_eq!(removed(&early[1]["typed_config"]["mutations"]), headers, "{listener}");
        assert_eq!(manager(&bootstrap, listener)["preserve_external_request_id"], false);
    }

    let mtls = manager(&bootstrap, "mtls");
    assert_eq!(names(&early(mtls)), ["multihome-sdk"]);
    let filters = &mtls["http_filters"];
    let order = [
        "multihome-readiness",
        "multihome-certificates",
        "multihome-identity",
        "multihome",
        "envoy.filters.http.router",
    ];
    assert_eq!(names(filters), order);
    let principals = &filters[1]["typed_config"]["shadow_rules"]["policies"]["trusted"]["principals"];
    let sans: Vec<&Value> = principals
        .as_array()
        .unwrap()
        .iter()
        .map(|principal| &principal["custom"]["typed_config"]["san_matcher"])
        .collect();
    assert_eq!(*sans[0], json!({"san_type": "URI", "matcher": {"exact": "spiffe://contoso/gateway"}}));
    let dns = r"(?i)gateway\.contoso\.com";
    assert_eq!(*sans[1], json!({"san_type": "DNS", "matcher": {"safe_regex": {"regex": dns}}}));
    let mutation = &filters[2]["typed_config"]["extension_config"]["typed_config"]["mutations"]["request_mutations"];
    assert_eq!(removed(mutation), headers);
}

#[test]
fn browsers_are_let_in_only_where_the_policy_says_so() {
    let bootstrap = bootstrap();
    let cors = |listener: &str| {
        let manager = manager(&bootstrap, listener);
        let filter = names(&manager["http_filters"]).contains(&"envoy.filters.http.cors");
        (
            filter,
            manager["route_config"]["virtual_hosts"][0]["typed_per_filter_config"]["envoy.filters.http.cors"].clone(),
        )
    };
    for listener in ["inside", "mtls", "bare"] {
        assert_eq!(cors(listener), (false, Value::Null), "{listener}");
    }
    let (filter, policy) = cors("web");
    assert!(filter);
    assert_eq!(policy["allow_origin_string_match"][0]["exact"], "https://chat.contoso.com");
    let allowed = policy["allow_headers"].as_str().unwrap();
    assert!(!allowed.contains("x-team"), "a page must not say which tenant asks");
}

#[cfg(target_os = "linux")]
#[test]
fn half_a_configuration_does_not_pass_for_a_whole_one() {
    use std::process::Command;
    let run = |what: &str| {
        let output = Command::new("sh").arg("-c").arg(format!("'{}' {what}", env!("CARGO_BIN_EXE_multihome"))).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = run("schema >/dev/full");
    assert!(code == Some(1) && err.contains("cannot write the output"), "{code:?} {err}");
    assert_eq!(run("check - </dev/null 2>/dev/full").0, Some(1));
}

#[cfg(unix)]
#[test]
fn refuses_an_envoy_that_is_too_old() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("multihome-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let envoy = |version: &str| {
        let path = folder.join(format!("envoy-{version}"));
        std::fs::write(&path, format!("#!/bin/sh\necho 'envoy  version: 0/{version}/Clean/RELEASE/BoringSSL'\n"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (envoy("1.38.4"), envoy("1.39.0"));
    let refused = multihome(&[&EXAMPLE[..], &["--envoy", &old]].concat());
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("is Envoy 1.38, and 1.39 is the oldest that will do"), "{}", refused.err);
    assert!(refused.err.contains("refresh_cluster_on_retry"), "{}", refused.err);
    assert_eq!(multihome(&["envoy-version", &old]).code, 1);
    assert_eq!(multihome(&[&EXAMPLE[..], &["--envoy", &new]].concat()).code, 0);
    let asked = multihome(&["envoy-version", &new]);
    assert_eq!((asked.code, asked.out.as_str()), (0, "1.39\n"));
    assert_eq!(multihome(&["envoy-version", "/nonexistent/envoy"]).code, 2);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_wrong_command_line_says_what_is_meant() {
    for (arguments, expected) in [
        (&["rendr"][..], "a similar subcommand exists: 'render'"),
        (&["render", "envoy", "p", "--wsam", "x"], "a similar argument exists: '--wasm'"),
        (&["render", "envoy", "p", "--wasm", "x"], "--listen"),
        (
            &["render", "envoy", "p", "--wasm", "x", "--listen", "localhost:80", "--admin", "127.0.0.1:1"],
            "is not an IP address and a port",
        ),
        (&["check", "no-such-file.yaml"], "cannot read no-such-file.yaml"),
    ] {
        let run = multihome(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}
