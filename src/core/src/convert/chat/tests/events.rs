//! Streams: which events a client gets for which chunks, and how they end.

use serde::Deserialize;
use serde_json::value::RawValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::asked;
use crate::api::error::ApiError;
use crate::convert::chat::Events;
use crate::convert::chat::events::MOST_KEPT;
use crate::convert::{Asked, Told};
use crate::form::Usage;
use crate::stream::sse;

/// A chunk with that delta and `finish_reason`.
pub(super) fn chunk(delta: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"gpt-4o","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
    )
}

/// Takes these data as events, and ends.
fn streamed(asked: Asked, data: &[String]) -> (String, Vec<Told>, Events) {
    let mut events = Events::new(asked, 7);
    let mut out = Vec::new();
    let mut told: Vec<Told> = Vec::new();
    for data in data {
        told.push(events.event(&sse::Event { name: b"", data: data.as_bytes() }, &mut out));
    }
    told.push(events.end(&mut out));
    (String::from_utf8(out).unwrap(), told, events)
}

#[derive(Deserialize)]
struct Data<'d> {
    r#type: &'d str,
    sequence_number: u64,
    item_id: Option<&'d str>,
    output_index: Option<u64>,
    #[serde(borrow)]
    delta: Option<&'d RawValue>,
    #[serde(borrow)]
    text: Option<&'d RawValue>,
    #[serde(borrow)]
    refusal: Option<&'d RawValue>,
    #[serde(borrow)]
    arguments: Option<&'d RawValue>,
    #[serde(borrow)]
    input: Option<&'d RawValue>,
}

/// Each event in a line: its type, its item, and its text. Checks what all events have in common.
fn outline(stream: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, event) in stream.split_terminator("\n\n").enumerate() {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Data<'_> = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), Some(data.r#type), "{event}");
        assert_eq!(data.sequence_number, number as u64, "{event}");
        if let Some(id) = data.item_id {
            assert!(id.ends_with(&format!("{:04x}", data.output_index.unwrap())), "{event}");
        }
        let mut line = data.r#type.strip_prefix("response.").unwrap_or(data.r#type).to_owned();
        line.extend(data.output_index.map(|index| format!(" {index}")));
        let text = [data.delta, data.text, data.refusal, data.arguments, data.input].into_iter().flatten().next();
        line.extend(text.map(|text| format!(" {text}")));
        lines.push(line);
    }
    lines
}

const START: [&str; 2] = ["created", "in_progress"];

