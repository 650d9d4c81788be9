//! Answers that the prompt scripts, over several turns, in both APIs.

use super::streams::{kinds, payloads, streamed};
use super::*;

async fn ask(client: &Client, api: &str, body: &Value) -> Value {
    let answer = client.send(&client.azure(api, body)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn events(client: &Client, api: &str, body: &Value) -> Vec<Value> {
    payloads(&client.send(&client.azure(api, &streamed(body.clone(), &json!({})))).await.unwrap().text())
}

fn text(response: &Value) -> &str {
    let items = response["output"].as_array().unwrap();
    let message = items.iter().find(|item| item["type"] == "message").unwrap();
    message["content"][0]["text"].as_str().unwrap()
}

/// As Codex offers its tools: within an item, in a namespace.
fn agents_tools() -> Value {
    json!({"type": "additional_tools", "role": "developer", "tools": [{
        "type": "namespace", "name": "local", "description": "d", "tools": [
            {"type": "custom", "name": "exec"}, {"type": "function", "name": "plan", "parameters": {"type": "object"}},
        ],
    }]})
}

const SCRIPT: &str = r#"Edit it. [[reasoning]] [[script [
    [{"custom": "exec", "input": "write"}],
    [{"call": "plan", "arguments": {"step": "[[2]]"}}, {"custom": "shell|exec", "input": "read"}],
    "It is done."
]]]"#;

