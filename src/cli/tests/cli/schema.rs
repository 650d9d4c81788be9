//! `multihome schema`: held against `check`, with a validator of just the keywords that the schema uses.

use crate::run::{EVERYTHING, assert_golden, multihome, multihome_with};
use regex_lite::Regex;
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(&multihome(&["schema"]).out).unwrap()
}

#[test]
fn the_file_beside_the_example_is_up_to_date() {
    let run = multihome(&["schema"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_golden("envoy/policy.schema.json", &run.out);
}

#[test]
fn every_field_is_described() {
    fn walk(value: &Value, place: &str) {
        let Some(members) = value.as_object() else { return };
        for (name, field) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let told = field.get("description").is_some()
                || field.get("$ref").is_some()
                || members.get("required") == Some(&json!(["cloud"]));
            // A condition (`minItems`, `const`) describes nothing.
            let condition = field.get("minItems").is_some() || field.get("const").is_some();
            assert!(told || condition, "{place}.{name} is not described");
        }
        for (key, member) in members {
            match member {
                Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{place}.{key}"))),
                other => walk(other, &format!("{place}.{key}")),
            }
        }
    }
    walk(&schema(), "");
}

/// What `render` puts into the edge's configuration is the policy as JSON.
fn as_json(yaml: &str) -> Value {
    let run = multihome_with(&["render", "envoy", "-", "--wasm", "w", "--part", "filters", "--format", "json"], yaml);
    assert_eq!(run.code, 0, "{}", run.err);
    let filters: Value = serde_json::from_str(&run.out).unwrap();
    let edge = filters["http_filters"].as_array().unwrap().last().unwrap();
    let configuration = edge["typed_config"]["config"]["configuration"]["value"].as_str().unwrap();
    serde_json::from_str::<Value>(configuration).unwrap()["policy"].clone()
}

#[test]
fn both_take_the_examples() {
    let schema = schema();
    let example = std::fs::read_to_string(crate::run::root().join("envoy/policy.yaml")).unwrap();
    let elsewhere = "{uri: https://idp.test/keys, address: 10.0.0.1:443, tls: {ca_file: /ca.pem}}";
    let tokens = [crate::tokens::policy("/keys/jwks.json"), crate::tokens::policy(elsewhere)];
    for policy in [example.as_str(), EVERYTHING].into_iter().chain(tokens.iter().map(String::as_str)) {
        let faults = faults(&schema, &as_json(policy));
        assert!(faults.is_empty(), "{faults:?}");
    }
}

/// A path into the policy of [`EVERYTHING`], and what stands there instead (`null` takes it away). Both must refuse it.
fn faulty() -> Vec<(&'static str, Value)> {
    vec![
        ("/endpoints", Value::Null),
        ("/models", Value::Null),
        ("/identity", Value::Null),
        ("/endpoints", json!([])),
        ("/extra", json!(1)),
        ("/version", json!(2)),
        ("/version", json!("1")),
        (
            "/endpoints/a b",
            json!({"cloud": "aws", "region": "r", "surface": "runtime", "residency": "us", "auth": "sigv4"}),
        ),
        ("/endpoints/azure-key/cloud", json!("azur")),
        ("/endpoints/azure-key/cloud", Value::Null),
        ("/endpoints/azure-key/cloud", json!("aws")),
        ("/endpoints/azure-key/resource", Value::Null),
        ("/endpoints/azure-key/resource", json!("con toso")),
        ("/endpoints/azure-key/residency", Value::Null),
        ("/endpoints/azure-key/residency", json!("")),
        ("/endpoints/azure-key/surface", json!("runtime")),
        ("/endpoints/azure-key/auth", json!("sigv4")),
        ("/endpoints/azure-key/auth", json!({"api_key": {"sds": "k"}, "entra": {}})),
        ("/endpoints/azure-key/auth", json!({"api_key": {"sds": "../k"}})),
        ("/endpoints/azure-key/auth", json!({"api_key": "k"})),
        ("/endpoints/azure-key/auth", json!({"api_key": {"file": "k"}})),
        ("/endpoints/azure-key/address", json!("host")),
        ("/endpoints/azure-key/host", json!("https://x")),
        ("/endpoints/azure-key/tls", json!("on")),
        ("/endpoints/azure-key/tls", json!({"ca": "x"})),
        ("/endpoints/azure-entra/auth/entra/tenant", json!("a/b")),
        ("/endpoints/azure-entra/auth/entra/client_id", Value::Null),
        ("/endpoints/azure-gov/auth/entra/token_endpoint", json!({"url": "x"})),
        ("/endpoints/azure-gateway/path_prefix", json!("openai")),
        ("/endpoints/azure-gateway/path_prefix", json!("/a/../b")),
        ("/endpoints/azure-gateway/key_header", json!("api key")),
        ("/endpoints/azure-gateway/headers", json!({"authorization": "x"})),
        ("/endpoints/azure-gateway/headers", json!({"aoai-evals": ""})),
        ("/endpoints/azure-gateway/headers", json!({"aoai-evals": "a\u{1}"})),
        ("/endpoints/azure-gateway/headers", json!({})),
        ("/endpoints/aws-sign/headers", json!({"aoai-evals": "x"})),
        ("/endpoints/aws-sign/path_prefix", json!("/x")),
        ("/endpoints/aws-sign/surface", json!("mantl")),
        ("/endpoints/aws-sign/region", Value::Null),
        ("/endpoints/aws-sign/auth", json!({"sigv4": {}})),
        ("/endpoints/gcp-token/auth", json!({"api_key": {"sds": "k"}})),
        ("/endpoints/gcp-token/location", Value::Null),
        ("/endpoints/openai-eu/data_residency", json!("fr")),
        ("/endpoints/openai-eu/organization", json!("org 1")),
        ("/endpoints/openai-eu/project", json!("")),
        ("/endpoints/openai-eu/auth", json!({"entra": {"sds": "k"}})),
        ("/endpoints/openai-eu/headers", json!({"openai-project": "proj_1"})),
        ("/endpoints/openai-eu/region", json!("eu")),
        ("/models/m", json!([])),
        ("/models/m", json!({})),
        ("/models/m", json!({"translate": false})),
        ("/models/m", json!({"targets": []})),
        (
            "/models/m",
            json!({"targets": [{"endpoint": "azure-key", "id": "d", "form": "openai.chat"}], "translate": "no"}),
        ),
        ("/models/m", json!({"targets": [{"endpoint": "azure-key", "id": "d", "form": "openai.chat"}], "weight": 1})),
        ("/models/m/0/translate", json!("no")),
        ("/models/m m", json!([{"endpoint": "azure-key", "id": "d", "form": "openai.chat"}])),
        ("/models/m/0/endpoint", Value::Null),
        ("/models/m/0/id", json!("a b")),
        ("/models/m/0/form", json!("openai.embed")),
        ("/models/m/0/form", json!([])),
        ("/models/m/0/api_version", json!("latest")),
        ("/models/m/0/prefix", json!("/v2")),
        ("/models/m/0/price", json!({"input": 1})),
        ("/models/m/0/price", json!({"input": -1, "output": 1})),
        ("/models/m/0/weight", json!(1.5)),
        ("/models/m/0/weight", json!(2_000_000)),
        ("/models/m/0/lacks", json!(["tool"])),
        ("/tenants/a,b", json!({"clouds": ["aws"], "residency": ["us"], "models": ["*"]})),
        ("/tenants/acme/clouds", Value::Null),
        ("/tenants/acme/clouds", json!("aws")),
        ("/tenants/acme/clouds", json!(["aws", "aws"])),
        ("/tenants/acme/residency", Value::Null),
        ("/tenants/acme/models", json!([1])),
        ("/tenants/acme/order", json!("random")),
        ("/tenants/acme/order", json!([])),
        ("/tenants/acme/max_attempts", json!(0)),
        ("/tenants/acme/max_attempts", json!(33)),
        ("/tenants/acme/limit", json!(1)),
        ("/identity/trust", Value::Null),
        ("/identity/trust", json!({})),
        ("/identity/trust", json!({"listeners": [], "client_certificates": []})),
        ("/identity/header", json!("X-Tenant")),
        ("/identity/policy/ceiling", Value::Null),
        ("/listeners/mtls/tls/key_file", Value::Null),
        ("/listeners/web/cors", json!({})),
        ("/listeners/web/port", json!(1)),
        ("/gcp", json!({"metadata": {"address": "x"}})),
        ("/gcp", json!({"metadata": {}})),
        ("/defaults", json!({"order": "any"})),
        ("/defaults", json!({"max_tokens": 0})),
        ("/limits", json!({"body_bytes": "4MB"})),
        ("/limits", json!({"body_bytes": 1_000_000_000})),
        ("/timeouts", json!({"idle": 300})),
        ("/timeouts", json!({"idle": "5h"})),
        ("/timeouts/whole", json!("0.5s")),
        ("/endpoints/mantle-sign/timeouts", json!({"idle": "5m"})),
        ("/endpoints/mantle-sign/timeouts/whole", json!(900)),
        ("/endpoints/aws-key/informational", json!("pass")),
    ]
}

#[test]
fn both_refuse_the_same() {
    let schema = schema();
    let right = as_json(EVERYTHING);
    for (path, instead) in faulty() {
        let mut policy = right.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = policy.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
        match (parent, instead.is_null()) {
            (Value::Object(members), true) => drop(members.remove(key).unwrap_or_else(|| panic!("{path}"))),
            (Value::Object(members), false) => drop(members.insert(key.to_owned(), instead.clone())),
            _ => panic!("{path}"),
        }
        assert!(!faults(&schema, &policy).is_empty(), "the schema takes {path} = {instead}");
        let run = multihome_with(&["check", "-"], &policy.to_string());
        assert_eq!(run.code, 1, "check takes {path} = {instead}");
    }
}

/// What a schema finds wrong. A keyword that is not known here is not passed over: the test fails.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    validate(schema, schema, value, "", &mut found);
    found
}

