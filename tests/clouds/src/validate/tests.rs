//! Valid bodies, and the same bodies with one fault put in: each must be refused, in OpenAI's words.

use super::*;
use serde_json::json;

fn chat() -> Value {
    json!({
        "model": "gpt-4o",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is it like?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [

                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "call_2", "content": "two"},
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "one"}]},
            {"role": "user", "content": "Answer in json."},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}},
            {"type": "custom", "custom": {"name": "exec", "format": {
                "type": "grammar", "grammar": {"definition": "start: /.+/", "syntax": "lark"},
            }}},
        ],
        "tool_choice": "auto",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0.5, "top_p": 1, "n": 1, "seed": 7, "stop": ["a", "b"], "logprobs": true, "top_logprobs": 2,
        "max_completion_tokens": 100, "metadata": {"team": "search"}, "user": "u", "service_tier": "auto",
        "presence_penalty": 0, "frequency_penalty": 0.1, "logit_bias": {"50256": -100}, "store": null,
        "parallel_tool_calls": true,
    })
}

fn responses() -> Value {
    json!({
        "model": "gpt-4o",
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": "data:,", "detail": "auto"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "5"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "five"}]},
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "exec", "input": "ls"},
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "a.txt"},
            {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"},
            {"type": "item_reference", "id": "rs_2"},
        ],
        "instructions": "Be brief.",
        "tools": [
            {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": false},
            {"type": "custom", "name": "exec", "format": {"type": "grammar", "definition": ".+", "syntax": "regex"}},
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"],
        "stream": true, "stream_options": {"include_obfuscation": false}, "store": false, "truncation": "auto",
        "max_output_tokens": 100, "max_tool_calls": 2, "temperature": 1, "top_p": 0.9, "metadata": {"a": "b"},
        "parallel_tool_calls": false, "service_tier": "flex", "previous_response_id": null,
    })
}

fn checked(api: Api, body: &Value, family: Family) -> Checked {
    let bytes = body.to_string();
    let body = object(bytes.as_bytes())?;
    model(&body)?;
    check(Flavor::Azure, api, Task::Answer, &body, family)
}

/// Sets the value at a pointer, or removes it; a trailing `+` appends to a list.
fn changed(mut body: Value, pointer: &str, value: Option<Value>) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (body.pointer_mut(parent).unwrap(), value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(key.to_owned(), value)),
        (Value::Object(fields), None) => drop(fields.remove(key).expect(pointer)),
        (Value::Array(entries), Some(value)) if key == "+" => entries.push(value),
        (Value::Array(entries), Some(value)) => entries[key.parse::<usize>().unwrap()] = value,
        (Value::Array(entries), None) => drop(entries.remove(key.parse().unwrap())),
        (other, _) => panic!("{parent} is {other}"),
    }
    body
}

#[test]
fn valid_bodies_pass() {
    assert_eq!(checked(Api::Chat, &chat(), Family::Classic), Ok(()));
    assert_eq!(checked(Api::Responses, &responses(), Family::Classic), Ok(()));
    let minimal = json!({"model": "m", "messages": [{"role": "user", "content": ""}]});
    assert_eq!(checked(Api::Chat, &minimal, Family::ReasoningNoChatTools), Ok(()));
    let minimal = json!({"model": "m", "input": "hi"});
    assert_eq!(checked(Api::Responses, &minimal, Family::ReasoningNoChatTools), Ok(()));
    let by_prompt = json!({"model": "m", "prompt": {"id": "pmpt_1"}});
    assert_eq!(checked(Api::Responses, &by_prompt, Family::Reasoning), Ok(()));
    let neutral = json!({
        "model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": 1, "top_p": 1, "logprobs": false,
        "presence_penalty": 0, "max_completion_tokens": 5, "reasoning_effort": "low",
    });
    assert_eq!(checked(Api::Chat, &neutral, Family::Reasoning), Ok(()));
    let tools_without_effort = changed(chat(), "/reasoning_effort", Some(json!("none")));
    let tools_without_effort = changed(tools_without_effort, "/stop", None);
    assert_eq!(checked(Api::Chat, &tools_without_effort, Family::ReasoningNoChatTools), Ok(()));
}

