use std::rc::Rc;

use wasm_bindgen_test::wasm_bindgen_test;

use super::super::{Begin, begin};
use crate::api::error::ApiError;
use crate::api::inbound::Inbound;
use crate::config::{self, Config};
use crate::plan::{Environment, WeightedPicks};
use crate::request::{Next, Request, UpstreamResponse};
use crate::session::marked::tagged;

/// `both` stands at two accounts, which tag; `old` at a dated API of one of them. `eu` and `shared` stand at one account each,
/// of which one has one tenant. `runtime` keeps nothing. `twin-1` and `twin-2` are one account that the file does not know as one.
const POLICY: &str = r#"{
  "endpoints": {
    "az": {"cloud": "azure", "resource": "r", "residency": "us", "account": "contoso", "auth": {"api_key": {"sds": "k"}}},
    "az-2": {"cloud": "azure", "resource": "r2", "residency": "us", "account": "contoso", "auth": {"api_key": {"sds": "k"}}},
    "mantle": {"cloud": "aws", "region": "us-east-1", "surface": "mantle", "residency": "us", "auth": "sigv4"},
    "runtime": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"},
    "old": {"cloud": "azure", "resource": "r3", "residency": "eu", "auth": {"api_key": {"sds": "k"}}},
    "eu": {"cloud": "openai", "data_residency": "eu", "residency": "eu", "auth": {"api_key": {"sds": "o"}}},
    "shared": {"cloud": "openai", "residency": "global", "auth": {"api_key": {"sds": "o"}}},
    "twin-1": {"cloud": "azure", "resource": "twin", "residency": "t1", "auth": {"api_key": {"sds": "k"}}},
    "twin-2": {"cloud": "azure", "resource": "twin", "residency": "t2", "auth": {"api_key": {"sds": "k"}}}
  },
  "models": {
    "both": [{"endpoint": "az", "id": "d", "form": "openai.responses", "lacks": ["kept_responses"]},
             {"endpoint": "mantle", "id": "openai.m", "form": "openai.responses"},
             {"endpoint": "runtime", "id": "us.openai.m", "form": "openai.responses"},
             {"endpoint": "az-2", "id": "e", "form": ["openai.chat", "openai.responses"]}],
    "kept": [{"endpoint": "az", "id": "f", "form": "openai.responses"}],
    "chat": [{"endpoint": "az", "id": "g", "form": "openai.chat", "translate": false}],
    "translated": [{"endpoint": "az", "id": "g", "form": "openai.chat"}],
    "old": [{"endpoint": "old", "id": "h", "form": "openai.responses", "api_version": "2025-04-01-preview"}],
    "eu": [{"endpoint": "eu", "id": "i", "form": "openai.responses"}],
    "shared": [{"endpoint": "shared", "id": "j", "form": "openai.responses"}],
    "twin-1": [{"endpoint": "twin-1", "id": "k", "form": "openai.responses"}],
    "twin-2": [{"endpoint": "twin-2", "id": "l", "form": "openai.responses"}]
  },
  "tenants": {
    "acme": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["both", "kept", "chat", "translated"]},
    "rival": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["both", "kept"]},
    "denied": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["both"], "denies": ["kept_responses"]},
    "aws-only": {"clouds": ["aws"], "residency": ["us"], "models": ["both"]},
    "chat-only": {"clouds": ["azure"], "residency": ["us"], "models": ["chat"]},
    "dated": {"clouds": ["azure"], "residency": ["eu"], "models": ["old"]},
    "alone": {"clouds": ["openai"], "residency": ["eu"], "models": ["eu"]},
    "first": {"clouds": ["azure"], "residency": ["t1"], "models": ["twin-1"]},
    "second": {"clouds": ["azure"], "residency": ["t2"], "models": ["twin-2"]},
    "one": {"clouds": ["openai"], "residency": ["global"], "models": ["shared"]},
    "two": {"clouds": ["openai"], "residency": ["global", "eu"], "models": ["shared"]}
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

fn begun(config: &Rc<Config>, headers: &[(&str, &str)]) -> Begin {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let inbound = Inbound::read(headers, config.identity.headers());
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
    begin(config, &inbound, &mut environment)
}

