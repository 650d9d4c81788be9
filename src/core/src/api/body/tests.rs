use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::json::Malformed;
use crate::name::Named;

fn features(body: &str, api: Api) -> Vec<&'static str> {
    read(body.as_bytes(), api).unwrap().features.iter().map(Feature::name).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn reads_what_decides_the_way() {
    let body =
        r#" {"messages":[{"role":"user","content":"hi"}], "model" : "gpt-6.1-sol","stream":true,"max_tokens":7}"#;
    let facts = read(body.as_bytes(), Api::Chat).unwrap();
    assert_eq!(facts.model.as_deref(), Some("gpt-6.1-sol"));
    assert_eq!(facts.model_span.and_then(|span| body.get(span)), Some(r#""gpt-6.1-sol""#));
    assert_eq!((facts.stream, facts.max_tokens, facts.empty, facts.opening), (true, Some(7), false, 2));
    assert!(facts.features.is_empty());
}

#[wasm_bindgen_test(unsupported = test)]
fn finds_the_features_of_a_chat() {
    for (body, expected) in [
        (r#"{"tools":[]}"#, &[][..]),
        (r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#, &["tools"]),
        (r#"{"functions":[{"name":"f"}]}"#, &["tools"]),
        (r#"{"messages":[{"content":[{"type":"text","text":"image_url"}]}]}"#, &[]),
        (
            r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}"#,
            &["images", "image_urls"],
        ),
        (
            r#"{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,AA=="},"type":"image_url"}]}]}"#,
            &["images"],
        ),
        (r#"{"messages":[{"content":[{"type":"input_audio","input_audio":{}}]}]}"#, &["audio"]),
        (r#"{"messages":[{"content":[{"type":"file","file":{"file_data":"AA==","filename":"a.pdf"}}]}]}"#, &["files"]),
        (r#"{"messages":[{"content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#, &["files", "stored_files"]),
        (
            r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"s3://b/k"}}]}]}"#,
            &["images", "s3_images"],
        ),
        (r#"{"data_sources":[{"type":"azure_search","parameters":{}}]}"#, &["data_sources"]),
        (r#"{"service_tier":"default"}"#, &[]),
        (r#"{"service_tier":"priority"}"#, &["service_tier"]),
        (r#"{"response_format":{"type":"json_schema","json_schema":{}}}"#, &["json_schema"]),
        (r#"{"response_format":{"type":"json_object"}}"#, &["json_object"]),
        (r#"{"response_format":{"type":"text"}}"#, &[]),
        (r#"{"n":1,"logprobs":false,"top_logprobs":0,"stop":null}"#, &[]),
        (r#"{"tools":null,"functions":null,"messages":[{"content":null}],"n":null,"logprobs":null,"audio":null}"#, &[]),
        (r#"{"n":2,"logprobs":true,"stop":["a"]}"#, &["logprobs", "choices", "stop"]),
        (r#"{"modalities":["text","audio"]}"#, &["audio"]),
        (r#"{"modalities":["text",null]}"#, &[]),
        (r#"{"web_search_options":{}}"#, &["web_search"]),
        (r#"{"t\u006fols":[{}]}"#, &["tools"]),
    ] {
        assert_eq!(features(body, Api::Chat), expected, "{body}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn finds_the_features_of_a_responses_request() {
    for (body, expected) in [
        (r#"{"input":"hi"}"#, &[][..]),
        (
            r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x"}]}]}"#,
            &["images", "image_urls"],
        ),
        (
            r#"{"input":[{"output":[{"type":"input_image","file_id":"f"}],"type":"function_call_output"}]}"#,
            &["images", "tool_images", "stored_files"],
        ),
        (
            r#"{"input":[{"type":"custom_tool_call_output","output":{"type":"input_image","image_url":"data:x"}}]}"#,
            &["images", "tool_images"],
        ),
        (
            r#"{"input":[{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"https://x"}}]}"#,
            &["images", "image_urls"],
        ),
        (r#"{"input":[{"type":"computer_call_output","output":{"type":"computer_screenshot"}}]}"#, &["images"]),
        (r#"{"input":[{"type":"shell_call_output","output":[{"stdout":"image_url","stderr":""}]}]}"#, &[]),
        (r#"{"input":[{"content":[{"type":"input_image","image_url":"s3://b/k"}]}]}"#, &["images", "s3_images"]),
        (r#"{"input":[{"content":{"type":"input_image","image_url":"http://x"}}]}"#, &["images", "image_urls"]),
        (r#"{"input":[{"content":[{"type":"input_file","file_url":"https://x"}]}]}"#, &["files", "file_urls"]),
        (r#"{"input":[{"content":[{"type":"input_file","file_id":"file-1"}]}]}"#, &["files", "stored_files"]),
        (r#"{"input":[{"content":[{"type":"input_file","file_id":null,"file_data":"x"}]}]}"#, &["files"]),
        (
            r#"{"input":[{"type":"agent_message","content":[{"encrypted_content":"gAAA"}]}]}"#,
            &["agent_items", "encrypted_content"],
        ),
        (r#"{"input":[{"type":"context_compaction"}]}"#, &["agent_items"]),
        (r#"{"input":[{"type":"local_shell_call","call_id":"c","action":{}}]}"#, &["agent_items"]),
        (
            r#"{"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}]}"#,
            &["encrypted_content"],
        ),
        (r#"{"input":[{"encrypted_content":"gAAA","type":"compaction"}]}"#, &["encrypted_content"]),
        (r#"{"input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"x"}]}]}"#, &["state"]),
        (
            r#"{"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":null,"content":[]}]}"#,
            &["state"],
        ),
        (
            r#"{"input":[{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"x"}]}]}"#,
            &[],
        ),
        (r#"{"input":[{"type":"image_generation_call","id":"ig_1"}]}"#, &["state"]),
        (r#"{"input":[{"type":"image_generation_call","id":"ig_1","result":null}]}"#, &["state"]),
        (r#"{"input":[{"type":"image_generation_call","id":"ig_1","status":"completed","result":"AA=="}]}"#, &[]),
        (r#"{"input":[{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}]}"#, &[]),
        (
            r#"{"input":[{"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1","code":""}]}"#,
            &["stored_files"],
        ),
        (
            r#"{"input":[{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","tools":[{"type":"mcp"}]}]}]}"#,
            &["tools", "mcp"],
        ),
        (
            r#"{"input":[{"type":"tool_search_output","tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]}]}"#,
            &["tools", "file_search", "stored_files"],
        ),
        (
            r#"{"tools":[{"type":"function","name":"f"},{"type":"custom"},{"type":"namespace"},{"type":"tool_search"}]}"#,
            &["tools"],
        ),
        (r#"{"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]}"#, &["tools", "code_interpreter"]),
        (
            r#"{"tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":[]}}]}"#,
            &["tools", "code_interpreter"],
        ),
        (
            r#"{"tools":[{"container":{"file_ids":["file-1"]},"type":"code_interpreter"}]}"#,
            &["tools", "code_interpreter", "stored_files"],
        ),
        (
            r#"{"tools":[{"type":"code_interpreter","container":"cntr_1"}]}"#,
            &["tools", "code_interpreter", "stored_files"],
        ),
        (
            r#"{"tools":[{"type":"shell","environment":{"type":"container_reference","container_id":"cntr_1"}}]}"#,
            &["tools", "shell", "stored_files"],
        ),
        (r#"{"tools":[{"type":"local_shell"},{"type":"apply_patch"}]}"#, &["tools", "shell", "apply_patch"]),
        (r#"{"tools":[{"type":"image_generation"},{"type":"mcp"}]}"#, &["tools", "image_generation", "mcp"]),
        (
            r#"{"tools":[{"type":"image_generation","input_image_mask":{"file_id":"file-1"}}]}"#,
            &["tools", "image_generation", "stored_files"],
        ),
        (r#"{"tools":[{"type":"computer_use_preview"},{"type":"computer"}]}"#, &["tools", "computer"]),
        (r#"{"tools":[{"type":"telepathy"}]}"#, &["tools", "other_tools"]),
        (r#"{"include":["reasoning.encrypted_content"]}"#, &[]),
        (r#"{"include":["message.output_text.logprobs"]}"#, &["logprobs"]),
        (r#"{"reasoning":{"effort":"low","summary":"auto"},"service_tier":"auto"}"#, &[]),
        (r#"{"reasoning":{"summary":"detailed"},"service_tier":"flex"}"#, &["service_tier", "reasoning_summary"]),
        (r#"{"reasoning":{"generate_summary":"concise","summary":null}}"#, &["reasoning_summary"]),
        (r#"{"input":[{"type":"item_reference","id":"x"}]}"#, &["state"]),
        (r#"{"input":[{"id":"msg_1"},{"role":"user","content":"go on"}]}"#, &["state"]),
        (r#"{"input":[{"type":null,"id":"msg_1"}]}"#, &["state"]),
        (r#"{"input":[{"id":"msg_1","type":"message","role":"assistant","content":[]}]}"#, &[]),
        (r#"{"input":[{"id":"msg_1","role":"assistant","content":"Hello"}]}"#, &[]),
        (r#"{"previous_response_id":"resp_1"}"#, &["state"]),
        (r#"{"conversation":null}"#, &[]),
        (r#"{"text":{"format":{"type":"json_schema"}}}"#, &["json_schema"]),
        (r#"{"tools":[{"type":"web_search_preview_2025_03_11"}]}"#, &["tools", "web_search"]),
        (r#"{"background":true,"store":true}"#, &["background"]),
        (r#"{"background":false,"prompt":{"id":"p"}}"#, &["stored_prompt"]),
        (r#"{"background":null,"store":null,"text":{"format":null},"input":null,"previous_response_id":null}"#, &[]),
    ] {
        assert_eq!(features(body, Api::Responses), expected, "{body}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn refuses_what_two_parsers_could_read_differently() {
    for (body, fault) in [
        (&br#"{"model":"a","model":"b"}"#[..], BodyFault::Duplicate("model")),
        (br#"{"model":"a","mod\u0065l":"b"}"#, BodyFault::Duplicate("model")),
        (br#"{"stream":true,"stream":false}"#, BodyFault::Duplicate("stream")),
        (br#"{"messages":[{"content":"a","content":[]}]}"#, BodyFault::Duplicate("content")),
        (br#"{"tools":[{"type":"function","type":"web_search"}]}"#, BodyFault::Duplicate("type")),
        // Go's and .NET's parsers take one for the other, Go's the Kelvin sign and the long s too.
        (br#"{"model":"a","MODEL":"b"}"#, BodyFault::OtherCase("model")),
        (br#"{"Model":"a"}"#, BodyFault::OtherCase("model")),
        (br#"{"mod\u0045l":"a"}"#, BodyFault::OtherCase("model")),
        (b"{\"\xc5\xbftream\":true}", BodyFault::OtherCase("stream")),
        (b"{\"max_to\xe2\x84\xaaens\":1}", BodyFault::OtherCase("max_tokens")),
        (br#"{"max_to\u212aens":1}"#, BodyFault::OtherCase("max_tokens")),
        (br#"{"messages":[{"Content":[]}]}"#, BodyFault::OtherCase("content")),
        (br#"["model"]"#, BodyFault::NotAnObject),
        (br#""model""#, BodyFault::NotAnObject),
        (b"{\"model\":\"\xff\xfe\"}", BodyFault::Malformed(Malformed { at: 10, expected: "UTF-8" })),
        (br#"{"model":1}"#, BodyFault::WrongType("model", "a string")),
        (br#"{"model":"\ud800"}"#, BodyFault::WrongType("model", "a string of whole characters")),
        (br#"{"stream":"yes"}"#, BodyFault::WrongType("stream", "a boolean")),
        (br#"{"store":"false"}"#, BodyFault::WrongType("store", "a boolean")),
        (br#"{"n":"2"}"#, BodyFault::WrongType("n", "a number")),
        (br#"{"logprobs":"true"}"#, BodyFault::WrongType("logprobs", "a boolean")),
        (br#"{"logprobs":1}"#, BodyFault::WrongType("logprobs", "a boolean")),
        (br#"{"top_logprobs":"5"}"#, BodyFault::WrongType("top_logprobs", "a number")),
        (br#"{"max_tokens":"5"}"#, BodyFault::WrongType("max_tokens", "a number")),
        (br#"{"max_completion_tokens":[5]}"#, BodyFault::WrongType("max_completion_tokens", "a number")),
        (br#"{"messages":{"0":{}}}"#, BodyFault::WrongType("messages", "an array")),
        (br#"{"tools":{"type":"web_search"}}"#, BodyFault::WrongType("tools", "an array")),
        (br#"{"functions":"f"}"#, BodyFault::WrongType("functions", "an array")),
        (br#"{"response_format":"json_object"}"#, BodyFault::WrongType("response_format", "an object")),
        (br#"{"modalities":"audio"}"#, BodyFault::WrongType("modalities", "an array")),
        (br#"{"modalities":[1]}"#, BodyFault::WrongType("modalities[]", "a string")),
        (br#"{"stop":5}"#, BodyFault::WrongType("stop", "a string or an array")),
        (br#"{"web_search_options":true}"#, BodyFault::WrongType("web_search_options", "an object")),
        (br#"{"audio":"wav"}"#, BodyFault::WrongType("audio", "an object")),
        (br#"{"tools":[truu]}"#, BodyFault::Malformed(Malformed { at: 10, expected: "a value" })),
        (br#"{"stream":nul}"#, BodyFault::Malformed(Malformed { at: 10, expected: "a value" })),
        (b"", BodyFault::Malformed(Malformed { at: 0, expected: "a value" })),
        (br#"{"a":1}{"#, BodyFault::Malformed(Malformed { at: 7, expected: "nothing after the value" })),
    ] {
        assert_eq!(read(body, Api::Chat).unwrap_err(), fault, "{}", String::from_utf8_lossy(body));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn refuses_what_decides_nothing_as_it_stands_in_a_responses_request() {
    for (body, fault) in [
        (r#"{"background":"true"}"#, BodyFault::WrongType("background", "a boolean")),
        (r#"{"input":{"role":"user"}}"#, BodyFault::WrongType("input", "a string or an array")),
        (r#"{"text":"json_schema"}"#, BodyFault::WrongType("text", "an object")),
        (r#"{"text":{"format":"json_schema"}}"#, BodyFault::WrongType("text.format", "an object")),
        (r#"{"previous_response_id":["resp_1"]}"#, BodyFault::WrongType("previous_response_id", "a string")),
        (r#"{"conversation":1}"#, BodyFault::WrongType("conversation", "a string or an object")),
        (r#"{"prompt":"p"}"#, BodyFault::WrongType("prompt", "an object")),
        (r#"{"max_output_tokens":true}"#, BodyFault::WrongType("max_output_tokens", "a number")),
        (r#"{"service_tier":1}"#, BodyFault::WrongType("service_tier", "a string")),
        (r#"{"reasoning":"detailed"}"#, BodyFault::WrongType("reasoning", "an object")),
        (r#"{"reasoning":{"summary":true}}"#, BodyFault::WrongType("reasoning.summary", "a string")),
        (r#"{"include":"message.output_text.logprobs"}"#, BodyFault::WrongType("include", "an array")),
        (r#"{"include":[["message.output_text.logprobs"]]}"#, BodyFault::WrongType("include[]", "a string")),
        (r#"{"input":[{"type":["item_reference"]}]}"#, BodyFault::WrongType("input[].type", "a string")),
        (r#"{"input":[{"content":[{"type":7}]}]}"#, BodyFault::WrongType("content[].type", "a string")),
        (r#"{"input":[{"content":[{"file_id":7}]}]}"#, BodyFault::WrongType("file_id", "a string")),
        (
            r#"{"input":[{"content":[{"image_url":["s3://b"]}]}]}"#,
            BodyFault::WrongType("image_url", "a string or an object"),
        ),
        (r#"{"input":[{"encrypted_content":{}}]}"#, BodyFault::WrongType("encrypted_content", "a string")),
        (r#"{"input":[{"tools":{}}]}"#, BodyFault::WrongType("input[].tools", "an array")),
        (r#"{"tools":[{"type":{}}]}"#, BodyFault::WrongType("tools[].type", "a string")),
        (r#"{"tools":[{"type":"namespace","tools":"mcp"}]}"#, BodyFault::WrongType("tools[].tools", "an array")),
        (r#"{"tools":[{"vector_store_ids":"vs_1"}]}"#, BodyFault::WrongType("vector_store_ids", "an array")),
        (r#"{"tools":[{"container":["cntr_1"]}]}"#, BodyFault::WrongType("container", "a string or an object")),
    ] {
        assert_eq!(read(body.as_bytes(), Api::Responses).unwrap_err(), fault, "{body}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_model_that_is_null_names_none_and_has_its_place() {
    let body = r#"{"model": null ,"messages":[]}"#;
    let facts = read(body.as_bytes(), Api::Chat).unwrap();
    assert_eq!(facts.model, None);
    assert_eq!(facts.model_span.and_then(|span| body.get(span)), Some("null"));
}

#[wasm_bindgen_test(unsupported = test)]
fn leaves_other_duplicates_to_the_cloud() {
    assert!(read(br#"{"metadata":1,"metadata":2,"messages":[{"name":"a","name":"b"}]}"#, Api::Chat).is_ok());
}

/// Whatever bytes come: an answer, no panic, and never more accepted than a full parser accepts.
#[wasm_bindgen_test(unsupported = test)]
fn accepts_no_body_that_a_full_parser_refuses() {
    let seed = br#"{"model":"m","stream":false,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}],"tools":[{"type":"f"}],"n":1}"#;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..20_000 {
        let mut body = seed.to_vec();
        for _ in 0..=state % 3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = state as usize % body.len();
            match state >> 60 {
                0..6 => body[at] = (state >> 32) as u8,
                6..11 => drop(body.remove(at)),
                _ => body.insert(at, b"{}[]\",:\\0 "[(state >> 40) as usize % 10]),
            }
        }
        for api in Api::ALL.iter().copied() {
            if read(&body, api).is_ok() {
                let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(&body);
                assert!(parsed.is_ok(), "{}", String::from_utf8_lossy(&body));
            }
        }
    }
}
