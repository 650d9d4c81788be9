use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::config;
use crate::header::passes_back;
use crate::openai::request;
use crate::splice::Place;

/// All three clouds, one target each, in the order in which they are tried.
const POLICY: &str = r#"{
  "endpoints": {
    "dated": {"cloud": "azure", "resource": "r", "residency": "us", "auth": {"api_key": {"sds": "k"}}},
    "aws": {"cloud": "aws", "region": "us-east-1", "surface": "mantle", "residency": "us", "auth": "sigv4"},
    "gcp": {"cloud": "gcp", "project": "p", "location": "us", "residency": "us", "auth": "metadata", "address": "proxy:80", "tls": "off"}
  },
  "models": {"m": [
    {"endpoint": "dated", "id": "dep", "form": "openai.chat", "api_version": "2024-10-21"},
    {"endpoint": "aws", "id": "openai.gpt-oss-120b", "form": "openai.chat"},
    {"endpoint": "gcp", "id": "m", "form": "openai.chat"}
  ]},
  "tenants": {"acme": {"clouds": ["azure", "aws", "gcp"], "residency": ["us"], "models": ["*"]}},
  "identity": {"trust": {"listeners": ["default"]}}
}"#;

fn planned(body: &str) -> Request {
    let config = Rc::new(config::check(&config::parse_json(POLICY.as_bytes()).unwrap()).unwrap());
    let facts = request::read(body.as_bytes(), Form::Chat).unwrap();
    let plan = vec![0, 1, 2];
    let splice = Splice::new(body.into(), Place::of(&facts), &plan, &config, Form::Chat);
    Request::new(config, Form::Chat, plan, Body::Held { length: body.len() as u64, splice }, Origin::default()).unwrap()
}

fn answer(status: u16, retry_after: Option<&str>) -> Answer<'_> {
    Answer { status, retry_after, id: Some(b"call-1"), ..Answer::default() }
}

/// The code of what is told.
fn code(next: &Next) -> &str {
    match next {
        Next::Tell(error) | Next::AllFailed(error) => error.code.as_deref().unwrap_or_default(),
        Next::Pass | Next::MoveOn => "",
    }
}

/// The body of the latest attempt, and the length that its head announced.
fn sent(request: &mut Request, endpoint: &str, body: &str) -> (String, u64) {
    let length = request.begin(endpoint).unwrap().length.unwrap();
    let mut sent = body.to_owned();
    if let Some(until) = request.replaces() {
        let bytes = request.replacement(|most| body.as_bytes()[..most].to_vec()).unwrap();
        sent.replace_range(..until, std::str::from_utf8(&bytes).unwrap());
    }
    (sent, length)
}