/// Asks as one tenant for what was made for another.
fn ask(tenant: &str, made_for: &str, method: &str, marked: &str) -> Result<Request, ApiError> {
    let config = config();
    let path = tagged(config.sessions.keys(), made_for, marked);
    match begun(&config, &[(":method", method), (":path", &path), ("x-tenant-id", tenant)]) {
        Begin::Go(request) => Ok(request),
        Begin::Denied(denied) => Err(denied.error),
        other => Err(ApiError::new(500, "", format!("{other:?}"))),
    }
}

/// Every attempt of it: `METHOD endpoint path`, with its endpoint down.
fn attempts(mut request: Request) -> Vec<String> {
    let mut attempts = Vec::new();
    while let Some(endpoint) = request.next_endpoint().map(str::to_owned) {
        let (attempt, head) = request.begin(&endpoint).unwrap();
        assert!(!head.has_body && head.length.is_none() && head.reusable.is_none());
        attempts.push(format!("{} {endpoint} {}", head.method, head.path));
        let down = UpstreamResponse { status: 503, ..UpstreamResponse::default() };
        if request.judge(attempt, down) != Next::Failover {
            break;
        }
    }
    attempts
}

/// tenant, method, path, attempts
const PLANNED: [(&str, &str, &str, &[&str]); 12] = [
    ("acme", "GET", "/v1/responses/<mantle|resp_1>", &["GET mantle /openai/v1/responses/resp_1"]),
    // Each endpoint of the account once; of an endpoint's models one that is kept.
    (
        "acme",
        "DELETE",
        "/openai/v1/responses/<contoso|resp_1>",
        &["DELETE az-2 /openai/v1/responses/resp_1", "DELETE az /openai/v1/responses/resp_1"],
    ),
    ("aws-only", "POST", "/v1/responses/<mantle|resp_1>/cancel", &["POST mantle /openai/v1/responses/resp_1/cancel"]),
    (
        "acme",
        "GET",
        "/openai/responses/<mantle|resp_1>?api-version=1&stream=true&starting_after=3&x=y",
        &["GET mantle /openai/v1/responses/resp_1?stream=true&starting_after=3"],
    ),
    (
        "acme",
        "GET",
        "/v1/responses/<mantle|resp_1>/input_items?after=<mantle|msg_2>&limit=2",
        &["GET mantle /openai/v1/responses/resp_1/input_items?limit=2&after=msg_2"],
    ),
    (
        "acme",
        "GET",
        "/v1/responses/<mantle|resp_1>/input_items?after=msg_2",
        &["GET mantle /openai/v1/responses/resp_1/input_items?after=msg_2"],
    ),
    // Without a tag, at the only account of a tenant that has it alone.
    ("alone", "GET", "/v1/responses/resp_1", &["GET eu /v1/responses/resp_1"]),
    ("alone", "GET", "/v1/responses/<eu|resp_1>", &["GET eu /v1/responses/resp_1"]),
    (
        "dated",
        "GET",
        "/v1/responses/resp_1?include[]=a.b",
        &["GET old /openai/responses/resp_1?api-version=2025-04-01-preview&include%5B%5D=a.b"],
    ),
    (
        "dated",
        "POST",
        "/v1/responses/resp_1/cancel",
        &["POST old /openai/responses/resp_1/cancel?api-version=2025-04-01-preview"],
    ),
    // A tag finds it where several tenants are.
    ("one", "GET", "/v1/responses/<shared|resp_1>", &["GET shared /v1/responses/resp_1"]),
    ("one", "DELETE", "/v1/responses/<shared|resp_1>", &["DELETE shared /v1/responses/resp_1"]),
];

#[wasm_bindgen_test(unsupported = test)]
fn a_response_is_asked_for_where_it_was_made() {
    for (tenant, method, path, expected) in PLANNED {
        let mut found = attempts(ask(tenant, tenant, method, path).unwrap());
        found.sort_unstable_by(|one, other| other.cmp(one));
        let mut expected = expected.to_vec();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(found, expected, "{tenant} {method} {path}");
    }
}

