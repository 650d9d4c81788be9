use std::rc::Rc;

use wasm_bindgen_test::wasm_bindgen_test;

use super::super::{Begin, begin};
use crate::api::error::ApiError;
use crate::api::inbound::Inbound;
use crate::config::{self, Config};
use crate::plan::{Environment, WeightedPicks};
use crate::request::{Next, Request, UpstreamResponse};
use crate::session::marked::tagged;

/// `both` stands at two accounts, of which `az-2` is a second endpoint of one; `alone` at one that is tagged for `both`'s sake;
/// `other` at one that is not.
const POLICY: &str = r#"{
  "endpoints": {
    "az": {"cloud": "azure", "resource": "r", "residency": "us", "account": "contoso", "auth": {"api_key": {"sds": "k"}}},
    "az-2": {"cloud": "azure", "resource": "r", "residency": "us", "account": "contoso", "auth": {"api_key": {"sds": "k"}}},
    "aws": {"cloud": "aws", "region": "us-east-1", "surface": "mantle", "residency": "us", "auth": "sigv4"},
    "openai": {"cloud": "openai", "data_residency": "us", "residency": "us", "auth": {"api_key": {"sds": "o"}}}
  },
  "models": {
    "both": [{"endpoint": "az", "id": "d", "form": "openai.responses"},
             {"endpoint": "aws", "id": "openai.m", "form": "openai.responses"},
             {"endpoint": "az-2", "id": "e", "form": "openai.responses"}],
    "alone": [{"endpoint": "aws", "id": "openai.n", "form": "openai.responses"}],
    "other": [{"endpoint": "openai", "id": "o", "form": "openai.responses"}]
  },
  "tenants": {
    "acme": {"clouds": ["azure", "aws", "openai"], "residency": ["us"], "models": ["*"]},
    "drops": {"clouds": ["aws", "azure", "openai"], "residency": ["us"], "models": ["*"], "foreign_reasoning": "drop"},
    "aws-only": {"clouds": ["aws"], "residency": ["us"], "models": ["both"]}
  },
  "identity": {"trust": {"listeners": ["default"]}},
  "sessions": {"tag_keys": ["NEW", "OLD"]}
}"#;

fn config() -> Rc<Config> {
    let mut config = config::check(&config::parse_json(POLICY.as_bytes()).unwrap()).unwrap();
    let key = |name: &str| Some(format!("{name}-0123456789-0123456789-0123456789").into_bytes());
    config.sessions.read_keys(key).unwrap();
    Rc::new(config)
}

fn ask(tenant: &str, made_for: &str, marked: &str) -> Result<(Request, String), ApiError> {
    let config = config();
    let body = tagged(config.sessions.keys(), made_for, marked);
    let headers = [
        (":method", "POST"),
        (":path", "/v1/responses"),
        ("x-tenant-id", tenant),
        ("content-type", "application/json"),
    ];
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let inbound = Inbound::read(headers, config.identity.headers());
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
    match begin(&config, &inbound, &mut environment) {
        Begin::Hold(pending) => {
            let request =
                pending.finish(body.clone().into(), false, &mut environment).map_err(|denied| denied.error)?;
            Ok((request, body))
        }
        Begin::Denied(denied) => Err(denied.error),
        Begin::Found(..) | Begin::Go(_) => Err(ApiError::new(200, "found", "it was not held")),
    }
}

/// The endpoints that are tried, each with the body that it gets.
fn sent(tenant: &str, marked: &str) -> Vec<(String, String)> {
    let (mut request, body) = ask(tenant, tenant, marked).unwrap_or_else(|error| panic!("{marked}: {error:?}"));
    let mut sent = Vec::new();
    while let Some(endpoint) = request.next_endpoint().map(str::to_owned) {
        let (attempt, head) = request.begin(&endpoint).unwrap();
        let length = head.length.unwrap();
        let mut bytes = body.clone().into_bytes();
        if let Some(until) = request.replaces(&attempt) {
            let start = request.replacement(&attempt, |most| body.as_bytes()[..most].to_vec()).unwrap();
            bytes.splice(..until, start);
        }
        assert_eq!(bytes.len() as u64, length, "{endpoint}");
        sent.push((endpoint, String::from_utf8(bytes).unwrap()));
        request.judge(attempt, UpstreamResponse { status: 429, ..Default::default() });
    }
    sent
}

