//! `multihome render istio`: what istiod is told. That istiod and Envoy do what is meant, `tests/istio` shows.

use serde_json::Value;

use crate::render::switches_on;
use crate::run::{EVERYTHING, Run, assert_golden, multihome_with};

/// Two endpoints, one with a secret and one that is signed for, and tenants by name.
const POLICY: &str = r#"
endpoints:
  azure: {cloud: azure, resource: contoso, residency: us, auth: {api_key: {sds: azure-key}}}
  aws: {cloud: aws, region: us-east-1, surface: runtime, residency: us, auth: sigv4}
models:
  m:
    - {endpoint: azure, id: d, form: openai.chat}
    - {endpoint: aws, id: us.openai.gpt-6.1-sol, form: openai.chat}
tenants:
  shop: {clouds: [azure, aws], residency: [us], models: ["*"]}
sessions: {tag_keys: [MULTIHOME_TAG_KEY]}
identity: {trust: {listeners: [default]}}
"#;

const JWT: [&str; 4] =
    ["--jwt-issuer", "https://login.contoso.test", "--jwks-uri", "https://login.contoso.test/keys.json"];

fn istio(policy: &str, more: &[&str]) -> Run {
    let named = |option: &str| more.contains(&option);
    let mut arguments = vec!["render", "istio", "-"];
    for (option, value) in
        [("--gateway", "edge/llm"), ("--host", "llm.contoso.test"), ("--wasm-path", "/opt/multihome/multihome.wasm")]
    {
        if !named(option) {
            arguments.extend([option, value]);
        }
    }
    arguments.extend(more);
    multihome_with(&arguments, policy)
}

/// All objects.
fn objects(policy: &str, more: &[&str]) -> Vec<Value> {
    let run = istio(policy, &[more, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let list: Value = serde_json::from_str(&run.out).unwrap();
    list["items"].as_array().unwrap().clone()
}

fn kinds(objects: &[Value]) -> Vec<String> {
    let named = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]).replace('"', "");
    objects.iter().map(named).collect()
}

/// The patches of one kind: operation, match and value.
fn patches(objects: &[Value], apply_to: &str) -> Vec<(String, Value, Value)> {
    let all = objects.iter().filter_map(|object| object["spec"]["configPatches"].as_array()).flatten();
    all.filter(|patch| patch["applyTo"] == apply_to)
        .map(|patch| {
            let operation = patch["patch"]["operation"].as_str().unwrap().to_owned();
            (operation, patch["match"].clone(), patch["patch"]["value"].clone())
        })
        .collect()
}

#[test]
fn it_renders_as_it_did() {
    let token = istio(POLICY, &[&JWT[..], &["--jwt-audience", "llm", "--tls-secret", "llm-cert"]].concat());
    assert_eq!((token.code, token.err.as_str()), (0, ""));
    assert_golden("src/cli/tests/golden/istio.yaml", &token.out);
    let caller = "spiffe://cluster.local/ns/shop/sa/web=shop";
    let host = "llm.edge.svc.cluster.local";
    let mesh =
        istio(POLICY, &["--mode", "egress", "--host", host, "--tenant-of", caller, "--module-from", "configmap"]);
    assert_eq!((mesh.code, mesh.err.as_str()), (0, ""));
    // The rest is as above, or stands in tests of its own.
    let differs = |text: &&str| !text.contains("kind: EnvoyFilter");
    let differing: Vec<&str> = mesh.out.split("---\n").filter(differs).collect();
    assert_golden("src/cli/tests/golden/istio-egress.yaml", &differing.join("---\n"));
}

#[test]
fn it_makes_what_is_not_there() {
    let patches = [
        "EnvoyFilter multihome-llm-clusters",
        "EnvoyFilter multihome-llm-route",
        "EnvoyFilter multihome-llm-policy",
        "EnvoyFilter multihome-llm-filters",
    ];
    for (more, expected) in [
        (&[][..], &["Gateway llm", "VirtualService multihome-llm-hosts"][..]),
        (&["--existing-gateway"], &["VirtualService multihome-llm-hosts"]),
        (&["--existing-virtual-service"], &[]),
        (
            &JWT,
            &[
                "Gateway llm",
                "VirtualService multihome-llm-hosts",
                "RequestAuthentication multihome-llm-jwt",
                "AuthorizationPolicy multihome-llm-jwt",
            ],
        ),
        (
            &["--mode", "egress", "--host", "llm.edge.svc"],
            &["Gateway llm", "VirtualService multihome-llm-hosts", "Service llm", "DestinationRule llm"],
        ),
    ] {
        assert_eq!(kinds(&objects(POLICY, more)), [expected, &patches].concat(), "{more:?}");
    }
}