/// Where the fault is put in, what it is, and the `param` and `code` of the error.
type Row = (&'static str, Option<Value>, Option<&'static str>, Option<&'static str>);

fn refused(api: Api, valid: fn() -> Value, rows: Vec<Row>) {
    for (pointer, value, param, code) in rows {
        let shown = format!("{pointer} = {value:?}");
        let fault = checked(api, &changed(valid(), pointer, value), Family::Classic);
        let invalid = fault.expect_err(&shown);
        assert_eq!((invalid.param.as_deref(), invalid.code), (param, code), "{shown}: {}", invalid.message);
    }
}

const TYPE: Option<&str> = Some("invalid_type");
const VALUE: Option<&str> = Some("invalid_value");
const LONG: Option<&str> = Some("string_above_max_length");
const MISSING: Option<&str> = Some("missing_required_parameter");

#[test]
fn one_fault_in_a_chat_body_is_refused() {
    let x = |value: Value| Some(value);
    let many: serde_json::Map<_, _> = (0..17).map(|index| (index.to_string(), json!("v"))).collect();
    let rows: Vec<Row> = vec![
        ("/model", None, Some("model"), MISSING),
        ("/model", x(json!(7)), Some("model"), TYPE),
        ("/messages", None, Some("messages"), MISSING),
        ("/messages", x(json!("hi")), Some("messages"), TYPE),
        ("/messages", x(json!([])), Some("messages"), Some("empty_array")),
        ("/messages/0", x(json!("hi")), Some("messages[0]"), TYPE),
        ("/messages/0/role", None, Some("messages[0].role"), MISSING),
        ("/messages/0/role", x(json!("robot")), Some("messages[0].role"), VALUE),
        ("/messages/0/role", x(json!(1)), Some("messages[0].role"), TYPE),
        ("/messages/0/content", None, Some("messages[0].content"), MISSING),
        ("/messages/0/content", x(json!(null)), Some("messages[0].content"), None),
        ("/messages/0/content", x(json!(5)), Some("messages[0].content"), TYPE),
        ("/messages/1/content/0", x(json!("text")), Some("messages[1].content[0]"), TYPE),
        ("/messages/1/content/0/type", None, Some("messages[1].content[0].type"), MISSING),
        ("/messages/1/content/0/type", x(json!("input_text")), Some("messages[1].content[0].type"), VALUE),
        ("/messages/1/content/0/text", None, Some("messages[1].content[0].text"), MISSING),
        ("/messages/1/content/1/image_url", x(json!("http://x")), Some("messages[1].content[1].image_url"), TYPE),
        ("/messages/1/content/1/image_url/url", None, Some("messages[1].content[1].image_url.url"), MISSING),
        (
            "/messages/1/content/1/image_url/detail",
            x(json!("tiny")),
            Some("messages[1].content[1].image_url.detail"),
            VALUE,
        ),
        (
            "/messages/1/content/2/input_audio/format",
            x(json!("ogg")),
            Some("messages[1].content[2].input_audio.format"),
            VALUE,
        ),
        ("/messages/2/tool_calls/0/id", None, Some("messages[2].tool_calls[0].id"), MISSING),
        ("/messages/2/tool_calls/0/type", x(json!("tool")), Some("messages[2].tool_calls[0].type"), VALUE),
        ("/messages/2/tool_calls/0/function/name", None, Some("messages[2].tool_calls[0].function.name"), MISSING),
        (
            "/messages/2/tool_calls/0/function/arguments",
            x(json!({})),
            Some("messages[2].tool_calls[0].function.arguments"),
            TYPE,
        ),
        ("/messages/3/tool_call_id", None, Some("messages[3].tool_call_id"), MISSING),
        ("/messages/3/tool_call_id", x(json!("call_9")), Some("messages[3].role"), None),
        ("/messages/3", None, Some("messages[2].role"), None),
        (
            "/messages/+",
            x(json!({"role": "tool", "tool_call_id": "call_1", "content": "x"})),
            Some("messages[6].role"),
            None,
        ),
        ("/tools", x(json!({})), Some("tools"), TYPE),
        ("/tools", x(json!([])), Some("tools"), Some("empty_array")),
        ("/tools", None, Some("tool_choice"), None),
        ("/tools/0/type", x(json!("web_search")), Some("tools[0].type"), VALUE),
        ("/tools/0/function", None, Some("tools[0].function"), MISSING),
        ("/tools/0/function/name", None, Some("tools[0].function.name"), MISSING),
        ("/tools/0/function/name", x(json!("")), Some("tools[0].function.name"), Some("empty_string")),
        ("/tools/0/function/name", x(json!("get weather")), Some("tools[0].function.name"), VALUE),
        (
            "/tools/0/function/name",
            x(json!("x".repeat(65))),
            Some("tools[0].function.name"),
            Some("string_above_max_length"),
        ),
        ("/tools/0/function/parameters", x(json!("{}")), Some("tools[0].function.parameters"), TYPE),
        ("/tools/0/function/strict", x(json!("yes")), Some("tools[0].function.strict"), TYPE),
        ("/tool_choice", x(json!("maybe")), Some("tool_choice"), VALUE),
        ("/tool_choice", x(json!({"type": "tool"})), Some("tool_choice.type"), VALUE),
        ("/tool_choice", x(json!([])), Some("tool_choice"), TYPE),
        ("/response_format/type", x(json!("xml")), Some("response_format.type"), VALUE),
        ("/response_format/json_schema", None, Some("response_format.json_schema"), MISSING),
        ("/response_format/json_schema/name", None, Some("response_format.json_schema.name"), MISSING),
        ("/response_format", x(json!("json")), Some("response_format"), TYPE),
        ("/stream", x(json!("true")), Some("stream"), TYPE),
        ("/stream", x(json!(false)), Some("stream_options"), None),
        ("/stream_options/include", x(json!(true)), Some("stream_options.include"), Some("unknown_parameter")),
        ("/stream_options/include_usage", x(json!("yes")), Some("stream_options.include_usage"), TYPE),
        ("/temperature", x(json!("hot")), Some("temperature"), TYPE),
        ("/temperature", x(json!(2.5)), Some("temperature"), Some("decimal_above_max_value")),
        ("/temperature", x(json!(-1)), Some("temperature"), Some("decimal_below_min_value")),
        ("/top_p", x(json!(1.1)), Some("top_p"), Some("decimal_above_max_value")),
        ("/n", x(json!(0)), Some("n"), Some("integer_below_min_value")),
        ("/n", x(json!(129)), Some("n"), Some("integer_above_max_value")),
        ("/n", x(json!(1.5)), Some("n"), TYPE),
        ("/seed", x(json!("7")), Some("seed"), TYPE),
        ("/stop", x(json!(["a", "b", "c", "d", "e"])), Some("stop"), Some("array_above_max_length")),
        ("/stop", x(json!([1])), Some("stop[0]"), TYPE),
        ("/stop", x(json!(1)), Some("stop"), TYPE),
        ("/logprobs", x(json!(false)), Some("top_logprobs"), None),
        ("/top_logprobs", x(json!(21)), Some("top_logprobs"), Some("integer_above_max_value")),
        ("/max_completion_tokens", x(json!(0)), Some("max_completion_tokens"), Some("integer_below_min_value")),
        ("/max_tokens", x(json!(10)), Some("max_tokens"), Some("invalid_parameter_combination")),
        ("/metadata", x(json!({"a": 1})), Some("metadata.a"), TYPE),
        ("/metadata", x(many.into()), Some("metadata"), Some("object_above_max_properties")),
        ("/user", x(json!({})), Some("user"), TYPE),
        ("/service_tier", x(json!("gold")), Some("service_tier"), VALUE),
        ("/reasoning_effort", x(json!("extreme")), Some("reasoning_effort"), VALUE),
        ("/presence_penalty", x(json!(3)), Some("presence_penalty"), Some("decimal_above_max_value")),
        ("/logit_bias", x(json!([])), Some("logit_bias"), TYPE),
        ("/parallel_tool_calls", x(json!(1)), Some("parallel_tool_calls"), TYPE),
        ("/tools/1/custom", None, Some("tools[1].custom"), MISSING),
        ("/tools/1/custom/format/type", x(json!("free")), Some("tools[1].custom.format.type"), VALUE),
        ("/tools/1/custom/format/grammar", None, Some("tools[1].custom.format.grammar"), MISSING),
        (
            "/tools/1/custom/format/grammar/syntax",
            x(json!("ebnf")),
            Some("tools[1].custom.format.grammar.syntax"),
            VALUE,
        ),
        ("/tool_choice", x(json!({"type": "function"})), Some("tool_choice.function"), MISSING),
        ("/tool_choice", x(json!({"type": "function", "function": {"name": "g"}})), Some("tool_choice"), None),
        ("/tool_choice", x(json!({"type": "custom", "custom": {"name": "f"}})), Some("tool_choice"), None),
        (
            "/tool_choice",
            x(json!({"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": []}})),
            Some("tool_choice.allowed_tools.mode"),
            VALUE,
        ),
        (
            "/messages/2/tool_calls/0",
            x(json!({"id": "call_1", "type": "custom", "custom": {"name": "exec"}})),
            Some("messages[2].tool_calls[0].custom.input"),
            MISSING,
        ),
        ("/response_format/json_schema/strict", x(json!("yes")), Some("response_format.json_schema.strict"), TYPE),
        ("/logit_bias/50256", x(json!(101)), Some("logit_bias.50256"), Some("decimal_above_max_value")),
        ("/prompt_cache_key", x(json!("k".repeat(65))), Some("prompt_cache_key"), Some("string_above_max_length")),
        ("/prompt_cache_retention", x(json!("forever")), Some("prompt_cache_retention"), VALUE),
        ("/metadata", x(json!({"k".repeat(65): "v"})), Some("metadata"), Some("string_above_max_length")),
        ("/metadata", x(json!({"k": "v".repeat(513)})), Some("metadata.k"), Some("string_above_max_length")),
        ("/input", x(json!("hi")), None, None),
        ("/temprature", x(json!(1)), None, None),
    ];
    assert!(rows.len() >= 60, "{}", rows.len());
    refused(Api::Chat, chat, rows);
}

