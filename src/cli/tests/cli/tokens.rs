//! Tokens: what `explain` makes of their claims, and where each way to render puts what verifies them.

use crate::run::{multihome_with, root};
use serde_json::Value;

const POLICY: &str = r#"
endpoints: {az: {cloud: azure, resource: r, residency: us, auth: {api_key: {sds: k}}}}
models: {m: [{endpoint: az, id: dep, form: openai.chat}]}
tenants: {acme: {clouds: [azure], residency: [us], models: [m]}}
identity:
  - keys: {}
  - jwt:
      issuer: https://idp.test
      audiences: [llm]
      jwks: JWKS
      policy_claim: multihome
      policy: {ceiling: {clouds: [azure], residency: [us], models: [m]}}
  - jwt: {name: partner, issuer: https://partner.test, audiences: [llm], jwks: https://partner.test/keys, tenant_claim: org, tenants: [acme, partner-*]}
"#;

/// A policy that takes keys, tokens, and tokens of another issuer, and has the keys of the first there.
pub fn policy(jwks: &str) -> String {
    POLICY.replace("JWKS", jwks)
}

#[test]
fn explain_decides_by_claims() {
    let carried = r#"multihome={"clouds": ["azure"], "residency": ["us"], "models": ["m"]}"#;
    for (claims, code, said) in [
        (vec!["tenant=acme"], 0, "tenant acme, by jwt"),
        (vec!["tenant=startup", carried], 0, "tenant startup, by jwt"),
        (
            vec!["tenant=startup", r#"multihome={"clouds": ["aws"], "residency": ["us"], "models": ["m"]}"#],
            1,
            "no_target_allowed",
        ),
        (vec!["tenant=acme", "multihome=x"], 1, "denied: 403 invalid_policy"),
        (vec!["tenant=acm"], 1, "did you mean `acme`?"),
        (vec!["sub=alice"], 1, "add `--claim tenant=NAME`"),
        (vec!["tenant=acme", "aud=shop"], 1, "denied: 401 invalid_token"),
        (vec!["iss=https://partner.test", "org=acme"], 0, "tenant acme, by jwt:partner"),
        (vec!["iss=https://partner.test", "tenant=acme"], 1, "add `--claim org=NAME`"),
        (vec!["iss=https://partner.test", "org=globex"], 1, "`identity[2].jwt.tenants` has no `globex`"),
        (vec!["iss=https://partner.test", "org=startup", carried], 1, "denied: 401 unknown_tenant"),
        (vec!["iss=https://nobody.test", "tenant=acme"], 1, "denied: 401 invalid_token"),
    ] {
        let mut words = vec!["explain", "-", "--model", "m"];
        words.extend(claims.iter().flat_map(|claim| ["--claim", claim]));
        let run = multihome_with(&words, &policy("keys.json"));
        assert_eq!(run.code, code, "{claims:?}: {} {}", run.out, run.err);
        assert!(run.out.contains(said), "{claims:?}: {}", run.out);
    }
    let without = std::fs::read_to_string(root().join("envoy/policy.yaml")).unwrap();
    let run = multihome_with(&["explain", "-", "--model", "m", "--claim", "tenant=acme"], &without);
    assert_eq!(run.code, 2, "{}", run.out);
}

/// The configuration of the filter that verifies, if there is one.
fn provider(words: &[&str], jwks: &str) -> Value {
    let all = [&["render", "envoy", "-", "--wasm", "w", "--part", "filters", "--format", "json"], words].concat();
    let run = multihome_with(&all, &policy(jwks));
    assert_eq!(run.code, 0, "{}", run.err);
    let part: Value = serde_json::from_str(&run.out).unwrap();
    let filters = part["http_filters"].as_array().unwrap();
    let verifies = filters.iter().find(|filter| filter["name"] == "multihome-jwt").unwrap();
    assert_eq!(verifies["disabled"], true, "in somebody's own Envoy it is off but for our routes");
    verifies["typed_config"]["providers"]["multihome"].clone()
}

#[test]
fn keys_come_from_an_address_or_from_a_file_that_is_watched() {
    let cluster = |provider: &Value| provider["remote_jwks"]["http_uri"]["cluster"].clone();
    assert_eq!(cluster(&provider(&[], "https://idp.test/keys")), "multihome:jwks");
    assert_eq!(cluster(&provider(&[], "/keys/jwks.json")), "multihome:jwks");
    let once = provider(&["--no-internal-listeners"], "/keys/jwks.json");
    assert_eq!(once["local_jwks"]["filename"], "/keys/jwks.json");
}

/// Each with keys of its own; one filter verifies them all, and says why each did not.
#[test]
fn each_issuer_has_its_provider_and_its_keys() {
    let render = |jwks: &str| {
        let words = "render envoy - --wasm w --sds-dir s --format json --listen 127.0.0.1:1 --admin 127.0.0.1:2";
        let words: Vec<&str> = words.split(' ').collect();
        let run = multihome_with(&words, &policy(jwks));
        assert_eq!(run.code, 0, "{}", run.err);
        serde_json::from_str::<Value>(&run.out).unwrap()["static_resources"].clone()
    };
    let names = |of: &Value| -> Vec<String> {
        let names = of.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("multihome:jwks")).collect()
    };
    for (jwks, listeners) in [("https://idp.test/keys", &[][..]), ("/keys/jwks.json", &["multihome:jwks"])] {
        let rendered = render(jwks);
        assert_eq!(names(&rendered["clusters"]), ["multihome:jwks", "multihome:jwks:2"]);
        assert_eq!(names(&rendered["listeners"]), listeners, "{jwks}");
        let chain = &rendered["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"];
        let filter =
            |name| &chain.as_array().unwrap().iter().find(|filter| filter["name"] == name).unwrap()["typed_config"];
        let verifies = filter("multihome-jwt");
        let provider = &verifies["providers"]["multihome-2"];
        assert_eq!(provider["issuer"], "https://partner.test");
        assert_eq!(provider["remote_jwks"]["http_uri"]["cluster"], "multihome:jwks:2");
        let any = &verifies["rules"][0]["requires"]["requires_any"]["requirements"];
        let said: Vec<&Value> = any.as_array().unwrap().iter().map(|one| &one["provider_name"]).collect();
        assert_eq!(
            said,
            ["multihome", "multihome-2"].map(Value::from).iter().chain([&Value::Null]).collect::<Vec<_>>()
        );
        let faults = &filter("multihome-claims")["on_request_headers"][1]["format_string"]["text_format_source"];
        assert_eq!(faults["inline_string"].as_str().unwrap().lines().count(), 2);
    }
}

#[test]
fn a_gateway_of_istios_has_keys_from_an_address_alone() {
    let words = [
        "render",
        "istio",
        "-",
        "--gateway",
        "edge/llm",
        "--host",
        "llm.test",
        "--wasm-path",
        "/opt/multihome/multihome.wasm",
    ];
    let run = multihome_with(&words, &policy("https://idp.test/keys"));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("multihome-jwt") && !run.out.contains("RequestAuthentication"));
    let run = multihome_with(&words, &policy("/keys/jwks.json"));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("identity[1].jwt.jwks: the gateway's proxy has no file /keys/jwks.json"), "{}", run.err);
    let twice = [&words[..], &["--jwt-issuer", "https://idp.test", "--jwks-uri", "https://idp.test/keys"]].concat();
    let run = multihome_with(&twice, &policy("https://idp.test/keys"));
    assert!(run.code == 1 && run.err.contains("identity[1].jwt and `--jwt-issuer` both take tokens"), "{}", run.err);
}
