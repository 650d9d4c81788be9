//! Whole completions: what becomes of what they say, and of how they end.

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

/// A digest of `chatcmpl-1`, with its quotes.
const DIGEST: &str = "ee64bef593d536091d1f686b086b57daaff74c26";

/// A message, the `finish_reason`, what stands beside them in the choice; the status, why it is incomplete, and the output.
const CHOICES: &[(&str, &str, &str, &str, &str)] = &[
    (
        r#"{"role":"assistant","content":"a\n\"b\"","refusal":null,"annotations":[]}"#,
        r#""stop""#,
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a\n\"b\""}]}"#,
    ),
    (
        r#"{"content":"a"}"#,
        r#""length""#,
        "incomplete",
        r#"{"reason":"max_output_tokens"}"#,
        r#"{"id":"msg_ID0000","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"}]}"#,
    ),
    (r#"{"content":null}"#, r#""length""#, "incomplete", r#"{"reason":"max_output_tokens"}"#, ""),
    (r#"{"content":""}"#, r#""content_filter""#, "incomplete", r#"{"reason":"content_filter"}"#, ""),
    // Who is said nothing to is told so.
    (
        r#"{"content":null}"#,
        r#""stop""#,
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":""}]}"#,
    ),
    (
        r#"{"content":null,"refusal":"no"}"#,
        r#""stop""#,
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"no"}]}"#,
    ),
    (
        r#"{"content":"a","refusal":"no"}"#,
        "null",
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"},{"type":"refusal","refusal":"no"}]}"#,
    ),
    (
        r#"{"content":null,"tool_calls":[{"function":{"arguments":"{\"city\":\"Paris\"}","name":"weather"},"id":"call_J3ajtA7qivs","type":"function"}]}"#,
        r#""tool_calls""#,
        "completed",
        "null",
        r#"{"id":"fc_ID0000","type":"function_call","status":"completed","call_id":"call_J3ajtA7qivs","name":"weather","arguments":"{\"city\":\"Paris\"}"}"#,
    ),
    (
        r#"{"content":"a","tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":""}},{"id":"call_1","type":"custom","custom":{"name":"exec","input":"1"}}]}"#,
        r#""tool_calls""#,
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"}]},{"id":"fc_ID0001","type":"function_call","status":"completed","call_id":"call_0-ee64bef593d53609","name":"f","arguments":"{}"},{"id":"ctc_ID0002","type":"custom_tool_call","status":"completed","call_id":"call_1-ee64bef593d53609","name":"exec","input":"1"}"#,
    ),
    (
        r#"{"content":"a","reasoning":"hm","reasoning_content":null}"#,
        r#""stop""#,
        "completed",
        "null",
        r#"{"id":"rs_ID0000","type":"reasoning","status":"completed","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},{"id":"msg_ID0001","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"}]}"#,
    ),
    (
        r#"{"content":"","reasoning_content":"hm"}"#,
        r#""length""#,
        "incomplete",
        r#"{"reason":"max_output_tokens"}"#,
        r#"{"id":"rs_ID0000","type":"reasoning","status":"incomplete","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}"#,
    ),
    (
        r#"{"content":"a","annotations":[{"type":"url_citation","url_citation":{"end_index":1,"start_index":0,"title":"T","url":"u"}}]}"#,
        r#""stop","logprobs":{"content":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"refusal":null}"#,
        "completed",
        "null",
        r#"{"id":"msg_ID0000","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":1,"title":"T","url":"u"}],"logprobs":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"text":"a"}]}"#,
    ),
];

#[wasm_bindgen_test(unsupported = test)]
fn what_a_model_said_is_the_output_of_a_response() {
    for (message, finish, status, details, output) in CHOICES {
        let choice = format!(r#""choices":[{{"index":0,"message":{message},"finish_reason":{finish}}}]"#);
        let (out, _) = replied(&Asked::default(), &choice).unwrap();
        let expected = format!(
            concat!(
                r#"{{"id":"resp_{}","object":"response","created_at":5,"status":"{}","error":null,"#,
                r#""incomplete_details":{},"model":"gpt-4o","output":[{}],"usage":null}}"#
            ),
            DIGEST,
            status,
            details,
            output.replace("ID", DIGEST)
        );
        assert_eq!(out, expected, "{message}");
    }
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
