//! Requests: what becomes of each member, item and part.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::convert::chat::request;
use crate::convert::{MOST_ECHO, Towards, Translated, Untranslatable};

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

/// The input of a request, and the messages that it becomes.
const CONVERSATIONS: &[(&str, &str, &str)] = &[
    ("a string", r#""hi \"you\"\n""#, r#"{"role":"user","content":"hi \"you\"\n"}"#),
    ("no item", "[]", ""),
    ("an easy message", r#"[{"role":"user","content":"hi"}]"#, r#"{"role":"user","content":"hi"}"#),
    (
        "members in any order",
        r#"[ { "content" : "hi" , "type" : "message", "role":"user" } ]"#,
        r#"{"role":"user","content":"hi"}"#,
    ),
    (
        "parts of a user",
        r#"[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]}]"#,
        r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#,
    ),
    ("no part", r#"[{"role":"user","content":[]}]"#, r#"{"role":"user","content":""}"#),
    (
        "an image by URL, its detail at the default",
        r#"[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png","detail":"auto","file_id":null}]}]"#,
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}"#,
    ),
    (
        "an image in the request, in detail",
        r#"[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"high"}]}]"#,
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"high"}}]}"#,
    ),
    (
        "a file",
        r#"[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}]}]"#,
        r#"{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"}}]}"#,
    ),
    (
        "a file by id",
        r#"[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]"#,
        r#"{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}"#,
    ),
    (
        "system and developer, at the beginning and in the middle",
        r#"[{"role":"developer","content":"a"},{"role":"user","content":"b"},{"role":"system","content":[{"type":"input_text","text":"c"}]}]"#,
        r#"{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"system","content":"c"}"#,
    ),
    (
        "an assistant's text",
        r#"[{"role":"assistant","content":"a"},{"role":"assistant","content":"b","phase":null}]"#,
        r#"{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}"#,
    ),
    (
        "a message as a response had it",
        r#"[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[],"logprobs":[]}]}]"#,
        r#"{"role":"assistant","content":"a"}"#,
    ),
    (
        "several texts of one message",
        r#"[{"role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]}]"#,
        r#"{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#,
    ),
    (
        "a refusal",
        r#"[{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}]"#,
        r#"{"role":"assistant","content":null,"refusal":"no"}"#,
    ),
    (
        "a text and a refusal",
        r#"[{"role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]}]"#,
        r#"{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"no"}]}"#,
    ),
    (
        "a call and its result",
        r#"[{"type":"function_call","id":"fc_1","call_id":"call_a","name":"f","arguments":"{\"x\":1}","status":"completed"},{"type":"function_call_output","call_id":"call_a","output":"r"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"call_a","content":"r"}"#,
    ),
    (
        "calls side by side are one message",
        r#"[{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"type":"function_call","call_id":"call_b","name":"g","arguments":""},{"type":"function_call_output","call_id":"call_a","output":"r"},{"type":"function_call_output","call_id":"call_b","output":"s"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":"r"},{"role":"tool","tool_call_id":"call_b","content":"s"}"#,
    ),
    (
        "calls of several turns are several messages",
        r#"[{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_a","output":"r"},{"type":"function_call","call_id":"call_b","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"call_b","output":"s"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":"r"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_b","content":"s"}"#,
    ),
    (
        "text and call of one turn are one message",
        r#"[{"role":"assistant","content":"a"},{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_a","output":""}]"#,
        r#"{"role":"assistant","content":"a","tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":""}"#,
    ),
    (
        "text behind a call belongs to its turn, or the result would not follow the call",
        r#"[{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"role":"assistant","content":"a"},{"type":"function_call_output","call_id":"call_a","output":"r"}]"#,
        r#"{"role":"assistant","content":"a","tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":"r"}"#,
    ),
    (
        "reasoning in plain words between calls is left out, and parts nothing",
        r#"[{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},{"type":"function_call","call_id":"call_b","name":"g","arguments":"{}"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]}"#,
    ),
    (
        "a result in parts",
        r#"[{"type":"function_call_output","call_id":"call_a","output":[{"type":"input_text","text":"a"}]},{"type":"function_call_output","call_id":"call_b","output":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},{"type":"function_call_output","call_id":"call_c","output":[]}]"#,
        r#"{"role":"tool","tool_call_id":"call_a","content":"a"},{"role":"tool","tool_call_id":"call_b","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"tool","tool_call_id":"call_c","content":""}"#,
    ),
    (
        "a call of a custom tool and its result",
        r#"[{"type":"custom_tool_call","id":"ctc_1","call_id":"call_a","name":"exec","input":"1 + 1"},{"type":"custom_tool_call_output","call_id":"call_a","output":"2"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"custom","custom":{"name":"exec","input":"1 + 1"}}]},{"role":"tool","tool_call_id":"call_a","content":"2"}"#,
    ),
    (
        "a call of a tool in a namespace",
        r#"[{"type":"function_call","call_id":"call_a","namespace":"crm","name":"find","arguments":"{}","caller":{"type":"direct"},"async":false}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"crm__find","arguments":"{}"}}]}"#,
    ),
    (
        "an id that was told from those of other turns goes back as the cloud knows it",
        r#"[{"type":"function_call","call_id":"call_0-0123456789abcdef","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_0-0123456789abcdef","output":"r"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_0","content":"r"}"#,
    ),
    (
        "an id that is too long is a digest in call and result",
        r#"[{"type":"function_call","call_id":"call_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","output":"r"}]"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"call_DIGEST","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_DIGEST","content":"r"}"#,
    ),
];