#[wasm_bindgen_test(unsupported = test)]
fn every_target_gets_its_own_path_host_and_model() {
    let body = r#"{"messages":[], "model" : "m" ,"n":1}"#;
    let mut request = planned(body);
    assert_eq!(request.next_cluster(), Some("multihome-dated"));
    let first = request.begin("dated").unwrap();
    assert_eq!(first.path, "/openai/deployments/dep/chat/completions?api-version=2024-10-21");
    assert_eq!((first.host, first.scheme, first.google_token), ("r.openai.azure.com", "https", false));
    assert_eq!(first.length, Some(body.len() as u64));
    assert_eq!(request.next_cluster(), Some("multihome-aws"));
    assert_eq!(request.replaces(), None, "the path names the model");

    let (spliced, length) = sent(&mut request, "aws", body);
    assert_eq!(spliced, r#"{"messages":[], "model" : "openai.gpt-oss-120b" ,"n":1}"#);
    assert_eq!(length, spliced.len() as u64);

    let last = request.begin("gcp").unwrap();
    assert_eq!(last.path, "/v1/projects/p/locations/us/endpoints/openapi/chat/completions");
    assert_eq!((last.scheme, last.google_token), ("http", true));
    assert_eq!(request.next_cluster(), None);
    assert_eq!(request.replaces(), None, "the client's name is the target's id");
    assert_eq!(
        request.answerer().unwrap(),
        Answerer { id: None, cloud: "gcp", region: "us", target: "gcp", attempts: 3 }
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_first_attempt_finds_the_clients_own_headers() {
    let mut request = planned("{}");
    request.origin = Origin { plain: true, said_length: true, ..Origin::default() };
    assert_eq!(request.begin("dated").unwrap().kept, Some(Kept { count: 6, scheme: false, length: true }));
    assert_eq!(request.begin("aws").unwrap().kept, None);
    assert_eq!(request.begin("gcp").unwrap().kept, None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_length_that_the_client_did_not_say_is_said_to_the_cloud() {
    let mut request = planned("{}");
    request.origin = Origin { plain: true, https: true, ..Origin::default() };
    assert_eq!(request.begin("dated").unwrap().kept, Some(Kept { count: 5, scheme: true, length: false }));
}

#[wasm_bindgen_test(unsupported = test)]
fn puts_the_model_where_the_body_names_none() {
    for (body, expected) in [
        ("{}", r#"{"model":"openai.gpt-oss-120b"}"#),
        (" { } ", r#" {"model":"openai.gpt-oss-120b" } "#),
        (r#"{"n":1}"#, r#"{"model":"openai.gpt-oss-120b","n":1}"#),
        (r#"{"mod\u0065l":"\u006d"}"#, r#"{"mod\u0065l":"openai.gpt-oss-120b"}"#),
    ] {
        let mut request = planned(body);
        request.begin("dated").unwrap();
        let (spliced, length) = sent(&mut request, "aws", body);
        assert_eq!((spliced.as_str(), length), (expected, expected.len() as u64));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_attempt_out_of_turn_is_refused() {
    let mut request = planned("{}");
    assert_eq!(request.begin("aws").unwrap_err(), OutOfTurn);
    request.begin("dated").unwrap();
    assert_eq!(request.begin("dated").unwrap_err(), OutOfTurn);
    request.begin("aws").unwrap();
    request.begin("gcp").unwrap();
    assert_eq!(request.begin("gcp").unwrap_err(), OutOfTurn);
}

#[wasm_bindgen_test(unsupported = test)]
fn when_all_fail_the_client_is_told_what_helps_it_most() {
    let mut request = planned("{}");
    request.begin("dated").unwrap();
    assert_eq!(request.judge(answer(429, Some("9"))), Next::MoveOn);
    request.begin("aws").unwrap();
    assert_eq!(request.judge(answer(429, Some("4"))), Next::MoveOn);
    request.begin("gcp").unwrap();
    let Next::AllFailed(error) = request.judge(answer(503, None)) else {
        panic!("nothing was told");
    };
    assert_eq!((error.status, error.retry_after.as_deref()), (429, Some("4")));
    let failed = request.failed().unwrap();
    assert_eq!((failed.target, failed.id), ("dated", Some(&b"call-1"[..])));
    assert!(matches!(request.gave_up(503), Next::AllFailed(error) if error.status == 429));
}

#[wasm_bindgen_test(unsupported = test)]
fn tells_what_envoy_found_where_no_cloud_said_more() {
    let mut request = planned("{}");
    request.begin("dated").unwrap();
    assert_eq!(code(&request.gave_up(503)), "upstream_unavailable");
    assert_eq!(code(&request.gave_up(504)), "upstream_timeout");
    assert_eq!(request.judge(answer(401, None)), Next::MoveOn);
    assert_eq!(code(&request.gave_up(401)), "credential_refused", "no retry was left");
    request.begin("aws").unwrap();
    assert_eq!(code(&request.gave_up(503)), "upstream_unavailable");
    assert_eq!(request.judge(answer(408, None)), Next::MoveOn);
    assert_eq!(code(&request.gave_up(503)), "upstream_timeout");
}

#[wasm_bindgen_test(unsupported = test)]
fn keeps_nothing_once_it_was_sent_or_an_answer_went_out() {
    let body = r#"{"messages":[],"model":"m"}"#;
    let mut request = planned(body);
    assert!(request.held_bytes() > 0);
    request.begin("dated").unwrap();
    request.answer();
    assert_eq!((request.held_bytes(), request.fate()), ("m".len(), Fate::Passed));

    let mut request = planned(body);
    request.begin("dated").unwrap();
    sent(&mut request, "aws", body);
    assert_eq!(request.held_bytes(), "m".len());

    // Where the path names the model, the body's may be anything.
    let body = format!(r#"{{"model":"{}","messages":[]}}"#, "m".repeat(100_000));
    let mut request = planned(&body);
    request.begin("dated").unwrap();
    sent(&mut request, "aws", &body);
    assert_eq!(request.held_bytes(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn reads_again_what_it_kept_no_longer() {
    let body = r#"{"messages":[],"model":"m"}"#;
    let mut request = planned(body);
    request.begin("dated").unwrap();
    request.begin("aws").unwrap();
    let first = request.replacement(|_| panic!("it is kept"));
    assert_eq!(request.replacement(|most| body.as_bytes()[..most].to_vec()), first);
    assert_eq!(request.replacement(|_| Vec::new()), None, "less than was asked for");
}

#[wasm_bindgen_test(unsupported = test)]
fn lets_back_only_what_a_client_may_see() {
    for name in [
        "content-type",
        "content-length",
        "retry-after",
        "x-ratelimit-remaining-tokens",
        "cache-control",
        "x-accel-buffering",
    ] {
        assert!(passes_back(name.as_bytes()), "{name}");
    }
    for name in ["set-cookie", "server", "x-multihome-cloud", "x-ms-region", "x-amzn-requestid", "transfer-encoding"] {
        assert!(!passes_back(name.as_bytes()), "{name}");
    }
}
