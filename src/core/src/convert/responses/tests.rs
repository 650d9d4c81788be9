//! What rows of bodies cannot show; those are in `tests/convert/cases`.

use wasm_bindgen_test::wasm_bindgen_test;

use super::annotation::characters;
use super::*;
use crate::api::error::ApiError;
use crate::convert::{Asked, Told, Towards};
use crate::stream::sse::Event;

fn machine() -> Events {
    Events::new(false, 1)
}

fn event(machine: &mut Events, data: &str, out: &mut Vec<u8>) -> Told {
    machine.event(&Event { name: b"", data: data.as_bytes() }, out)
}

const CREATED: &str = r#"{"type":"response.created","response":{"id":"resp_1","created_at":1,"model":"m"}}"#;
const COMPLETED: &str = r#"{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":3,"output_tokens":2}}}"#;

#[wasm_bindgen_test(unsupported = test)]
fn nothing_goes_out_before_the_completion_begins() {
    let (mut machine, mut out) = (machine(), Vec::new());
    assert_eq!(event(&mut machine, CREATED, &mut out), Told::Lifecycle);
    assert_eq!(event(&mut machine, r#"{"type":"response.in_progress"}"#, &mut out), Told::Lifecycle);
    assert_eq!(event(&mut machine, r#"{"type":"keepalive"}"#, &mut out), Told::Lifecycle);
    assert!(out.is_empty());
    let thought = r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning"}}"#;
    assert_eq!(event(&mut machine, thought, &mut out), Told::Output);
    assert!(!out.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn usage_is_known_at_the_end() {
    let (mut machine, mut out) = (machine(), Vec::new());
    event(&mut machine, CREATED, &mut out);
    assert_eq!(machine.usage(), None);
    assert_eq!(event(&mut machine, COMPLETED, &mut out), Told::Done);
    assert_eq!(machine.usage().map(|usage| (usage.input, usage.output)), Some((3, 2)));
    assert_eq!(machine.end(&mut out), Told::Done);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_error_ends_a_stream_once() {
    let (mut machine, mut out) = (machine(), Vec::new());
    event(&mut machine, CREATED, &mut out);
    assert!(matches!(event(&mut machine, r#"{"type":"error","message":"x"}"#, &mut out), Told::Failed(_)));
    assert!(out.is_empty(), "the caller knows which error the client gets");
    machine.fail(&ApiError::new(502, "upstream_error", "x\ny"), &mut out);
    let told = out.clone();
    assert!(told.starts_with(b"data: {\"error\":") && told.ends_with(b"}\n\n"));
    assert_eq!(told.iter().filter(|byte| **byte == b'\n').count(), 2);
    assert_eq!(event(&mut machine, COMPLETED, &mut out), Told::Lifecycle);
    machine.end(&mut out);
    assert_eq!(out, told);
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_stream_keeps_is_bounded() {
    let call = |index: usize| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{index},"item":{{"type":"function_call","call_id":"c","name":"f"}}}}"#
        )
    };
    let part = |index: usize| {
        format!(r#"{{"type":"response.output_text.delta","output_index":{index},"content_index":0,"delta":"x"}}"#)
    };
    for make in [&call as &dyn Fn(usize) -> String, &part] {
        let (mut machine, mut out) = (machine(), Vec::new());
        let read = (0..5000).take_while(|index| event(&mut machine, &make(*index), &mut out) == Told::Output).count();
        assert_eq!(read, 1024);
    }
    let long = "a".repeat(10_000);
    let (mut machine, mut out) = (machine(), Vec::new());
    let created = format!(r#"{{"type":"response.created","response":{{"id":"{long}","model":"{long}"}}}}"#);
    event(&mut machine, &created, &mut out);
    let padded = format!(r#"{{"type":"response.refusal.delta","delta":"x","obfuscation":"{long}"}}"#);
    event(&mut machine, &padded, &mut out);
    assert!(out.len() < 1000, "{}", out.len());
}

#[wasm_bindgen_test(unsupported = test)]
fn line_ends_between_values_do_not_end_an_event() {
    let (mut machine, mut out) = (machine(), Vec::new());
    event(&mut machine, CREATED, &mut out);
    let delta = "{\"type\":\"response.output_text.delta\",\n\"delta\":\"x\",\n\"logprobs\":[\n{\"token\":\"x\",\"logprob\":-1,\"bytes\":[\n120,\r\n121]}\n]}";
    event(&mut machine, delta, &mut out);
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.split_terminator("\n\n").all(|event| event.starts_with("data: ") && !event.contains(['\n', '\r'])),
        "{out}"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn what_stands_in_the_buffer_stays() {
    let towards = Towards { model: "m" };
    let mut out = b"before".to_vec();
    assert!(request(br#"{"messages":[],"n":2}"#, &towards, &mut out).is_err());
    assert_eq!(out, b"before");
    assert!(request(br#"{"messages":[]}"#, &towards, &mut out).is_ok());
    assert_eq!(out, br#"before{"model":"m","input":[],"store":false}"#);
    assert!(reply(b"{}", &Asked::default(), 1, &mut out).is_err());
    assert_eq!(out, br#"before{"model":"m","input":[],"store":false}"#);
}

#[wasm_bindgen_test(unsupported = test)]
fn characters_are_counted_as_a_reader_sees_them() {
    let rows =
        [("", 0), ("abc", 3), ("ä€💡", 3), (r"\n\\\u00e4", 3), (r"\ud83d\udca1x", 2), (r"\uD83D\uDCA1", 1), (r"\u", 1)];
    for (text, count) in rows {
        assert_eq!(characters(text.as_bytes()), count, "{text}");
    }
}
