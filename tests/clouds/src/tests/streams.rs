use super::*;

/// The payloads of a stream's `data:` lines.
pub fn payloads(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
}

pub fn streamed(mut body: Value, more: &Value) -> Value {
    body["stream"] = json!(true);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub fn kinds(events: &[Value]) -> Vec<String> {
    let mut kinds: Vec<String> = events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn azures_chat_stream_has_azures_quirks() {
    let client = clouds().await;
    let body = streamed(chat("gpt6luna-prod", "one two"), &json!({"stream_options": {"include_usage": true}}));
    let answer = client.send(&client.azure("chat/completions", &body)).await.unwrap();
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events = payloads(&answer.text());
    let first = json!({"id": "", "object": "", "created": 0, "model": "", "choices": []});
    for (name, value) in first.as_object().unwrap() {
        assert_eq!(&events[0][name], value, "the first event is empty but for the prompt's filters");
    }
    assert!(events[0]["prompt_filter_results"].is_array());
    let text: String = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "azure contoso-eastus2 gpt6luna-prod: one two");
    let [finish, verdict, usage, done] = &events[events.len() - 4..] else { panic!() };
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert!(
        verdict["choices"][0].get("delta").is_none() && verdict["choices"][0]["content_filter_offsets"].is_object()
    );
    assert_eq!((&usage["choices"], usage["usage"]["total_tokens"].is_u64()), (&json!([]), true));
    assert_eq!(done, "[DONE]");
    let plain =
        client.send(&client.azure("chat/completions", &streamed(chat("gpt6sol-prod", "x"), &json!({})))).await.unwrap();
    assert!(!plain.text().contains("\"usage\""), "no usage unless asked for");
}

#[tokio::test]
async fn the_number_of_deltas_is_that_of_the_words_or_as_marked() {
    let client = clouds().await;
    for (text, expected) in [("one two", 5), ("one two [[events 2]]", 2), ("one two [[events 64]]", 64)] {
        let body = streamed(responses("gpt6sol-prod", text), &json!({}));
        let events = payloads(&client.send(&client.azure("responses", &body)).await.unwrap().text());
        let deltas: Vec<&Value> = events.iter().filter(|event| event["type"] == "response.output_text.delta").collect();
        assert_eq!(deltas.len(), expected, "{text}");
        let joined: String = deltas.iter().map(|event| event["delta"].as_str().unwrap()).collect();
        let whole = events.last().unwrap()["response"]["output"][0]["content"][0]["text"].as_str().unwrap();
        assert_eq!(joined, whole);
    }
}

#[tokio::test]
async fn a_responses_stream_keeps_its_order() {
    let client = clouds().await;
    let tools = json!([{"type": "function", "name": "weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    }}]);
    let message = [
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ];
    let call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ];
    let thought = ["response.output_item.added", "response.output_item.done"];
    let summary = [
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
    ];
    let cases = [
        ("hi", json!({}), vec![&message[..]]),
        ("[[reasoning]] hi", json!({}), vec![&thought[..], &message[..]]),
        ("[[reasoning]] hi", json!({"reasoning": {"summary": "auto"}}), vec![&summary[..], &message[..]]),
        ("please call weather", json!({"tools": tools}), vec![&call[..]]),
        ("please call weather", json!({"tools": tools, "tool_choice": "none"}), vec![&message[..]]),
        ("hi", json!({"tools": tools, "tool_choice": "required"}), vec![&call[..]]),
    ];
    for (text, more, items) in cases {
        let body = streamed(responses("gpt6sol-prod", text), &more);
        let events = payloads(&client.send(&client.azure("responses", &body)).await.unwrap().text());
        let mut expected = vec!["response.created", "response.in_progress"];
        expected.extend(items.concat());
        expected.push("response.completed");
        assert_eq!(kinds(&events), expected, "{text} {more}");
        let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn mantle_sends_the_data_before_the_event() {
    let client = clouds().await;
    let body = streamed(responses("openai.gpt-5.5", "hi"), &json!({}));
    let request = Outgoing::post(Surface::AwsMantle, MANTLE, "/openai/v1/responses", &body);
    let answer = client.send(&client.signed(request).unwrap()).await.unwrap();
    for block in answer.text().split("\n\n").filter(|block| !block.is_empty()) {
        let lines: Vec<&str> = block.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(lines, ["data", "event"], "{block}");
    }
}

#[tokio::test]
async fn chat_answers_calls_and_limits() {
    let client = clouds().await;
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {
        "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
    }}}]);
    let with = |body: Value, more: &Value| {
        let mut body = body;
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let ask = |body: Value| {
        let request = client.azure("chat/completions", &body);
        let client = &client;
        async move { client.send(&request).await.unwrap() }
    };
    let called = ask(with(chat("gpt4o-classic", "call f"), &json!({"tools": tools}))).await.json();
    let message = &called["choices"][0]["message"];
    assert_eq!(called["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(message["tool_calls"][0]["function"], json!({"name": "f", "arguments": "{\"n\":1}"}));
    let conversation = json!([
        {"role": "user", "content": "call f"}, message,
        {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "5"},
    ]);
    let then = ask(json!({"model": "gpt4o-classic", "messages": conversation, "tools": tools})).await.json();
    assert_eq!(then["choices"][0]["finish_reason"], "stop", "{then}");
    let streamed_call = ask(streamed(chat("gpt4o-classic", "call f"), &json!({"tools": tools}))).await;
    let deltas: Vec<Value> = payloads(&streamed_call.text());
    let arguments: String = deltas
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(arguments, "{\"n\":1}");
    let short = ask(with(chat("gpt4o-classic", "hello"), &json!({"max_tokens": 2}))).await.json();
    assert_eq!(short["choices"][0]["finish_reason"], "length");
    assert_eq!(
        (&short["choices"][0]["message"]["content"], &short["usage"]["completion_tokens"]),
        (&json!("azure co"), &json!(2))
    );
    let two = ask(with(chat("gpt4o-classic", "hello"), &json!({"n": 2}))).await.json();
    assert_eq!(two["choices"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_stream_is_cut_or_padded_where_it_was_asked() {
    let client = clouds().await;
    let body = streamed(responses("gpt6sol-prod", "a b c d [[azure cut after=3]]"), &json!({}));
    let answer = client.send(&client.azure("responses", &body)).await.unwrap();
    assert!(answer.cut);
    assert_eq!(payloads(&answer.text()).len(), 3);
    let body = streamed(responses("gpt6sol-prod", "a b c d [[azure padded]]"), &json!({}));
    let text = client.send(&client.azure("responses", &body)).await.unwrap().text();
    assert!(text.contains(": ping\n\n") && text.contains("event: response.vendor_note\n") && text.contains("1e2"));
    let body = streamed(responses("gpt6sol-prod", "a b [[azure filtered]]"), &json!({}));
    let events = payloads(&client.send(&client.azure("responses", &body)).await.unwrap().text());
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"]["reason"], "content_filter");
}