fn validate(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let valid = |schema: &Value| {
        let mut faults = Vec::new();
        validate(root, schema, value, place, &mut faults);
        faults.is_empty()
    };
    for (keyword, rule) in schema.as_object().unwrap() {
        let number = |value: &Value| value.as_f64().unwrap();
        let list = |rule: &Value| rule.as_array().unwrap().clone();
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "then" => true,
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                validate(root, target, value, place, found);
                true
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "number" => value.is_number(),
                "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                other => panic!("type {other}"),
            },
            "const" => value == rule,
            "enum" => list(rule).contains(value),
            "pattern" => value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|value| value >= number(rule)),
            "maximum" => value.as_f64().is_none_or(|value| value <= number(rule)),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "minProperties" => value.as_object().is_none_or(|members| members.len() as u64 >= rule.as_u64().unwrap()),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            "required" => value
                .as_object()
                .is_none_or(|members| list(rule).iter().all(|name| members.contains_key(name.as_str().unwrap()))),
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, rule, item, &format!("{place}[{at}]"), found);
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        validate(root, rule, member, &format!("{place}.{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, member) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => found.push(format!("{place}.{name} is not known")),
                        rule => validate(root, rule, member, &format!("{place}.{name}"), found),
                    }
                }
                true
            }
            "propertyNames" => {
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    validate(root, rule, &json!(name), &format!("{place}.{name}"), found);
                }
                true
            }
            "if" => {
                if valid(rule) {
                    validate(root, &schema["then"], value, place, found);
                }
                true
            }
            "allOf" => {
                list(rule).iter().for_each(|schema| validate(root, schema, value, place, found));
                true
            }
            "anyOf" => list(rule).iter().any(valid),
            "oneOf" => list(rule).iter().filter(|schema| valid(schema)).count() == 1,
            other => panic!("this validator does not know `{other}`"),
        };
        if !holds {
            found.push(format!("{place}: {keyword} {rule}"));
        }
    }
}