/// Another team's host on the same gateway keeps what it has, whatever it is called and whenever it comes.
#[test]
fn what_holds_for_a_listener_is_off_until_our_routes_switch_it_on() {
    let egress = &["--mode", "egress", "--host", "llm.edge.svc", "--tenant-of", "spiffe://a/b=shop"];
    for (policy, more) in [(POLICY, &JWT[..]), (POLICY, egress), (EVERYTHING, &["--listener", "inside"])] {
        let objects = objects(policy, more);
        let mut filters = Vec::new();
        for (_, _, filter) in patches(&objects, "HTTP_FILTER") {
            assert_eq!(filter["disabled"], true, "{filter}");
            filters.push(filter["name"].as_str().unwrap().to_owned());
        }
        let routes = patches(&objects, "HTTP_ROUTE");
        for (operation, matches, route) in &routes {
            assert_eq!(operation, "INSERT_FIRST");
            let host = matches["routeConfiguration"]["vhost"]["name"].as_str().unwrap();
            assert!(host.starts_with("llm."), "{host}");
            assert!(route["metadata"]["filter_metadata"]["multihome"].is_object(), "{route}");
            if route["route"].is_object() {
                let on = route["typed_per_filter_config"].as_object().unwrap();
                let missing: Vec<_> = filters.iter().filter(|name| !switches_on(&on[*name])).collect();
                assert!(missing.is_empty(), "{missing:?}");
                assert!(route["route"]["idle_timeout"].is_string(), "the listener's is for others too");
            }
        }
        // Each goes in front of those before it, and the first that matches holds.
        assert_eq!(routes[0].2["name"], "model");
        let [(_, _, manager)] = &patches(&objects, "NETWORK_FILTER")[..] else { panic!("one patch") };
        let fields: Vec<&String> = manager["typed_config"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["@type", "local_reply_config"]);
        for mapper in manager["typed_config"]["local_reply_config"]["mappers"].as_array().unwrap() {
            let filter = &mapper["filter"];
            let marked = filter["and_filter"]["filters"].get(0).unwrap_or(filter).to_string();
            assert!(marked.contains("'multihome' in xds.route_metadata.filter_metadata"), "{mapper}");
        }
    }
}