#[wasm_bindgen_test(unsupported = test)]
fn a_conversation_becomes_messages() {
    let digest = &super::super::call_id::digest(&[b"call_".as_slice(), &[b'a'; 64]].concat(), 32);
    for (what, input, messages) in CONVERSATIONS {
        let (out, _) = translated(&format!(r#""input":{input}"#)).unwrap();
        assert_eq!(out, format!("{}]}}", messages.replace("DIGEST", digest)), "{what}");
    }
}

/// Members of a request, what is written of them, and which hints were left out.
const MEMBERS: &[(&str, &str, &[&str])] = &[
    (r#""model":"gpt-6-luna""#, "", &[]),
    (r#""max_output_tokens":100"#, r#","max_completion_tokens":100"#, &[]),
    (r#""max_output_tokens":null,"temperature":null,"top_p":null"#, "", &[]),
    (r#""temperature":0.20,"top_p":1"#, r#","temperature":0.20,"top_p":1"#, &[]),
    (r#""top_logprobs":0"#, "", &[]),
    (r#""top_logprobs":3"#, r#","logprobs":true,"top_logprobs":3"#, &[]),
    (r#""include":["message.output_text.logprobs"]"#, r#","logprobs":true"#, &[]),
    (r#""include":["reasoning.encrypted_content"]"#, "", &["include: reasoning.encrypted_content"]),
    (r#""include":[],"tools":[],"metadata":{},"context_management":[]"#, "", &[]),
    (r#""include":["file_search_call.results","code_interpreter_call.outputs"]"#, "", &[]),
    (r#""reasoning":{"effort":"low"}"#, r#","reasoning_effort":"low""#, &[]),
    (r#""reasoning":{"effort":null,"summary":null,"mode":"standard","context":"auto"}"#, "", &[]),
    (
        r#""reasoning":{"effort":"high","summary":"auto","context":"all_turns"}"#,
        r#","reasoning_effort":"high""#,
        &["reasoning.summary", "reasoning.context"],
    ),
    (r#""text":{"format":{"type":"text"},"verbosity":"medium"}"#, "", &[]),
    (r#""text":{"verbosity":"low"}"#, r#","verbosity":"low""#, &[]),
    (r#""text":{"format":{"type":"json_object"}}"#, r#","response_format":{"type":"json_object"}"#, &[]),
    (
        r#""text":{"format":{"schema":{"type":"object"},"strict":true,"name":"n","type":"json_schema","description":null}}"#,
        r#","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}"#,
        &[],
    ),
    (r#""stream":false"#, "", &[]),
    (r#""stream":true"#, r#","stream":true,"stream_options":{"include_usage":true}"#, &[]),
    (
        r#""stream":true,"stream_options":{"include_obfuscation":true}"#,
        r#","stream":true,"stream_options":{"include_usage":true}"#,
        &["stream_options.include_obfuscation"],
    ),
    (r#""stream_options":{"include_obfuscation":false},"store":false,"background":false"#, "", &[]),
    (r#""store":null,"background":null,"prompt":null,"conversation":null,"previous_response_id":null"#, "", &[]),
    (r#""truncation":"disabled","service_tier":"auto""#, "", &[]),
    (r#""service_tier":"priority""#, r#","service_tier":"priority""#, &[]),
    (r#""user":"u","safety_identifier":"s""#, r#","user":"u","safety_identifier":"s""#, &[]),
    (
        r#""prompt_cache_key":"k","prompt_cache_retention":"24h""#,
        r#","prompt_cache_key":"k","prompt_cache_retention":"24h""#,
        &[],
    ),
    (
        r#""metadata":{"a":"b"},"client_metadata":{"c":"d"},"prompt_cache_options":{"ttl":"30m"},"max_tool_calls":3"#,
        "",
        &["metadata", "client_metadata", "prompt_cache_options", "max_tool_calls"],
    ),
    // Without tools, a choice of them is refused where it says nothing.
    (r#""tool_choice":"auto","parallel_tool_calls":false"#, "", &[]),
    (r#""tool_choice":"none","parallel_tool_calls":true"#, "", &[]),
    (
        r#""tools":[{"type":"function","name":"f","description":null,"parameters":{"type":"object"},"strict":false}]"#,
        r#","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#,
        &[],
    ),
    (
        r#""tools":[{"type":"function","name":"f","description":"d","parameters":{},"strict":true,"defer_loading":false,"allowed_callers":["direct"]},{"type":"function","name":"g","parameters":null}]"#,
        r#","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{},"strict":true}},{"type":"function","function":{"name":"g"}}]"#,
        &[],
    ),
    (
        r#""tools":[{"type":"custom","name":"c","format":{"type":"text"}},{"type":"custom","name":"d","description":"x","format":{"type":"grammar","definition":"start: x","syntax":"lark"}}]"#,
        r#","tools":[{"type":"custom","custom":{"name":"c"}},{"type":"custom","custom":{"name":"d","description":"x","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}}]"#,
        &[],
    ),
    (
        r#""tools":[{"type":"function","name":"f"}],"tool_choice":"required","parallel_tool_calls":false"#,
        r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","parallel_tool_calls":false"#,
        &[],
    ),
    (
        r#""tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"}"#,
        r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
        &[],
    ),
    (
        r#""tools":[{"type":"custom","name":"c"}],"tool_choice":{"type":"custom","name":"c"}"#,
        r#","tools":[{"type":"custom","custom":{"name":"c"}}],"tool_choice":{"type":"custom","custom":{"name":"c"}}"#,
        &[],
    ),
    (
        r#""tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}"#,
        r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}"#,
        &[],
    ),
    (
        r#""tools":[{"type":"namespace","name":"crm","description":"","tools":[{"type":"function","name":"find"},{"type":"custom","name":"note"}]}]"#,
        r#","tools":[{"type":"function","function":{"name":"crm__find"}},{"type":"custom","custom":{"name":"crm__note"}}]"#,
        &[],
    ),
];

#[wasm_bindgen_test(unsupported = test)]
fn each_member_is_translated_or_at_its_default_or_a_hint() {
    for (members, written, hints) in MEMBERS {
        for request in [format!(r#""input":"hi",{members}"#), format!(r#"{members},"input":"hi""#)] {
            let (out, done) = translated(&request).unwrap();
            assert_eq!(out, format!(r#"{{"role":"user","content":"hi"}}]{written}}}"#), "{request}");
            assert_eq!(done.left_out, *hints, "{request}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_model_is_told_first_what_it_is_and_what_its_tools_are_for() {
    let told = r#""instructions":"Be\nkind","tools":[{"type":"namespace","name":"crm","description":"Our \"customers\".","tools":[{"type":"function","name":"find"}]}]"#;
    let front = concat!(
        r#"{"role":"system","content":"Be\nkind"},"#,
        r#"{"role":"system","content":"Of the tools whose names begin with crm__: Our \"customers\"."}"#
    );
    let tools = r#","tools":[{"type":"function","function":{"name":"crm__find"}}]}"#;
    for request in [format!(r#"{told},"input":"hi""#), format!(r#""input":"hi",{told}"#)] {
        let (out, done) = translated(&request).unwrap();
        assert_eq!(out, format!(r#"{front},{{"role":"user","content":"hi"}}]{tools}"#));
        assert_eq!(done.asked.namespaces, [Box::from("crm")]);
    }
    assert_eq!(translated(&format!("{told},\"input\":[]")).unwrap().0, format!("{front}]{tools}"));
}

#[wasm_bindgen_test(unsupported = test)]
fn tools_among_the_input_are_tools() {
    let input = r#""tools":[{"type":"function","name":"f"}],"input":[{"type":"additional_tools","role":"developer","tools":[{"type":"namespace","name":"x","description":"","tools":[{"type":"custom","name":"exec"}]}]},{"role":"user","content":"hi"}]"#;
    let (out, _) = translated(input).unwrap();
    let tools = r#"[{"type":"custom","custom":{"name":"x__exec"}},{"type":"function","function":{"name":"f"}}]"#;
    assert_eq!(out, format!(r#"{{"role":"user","content":"hi"}}],"tools":{tools}}}"#));
}

/// What cannot be translated, and how it is named.
const REFUSED: &[(&str, &str)] = &[
    (r#""store":true"#, "store"),
    (r#""background":true"#, "background"),
    (r#""previous_response_id":"resp_1""#, "previous_response_id"),
    (r#""conversation":"conv_1""#, "conversation"),
    (r#""prompt":{"id":"p"}"#, "prompt"),
    (r#""truncation":"auto""#, "truncation"),
    (r#""context_management":[{"type":"compaction"}]"#, "context_management"),
    (r#""moderation":{"model":"m"}"#, "moderation"),
    (r#""access_programs":{"cyber":"standard"}"#, "access_programs"),
    (r#""background_options":{}"#, "background_options"),
    (r#""image":{"context_compression":"auto"}"#, "image"),
    (r#""service_tier":"ultrafast""#, "service_tier: ultrafast"),
    (r#""frobnicate":1"#, "frobnicate"),
    (r#""include":["secrets"]"#, "include[0]: secrets"),
    (r#""include":"all""#, "include"),
    (r#""instructions":[{"role":"user","content":"hi"}]"#, "instructions"),
    (r#""reasoning":{"summary":"detailed"}"#, "reasoning.summary: detailed"),
    (r#""reasoning":{"mode":"pro"}"#, "reasoning.mode: pro"),
    (r#""reasoning":{"depth":3}"#, "reasoning.depth"),
    (r#""text":{"format":{"type":"grammar"}}"#, "text.format.type: grammar"),
    (r#""text":{"tone":"formal"}"#, "text.tone"),
    (r#""stream_options":{"x":1}"#, "stream_options.x"),
    (r#""tools":[{"type":"function","name":"f"},{"type":"web_search","filters":{}}]"#, "tools[1].type: web_search"),
    (r#""tools":[{"type":"mcp","server_label":"x","require_approval":"never"}]"#, "tools[0].type: mcp"),
    (r#""tools":[{"type":"function","name":"f","defer_loading":true}]"#, "tools[0].defer_loading"),
    (r#""tools":[{"type":"function","name":"f","async":true}]"#, "tools[0].async"),
    (r#""tools":[{"type":"function","name":"f","output_schema":{"type":"string"}}]"#, "tools[0].output_schema"),
    (
        r#""tools":[{"type":"function","name":"f","allowed_callers":["programmatic"]}]"#,
        "tools[0].allowed_callers: programmatic",
    ),
    (
        r#""tools":[{"type":"namespace","name":"n","description":"","tools":[{"type":"tool_search"}]}]"#,
        "tools[0].tools[0].type: tool_search",
    ),
    (r#""tools":[{"type":"namespace","name":"a b","description":"","tools":[]}]"#, "tools[0].name"),
    (
        r#""tools":[{"type":"function","name":"n__f"},{"type":"namespace","name":"n","description":"","tools":[{"type":"function","name":"f"}]}]"#,
        "tools[0].name, which is like one of a namespace: n__f",
    ),
    (r#""tool_choice":{"type":"web_search_preview"}"#, "tool_choice.type: web_search_preview"),
    (
        r#""tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp","server_label":"x"}]}"#,
        "tool_choice.tools[0].type: mcp",
    ),
    (r#""input":[{"type":"web_search_call","id":"ws_1"}]"#, "input[0].type: web_search_call"),
    (r#""input":[{"type":"item_reference","id":"msg_1"}]"#, "input[0].type: item_reference"),
    (r#""input":[{"id":"msg_1"}]"#, "input[0].type: item_reference"),
    (r#""input":[{"type":"compaction","encrypted_content":"x"}]"#, "input[0].type: compaction"),
    (
        r#""input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}]"#,
        "input[0].encrypted_content",
    ),
    (
        r#""input":[{"type":"reasoning","id":"rs_1","summary":[]}]"#,
        "input[0].id, of reasoning that only the cloud that made it knows",
    ),
    (
        r#""input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_audio","input_audio":{}}]}]"#,
        "input[0].content[1].type: input_audio",
    ),
    (
        r#""input":[{"role":"user","content":[{"type":"input_image","detail":"auto","file_id":"file-1"}]}]"#,
        "input[0].content[0].file_id",
    ),
    (
        r#""input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x"}]}]"#,
        "input[0].content[0].file_url",
    ),
    (
        r#""input":[{"role":"system","content":[{"type":"input_image","image_url":"https://x"}]}]"#,
        "input[0].content[0].type: input_image",
    ),
    (
        r#""input":[{"type":"function_call_output","call_id":"call_a","output":[{"type":"input_image","image_url":"https://x"}]}]"#,
        "input[0].output[0].type: input_image",
    ),
    (
        r#""input":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}","caller":{"type":"program","caller_id":"p"}}]"#,
        "input[0].caller: program",
    ),
    (r#""input":[{"type":"function_call","call_id":"a","name":"f","arguments":{}}]"#, "input[0].arguments"),
    (r#""input":[{"role":"critic","content":"x"}]"#, "input[0].role: critic"),
    (r#""input":[{"role":"user","content":7}]"#, "input[0].content"),
    (r#""input":[{"role":"user","content":"x","name":"y"}]"#, "input[0].name"),
    (r#""input":["x"]"#, "input[0]"),
    (r#""input":7"#, "input"),
];

#[wasm_bindgen_test(unsupported = test)]
fn what_chat_completions_have_no_place_for_is_named() {
    for (members, name) in REFUSED {
        let Untranslatable(names) = translated(members).expect_err(members);
        assert_eq!(names, [*name], "{members}");
    }
    let many = r#""a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"input":"hi""#;
    assert_eq!(translated(many).unwrap_err().0, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    let Untranslatable(names) = translated(r#""input": ["#).unwrap_err();
    assert_eq!(names, ["the body, which is no JSON at byte 11: a value was expected"]);
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