/// tenant, whose it is, path, status, code
const REFUSED: [(&str, &str, &str, u16, &str); 16] = [
    ("rival", "acme", "/v1/responses/<mantle|resp_1>", 404, "not_found"),
    ("acme", "acme", "/v1/responses/resp_X12345678abc", 404, "not_found"),
    // The tag of another value.
    ("acme", "acme", "/v1/responses/<mantle|resp_1>0", 404, "not_found"),
    // An account that is none.
    ("acme", "acme", "/v1/responses/<elsewhere|resp_1>", 404, "not_found"),
    ("acme", "acme", "/v1/responses/resp_1", 404, "not_found"),
    ("one", "one", "/v1/responses/resp_1", 404, "not_found"),
    // Two names of one account are no two accounts.
    ("first", "first", "/v1/responses/resp_1", 404, "not_found"),
    ("chat-only", "chat-only", "/v1/responses/resp_1", 404, "not_found"),
    ("aws-only", "aws-only", "/v1/responses/<contoso|resp_1>", 403, "origin_not_allowed"),
    ("chat-only", "chat-only", "/v1/responses/<contoso|resp_1>", 403, "origin_not_allowed"),
    ("alone", "alone", "/v1/responses/<shared|resp_1>", 403, "origin_not_allowed"),
    ("denied", "denied", "/v1/responses/<mantle|resp_1>", 403, "feature_not_allowed"),
    ("acme", "acme", "/v1/responses/<runtime|resp_1>", 400, "unsupported_feature"),
    ("acme", "acme", "/v1/responses/<mantle|resp_1>/input_items?after=<contoso|msg_1>", 400, "foreign_reference"),
    ("acme", "acme", "/v1/responses/<mantle|resp_1>/input_items?after=msg_X12345678abc", 400, "foreign_reference"),
    ("acme", "acme", "/v1/responses/<mantle|resp_1>?stream=yes", 400, "invalid_parameter"),
];