#[test]
fn one_fault_in_a_responses_body_is_refused() {
    let x = |value: Value| Some(value);
    let unknown = Some("unknown_parameter");
    let rows: Vec<Row> = vec![
        ("/model", None, Some("model"), MISSING),
        ("/model", x(json!(["gpt"])), Some("model"), TYPE),
        ("/input", None, Some("input"), MISSING),
        ("/input", x(json!(5)), Some("input"), TYPE),
        ("/input/0", x(json!("hi")), Some("input[0]"), TYPE),
        ("/input/0/role", x(json!("tool")), Some("input[0].role"), VALUE),
        ("/input/0/role", None, Some("input[0].type"), MISSING),
        ("/input/0/content", None, Some("input[0].content"), MISSING),
        ("/input/1/type", x(json!("messages")), Some("input[1].type"), VALUE),
        ("/input/1/content/0/type", x(json!("text")), Some("input[1].content[0].type"), VALUE),
        ("/input/1/content/0/text", None, Some("input[1].content[0].text"), MISSING),
        ("/input/1/content/1/image_url", None, Some("input[1].content[1].image_url"), MISSING),
        ("/input/2/id", None, Some("input[2].id"), MISSING),
        ("/input/2/summary", None, Some("input[2].summary"), MISSING),
        ("/input/3", None, Some("input"), None),
        ("/input/3/call_id", None, Some("input[3].call_id"), MISSING),
        ("/input/3/arguments", x(json!({})), Some("input[3].arguments"), TYPE),
        ("/input/3/call_id", x(json!("call_9")), Some("input"), None),
        ("/input/4/output", None, Some("input[4].output"), MISSING),
        ("/input/4/output", x(json!({"a": 1})), Some("input[4].output"), TYPE),
        ("/input/5/content/0/type", x(json!("input_text")), Some("input[5].content[0].type"), VALUE),
        ("/instructions", x(json!(["a"])), Some("instructions"), TYPE),
        ("/input/2/id", x(json!("fc_1")), Some("input[2].id"), VALUE),
        ("/input/2/id", x(json!(format!("rs_{}", "1".repeat(62)))), Some("input[2].id"), LONG),
        ("/input/2/summary", x(json!([{"type": "text", "text": "x"}])), Some("input[2].summary[0].type"), VALUE),
        ("/input/2/encrypted_content", x(json!({})), Some("input[2].encrypted_content"), TYPE),
        ("/input/3/id", x(json!("call_1")), Some("input[3].id"), VALUE),
        ("/input/3/call_id", x(json!("c".repeat(65))), Some("input[3].call_id"), LONG),
        ("/input/3/status", x(json!("done")), Some("input[3].status"), VALUE),
        ("/input/5/id", x(json!("rs_1")), Some("input[5].id"), VALUE),
        ("/input/6/input", None, Some("input[6].input"), MISSING),
        ("/input/6/input", x(json!({})), Some("input[6].input"), TYPE),
        ("/input/6/name", None, Some("input[6].name"), MISSING),
        ("/input/6/id", x(json!("fc_1")), Some("input[6].id"), VALUE),
        ("/input/7/output", x(json!(1)), Some("input[7].output"), TYPE),
        ("/input/8/encrypted_content", None, Some("input[8].encrypted_content"), MISSING),
        ("/input/8/id", x(json!("rs_1")), Some("input[8].id"), VALUE),
        ("/input/9/id", None, Some("input[9].id"), MISSING),
        ("/input/1/content/1/detail", x(json!("tiny")), Some("input[1].content[1].detail"), VALUE),
        ("/input/1/content/1/image_url", x(json!({"url": "data:,"})), Some("input[1].content[1].image_url"), TYPE),
        ("/input/1/content/1", x(json!({"type": "input_file"})), Some("input[1].content[1].file_id"), MISSING),
        ("/tools/1/format/type", x(json!("free")), Some("tools[1].format.type"), VALUE),
        ("/tools/1/format/definition", None, Some("tools[1].format.definition"), MISSING),
        ("/tools/1/format/syntax", x(json!("ebnf")), Some("tools[1].format.syntax"), VALUE),
        ("/tool_choice/name", None, Some("tool_choice.name"), MISSING),
        ("/tool_choice/name", x(json!("g")), Some("tool_choice"), None),
        (
            "/tool_choice",
            x(json!({"type": "allowed_tools", "mode": "none", "tools": []})),
            Some("tool_choice.mode"),
            VALUE,
        ),
        ("/text/format/strict", x(json!("yes")), Some("text.format.strict"), TYPE),
        ("/text/format", x(json!({"type": "json_object"})), Some("input"), None),
        ("/text/style", x(json!("terse")), Some("text.style"), unknown),
        ("/include/0", x(json!("reasoning.content")), Some("include[0]"), VALUE),
        ("/previous_response_id", x(json!("msg_1")), Some("previous_response_id"), VALUE),
        ("/conversation", x(json!(1)), Some("conversation"), TYPE),
        ("/context_management", x(json!([{"compact_threshold": 5000}])), Some("context_management[0].type"), MISSING),
        (
            "/context_management",
            x(json!([{"type": "compaction", "compact_threshold": 5}])),
            Some("context_management[0].compact_threshold"),
            Some("integer_below_min_value"),
        ),
        ("/background", x(json!(true)), Some("background"), Some("invalid_parameter_combination")),
        ("/prompt", x(json!({"version": "1"})), Some("prompt.id"), MISSING),
        ("/prompt_cache_key", x(json!("k".repeat(65))), Some("prompt_cache_key"), LONG),
        ("/safety_identifier", x(json!("s".repeat(65))), Some("safety_identifier"), LONG),
        ("/top_logprobs", x(json!(21)), Some("top_logprobs"), Some("integer_above_max_value")),
        ("/tools/0/type", x(json!("functions")), Some("tools[0].type"), VALUE),
        ("/tools/0", x(json!({"type": "function", "function": {"name": "f"}})), Some("tools[0].name"), MISSING),
        ("/tools/0/parameters", x(json!([])), Some("tools[0].parameters"), TYPE),
        ("/tool_choice", x(json!("any")), Some("tool_choice"), VALUE),
        ("/tool_choice/type", None, Some("tool_choice.type"), MISSING),
        ("/text/format/type", x(json!("json")), Some("text.format.type"), VALUE),
        ("/text/format/name", None, Some("text.format.name"), MISSING),
        ("/text/format/schema", None, Some("text.format.schema"), MISSING),
        ("/text/verbosity", x(json!("chatty")), Some("text.verbosity"), VALUE),
        ("/reasoning/effort", x(json!("most")), Some("reasoning.effort"), VALUE),
        ("/reasoning/budget", x(json!(5)), Some("reasoning.budget"), unknown),
        ("/stream", x(json!(1)), Some("stream"), TYPE),
        ("/stream_options/include_usage", x(json!(true)), Some("stream_options.include_usage"), unknown),
        ("/store", x(json!("no")), Some("store"), TYPE),
        ("/truncation", x(json!("on")), Some("truncation"), VALUE),
        ("/max_output_tokens", x(json!(8)), Some("max_output_tokens"), Some("integer_below_min_value")),
        ("/temperature", x(json!(3)), Some("temperature"), Some("decimal_above_max_value")),
        ("/include", x(json!("all")), Some("include"), TYPE),
        ("/metadata", x(json!([])), Some("metadata"), TYPE),
        ("/service_tier", x(json!(1)), Some("service_tier"), TYPE),
        ("/messages", x(json!([])), Some("messages"), unknown),
        ("/max_tokens", x(json!(5)), Some("max_tokens"), unknown),
        ("/reasoning_effort", x(json!("low")), Some("reasoning_effort"), unknown),
    ];
    assert!(rows.len() >= 60, "{}", rows.len());
    refused(Api::Responses, responses, rows);
}

