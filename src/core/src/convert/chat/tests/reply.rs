//! Whole completions: what a response needs of its request, and what is none. What becomes of what they say is in the rows of
//! `tests/convert`.

use wasm_bindgen_test::wasm_bindgen_test;

use super::asked;
use crate::convert::chat::reply;
use crate::convert::{Asked, Unreadable};
use crate::form::Usage;

/// The members of a completion whose id is `chatcmpl-1`.
fn replied(asked: &Asked, members: &str) -> Result<(String, Usage), Unreadable> {
    let body = format!(r#"{{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt-4o",{members}}}"#);
    let mut out = Vec::new();
    let usage = reply(body.as_bytes(), asked, 7, &mut out)?;
    let out = String::from_utf8(out).unwrap();
    serde_json::from_str::<serde::de::IgnoredAny>(&out).unwrap();
    Ok((out, usage))
}

#[wasm_bindgen_test(unsupported = test)]
fn a_response_repeats_its_request_and_has_all_that_a_client_needs() {
    let asked = asked(r#","temperature":0.5,"tools":[{"type":"namespace","name":"crm","description":"","tools":[]}]"#);
    let members = concat!(
        r#""choices":[{"index":1,"message":{"content":"other"}},{"index":0,"message":{"content":null,"tool_calls":[{"id":"call_abc","type":"function","function":{"name":"crm__find","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"#,
        r#""service_tier":"default","system_fingerprint":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}"#
    );
    let (out, usage) = replied(&asked, members).unwrap();
    assert_eq!(usage, Usage { input: 3, cached: 2, output: 4, reasoning: 1 });
    for part in [
        r#""namespace":"crm","name":"find""#,
        r#""parallel_tool_calls":true"#,
        r#""tool_choice":"auto""#,
        r#""tools":[{"type":"namespace""#,
        r#""temperature":0.5"#,
        r#""store":false"#,
        r#""service_tier":"default""#,
        r#""usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":7}"#,
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn completions_without_an_id_have_ids_of_their_own_and_a_time() {
    let ids = [r#""a""#, r#""b""#].map(|content| {
        let body = format!(r#"{{"id":"","choices":[{{"message":{{"content":{content}}},"finish_reason":"stop"}}]}}"#);
        let mut out = Vec::new();
        reply(body.as_bytes(), &Asked::default(), 7, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(r#""created_at":7,"#) && out.contains(r#""model":"""#), "{out}");
        out.split(',').next().unwrap().to_owned()
    });
    assert_ne!(ids[0], ids[1]);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_no_completion_is_not_translated() {
    let failed = |body: &str| reply(body.as_bytes(), &Asked::default(), 7, &mut Vec::new()).unwrap_err();
    let error = r#"{"error": {"code":"rate_limit_exceeded",
        "message":"slow down"}}"#;
    let handed_on = r#"{"error":{"code":"rate_limit_exceeded",        "message":"slow down"}}"#;
    assert_eq!(failed(error), Unreadable::Failed(handed_on.into()));
    for body in [
        "",
        "[]",
        "<html>",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":[{"index":0}]}"#,
        r#"{"choices":[{"index":0,"message":{"content":7}}]}"#,
        r#"{"choices":[{"index":0,"message":{"content":"a"}}]} {"#,
        r#"{"choices":[{"index":1,"message":{"content":"a"}}]}"#,
    ] {
        assert_eq!(failed(body), Unreadable::Malformed, "{body}");
    }
}