/// What a completion's chunks are: deltas with their `finish_reason`; and the events behind its start.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const STREAMS: &[Row] = &[
    (
        "text",
        &[
            (r#"{"role":"assistant","content":""}"#, "null"),
            (r#"{"content":"a\n"}"#, "null"),
            (r#"{"content":"b"}"#, "null"),
            ("{}", r#""stop""#),
        ],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"output_text.delta 0 "a\n""#,
            r#"output_text.delta 0 "b""#,
            r#"output_text.done 0 "a\nb""#,
            "content_part.done 0",
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "nothing",
        &[(r#"{"role":"assistant","content":""}"#, "null"), ("{}", r#""stop""#)],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"output_text.done 0 """#,
            "content_part.done 0",
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "nothing, for the tokens were thoughts",
        &[(r#"{"role":"assistant"}"#, "null"), ("{}", r#""length""#)],
        &["incomplete"],
    ),
    ("nothing, for a filter took it", &[(r#"{"content":""}"#, r#""content_filter""#)], &["incomplete"]),
    (
        "a refusal",
        &[(r#"{"refusal":"n"}"#, "null"), (r#"{"refusal":"o"}"#, "null"), ("{}", r#""stop""#)],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"refusal.delta 0 "n""#,
            r#"refusal.delta 0 "o""#,
            r#"refusal.done 0 "no""#,
            "content_part.done 0",
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "a refusal behind a text",
        &[(r#"{"content":"a"}"#, "null"), (r#"{"refusal":"no"}"#, r#""stop""#)],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"output_text.delta 0 "a""#,
            r#"output_text.done 0 "a""#,
            "content_part.done 0",
            "content_part.added 0",
            r#"refusal.delta 0 "no""#,
            r#"refusal.done 0 "no""#,
            "content_part.done 0",
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "reasoning, then text",
        &[
            (r#"{"reasoning_content":"h"}"#, "null"),
            (r#"{"reasoning":"m"}"#, "null"),
            (r#"{"content":"a"}"#, "null"),
            ("{}", r#""stop""#),
        ],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"reasoning_text.delta 0 "h""#,
            r#"reasoning_text.delta 0 "m""#,
            r#"reasoning_text.done 0 "hm""#,
            "content_part.done 0",
            "output_item.done 0",
            "output_item.added 1",
            "content_part.added 1",
            r#"output_text.delta 1 "a""#,
            r#"output_text.done 1 "a""#,
            "content_part.done 1",
            "output_item.done 1",
            "completed",
        ],
    ),
    (
        "a call without arguments",
        &[
            (
                r#"{"tool_calls":[{"index":0,"id":"call_abc","type":"function","function":{"name":"f","arguments":""}}]}"#,
                "null",
            ),
            ("{}", r#""tool_calls""#),
        ],
        &[
            "output_item.added 0",
            r#"function_call_arguments.delta 0 "{}""#,
            r#"function_call_arguments.done 0 "{}""#,
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "calls whose chunks come in turns",
        &[
            (
                r#"{"tool_calls":[{"index":0,"id":"call_abc","type":"function","function":{"name":"f","arguments":""}}]}"#,
                "null",
            ),
            (
                r#"{"tool_calls":[{"index":1,"id":"call_def","type":"function","function":{"name":"g","arguments":"{\"b\""}}]}"#,
                "null",
            ),
            (
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}},{"index":1,"function":{"arguments":":2}"}}]}"#,
                "null",
            ),
            (r#"{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"#, "null"),
            ("{}", r#""tool_calls""#),
        ],
        &[
            "output_item.added 0",
            "output_item.added 1",
            r#"function_call_arguments.delta 1 "{\"b\"""#,
            r#"function_call_arguments.delta 0 "{\"a\"""#,
            r#"function_call_arguments.delta 1 ":2}""#,
            r#"function_call_arguments.delta 0 ":1}""#,
            r#"function_call_arguments.done 0 "{\"a\":1}""#,
            "output_item.done 0",
            r#"function_call_arguments.done 1 "{\"b\":2}""#,
            "output_item.done 1",
            "completed",
        ],
    ),
    (
        "whole calls that all have the number 0",
        &[
            (
                r#"{"tool_calls":[{"index":0,"id":"a1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
                "null",
            ),
            (
                r#"{"tool_calls":[{"index":0,"id":"b1","type":"function","function":{"name":"g","arguments":"{}"}}]}"#,
                r#""stop""#,
            ),
        ],
        &[
            "output_item.added 0",
            r#"function_call_arguments.delta 0 "{}""#,
            "output_item.added 1",
            r#"function_call_arguments.delta 1 "{}""#,
            r#"function_call_arguments.done 0 "{}""#,
            "output_item.done 0",
            r#"function_call_arguments.done 1 "{}""#,
            "output_item.done 1",
            "completed",
        ],
    ),
    (
        "a call whose name comes late",
        &[
            (r#"{"tool_calls":[{"index":0,"id":"call_abc","type":"function","function":{"arguments":"{"}}]}"#, "null"),
            (r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}"#, "null"),
            ("{}", r#""tool_calls""#),
        ],
        &[
            "output_item.added 0",
            r#"function_call_arguments.delta 0 "{""#,
            r#"function_call_arguments.delta 0 "}""#,
            r#"function_call_arguments.done 0 "{}""#,
            "output_item.done 0",
            "completed",
        ],
    ),
    (
        "a call of a custom tool between texts",
        &[
            (r#"{"content":"a"}"#, "null"),
            (
                r#"{"tool_calls":[{"index":0,"id":"call_abc","type":"custom","custom":{"name":"exec","input":""}}]}"#,
                "null",
            ),
            (r#"{"tool_calls":[{"index":0,"custom":{"input":"1+"}}]}"#, "null"),
            (r#"{"content":"b","tool_calls":[{"index":0,"custom":{"input":"1"}}]}"#, "null"),
            ("{}", r#""tool_calls""#),
        ],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"output_text.delta 0 "a""#,
            r#"output_text.done 0 "a""#,
            "content_part.done 0",
            "output_item.done 0",
            "output_item.added 1",
            r#"custom_tool_call_input.delta 1 "1+""#,
            "output_item.added 2",
            "content_part.added 2",
            r#"output_text.delta 2 "b""#,
            r#"custom_tool_call_input.delta 1 "1""#,
            r#"custom_tool_call_input.done 1 "1+1""#,
            "output_item.done 1",
            r#"output_text.done 2 "b""#,
            "content_part.done 2",
            "output_item.done 2",
            "completed",
        ],
    ),
    (
        "a citation",
        &[
            (r#"{"content":"a"}"#, "null"),
            (
                r#"{"annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"T","start_index":0,"end_index":1}}]}"#,
                r#""stop""#,
            ),
        ],
        &[
            "output_item.added 0",
            "content_part.added 0",
            r#"output_text.delta 0 "a""#,
            "output_text.annotation.added 0",
            r#"output_text.done 0 "a""#,
            "content_part.done 0",
            "output_item.done 0",
            "completed",
        ],
    ),
];

#[wasm_bindgen_test(unsupported = test)]
fn chunks_become_events_in_the_order_of_the_responses_api() {
    for (what, chunks, expected) in STREAMS {
        let mut data: Vec<String> = chunks.iter().map(|(delta, finish)| chunk(delta, finish)).collect();
        data.push("[DONE]".to_owned());
        let (out, told, _) = streamed(asked(""), &data);
        let expected: Vec<&str> = START.iter().chain(*expected).copied().collect();
        assert_eq!(outline(&out), expected, "{what}");
        assert_eq!(told.last(), Some(&Told::Done), "{what}");
        assert!(!told.iter().any(|told| matches!(told, Told::Failed(_))), "{what}");
    }
}

/// The chunks of a stream that has nearly all there is.
pub(super) fn rich() -> Vec<String> {
    let mut data: Vec<String> =
        STREAMS.iter().flat_map(|(_, chunks, _)| chunks.iter()).map(|(delta, _)| chunk(delta, "null")).collect();
    data.push(chunk("{}", r#""tool_calls""#));
    data.push(
        r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#
            .to_owned(),
    );
    data.push("[DONE]".to_owned());
    data
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_event_has_the_response_as_it_is_without_a_stream() {
    let data = [
        chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
        chunk(r#"{"reasoning":"hm"}"#, "null"),
        format!(
            r#"{{"id":"chatcmpl-1","created":5,"model":"gpt-4o","service_tier":"default","usage":null,"choices":[{{"index":0,"delta":{{"content":"a"}},"logprobs":{}}}]}}"#,
            r#"{"content":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"refusal":null}"#
        ),
        chunk(
            r#"{"tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"crm__f","arguments":"{}"}}]}"#,
            "null",
        ),
        chunk("{}", r#""length""#),
        r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#
            .to_owned(),
        "[DONE]".to_owned(),
    ];
    let whole = concat!(
        r#"{"id":"chatcmpl-1","created":5,"model":"gpt-4o","service_tier":"default","choices":[{"index":0,"message":{"role":"assistant","content":"a","reasoning":"hm","#,
        r#""tool_calls":[{"id":"call_0","type":"function","function":{"name":"crm__f","arguments":"{}"}}]},"finish_reason":"length","#,
        r#""logprobs":{"content":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"refusal":null}}],"#,
        r#""usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#
    );
    let asked = asked(r#","user":"u","tools":[{"type":"namespace","name":"crm","description":"","tools":[]}]"#);
    let mut reply = Vec::new();
    crate::convert::chat::reply(whole.as_bytes(), &asked, 7, &mut reply).unwrap();
    let (out, told, events) = streamed(asked, &data);
    let last = out.trim_end().lines().last().unwrap();
    let (_, response) = last.split_once(r#""response":"#).unwrap();
    assert_eq!(response.strip_suffix('}').unwrap(), String::from_utf8(reply).unwrap());
    assert_eq!(events.usage(), Some(Usage { input: 3, cached: 0, output: 4, reasoning: 0 }));
    let kinds =
        [Told::Lifecycle, Told::Output, Told::Output, Told::Output, Told::Output, Told::Output, Told::Done, Told::Done];
    assert_eq!(told, kinds);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_event_has_what_the_api_says() {
    let data = [
        chunk(r#"{"content":"a"}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":0,"id":"call_abc","function":{"name":"f","arguments":"{}"}}]}"#, r#""stop""#),
    ];
    let (out, _, _) = streamed(Asked::default(), &data);
    let id = "ee64bef593d536091d1f686b086b57daaff74c26";
    for data in [
        r#"{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_ID","object":"response","created_at":5,"status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-4o","output":[],"usage":null}}"#,
        r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_ID0000","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
        r#"{"type":"response.content_part.added","sequence_number":3,"item_id":"msg_ID0000","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"#,
        r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_ID0000","output_index":0,"content_index":0,"delta":"a","logprobs":[]}"#,
        r#"{"type":"response.output_text.done","sequence_number":5,"item_id":"msg_ID0000","output_index":0,"content_index":0,"text":"a","logprobs":[]}"#,
        r#"{"type":"response.function_call_arguments.done","sequence_number":10,"item_id":"fc_ID0001","output_index":1,"name":"f","arguments":"{}"}"#,
        r#"{"type":"response.output_item.done","sequence_number":11,"output_index":1,"item":{"id":"fc_ID0001","type":"function_call","status":"completed","call_id":"call_abc","name":"f","arguments":"{}"}}"#,
    ] {
        let data = data.replace("ID", id);
        assert!(out.contains(&format!("data: {data}\n\n")), "{data}\nin\n{out}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn azures_odd_chunks_are_nothing_special() {
    let data = [
        r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#.to_owned(),
        chunk(r#"{"content":"a"}"#, "null"),
        r#"{"id":"chatcmpl-1","choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{},"content_filter_results":{}}]}"#.to_owned(),
        chunk("{}", r#""stop""#),
        r#"{"id":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{}}]}"#.to_owned(),
    ];
    let (out, told, _) = streamed(Asked::default(), &data);
    assert_eq!(told, [Told::Lifecycle, Told::Output, Told::Output, Told::Output, Told::Output, Told::Done]);
    assert!(out.contains(r#""model":"gpt-4o""#) && outline(&out).last().is_some_and(|last| last == "completed"));
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_of_the_clouds_are_handed_on_and_nothing_is_written_for_them() {
    let error = r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#;
    for before in [vec![], vec![chunk(r#"{"content":"a"}"#, "null")]] {
        let mut events = Events::new(Asked::default(), 7);
        let mut out = Vec::new();
        for data in &before {
            events.event(&sse::Event { name: b"", data: data.as_bytes() }, &mut out);
        }
        let written = out.len();
        let told = events.event(&sse::Event { name: b"", data: error.as_bytes() }, &mut out);
        assert_eq!(told, Told::Failed(error.into()));
        assert_eq!(out.len(), written);
        let named = sse::Event { name: b"error", data: br#"{"message":"slow down"}"# };
        assert_eq!(events.event(&named, &mut out), Told::Failed(br#"{"error":{"message":"slow down"}}"#.to_vec()));
        events.fail(&ApiError::new(429, "rate_limit_exceeded", "slow down"), &mut out);
        let lines = outline(std::str::from_utf8(&out).unwrap());
        let last = if before.is_empty() { "error" } else { "failed" };
        assert_eq!(lines.last().map(String::as_str), Some(last));
        // Nothing follows.
        let written = out.len();
        events.fail(&ApiError::new(502, "server_error", "again"), &mut out);
        assert!(matches!(events.end(&mut out), Told::Failed(_)));
        assert!(matches!(events.event(&sse::Event { name: b"", data: b"[DONE]" }, &mut out), Told::Failed(_)));
        assert_eq!(out.len(), written);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_that_breaks_off_fails_and_says_so() {
    let text = chunk(r#"{"content":"a"}"#, "null");
    let unnamed = chunk(r#"{"tool_calls":[{"index":0,"id":"call_abc"}]}"#, r#""tool_calls""#);
    let rows: [(&[&str], &str); 5] = [
        (&[], "error"),
        (&[&text], "failed"),
        (&[&text, "[DONE]"], "failed"),
        (&[&unnamed], "failed"),
        (&[&text, "{\"choices\":"], "failed"),
    ];
    for (data, last) in rows {
        let data: Vec<String> = data.iter().map(|data| (*data).to_owned()).collect();
        let (out, told, _) = streamed(Asked::default(), &data);
        assert!(matches!(told.last(), Some(Told::Failed(_))), "{data:?}");
        assert_eq!(outline(&out).last().map(String::as_str), Some(last), "{data:?}");
        assert!(out.contains(r#""code":"server_error""#) && !out.contains("completed"), "{out}");
    }
    // What has ended is whole, though the cloud does not say that no more follows.
    let (out, told, _) = streamed(Asked::default(), &[chunk(r#"{"content":"a"}"#, r#""stop""#)]);
    assert_eq!((outline(&out).last().map(String::as_str), told.last()), (Some("completed"), Some(&Told::Done)));
}

#[wasm_bindgen_test(unsupported = test)]
fn no_stream_is_kept_beyond_a_bound() {
    let long = chunk(&format!(r#"{{"content":"{}"}}"#, "x".repeat(1 << 18)), "null");
    let calls: Vec<String> = (0..100).map(|id| format!(r#"{{"id":"id{id:012}x"}}"#)).collect();
    let calls = chunk(&format!(r#"{{"tool_calls":[{}]}}"#, calls.join(",")), "null");
    for data in [long, calls] {
        let mut events = Events::new(Asked::default(), 7);
        let event = sse::Event { name: b"", data: data.as_bytes() };
        let taken =
            (0..1000).take_while(|_| matches!(events.event(&event, &mut Vec::new()), Told::Output | Told::Lifecycle));
        assert!(taken.count() <= MOST_KEPT / (1 << 10));
    }
}
