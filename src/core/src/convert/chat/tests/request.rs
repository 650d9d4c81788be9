//! Requests: what holds of all of them. What becomes of each member, item and part is in the rows of `tests/convert`.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::convert::chat::request;
use crate::convert::{MOST_ECHO, MOST_UNTRANSLATABLE, Towards, Translated, Untranslatable};

const TOWARDS: Towards<'_> = Towards { model: "m" };

/// Translates a request of these members; its messages and all behind them.
fn translated(members: &str) -> Result<(String, Translated), Untranslatable> {
    let mut out = b"before".to_vec();
    let done = request(format!("{{{members}}}").as_bytes(), &TOWARDS, &mut out)?;
    let out = String::from_utf8(out).unwrap();
    serde_json::from_str::<serde::de::IgnoredAny>(out.strip_prefix("before").unwrap()).unwrap();
    let rest = out.strip_prefix(r#"before{"model":"m","messages":["#).unwrap();
    Ok((rest.to_owned(), done))
}

#[wasm_bindgen_test(unsupported = test)]
fn the_order_of_members_makes_no_difference() {
    let members = [
        r#""input":[{"role":"user","content":"hi"},{"type":"additional_tools","tools":[{"type":"custom","name":"c"}]}]"#,
        r#""instructions":"Be\nkind""#,
        r#""tools":[{"type":"namespace","name":"crm","description":"Our \"customers\".","tools":[{"type":"function","name":"find"}]}]"#,
        r#""stream":true"#,
    ];
    let (expected, done) = translated(&members.join(",")).unwrap();
    assert!(expected.starts_with(r#"{"role":"system","content":"Be\nkind"},"#), "{expected}");
    assert_eq!(done.asked.namespaces, [Box::from("crm")]);
    assert!(done.asked.stream);
    let mut turned = members;
    for _ in 0..members.len() {
        turned.rotate_left(1);
        // The tools of the input stand before the others.
        assert_eq!(translated(&turned.join(",")).unwrap().0, expected, "{turned:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn so_much_of_what_cannot_be_carried_is_named() {
    let many: Vec<String> = (0..20).map(|number| format!(r#""field{number}":1"#)).collect();
    let Untranslatable(names) = translated(&many.join(",")).unwrap_err();
    assert_eq!(names.len(), MOST_UNTRANSLATABLE);
    let mut out = b"before".to_vec();
    request(br#"{"input":"hi","store":true}"#, &TOWARDS, &mut out).unwrap_err();
    assert_eq!(out, b"before");
}

#[wasm_bindgen_test(unsupported = test)]
fn an_id_that_no_cloud_takes_is_the_same_in_call_and_result() {
    let long = "call_".repeat(14);
    let input = format!(
        r#""input":[{{"type":"function_call","call_id":"{long}","name":"f","arguments":"{{}}"}},{{"type":"function_call_output","call_id":"{long}","output":"r"}}]"#
    );
    let (out, _) = translated(&input).unwrap();
    let id = format!("call_{}", super::super::call_id::digest(long.as_bytes(), 32));
    assert_eq!(out.matches(&format!(r#"id":"{id}""#)).count(), 2, "{out}");
}

#[wasm_bindgen_test(unsupported = test)]
fn reasoning_that_came_out_of_a_translation_is_left_out_however_a_client_brings_it() {
    let id = format!("rs_{}", "0a".repeat(22));
    for item in [
        format!(r#"{{"type":"reasoning","id":"{id}","summary":[],"encrypted_content":null}}"#),
        format!(r#"{{"type":"item_reference","id":"{id}"}}"#),
        r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}]}"#.to_owned(),
    ] {
        let (out, done) = translated(&format!(r#""input":[{item},{{"role":"user","content":"hi"}}]"#)).unwrap();
        assert_eq!(out, r#"{"role":"user","content":"hi"}]}"#, "{item}");
        assert_eq!(done.left_out, ["reasoning"], "{item}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn what_a_response_repeats_of_its_request_is_kept_on_one_line() {
    let asked = "\"input\":\"hi\",\"tools\":[\n {\"type\":\"function\",\r\n\"name\":\"f\"}],\"metadata\":{\"a\":\"b\"},\"top_p\":0.5";
    let echo = String::from_utf8(translated(asked).unwrap().1.asked.echo).unwrap();
    assert_eq!(
        echo,
        concat!(
            r#""background":false,"max_output_tokens":null,"max_tool_calls":null,"parallel_tool_calls":true,"#,
            r#""previous_response_id":null,"prompt_cache_key":null,"prompt_cache_retention":null,"#,
            r#""reasoning":{"effort":null,"summary":null},"safety_identifier":null,"store":false,"temperature":null,"#,
            r#""text":{"format":{"type":"text"}},"tool_choice":"auto","top_logprobs":0,"top_p":0.5,"#,
            r#""truncation":"disabled","user":null,"metadata":{"a":"b"},"#,
            r#""tools":[ {"type":"function","name":"f"}],"instructions":null"#
        )
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_too_long_to_be_repeated_stands_at_its_default() {
    let long = "x".repeat(MOST_ECHO);
    let asked = format!(r#""input":"hi","instructions":"{long}","user":"u""#);
    let echo = String::from_utf8(translated(&asked).unwrap().1.asked.echo).unwrap();
    assert!(echo.contains(r#""instructions":null"#) && echo.contains(r#""user":"u""#) && echo.len() <= MOST_ECHO);
}
