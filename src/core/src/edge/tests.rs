use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::config;
use crate::plan::WeightedPicks;

/// One dated deployment, one v1 deployment and AWS, so that some models need a body to be read and some do not.
const POLICY: &str = r#"{
  "endpoints": {
    "az": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}},
    "aws": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"}
  },
  "models": {
    "dated": {"translate": false, "targets": [{"endpoint": "az", "id": "dep", "form": "openai.chat", "api_version": "2024-10-21"}]},
    "picky": [{"endpoint": "az", "id": "dep", "form": "openai.chat", "api_version": "2024-10-21", "lacks": ["tools"]}],
    "both": [
      {"endpoint": "az", "id": "dep", "form": "openai.chat", "api_version": "2024-10-21"},
      {"endpoint": "aws", "id": "us.m", "form": ["openai.chat", "openai.responses"]}
    ]
  },
  "tenants": {
    "acme": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["*"]},
    "azure-only": {"clouds": ["azure"], "residency": ["us"], "models": ["dated", "both"]},
    "nothing": {"clouds": [], "residency": ["us"], "models": ["*"]}
  },
  "identity": {"trust": {"listeners": ["default"]}},
  "limits": {"body_bytes": 200}
}"#;

fn config() -> Rc<Config> {
    Rc::new(config::check(&config::parse_json(POLICY.as_bytes()).unwrap()).unwrap())
}

type Headers = [(&'static str, &'static str)];

fn run(method: &str, path: &str, tenant: &str, more: &Headers, body: Option<&str>) -> Result<Request, ApiError> {
    let config = config();
    let mut headers = vec![(":method", method), (":path", path), ("x-tenant-id", tenant)];
    if !more.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json"));
    }
    headers.extend_from_slice(more);
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let inbound = Inbound::read(headers, config.identity.headers());
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
    match begin(&config, &inbound, &mut environment) {
        Begin::Denied(denied) => Err(denied.error),
        Begin::Found(body, _) => Err(ApiError::new(200, "found", String::from_utf8(body).unwrap_or_default())),
        Begin::Go(request) => Ok(request),
        Begin::Hold(pending) => {
            pending.finish(body.unwrap_or_default().into(), false, &mut environment).map_err(|denied| denied.error)
        }
    }
}

const CHAT: &str = "/v1/chat/completions";
const DEPLOYMENT: &str = "/openai/deployments/dated/chat/completions?api-version=2024-10-21";

const IN_S3: &str =
    r#"{"model":"dated","messages":[{"content":[{"type":"image_url","image_url":{"url":"s3://b/k"}}]}]}"#;