#[wasm_bindgen_test(unsupported = test)]
fn what_is_not_the_tenants_own_is_not_there() {
    for (tenant, made_for, path, status, code) in REFUSED {
        let error = ask(tenant, made_for, "GET", path).unwrap_err();
        assert_eq!((error.status, error.code.as_deref()), (status, Some(code)), "{tenant} {path}: {}", error.message);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn another_tenants_response_reads_as_one_that_is_not_there() {
    let foreign = ask("rival", "acme", "GET", "/v1/responses/<mantle|resp_1>").unwrap_err();
    let nobodys = ask("rival", "nobody", "GET", "/v1/responses/<mantle|resp_1>").unwrap_err();
    let without_id = |error: ApiError| error.message.split('\'').step_by(2).collect::<String>();
    assert_eq!(without_id(foreign), without_id(nobodys));
}

#[wasm_bindgen_test(unsupported = test)]
fn headers_narrow_it() {
    let config = config();
    let path = tagged(config.sessions.keys(), "acme", "/v1/responses/<mantle|resp_1>");
    let headers = [(":method", "GET"), (":path", &*path), ("x-tenant-id", "acme"), ("x-multihome-clouds", "azure")];
    let Begin::Denied(denied) = begun(&config, &headers) else { panic!() };
    assert_eq!(denied.error.code.as_deref(), Some("origin_not_allowed"));
}

/// What the account does not have the client reads in the cloud's words; a path that is not there is the file's fault.
#[wasm_bindgen_test(unsupported = test)]
fn a_404_of_the_account_is_the_clients() {
    for (body, passes) in [
        (
            r#"{"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error","param":null,"code":null}}"#,
            true,
        ),
        (r#"{"error":{"code":"404","message":"Resource not found"}}"#, false),
    ] {
        let mut request = ask("acme", "acme", "GET", "/v1/responses/<contoso|resp_1>").unwrap();
        let endpoint = request.next_endpoint().unwrap().to_owned();
        let (attempt, _) = request.begin(&endpoint).unwrap();
        let response = UpstreamResponse { status: 404, body: body.as_bytes(), ..UpstreamResponse::default() };
        assert_eq!(request.judge(attempt, response) == Next::Pass, passes, "{body}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_account_that_is_down_has_the_client_come_back() {
    for (status, header, code, after) in [
        (503, None, "origin_unavailable", "5"),
        (500, Some("7"), "origin_unavailable", "7"),
        (429, Some("3"), "rate_limit_exceeded", "3"),
        (429, None, "rate_limit_exceeded", "5"),
    ] {
        let mut request = ask("acme", "acme", "GET", "/v1/responses/<mantle|resp_1>").unwrap();
        let (attempt, _) = request.begin("mantle").unwrap();
        let down = UpstreamResponse { status, retry_after: header, ..UpstreamResponse::default() };
        let Next::Replace(error, _) = request.judge(attempt, down) else { panic!("{status}") };
        assert_eq!((error.status, error.code.as_deref()), (status, Some(code)));
        assert_eq!(error.retry_after.as_deref(), Some(after));
        assert!(!error.is_final);
    }
    let mut request = ask("acme", "acme", "GET", "/v1/responses/<mantle|resp_1>").unwrap();
    let Next::Replace(error, _) = request.gave_up(504) else { panic!() };
    assert_eq!((error.status, error.code.as_deref()), (504, Some("origin_unavailable")));
}

#[wasm_bindgen_test(unsupported = test)]
fn the_record_says_what_was_asked() {
    let mut request = ask("acme", "acme", "DELETE", "/v1/responses/<mantle|resp_1>").unwrap();
    let (attempt, _) = request.begin("mantle").unwrap();
    request.served(attempt, 200);
    let record = request.record();
    assert!(record.contains("tenant=acme by=header api=responses op=delete form=openai.responses"), "{record}");
    assert!(record.ends_with("tries=mantle:200 origin=mantle"), "{record}");
}

/// path below responses, tenant, body, what is planned or the code
const WITH_BODY: [(&str, &str, &str, Result<&str, &str>); 14] = [
    ("/compact", "acme", r#"{"model":"kept","input":"x"}"#, Ok("POST az /openai/v1/responses/compact")),
    ("/input_tokens", "alone", r#"{"model":"eu","input":"x"}"#, Ok("POST eu /v1/responses/input_tokens")),
    ("/compact", "dated", r#"{"model":"old","input":"x"}"#, Err("unsupported_feature")),
    ("/compact", "aws-only", r#"{"model":"both","input":"x"}"#, Err("unsupported_feature")),
    ("/compact", "acme", r#"{"model":"chat","input":"x"}"#, Err("unsupported_operation")),
    ("/compact", "acme", r#"{"model":"translated","input":"x"}"#, Err("unsupported_feature")),
    ("", "acme", r#"{"model":"translated","background":true}"#, Err("unsupported_feature")),
    ("/input_tokens", "acme", r#"{"input":"x"}"#, Err("missing_required_parameter")),
    ("/input_tokens", "acme", r#"{"model":"eu"}"#, Err("model_not_found")),
    ("", "acme", r#"{"model":"both","background":true}"#, Ok("POST az /openai/v1/responses")),
    ("", "alone", r#"{"model":"eu","background":true}"#, Ok("POST eu /v1/responses")),
    ("", "one", r#"{"model":"shared","background":true}"#, Err("unsupported_feature")),
    ("", "one", r#"{"model":"shared","background":false}"#, Ok("POST shared /v1/responses")),
    ("", "aws-only", r#"{"model":"both","background":true}"#, Ok("POST mantle /openai/v1/responses")),
];

#[wasm_bindgen_test(unsupported = test)]
fn what_has_a_body_goes_where_its_model_is_and_the_operation_too() {
    for (below, tenant, body, expected) in WITH_BODY {
        let config = config();
        let path = format!("/v1/responses{below}");
        let headers =
            [(":method", "POST"), (":path", &*path), ("x-tenant-id", tenant), ("content-type", "application/json")];
        let Begin::Hold(pending) = begun(&config, &headers) else { panic!("{path}") };
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
        let planned = pending.finish(body.into(), false, &mut environment);
        let found = planned.map_err(|denied| denied.error.code.unwrap().into_owned()).map(|mut request| {
            let endpoint = request.next_endpoint().unwrap().to_owned();
            let (_, head) = request.begin(&endpoint).unwrap();
            assert!(head.has_body);
            format!("{} {endpoint} {}", head.method, head.path)
        });
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{path} {tenant} {body}");
    }
}
