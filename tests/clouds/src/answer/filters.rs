//! Azure's content-filter annotations.

use serde_json::{Value, json};

fn category(filtered: bool) -> Value {
    json!({"filtered": filtered, "severity": if filtered { "medium" } else { "safe" }})
}

fn detection() -> Value {
    json!({"filtered": false, "detected": false})
}

pub fn of_prompt() -> Value {
    json!({
        "hate": category(false), "jailbreak": detection(), "self_harm": category(false),
        "sexual": category(false), "violence": category(false),
    })
}

pub fn of_completion(filtered: bool) -> Value {
    json!({
        "hate": category(false), "protected_material_code": detection(), "protected_material_text": detection(),
        "self_harm": category(false), "sexual": category(false), "violence": category(filtered),
    })
}

/// The categories that a streamed piece carries.
pub fn of_piece() -> Value {
    json!({
        "hate": category(false), "self_harm": category(false), "sexual": category(false), "violence": category(false),
    })
}

pub fn prompt_filter_results() -> Value {
    json!([{"prompt_index": 0, "content_filter_results": of_prompt()}])
}

/// The `content_filters` of a response object.
pub fn of_response(input_bytes: usize, output_bytes: usize, filtered: bool) -> Value {
    let entry = |source: &str, end: usize, results: Value, blocked: bool| {
        json!({
            "blocked": blocked, "source_type": source, "content_filter_raw": [], "content_filter_results": results,
            "content_filter_offsets": {"check_offset": 0, "start_offset": 0, "end_offset": end},
        })
    };
    json!([
        entry("prompt", input_bytes, of_prompt(), false),
        entry("completion", output_bytes, of_completion(filtered), filtered),
    ])
}
