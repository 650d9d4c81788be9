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
"#;

/// A policy that takes keys and tokens, and has the keys of tokens there.
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