#[test]
fn reasoning_models_refuse_what_they_cannot_do() {
    let body = |more: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let rows = [
        (json!({"max_tokens": 5}), Family::Reasoning, Some("max_tokens")),
        (json!({"max_tokens": 5}), Family::Open, None),
        (json!({"temperature": 0.2}), Family::Reasoning, Some("temperature")),
        (json!({"temperature": 0.2, "reasoning_effort": "none"}), Family::Reasoning, None),
        (json!({"top_p": 0.2}), Family::Reasoning, Some("top_p")),
        (json!({"presence_penalty": 1}), Family::Reasoning, Some("presence_penalty")),
        (json!({"logprobs": true}), Family::Reasoning, Some("logprobs")),
        (json!({"logit_bias": {}}), Family::Reasoning, Some("logit_bias")),
        (json!({"stop": "x"}), Family::Reasoning, Some("stop")),
        (json!({"stop": "x", "reasoning_effort": "none"}), Family::ReasoningNoChatTools, Some("stop")),
        (json!({"stop": "x"}), Family::Open, None),
        (json!({"tools": tools}), Family::Reasoning, None),
        (json!({"tools": tools}), Family::ReasoningNoChatTools, Some("reasoning_effort")),
        (json!({"tools": tools, "reasoning_effort": "low"}), Family::ReasoningNoChatTools, Some("reasoning_effort")),
        (json!({"tools": tools, "reasoning_effort": "none"}), Family::ReasoningNoChatTools, None),
    ];
    for (more, family, expected) in rows {
        let got = checked(Api::Chat, &body(more.clone()), family).err().and_then(|invalid| invalid.param);
        assert_eq!(got.as_deref(), expected, "{more} {family:?}");
    }
    let sampled = json!({"model": "m", "input": "x", "temperature": 0.2});
    assert!(checked(Api::Responses, &sampled, Family::Reasoning).is_err());
}