const REASONING: &str = r#"{"type":"reasoning","id":"<A|rs_1>","summary":[],"encrypted_content":"<A|gAAAA>"}"#;

fn with_reasoning(account: &str) -> String {
    let item = REASONING.replace("A|", &format!("{account}|"));
    format!(r#"{{"model":"both","input":[{item},{{"id":"<{account}|fc_1>","type":"function_call","call_id":"c"}}]}}"#)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_request_goes_where_what_it_brings_back_was_made() {
    for (tenant, marked, endpoints) in [
        ("acme", r#"{"model":"both","input":"hi"}"#.to_owned(), &["az", "az-2", "aws"][..]),
        ("acme", r#"{"model":"both","previous_response_id":"<aws|resp_1>"}"#.to_owned(), &["aws"]),
        ("acme", r#"{"model":"both","previous_response_id":"<contoso|resp_1>"}"#.to_owned(), &["az", "az-2"]),
        ("acme", with_reasoning("aws"), &["aws"]),
        (
            "acme",
            r#"{"model":"both","input":[{"type":"message","id":"<aws|msg_1>","content":"x"}]}"#.to_owned(),
            &["az", "az-2", "aws"],
        ),
        ("acme", r#"{"model":"both","input":[{"type":"reasoning","encrypted_content":"gAAA"}]}"#.to_owned(), &["az"]),
        ("acme", r#"{"model":"alone","previous_response_id":"<aws|resp_1>"}"#.to_owned(), &["aws"]),
        ("drops", with_reasoning("contoso"), &["az", "az-2", "aws"]),
        ("drops", r#"{"model":"both","previous_response_id":"<contoso|resp_1>"}"#.to_owned(), &["az", "az-2"]),
    ] {
        let tried: Vec<String> = sent(tenant, &marked).into_iter().map(|(endpoint, _)| endpoint).collect();
        assert_eq!(tried, endpoints, "{tenant}: {marked}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn each_cloud_gets_its_own_bytes() {
    let plain = r#"{"model":"openai.m","input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"},{"id":"fc_1","type":"function_call","call_id":"c"}]}"#;
    assert_eq!(sent("acme", &with_reasoning("aws")), [("aws".to_owned(), plain.to_owned())]);
}

#[wasm_bindgen_test(unsupported = test)]
fn another_account_gets_what_it_can_read() {
    let sent = sent("drops", &with_reasoning("contoso"));
    let origin = r#"{"model":"d","input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"},{"id":"fc_1","type":"function_call","call_id":"c"}]}"#;
    let other = r#"{"model":"openai.m","input":[{"type":"function_call","call_id":"c"}]}"#;
    assert_eq!([&*sent[0].1, &*sent[2].1], [origin, other]);
}

/// A conversation that moved brings back what two accounts made: each reads its own.
#[wasm_bindgen_test(unsupported = test)]
fn a_conversation_that_moved_goes_on_where_it_went() {
    let reasoning = |account: &str| REASONING.replace("A|", &format!("{account}|"));
    let marked = format!(
        r#"{{"model":"both","input":[{},{{"id":"<aws|fc_1>","type":"function_call","call_id":"c"}},{},{{"id":"<contoso|fc_2>","type":"function_call","call_id":"d"}}]}}"#,
        reasoning("aws"),
        reasoning("contoso")
    );
    let sent = sent("drops", &marked);
    let origin = r#"{"model":"d","input":[{"type":"function_call","call_id":"c"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA"},{"id":"fc_2","type":"function_call","call_id":"d"}]}"#;
    let other = r#"{"model":"openai.m","input":[{"type":"function_call","call_id":"c"},{"type":"function_call","call_id":"d"}]}"#;
    assert_eq!([&*sent[0].0, &*sent[0].1, &*sent[2].0, &*sent[2].1], ["az", origin, "aws", other]);
}

#[wasm_bindgen_test(unsupported = test)]
fn says_why_no_account_can_serve_a_request() {
    for (tenant, made_for, marked, status, code) in [
        ("acme", "drops", r#"{"model":"both","previous_response_id":"<aws|resp_1>"}"#, 400, "foreign_reference"),
        ("acme", "acme", r#"{"model":"both","previous_response_id":"<openai-2|resp_1>"}"#, 400, "foreign_reference"),
        ("acme", "acme", r#"{"model":"both","previous_response_id":"resp_1"}"#, 400, "foreign_reference"),
        ("acme", "acme", r#"{"model":"alone","previous_response_id":"resp_1"}"#, 400, "foreign_reference"),
        (
            "aws-only",
            "aws-only",
            r#"{"model":"both","previous_response_id":"<contoso|resp_1>"}"#,
            403,
            "origin_not_allowed",
        ),
        ("acme", "acme", r#"{"model":"both","previous_response_id":"<openai|resp_1>"}"#, 403, "origin_not_allowed"),
        (
            "acme",
            "acme",
            r#"{"model":"both","input":[{"encrypted_content":"<aws|gAAAA>"},{"encrypted_content":"<contoso|gAAAA>"}]}"#,
            400,
            "conflicting_origins",
        ),
        (
            "drops",
            "drops",
            r#"{"model":"both","previous_response_id":"<aws|resp_1>","input":[{"encrypted_content":"<contoso|gAAAA>"}]}"#,
            400,
            "conflicting_origins",
        ),
    ] {
        let error = ask(tenant, made_for, marked).unwrap_err();
        assert_eq!((error.status, error.code.as_deref()), (status, Some(code)), "{tenant}: {marked}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_model_whose_account_is_no_others_is_not_touched() {
    let marked = r#"{"model":"other","previous_response_id":"resp_1"}"#;
    assert_eq!(sent("acme", marked), [("openai".to_owned(), marked.replace("\"other\"", "\"o\""))]);
}

/// After how long a client may come back that brought that, where its first target fails so.
fn told_after(marked: &str, status: u16, retry_after: Option<&str>) -> Option<String> {
    let (mut request, _) = ask("acme", "acme", marked).unwrap();
    let endpoint = request.next_endpoint().unwrap().to_owned();
    let (attempt, _) = request.begin(&endpoint).unwrap();
    let failed = UpstreamResponse { status, retry_after, ..UpstreamResponse::default() };
    match request.judge(attempt, failed) {
        Next::Replace(error, _) => error.retry_after,
        other => panic!("{marked}: {other:?}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn says_when_to_come_back_where_one_account_alone_can_serve() {
    let held = r#"{"model":"both","previous_response_id":"<aws|resp_1>"}"#;
    let free = r#"{"model":"alone","input":"hi"}"#;
    for (marked, status, given, told) in [
        (held, 503, None, Some("5")),
        (held, 429, None, Some("5")),
        (held, 503, Some("7"), Some("7")),
        // It does not pass by itself.
        (held, 401, None, None),
        (free, 503, None, None),
    ] {
        assert_eq!(told_after(marked, status, given).as_deref(), told, "{marked}: {status}");
    }
    let (mut request, _) = ask("acme", "acme", held).unwrap();
    request.begin("aws").unwrap();
    assert!(
        matches!(request.gave_up(503), Next::Replace(error, _) if error.retry_after.as_deref() == Some("5")),
        "nor does Envoy know when"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn the_record_tells_the_origin_and_what_was_left_out() {
    let (mut request, _) = ask("drops", "drops", &with_reasoning("contoso")).unwrap();
    let mut records = Vec::new();
    while let Some(endpoint) = request.next_endpoint().map(str::to_owned) {
        let (attempt, _) = request.begin(&endpoint).unwrap();
        records.push((endpoint, request.record()));
        request.judge(attempt, UpstreamResponse { status: 429, ..UpstreamResponse::default() });
    }
    for (endpoint, record) in &records {
        let left_out = if endpoint == "aws" { " left_out=reasoning" } else { "" };
        assert!(record.ends_with(&format!(" origin=contoso{left_out}")), "{record}");
    }
    let (request, _) = ask("acme", "acme", r#"{"model":"both","input":"hi"}"#).unwrap();
    assert!(!request.record().contains("origin"), "{}", request.record());
}
