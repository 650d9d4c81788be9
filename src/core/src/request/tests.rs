mod edits;

use std::rc::Rc;

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::api::Api;
use crate::api::body;
use crate::api::feature::Features;
use crate::api::inbound::{Inbound, Single};
use crate::config;
use crate::plan::{self, Environment, Held, Needs, WeightedPicks};
use crate::tenant::Caller;

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
    planned_from(body, Origin::default())
}

fn planned_from(body: &str, origin: Origin) -> Request {
    planned_with(body, origin, |_| {})
}

/// With more changes of its body than the model.
fn planned_with(body: &str, origin: Origin, change: impl FnOnce(&mut Edits)) -> Request {
    let config = Rc::new(config::check(&config::parse_json(POLICY.as_bytes()).unwrap()).unwrap());
    let inbound = Inbound { tenant: Single::Once(b"acme"), ..Inbound::default() };
    let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
    let permit = caller.permit(&config, "m").unwrap();
    let needs = Needs {
        api: Api::Chat,
        features: Features::default(),
        removable: Features::default(),
        bytes: body.len() as u64,
        max_tokens: None,
        held: Held::Free,
    };
    let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| true, now: &|| 0 };
    let candidates = plan::consider(&permit, &needs, &environment);
    let plan = plan::decide(&permit, &needs, candidates, &mut environment).plan.unwrap();
    let mut edits = Edits::of(&body::read(body.as_bytes(), Api::Chat).unwrap());
    change(&mut edits);
    let payload = Payload::held(body.into(), edits, &plan, None);
    Request::new(plan, payload, origin, Awaited::Whole, Record::begin(config.version, b"hop-1"))
}

fn response(status: u16, retry_after: Option<&str>) -> UpstreamResponse<'_> {
    UpstreamResponse { status, retry_after, id: Some(b"call-1"), ..UpstreamResponse::default() }
}

/// Begins an attempt and judges its error.
fn fails(request: &mut Request, endpoint: &str, status: u16, retry_after: Option<&str>) -> Next {
    let (attempt, _) = request.begin(endpoint).unwrap();
    request.judge(attempt, response(status, retry_after))
}

/// The code of what the client reads.
fn code(next: &Next) -> &str {
    match next {
        Next::Replace(error, _) => error.code.as_deref().unwrap_or_default(),
        Next::Pass | Next::Failover => "",
    }
}

/// The body of the latest attempt, and the length that its head announced.
fn sent(request: &mut Request, endpoint: &str, body: &str) -> (String, u64) {
    let (attempt, head) = request.begin(endpoint).unwrap();
    let length = head.length.unwrap();
    let mut sent = body.to_owned();
    if let Some(until) = request.replaces(&attempt) {
        let bytes = request.replacement(&attempt, |most| body.as_bytes()[..most].to_vec()).unwrap();
        sent.replace_range(..until, std::str::from_utf8(&bytes).unwrap());
    }
    (sent, length)
}