#[test]
fn what_is_no_json_object_is_refused_in_openais_words() {
    for (bytes, beginning) in [
        (&b"{\"model\": \"m\","[..], "We could not parse the JSON body"),
        (b"", "We could not parse the JSON body"),
        (b"{\"a\":\"\xff\"}", "We could not parse the JSON body"),
        (b"{} {}", "We could not parse the JSON body"),
        (b"[1]", "Invalid type for request body: expected an object, but got an array"),
    ] {
        let message = object(bytes).unwrap_err().message;
        assert!(message.starts_with(beginning), "{message}");
    }
}

#[test]
fn unknown_arguments_are_named_together() {
    let body = json!({"model": "m", "messages": [], "b": 1, "a": 2});
    let message = checked(Api::Chat, &body, Family::Classic).unwrap_err().message;
    assert_eq!(message, "Unrecognized request arguments supplied: a, b");
    let body = json!({"model": "m", "input": "x", "a": 2});
    assert_eq!(checked(Api::Responses, &body, Family::Classic).unwrap_err().message, "Unknown parameter: 'a'.");
}

#[test]
fn each_vendor_takes_what_it_can() {
    const ALL: [Flavor; 4] = [Flavor::Azure, Flavor::BedrockRuntime, Flavor::Mantle, Flavor::GooglePublisher];
    let input = |item: Value| json!({"model": "m", "input": [item]});
    let tool = |kind: &str| json!({"model": "m", "input": "x", "tools": [{"type": kind}]});
    let image = |url: &str| {
        input(json!({"role": "user", "content": [{"type": "input_image", "image_url": url, "detail": "auto"}]}))
    };
    // Who takes it: Azure, the runtime, Mantle, Google.
    let rows = [
        (json!({"model": "m", "input": "x", "client_metadata": {"a": "b"}}), "yyyy"),
        (tool("code_interpreter"), "ynny"),
        (tool("file_search"), "ynny"),
        (tool("image_generation"), "ynny"),
        (tool("shell"), "ynny"),
        (tool("mcp"), "yyyy"),
        (tool("custom"), "yyyy"),
        (tool("apply_patch"), "yyny"),
        (tool("computer"), "yyny"),
        (tool("web_search"), "ynyy"),
        (input(json!({"type": "agent_message"})), "ynny"),
        (input(json!({"type": "context_compaction"})), "ynny"),
        (input(json!({"type": "local_shell_call"})), "ynny"),
        (input(json!({"type": "additional_tools", "tools": [{"type": "mcp"}]})), "yyyy"),
        (input(json!({"type": "additional_tools", "tools": [{"type": "file_search"}]})), "ynny"),
        (
            input(
                json!({"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]}),
            ),
            "yyyy",
        ),
        (
            input(json!({
                "type": "function_call_output", "call_id": "c",
                "output": [{"type": "input_image", "image_url": "data:,"}],
            })),
            "ynny",
        ),
        (input(json!({"role": "user", "content": [{"type": "input_file", "file_url": "https://x"}]})), "ynny"),
        (image("data:image/png;base64,AA=="), "yyyy"),
        (image("https://example.com/a.png"), "ynyy"),
        (image("s3://bucket/a.png"), "nyyn"),
        (json!({"model": "m", "input": "x", "service_tier": "priority"}), "yyny"),
        (json!({"model": "m", "input": "x", "service_tier": "default"}), "yyyy"),
        (json!({"model": "m", "input": "x", "reasoning": {"summary": "detailed"}}), "yyny"),
        (json!({"model": "m", "input": "x", "reasoning": {"summary": "auto"}}), "yyyy"),
        (json!({"model": "m", "input": "x", "background": true}), "ynyy"),
    ];
    for (body, takers) in rows {
        let body = body.as_object().unwrap();
        let found: String =
            ALL.iter()
                .map(|flavor| {
                    if check(*flavor, Api::Responses, Task::Answer, body, Family::Reasoning).is_ok() {
                        'y'
                    } else {
                        'n'
                    }
                })
                .collect();
        assert_eq!(found, takers, "{body:?}");
    }
}

#[test]
fn references_that_exclude_each_other_are_refused_together() {
    let body = json!({"model": "m", "input": "x", "previous_response_id": "resp_1", "conversation": "conv_1"});
    let invalid = checked(Api::Responses, &body, Family::Classic).unwrap_err();
    assert_eq!((invalid.param, invalid.code), (None, Some("mutually_exclusive_parameters")));
}

#[test]
fn compacting_and_counting_take_their_own_fields() {
    let rows = [
        (Task::Compact, json!({"model": "m", "input": "x", "prompt_cache_key": "k"}), None),
        (Task::Compact, json!({"model": "m", "previous_response_id": "resp_1"}), None),
        (Task::Compact, json!({"model": "m"}), Some("input")),
        (Task::Compact, json!({"model": "m", "input": "x", "tools": []}), Some("tools")),
        (Task::Compact, json!({"model": "m", "input": "x", "stream": true}), Some("stream")),
        (Task::CountTokens, json!({"model": "m", "input": "x", "tools": []}), None),
        (Task::CountTokens, json!({"model": "m", "input": "x", "store": false}), Some("store")),
        (Task::CountTokens, json!({"model": "m", "input": 1}), Some("input")),
    ];
    for (task, body, expected) in rows {
        let found = check(Flavor::Azure, Api::Responses, task, body.as_object().unwrap(), Family::Reasoning);
        assert_eq!(found.err().and_then(|invalid| invalid.param).as_deref(), expected, "{task:?} {body}");
    }
}

#[test]
fn the_runtime_gives_one_answer_and_its_open_models_take_no_biases() {
    let messages = json!([{"role": "user", "content": "x"}]);
    let rows = [
        (json!({"n": 2}), Family::ReasoningNoChatTools, Some("n")),
        (json!({"n": 1}), Family::ReasoningNoChatTools, None),
        (json!({"n": 2}), Family::Open, None),
        (json!({"logit_bias": {"1": 1}}), Family::Open, Some("logit_bias")),
    ];
    for (more, family, expected) in rows {
        let mut body = json!({"model": "m", "messages": messages});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let found = check(Flavor::BedrockRuntime, Api::Chat, Task::Answer, body.as_object().unwrap(), family);
        assert_eq!(found.err().and_then(|invalid| invalid.param).as_deref(), expected, "{more}");
    }
}