/// One row a denial: what was sent, and the status, code and param that come back.
#[wasm_bindgen_test(unsupported = test)]
fn says_why_a_request_is_denied() {
    let long_list: &str = Box::leak("us,".repeat(400).into_boxed_str());
    let long = format!(r#"{{"model":"dated","x":"{}"}}"#, "x".repeat(200));
    let long = long.as_str();
    for (method, path, tenant, headers, body, status, code, param) in [
        ("GET", CHAT, "acme", &[][..], "", 405, "method_not_allowed", None),
        ("POST", "/v2/x", "acme", &[], "", 404, "unknown_url", None),
        ("GET", "/v1/responses", "acme", &[("upgrade", "websocket")], "", 426, "upgrade_required", None),
        ("GET", "/v2/x", "nobody", &[("upgrade", "TLS/1.2, WebSocket")], "", 426, "upgrade_required", None),
        ("GET", "/v1/responses", "acme", &[("upgrade", "websockets, h2c")], "", 405, "method_not_allowed", None),
        ("POST", CHAT, "nobody", &[], "{}", 401, "unknown_tenant", None),
        ("POST", CHAT, "acme", &[("x-tenant-id", "acme")], "{}", 400, "invalid_header", Some("x-tenant-id")),
        (
            "POST",
            CHAT,
            "acme",
            &[("content-type", "text/plain")],
            "{}",
            415,
            "unsupported_media_type",
            Some("content-type"),
        ),
        (
            "POST",
            CHAT,
            "acme",
            &[("content-encoding", "gzip")],
            "{}",
            415,
            "unsupported_content_encoding",
            Some("content-encoding"),
        ),
        ("POST", CHAT, "acme", &[("content-length", "201")], "{}", 413, "request_too_large", None),
        ("POST", CHAT, "acme", &[], long, 413, "request_too_large", None),
        (
            "POST",
            CHAT,
            "acme",
            &[("x-multihome-residency", long_list)],
            "{}",
            400,
            "invalid_header",
            Some("x-multihome-residency"),
        ),
        (
            "POST",
            CHAT,
            "acme",
            &[("x-multihome-clouds", long_list)],
            "{}",
            400,
            "invalid_header",
            Some("x-multihome-clouds"),
        ),
        ("POST", CHAT, "acme", &[], "", 400, "invalid_json", None),
        ("POST", CHAT, "acme", &[], "[]", 400, "invalid_json", None),
        ("POST", CHAT, "acme", &[], "{}", 400, "missing_required_parameter", Some("model")),
        ("POST", CHAT, "acme", &[], r#"{"model":1}"#, 400, "invalid_type", Some("model")),
        ("POST", CHAT, "acme", &[], r#"{"model":"dated","model":"both"}"#, 400, "duplicate_key", Some("model")),
        ("POST", CHAT, "acme", &[], r#"{"model":"nova"}"#, 404, "model_not_found", Some("model")),
        ("POST", CHAT, "azure-only", &[], r#"{"model":"picky"}"#, 404, "model_not_found", Some("model")),
        ("POST", CHAT, "nothing", &[], r#"{"model":"dated"}"#, 403, "no_target_allowed", Some("clouds")),
        ("POST", CHAT, "acme", &[], r#"{"model":"picky","tools":[{}]}"#, 400, "unsupported_feature", None),
        ("POST", CHAT, "acme", &[], IN_S3, 400, "unsupported_feature", None),
        ("POST", "/v1/responses", "acme", &[], r#"{"model":"dated"}"#, 400, "unsupported_operation", Some("model")),
        ("GET", "/v1/models/nova", "acme", &[], "", 404, "model_not_found", Some("model")),
        ("GET", "/v1/models/picky", "azure-only", &[], "", 404, "model_not_found", Some("model")),
        ("GET", "/v1/models/dated", "nothing", &[], "", 404, "model_not_found", Some("model")),
    ] {
        let error = run(method, path, tenant, headers, Some(body)).unwrap_err();
        let found = (error.status, error.code.as_deref(), error.param.as_deref());
        assert_eq!(
            found,
            (status, Some(code), param),
            "{method} {path} {tenant} {headers:?} {body}: {}",
            error.message
        );
    }
}

/// What stands in the head beside the tenant's name, and whether the client reads that a key alone names no tenant.
#[wasm_bindgen_test(unsupported = test)]
fn a_client_that_has_only_a_key_reads_what_is_missing() {
    const MISSING: &str =
        "This endpoint takes the tenant from header `x-tenant-id`, set by a trusted hop; an API key alone names none.";
    const UNKNOWN: &str = "The request does not name a tenant that this endpoint knows.";
    for (headers, message) in [
        (&[("authorization", "Bearer sk-1")][..], MISSING),
        (&[("api-key", "1")], MISSING),
        (&[], UNKNOWN),
        (&[("x-tenant-id", "nobody"), ("api-key", "1")], UNKNOWN),
    ] {
        let config = config();
        let own = [(":method", "GET"), (":path", "/v1/models")];
        let all = own.iter().chain(headers).map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let inbound = Inbound::read(all, config.identity.headers());
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
        let Begin::Denied(denied) = begin(&config, &inbound, &mut environment) else { panic!("{headers:?}") };
        assert_eq!((denied.error.status, denied.error.message.as_str()), (401, message), "{headers:?}");
        assert!(!format!("{denied:?}").contains("sk-1"));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_request_whose_targets_take_the_model_from_the_path_is_not_held() {
    assert!(run("POST", DEPLOYMENT, "acme", &[], None).is_ok());
    // What is Amazon's own is not looked for where no target has it: Azure refuses it.
    assert!(run("POST", DEPLOYMENT, "acme", &[], Some(IN_S3)).is_ok());
    // What only the body can tell: features that a target lacks, or the model for a target that reads it there.
    for held in ["/openai/deployments/picky/chat/completions", "/openai/deployments/both/chat/completions"] {
        assert_eq!(run("POST", held, "acme", &[], None).unwrap_err().status, 400, "{held}");
    }
    // To a tenant of Azure alone, every candidate of `both` is a dated deployment.
    assert!(run("POST", "/openai/deployments/both/chat/completions", "azure-only", &[], None).is_ok());
}

#[wasm_bindgen_test(unsupported = test)]
fn lists_what_the_tenant_may_use() {
    let ids = |tenant: &str| {
        let listed = run("GET", "/v1/models", tenant, &[], None).unwrap_err();
        let ids: Vec<String> = listed
            .message
            .split(r#""id":""#)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
            .collect();
        ids
    };
    assert_eq!(ids("acme"), ["both", "dated", "picky"]);
    assert_eq!(ids("azure-only"), ["both", "dated"]);
    assert_eq!(ids("nothing"), [""; 0]);
    let one = run("GET", "/v1/models/both", "acme", &[], None).unwrap_err().message;
    assert_eq!(one, r#"{"id":"both","object":"model","created":0,"owned_by":"multihome"}"#);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_model_in_the_path_goes_before_the_one_in_the_body() {
    let mut request =
        run("POST", "/openai/deployments/both/chat/completions", "acme", &[], Some(r#"{"model":"dated"}"#)).unwrap();
    assert_eq!(request.retries(), 3);
    assert_eq!(request.begin("az").unwrap().1.path, "/openai/deployments/dep/chat/completions?api-version=2024-10-21");
}

/// The model's header, the path, the tenant and the body; who is chosen by the headers, and what comes of the body: the
/// endpoint with the model's id there, or status and code.
#[wasm_bindgen_test(unsupported = test)]
fn headers_choose_and_the_body_is_held_against_it() {
    let config = config();
    let chat = r#"{"model":"both","messages":[]}"#;
    let tools = r#"{"model":"picky","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}"#;
    for (model, path, tenant, body, chosen, expected) in [
        (Some("both"), CHAT, "acme", chat, Some("az"), Ok(())),
        // A responses request has one target that speaks it.
        (Some("both"), "/v1/responses", "acme", r#"{"model":"both","input":"x"}"#, Some("aws"), Ok(())),
        (None, DEPLOYMENT, "acme", r#"{"messages":[]}"#, Some("az"), Ok(())),
        // The path names the model, whatever header and body say.
        (Some("both"), DEPLOYMENT, "acme", chat, Some("az"), Ok(())),
        (None, CHAT, "acme", chat, None, Err((400, "missing_required_parameter"))),
        (Some("nothing"), CHAT, "acme", chat, None, Err((404, "model_not_found"))),
        (Some("picky"), CHAT, "azure-only", chat, None, Err((404, "model_not_found"))),
        (Some("both"), CHAT, "nothing", chat, None, Err((403, "no_target_allowed"))),
        (Some("both"), "/v1/responses", "azure-only", chat, None, Err((400, "unsupported_operation"))),
        // The body is another request than the headers said.
        (Some("dated"), CHAT, "acme", chat, Some("az"), Err((400, "invalid_header"))),
        (Some("picky"), CHAT, "acme", tools, Some("az"), Err((400, "unsupported_feature"))),
        (Some("both"), CHAT, "acme", "no JSON", Some("az"), Err((400, "invalid_json"))),
    ] {
        let headers =
            [(":method", "POST"), (":path", path), ("x-tenant-id", tenant), ("content-type", "application/json")];
        let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let inbound = Inbound::read(headers, config.identity.headers());
        let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
        let model = model.map_or(Single::Absent, |model| Single::Once(model.as_bytes()));
        let shown = format!("{model:?} {path} {tenant} {body}");
        let begun = match begin_by_headers(&config, &inbound, model, &mut environment) {
            ByHeaders::Chosen(begun) => begun,
            ByHeaders::Denied(denied) => {
                let error = denied.error;
                assert_eq!(chosen, None, "{shown}");
                assert_eq!(Err((error.status, error.code.as_deref().unwrap_or_default())), expected, "{shown}");
                continue;
            }
            ByHeaders::Found(..) => panic!("{shown}"),
        };
        let endpoint = begun.endpoint().to_owned();
        assert_eq!(Some(endpoint.as_str()), chosen, "{shown}");
        match begun.finish(body.into(), false, &mut environment) {
            Ok(mut request) => {
                assert_eq!(expected, Ok(()), "{shown}");
                assert!(request.begin(&endpoint).is_ok() && request.begin(&endpoint).is_err(), "{shown}: one target");
            }
            Err(denied) => {
                let error = denied.error;
                assert_eq!(Err((error.status, error.code.as_deref().unwrap_or_default())), expected, "{shown}");
            }
        }
    }
}