/// What a client says of itself is gone before a token, or a certificate, says it.
#[test]
fn nobody_says_which_tenant_asks_but_who_may() {
    let first = |policy: &str, more: &[&str]| {
        let objects = objects(policy, more);
        let filters = patches(&objects, "HTTP_FILTER");
        let mut first = filters.iter().filter(|(operation, _, _)| operation == "INSERT_FIRST");
        let names: Vec<String> =
            first.clone().map(|(_, _, filter)| filter["name"].as_str().unwrap().to_owned()).collect();
        let (_, _, identity) = first.next_back().unwrap().clone();
        let mutations = identity["typed_config"]["mutations"]["request_mutations"].as_array().unwrap().clone();
        (names, mutations[1..].iter().map(Value::to_string).collect::<Vec<_>>())
    };
    let carried = "]}, policy: {ceiling: {clouds: [azure], residency: [us], models: [\"*\"]}}}";
    let carried = POLICY.replace("default]}}", &format!("default{carried}"));
    let removed = [r#"{"remove":"x-tenant-id"}"#, r#"{"remove":"x-tenant-policy"}"#];
    assert_eq!(first(&carried, &JWT).1, removed);
    assert_eq!(first(&carried, &["--listener", "other"]).1, removed);
    assert_eq!(first(&carried, &[]).1, [""; 0]);
    assert_eq!(first(POLICY, &JWT).1, removed[..1]);
    let egress = ["--mode", "egress", "--host", "llm.edge.svc"];
    let (names, mutations) = first(&POLICY.replace("shop:", "spiffe://contoso/web:"), &egress);
    assert_eq!((names.len(), mutations.len()), (1, 2));
    assert!(mutations[1].contains(r#""value":"%DOWNSTREAM_PEER_URI_SAN%""#), "{mutations:?}");
    // The last patch is the first filter.
    let (names, _) = first(POLICY, &[&egress[..], &["--tenant-of", "spiffe://contoso/web=shop"]].concat());
    assert_eq!(names, ["multihome-tenant", "multihome-identity"]);
}

/// No proxy before 1.31 takes a patch of ours.
#[test]
fn an_older_istio_is_left_alone() {
    let objects = objects(POLICY, &JWT);
    let mut found = 0;
    for object in objects.iter().filter(|object| object["kind"] == "EnvoyFilter") {
        for patch in object["spec"]["configPatches"].as_array().unwrap() {
            assert_eq!(patch["match"]["context"], "GATEWAY");
            let versions = regex_lite::Regex::new(patch["match"]["proxy"]["proxyVersion"].as_str().unwrap()).unwrap();
            for version in ["1.31.0", "1.31-alpha.1", "1.32.4", "1.40.0", "1.100.0", "2.0.0"] {
                assert!(versions.is_match(version), "{version}");
            }
            for version in ["1.30.9", "1.9.0", "1.3.1", "1.29", "0.31.0"] {
                assert!(!versions.is_match(version), "{version}");
            }
            found += 1;
        }
    }
    assert!(found > 10, "{found}");
}

/// What is said, and whether anything is rendered.
#[test]
fn says_what_istio_cannot_carry() {
    let required = "]}, policy: {required: true, ceiling: {clouds: [azure], residency: [us], models: [\"*\"]}}}";
    let required = POLICY.replace("default]}}", &format!("default{required}"));
    let absorbing = POLICY.replace("auth: sigv4", "auth: sigv4, informational: absorb");
    let keyed = POLICY.replace(
        "identity: {trust: {listeners: [default]}}",
        "identity: [{keys: {}}, {header: x-tenant-id, trust: {listeners: [default]}}]",
    );
    let egress = ["--mode", "egress", "--host", "llm.edge.svc"];
    let with = |more: &[&'static str]| [&egress[..], more].concat();
    for (policy, more, code, said) in [
        (POLICY, JWT.to_vec(), 0, ""),
        (
            POLICY,
            vec!["--listener", "other"],
            0,
            "every request is a 401, unless a filter of yours behind `multihome-identity` sets `x-tenant-id`",
        ),
        (POLICY, vec![], 0, "whoever reaches the hosts says which tenant asks"),
        (&keyed, JWT.to_vec(), 0, "identity[0].keys: no key counts here, since `--jwt-issuer` asks"),
        (&required, JWT.to_vec(), 1, "identity.policy.required: every request would be a 403"),
        (&absorbing, JWT.to_vec(), 0, "endpoints.aws.informational: has no effect here"),
        (EVERYTHING, vec!["--listener", "mtls"], 1, "listeners.mtls.tls: Istio's Gateway has the certificate"),
        (EVERYTHING, vec!["--listener", "inside"], 0, "listeners.web: has no effect here"),
        (POLICY, vec!["--host", "*"], 1, "`--host *` would take every host"),
        (POLICY, vec!["--wasm-path", "/etc/multihome.wasm"], 1, "that is no folder of its own in the pods"),
        (POLICY, vec!["--wasm-path", "multihome.wasm"], 1, "that is no folder of its own in the pods"),
        (POLICY, vec!["--wasm-path", "/etc/multihome/multihome.wasm"], 1, "one lies in the other"),
        (POLICY, vec!["--tenant-of", "spiffe://contoso/web=shop"], 1, "add `--mode egress`"),
        (POLICY, with(&["--tenant-of", "spiffe://contoso/web=shop"]), 0, ""),
        (POLICY, with(&["--tenant-of", "spiffe://contoso/web=shpo"]), 1, "the policy has no tenant `shpo`"),
        (POLICY, with(&["--tenant-of", "web=shop"]), 2, "names no caller"),
        (POLICY, with(&[]), 0, "no tenant of the policy has the name of a caller"),
        (POLICY, with(&JWT), 1, "knows callers by their certificates"),
        (POLICY, vec!["--mode", "egress"], 1, "`--host llm.contoso.test` is no name of a Service"),
        (
            POLICY,
            vec!["--mode", "egress", "--host", "llm.ai.svc"],
            1,
            "is a Service in `ai`, and the gateway's pods are in `edge`",
        ),
        (POLICY, vec!["--jwt-issuer", "https://login.contoso.test"], 2, "--jwks-uri"),
        (POLICY, vec!["--gateway", "llm"], 2, "is no name of a Gateway"),
        (POLICY, vec!["--host", "https://llm.contoso.test"], 2, "is no host"),
    ] {
        let run = istio(policy, &more);
        assert_eq!(run.code, code, "{more:?}: {}", run.err);
        assert!(run.err.contains(said) && said.is_empty() == run.err.is_empty(), "{more:?}: {}", run.err);
        assert_eq!(code == 0, !run.out.is_empty(), "{more:?}");
    }
}

#[test]
fn it_writes_files() {
    let folder = std::env::temp_dir().join(format!("multihome-istio-{}", std::process::id()));
    let run = istio(POLICY, &[&JWT[..], &["--out", folder.to_str().unwrap()]].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let written: Vec<&str> = run.out.lines().map(|line| line.strip_prefix(folder.to_str().unwrap()).unwrap()).collect();
    let expected =
        ["/1-hosts.yaml", "/2-jwt.yaml", "/3-clusters.yaml", "/4-route.yaml", "/5-policy.yaml", "/6-filters.yaml"];
    assert_eq!(written, [&expected[..], &["/pods/patch.yaml"]].concat());
    let patch = std::fs::read_to_string(folder.join("pods/patch.yaml")).unwrap();
    for part in [
        "kubectl -n edge create secret generic multihome-secrets --from-file=azure-key.yaml",
        "\nspec:\n",
        "name: istio-proxy",
    ] {
        assert!(patch.contains(part), "{part}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// For a proxy of any age: by the name of the endpoint, which nobody but the plugin can say.
#[test]
fn the_form_by_headers_routes_by_what_the_plugin_says() {
    let objects = objects(POLICY, &[&JWT[..], &["--mode", "header"]].concat());
    let expected = [
        "Gateway llm",
        "VirtualService multihome-llm-hosts",
        "RequestAuthentication multihome-llm-jwt",
        "AuthorizationPolicy multihome-llm-jwt",
        "EnvoyFilter multihome-llm-clusters",
        "EnvoyFilter multihome-llm-route",
        "WasmPlugin multihome-llm-policy",
    ];
    assert_eq!(kinds(&objects), expected);
    assert!(!objects.iter().any(|object| object.to_string().contains("proxyVersion")));
    let plugin = &objects[6]["spec"];
    assert_eq!(plugin["url"], "file:///opt/multihome/multihome.wasm");
    assert_eq!(plugin["failStrategy"], "FAIL_CLOSE");
    let configuration = &plugin["pluginConfig"];
    assert_eq!((&configuration["role"], &configuration["hosts"][0]), (&"header".into(), &"llm.contoso.test".into()));
    // Without the removal there are no routes, and without the routes nobody gets a key.
    let route = &objects[5..6];
    let [(_, _, identity)] = &patches(route, "HTTP_FILTER")[..] else { panic!("one filter") };
    let removed = identity["typed_config"]["mutations"]["request_mutations"].to_string();
    assert!(removed.contains(r#"{"remove":"x-multihome-endpoint"}"#), "{removed}");
    let [(_, _, host)] = &patches(route, "VIRTUAL_HOST")[..] else { panic!("one host") };
    assert!(host["typed_per_filter_config"]["multihome-identity"].is_object());
    let routes = patches(route, "HTTP_ROUTE");
    assert_eq!(routes.len(), 2);
    for (_, _, route) in routes {
        let endpoint = route["match"]["headers"][0]["string_match"]["exact"].as_str().unwrap();
        assert_eq!(route["route"]["cluster"], format!("multihome-{endpoint}"));
    }
    for (_, _, cluster) in patches(&objects, "CLUSTER") {
        assert!(!cluster.to_string().contains(r#""multihome-attempt""#), "nothing there asks for a ticket");
    }
    let run = istio(POLICY, &["--mode", "header", "--host", "*.contoso.test"]);
    assert!(run.code == 1 && run.err.contains("needs each host by its name"), "{}", run.err);
}