#[tokio::test]
async fn an_agent_is_led_over_several_turns_and_two_accounts() {
    let client = clouds().await;
    let mut input = vec![agents_tools(), json!({"role": "user", "content": SCRIPT})];
    let mut seen = Vec::new();
    for turn in 0..3 {
        let body = json!({
            "model": "gpt6sol-prod", "input": input, "store": false, "include": ["reasoning.encrypted_content"],
        });
        let response = ask(&client, "responses", &body).await;
        let output = response["output"].as_array().unwrap().clone();
        seen.push(output.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
        assert_eq!(output[0]["type"], "reasoning", "{turn}");
        assert_eq!(output[0]["encrypted_content"].as_str().unwrap().len(), 952);
        for call in output.iter().filter(|item| item["call_id"].is_string()) {
            assert_eq!(call["namespace"], "local");
        }
        let results = output.iter().filter(|item| item["call_id"].is_string()).map(|call| {
            json!({"type": format!("{}_output", call["type"].as_str().unwrap()), "call_id": call["call_id"], "output": "ok"})
        });
        let results: Vec<Value> = results.collect();
        input.extend(output.clone());
        input.extend(results);
        if turn == 1 {
            assert_eq!((&output[1]["arguments"], &output[2]["input"]), (&json!(r#"{"step":"[[2]]"}"#), &json!("read")));
        }
        if turn == 2 {
            assert_eq!(text(&response), "It is done.");
        }
    }
    let expected = [
        vec!["reasoning", "custom_tool_call"],
        vec!["reasoning", "function_call", "custom_tool_call"],
        vec!["reasoning", "message"],
    ];
    assert_eq!(seen, expected);
    // Afterwards the prompt's own words are answered.
    input.push(json!({"role": "user", "content": "thanks"}));
    let last = ask(&client, "responses", &json!({"model": "gpt6sol-prod", "input": input})).await;
    assert_eq!(text(&last), "azure contoso-eastus2 gpt6sol-prod: thanks");
}

#[tokio::test]
async fn a_script_goes_on_from_a_previous_response_and_from_a_compaction() {
    let client = clouds().await;
    let tools = json!([{"type": "function", "name": "f", "parameters": {"type": "object"}}]);
    let script = r#"[[script [{"call": "f"}, {"call": "f", "arguments": {"n": 2}}, "bye"]]]"#;
    let with = |input: Value, previous: &Value| json!({"model": "gpt6sol-prod", "input": input, "tools": tools, "previous_response_id": previous});
    let result = |call: &Value| json!({"type": "function_call_output", "call_id": call["call_id"], "output": "ok"});
    let first = ask(&client, "responses", &with(json!(script), &Value::Null)).await;
    let second = ask(&client, "responses", &with(json!([result(&first["output"][0])]), &first["id"])).await;
    assert_eq!(second["output"][0]["arguments"], r#"{"n":2}"#);
    let asked = json!([result(&second["output"][0])]);
    let body = json!({"model": "gpt6sol-prod", "previous_response_id": second["id"], "input": asked});
    let compacted = ask(&client, "responses/compact", &body).await;
    assert_eq!(compacted["object"], "response.compaction");
    let kinds: Vec<&str> =
        compacted["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "compaction"]);
    let last = ask(&client, "responses", &with(compacted["output"].clone(), &Value::Null)).await;
    assert_eq!(text(&last), "bye");
}

#[tokio::test]
async fn a_tool_that_is_not_offered_is_missed_aloud() {
    let client = clouds().await;
    let response = ask(&client, "responses", &responses("gpt6sol-prod", "[[call f]]")).await;
    assert_eq!(text(&response), "no tool f is offered; there are: ");
}

fn chat_tools() -> Value {
    json!([
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"type": "custom", "custom": {"name": "exec"}},
    ])
}

fn chat_with(text: &str) -> Value {
    json!({"model": "gpt4o-classic", "tools": chat_tools(), "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn chat_calls_functions_and_custom_tools_and_says_words_beside() {
    let client = clouds().await;
    let script = r#"[[script [["Let me see.", {"call": "f", "arguments": {"a": 1}}, {"custom": "exec", "input": "ls -l"}], "done"]]]"#;
    let body = chat_with(script);
    let completion = ask(&client, "chat/completions", &body).await;
    let message = &completion["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &completion["choices"][0]["finish_reason"]),
        (&json!("Let me see."), &json!("tool_calls"))
    );
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": r#"{"a":1}"#}));
    assert_eq!(
        (&calls[1]["type"], &calls[1]["custom"]),
        (&json!("custom"), &json!({"name": "exec", "input": "ls -l"}))
    );
    let chunks = events(&client, "chat/completions", &body).await;
    let mut inputs = [String::new(), String::new()];
    for delta in chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0].as_object()) {
        let index = delta["index"].as_u64().unwrap() as usize;
        let piece = delta.get("function").and_then(|function| function.get("arguments"));
        let piece = piece.or_else(|| delta.get("custom").and_then(|custom| custom.get("input")));
        inputs[index].push_str(piece.and_then(Value::as_str).unwrap());
    }
    assert_eq!(inputs, [r#"{"a":1}"#, "ls -l"]);
    let mut messages = body["messages"].as_array().unwrap().clone();
    messages.push(message.clone());
    messages.extend(calls.iter().map(|call| json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"})));
    let mut next = body.clone();
    next["messages"] = json!(messages);
    assert_eq!(ask(&client, "chat/completions", &next).await["choices"][0]["message"]["content"], "done");
}

/// The order of what a stream says of two calls: the index and what comes.
#[tokio::test]
async fn calls_take_turns_or_come_whole_where_it_is_marked() {
    let client = clouds().await;
    let calls = r#"[[call f {"a":1}]] [[call g {"b":2}]]"#;
    let rows = [
        (
            "",
            vec![
                "0 added", "0 delta", "0 delta", "0 done", "0 item", "1 added", "1 delta", "1 delta", "1 done",
                "1 item",
            ],
        ),
        (
            "[[interleaved]]",
            vec![
                "0 added", "1 added", "0 delta", "1 delta", "0 delta", "1 delta", "0 done", "0 item", "1 done",
                "1 item",
            ],
        ),
        ("[[done-only]]", vec!["0 added", "0 done", "0 item", "1 added", "1 done", "1 item"]),
    ];
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object"}});
    for (mark, expected) in rows {
        let mut body = responses("gpt6sol-prod", &format!("{calls} {mark}"));
        body["tools"] = json!([tool("f"), tool("g")]);
        let found: Vec<String> = events(&client, "responses", &body)
            .await
            .iter()
            .filter_map(|event| {
                let what = match event["type"].as_str()? {
                    "response.output_item.added" => "added",
                    "response.output_item.done" => "item",
                    "response.function_call_arguments.delta" => "delta",
                    "response.function_call_arguments.done" => "done",
                    _ => return None,
                };
                Some(format!("{} {what}", event["output_index"]))
            })
            .collect();
        assert_eq!(found, expected, "{mark}");
    }
}

#[tokio::test]
async fn refusals_and_other_endings_come_in_both_apis() {
    let client = clouds().await;
    let refusal = "I'm sorry, but I can't help with that.";
    let completion = ask(&client, "chat/completions", &chat("gpt4o-classic", "[[refusal]]")).await;
    let message = &completion["choices"][0]["message"];
    assert_eq!((&message["refusal"], &message["content"]), (&json!(refusal), &Value::Null));
    let chunks = events(&client, "chat/completions", &chat("gpt4o-classic", "[[refusal]]")).await;
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["refusal"].as_str()).collect();
    assert_eq!(said, refusal);
    let refused = events(&client, "responses", &responses("gpt6sol-prod", "[[refusal]]")).await;
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.refusal.delta",
        "response.refusal.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds(&refused), expected);
    assert_eq!(refused.last().unwrap()["response"]["output"][0]["content"][0]["refusal"], refusal);
    for (mark, chat_finish, reason) in
        [("length", "length", "max_output_tokens"), ("content_filter", "content_filter", "content_filter")]
    {
        let text = format!("hi [[finish={mark}]]");
        let completion = ask(&client, "chat/completions", &chat("gpt4o-classic", &text)).await;
        assert_eq!(completion["choices"][0]["finish_reason"], chat_finish);
        let response = ask(&client, "responses", &responses("gpt6sol-prod", &text)).await;
        assert_eq!(response["incomplete_details"]["reason"], reason);
    }
    let cached = ask(&client, "responses", &responses("gpt6sol-prod", "hi [[cached 7]]")).await;
    assert_eq!(cached["usage"]["input_tokens_details"]["cached_tokens"], 7);
    let cached = ask(&client, "chat/completions", &chat("gpt4o-classic", "hi [[cached 7]]")).await;
    assert_eq!(cached["usage"]["prompt_tokens_details"]["cached_tokens"], 7);
}

#[tokio::test]
async fn the_runtime_numbers_the_calls_of_each_chat_completion() {
    let client = clouds().await;
    let mut body = chat_with(r#"[[call f]] [[call f {"a":1}]]"#);
    body["model"] = json!("openai.gpt-oss-120b-1:0");
    let request = Outgoing::post(Surface::AwsRuntime, RUNTIME, "/openai/v1/chat/completions", &body);
    let completion = client.send(&client.signed(request).unwrap()).await.unwrap().json();
    let calls = completion["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.iter().map(|call| call["id"].as_str().unwrap()).collect::<Vec<_>>(), ["call_0", "call_1"]);
}