#[wasm_bindgen_test(unsupported = test)]
fn every_target_gets_its_own_path_host_and_model() {
    let body = r#"{"messages":[], "model" : "m" ,"n":1}"#;
    let mut request = planned(body);
    assert_eq!(request.next_endpoint(), Some("dated"));
    let (attempt, first) = request.begin("dated").unwrap();
    assert_eq!(first.path, "/openai/deployments/dep/chat/completions?api-version=2024-10-21");
    assert_eq!((first.host, first.scheme, first.google_token), ("r.openai.azure.com", "https", false));
    assert_eq!(first.length, Some(body.len() as u64));
    assert_eq!(request.next_endpoint(), Some("aws"));
    assert_eq!(request.replaces(&attempt), None, "the path names the model");

    let (spliced, length) = sent(&mut request, "aws", body);
    assert_eq!(spliced, r#"{"messages":[], "model" : "openai.gpt-oss-120b" ,"n":1}"#);
    assert_eq!(length, spliced.len() as u64);

    let (last_attempt, last) = request.begin("gcp").unwrap();
    assert_eq!(last.path, "/v1/projects/p/locations/us/endpoints/openapi/chat/completions");
    assert_eq!((last.scheme, last.google_token), ("http", true));
    assert_eq!(request.next_endpoint(), None);
    assert_eq!(request.replaces(&last_attempt), None, "the client's name is the target's id");
    assert_eq!(
        request.served_by().unwrap(),
        ServedBy { id: None, cloud: "gcp", region: "us", target: "gcp", attempts: 3 }
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn only_the_first_attempt_finds_the_clients_own_headers() {
    let mut request = planned_from("{}", Origin { plain: true, said_length: true, ..Origin::default() });
    assert_eq!(
        request.begin("dated").unwrap().1.reusable,
        Some(ReusableHead { count: 6, scheme: false, length: true })
    );
    assert_eq!(request.begin("aws").unwrap().1.reusable, None);
    assert_eq!(request.begin("gcp").unwrap().1.reusable, None);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_length_that_the_client_did_not_say_is_said_to_the_cloud() {
    let mut request = planned_from("{}", Origin { plain: true, https: true, ..Origin::default() });
    assert_eq!(
        request.begin("dated").unwrap().1.reusable,
        Some(ReusableHead { count: 5, scheme: true, length: false })
    );
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
    assert_eq!(request.begin("aws").unwrap_err(), NotBegun::OutOfTurn);
    request.begin("dated").unwrap();
    assert_eq!(request.begin("dated").unwrap_err(), NotBegun::OutOfTurn);
    request.begin("aws").unwrap();
    request.begin("gcp").unwrap();
    assert_eq!(request.begin("gcp").unwrap_err(), NotBegun::NoTargetLeft(503));
}

/// The end of an attempt after so many milliseconds.
fn reset(connected: bool, after: u64) -> Reset {
    Reset { connected, after: Duration::from_millis(after) }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_lost_connection_is_no_failed_target() {
    // How the first try ended, and where the next one is made.
    for (connected, after, next) in [
        (true, 0, "dated"),
        (true, 999, "dated"),
        // The target may have been at work.
        (true, 1_000, "aws"),
        (true, 600_000, "aws"),
        // There was no connection.
        (false, 0, "aws"),
    ] {
        let mut request = planned("{}");
        let (attempt, _) = request.begin("dated").unwrap();
        request.reset(attempt, None, reset(connected, after));
        assert_eq!(request.next_endpoint(), Some(next), "{connected} {after}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn each_target_is_tried_twice_at_most() {
    let mut request = planned("{}");
    assert_eq!(request.retries(), 5);
    for (endpoint, targets) in [("dated", 1), ("dated", 1), ("aws", 2), ("aws", 2), ("gcp", 3), ("gcp", 3)] {
        let (attempt, head) = request.begin(endpoint).unwrap();
        assert!(head.reusable.is_none());
        assert_eq!(request.attempts(), targets);
        request.reset(attempt, None, reset(true, 3));
    }
    assert_eq!(request.next_endpoint(), None);
    assert_eq!(request.begin("gcp").unwrap_err(), NotBegun::NoTargetLeft(503));
    let tries = "tries=dated:reset>dated:reset>aws:reset>aws:reset>gcp:reset>gcp:reset";
    assert!(request.record().ends_with(tries), "{}", request.record());
    assert_eq!(code(&request.gave_up(503)), "upstream_unavailable");
}

/// An error says that the connection was well, whatever becomes of its body.
#[wasm_bindgen_test(unsupported = test)]
fn a_target_that_responded_is_not_tried_again() {
    let mut request = planned("{}");
    let (attempt, _) = request.begin("dated").unwrap();
    request.reset(attempt, Some(response(503, None)), reset(true, 3));
    assert_eq!(request.next_endpoint(), Some("aws"));

    // The second try of a target is as good as the first.
    let (attempt, _) = request.begin("aws").unwrap();
    request.reset(attempt, None, reset(true, 3));
    assert_eq!(fails(&mut request, "aws", 429, None), Next::Failover);
    let (attempt, _) = request.begin("gcp").unwrap();
    request.reset(attempt, None, reset(true, 600_000));
    assert_eq!(request.begin("gcp").unwrap_err(), NotBegun::NoTargetLeft(504), "its time was up");
}

#[wasm_bindgen_test(unsupported = test)]
fn when_all_fail_the_client_reads_what_helps_it_most() {
    let mut request = planned("{}");
    assert_eq!(fails(&mut request, "dated", 429, Some("9")), Next::Failover);
    assert_eq!(fails(&mut request, "aws", 429, Some("4")), Next::Failover);
    let Next::Replace(error, Whose::Reported) = fails(&mut request, "gcp", 503, None) else {
        panic!("nothing was reported");
    };
    assert_eq!((error.status, error.retry_after.as_deref()), (429, Some("4")));
    let reported = request.reported().unwrap();
    assert_eq!((reported.target, reported.id), ("dated", Some(&b"call-1"[..])));
    assert!(matches!(request.gave_up(503), Next::Replace(error, Whose::Reported) if error.status == 429));
}

#[wasm_bindgen_test(unsupported = test)]
fn reports_what_envoy_found_where_no_cloud_said_more() {
    let mut request = planned("{}");
    let (attempt, _) = request.begin("dated").unwrap();
    assert_eq!(code(&request.gave_up(503)), "upstream_unavailable");
    assert_eq!(code(&request.gave_up(504)), "upstream_timeout");
    assert_eq!(request.judge(attempt, response(401, None)), Next::Failover);
    assert_eq!(code(&request.gave_up(401)), "credential_refused", "no retry was left");
    let (attempt, _) = request.begin("aws").unwrap();
    assert_eq!(code(&request.gave_up(503)), "upstream_unavailable");
    assert_eq!(request.judge(attempt, response(408, None)), Next::Failover);
    assert_eq!(code(&request.gave_up(503)), "upstream_timeout");
}

/// What another account keeps may not be known to be so from the request: its 400 then hides nothing that helps.
#[wasm_bindgen_test(unsupported = test)]
fn no_refusal_of_another_accounts_things_hides_what_the_client_may_come_back_for() {
    const UNREADABLE: &str = r#"{"error":{"message":"The encrypted content gAAA could not be verified.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"#;
    const UNKNOWN: &str = r#"{"error":{"message":"Item with id 'rs_1' not found.","type":"invalid_request_error","param":"input","code":null}}"#;
    const CONVERSATION: &str = r#"{"error":{"message":"Conversation with id 'conv_1' not found.","type":"invalid_request_error","param":null,"code":null}}"#;
    const OWN: &str = r#"{"error":{"message":"'temperature' must be at most 2","type":"invalid_request_error","param":"temperature","code":null}}"#;
    for (first, status, body, told) in [
        (429, 400, UNREADABLE, 429),
        (429, 404, UNKNOWN, 429),
        (503, 404, CONVERSATION, 503),
        (408, 400, UNREADABLE, 504),
        // Nothing that waiting helps: the client's own words about it are better.
        (401, 400, UNREADABLE, 400),
        (429, 400, OWN, 400),
    ] {
        let mut request = planned("{}");
        fails(&mut request, "dated", first, None);
        let (attempt, _) = request.begin("aws").unwrap();
        let next = request.judge(attempt, UpstreamResponse { body: body.as_bytes(), ..response(status, None) });
        let read = match next {
            Next::Replace(error, Whose::Reported) => error.status,
            Next::Pass => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(read, told, "{first} {status} {body}");
        assert_eq!(request.state(), TryState::Served, "nothing is tried after it");
    }
}

/// Every try and how it ended, and why the others were not tried.
#[wasm_bindgen_test(unsupported = test)]
fn writes_down_every_try() {
    let mut request = planned("{}");
    let policy = request.plan.subject().policy;
    assert_eq!(request.record(), format!("id=hop-1 tenant=acme model=m api=chat policy={policy}"));
    fails(&mut request, "dated", 429, None);
    let (attempt, _) = request.begin("aws").unwrap();
    request.reset(attempt, None, reset(false, 0));
    let (attempt, _) = request.begin("gcp").unwrap();
    let begun =
        format!("id=hop-1 tenant=acme model=m api=chat form=openai.chat policy={policy} tries=dated:429>aws:reset>gcp");
    assert_eq!(request.record(), format!("{begun}:open"));
    request.served(attempt, 200);
    assert_eq!(request.record(), format!("{begun}:200"));

    let mut request = planned("{}");
    for (endpoint, status) in [("dated", 500), ("aws", 429), ("gcp", 401)] {
        fails(&mut request, endpoint, status, None);
    }
    assert!(request.record().ends_with(" tries=dated:500>aws:429>gcp:401 error=rate_limit_exceeded"));
}

#[wasm_bindgen_test(unsupported = test)]
fn keeps_nothing_once_it_was_sent_or_a_response_was_served() {
    let body = r#"{"messages":[],"model":"m"}"#;
    let mut request = planned(body);
    assert!(request.held_bytes() > 0);
    let (attempt, _) = request.begin("dated").unwrap();
    request.served(attempt, 200);
    assert_eq!((request.held_bytes(), request.state()), ("m".len(), TryState::Served));

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
    let (attempt, _) = request.begin("aws").unwrap();
    let first = request.replacement(&attempt, |_| panic!("it is kept"));
    assert_eq!(request.replacement(&attempt, |most| body.as_bytes()[..most].to_vec()), first);
    assert_eq!(request.replacement(&attempt, |_| Vec::new()), None, "less than was asked for");
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
