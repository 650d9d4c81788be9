//! Errors inside a 200: which events come, and which error is the last.

use super::streams::{kinds, payloads};
use super::*;

/// The answer to a prompt with a fault in it, of either API.
async fn answered(client: &Client, api: &str, fault: &str, stream: bool) -> Answer {
    let text = format!("one two three {fault}");
    let mut body = if api == "responses" { responses("gpt6sol-prod", &text) } else { chat("gpt6sol-prod", &text) };
    body["stream"] = json!(stream);
    let answer = client.send(&client.azure(api, &body)).await.unwrap();
    assert_eq!((answer.status, answer.cut), (200, false), "{fault}");
    answer
}

const BEGUN: [&str; 2] = ["response.created", "response.in_progress"];
const OUTPUT: [&str; 3] = ["response.output_item.added", "response.content_part.added", "response.output_text.delta"];

#[tokio::test]
async fn a_response_fails_where_it_was_asked_to() {
    let client = clouds().await;
    let rows = [
        ("error-first", vec!["error"]),
        ("error-created", [&BEGUN[..], &["error"]].concat()),
        ("failed", [&BEGUN[..], &["response.failed"]].concat()),
        ("error-output after=2", [&BEGUN[..], &OUTPUT, &["error"]].concat()),
        ("failed-output after=2", [&BEGUN[..], &OUTPUT, &["response.failed"]].concat()),
    ];
    for (fault, expected) in rows {
        let marker = format!("[[azure {fault} code=rate_limit_exceeded]]");
        let text = answered(&client, "responses", &marker, true).await.text();
        let events = payloads(&text);
        assert_eq!(kinds(&events), expected, "{fault}");
        let last = events.last().unwrap();
        assert_eq!(last["sequence_number"], events.len() - 1, "{fault}");
        let error = if expected.last() == Some(&"error") { last } else { &last["response"]["error"] };
        assert_eq!(error["code"], "rate_limit_exceeded", "{fault}");
        assert!(error["message"].as_str().unwrap().contains("Rate limit"), "{fault}");
        if expected.last() != Some(&"error") {
            assert_eq!(last["response"]["status"], "failed");
            assert_eq!(last["response"]["id"], events[0]["response"]["id"]);
        }
    }
    let nested = answered(&client, "responses", "[[azure error-first shape=nested]]", true).await.text();
    assert_eq!(payloads(&nested)[0]["error"]["code"], "server_error");
    let whole = answered(&client, "responses", "[[azure failed code=invalid_prompt]]", false).await.json();
    assert_eq!((&whole["status"], &whole["output"]), (&json!("failed"), &json!([])));
    assert_eq!(whole["error"]["code"], "invalid_prompt");
    let whole = answered(&client, "responses", "[[azure error-first]]", false).await.json();
    assert_eq!(whole["error"]["type"], "server_error");
}

#[tokio::test]
async fn a_chat_completion_fails_where_it_was_asked_to() {
    let client = clouds().await;
    for (fault, said) in [("error-first", 0), ("error-created", 0), ("failed", 0), ("error-output after=2", 2)] {
        let marker = format!("[[azure {fault} code=server_is_overloaded]]");
        let text = answered(&client, "chat/completions", &marker, true).await.text();
        let events = payloads(&text);
        assert_eq!(events.last().unwrap()["error"]["code"], "server_is_overloaded", "{fault}");
        assert!(!text.contains("[DONE]"), "{fault}");
        let pieces =
            |event: &&Value| event["choices"][0]["delta"]["content"].as_str().is_some_and(|text| !text.is_empty());
        assert_eq!(events.iter().filter(pieces).count(), said, "{fault}");
        let role = events.iter().any(|event| event["choices"][0]["delta"]["role"] == "assistant");
        assert_eq!(role, fault != "error-first", "{fault}");
        let whole = answered(&client, "chat/completions", &marker, false).await.json();
        assert_eq!(whole["error"]["code"], "server_is_overloaded");
    }
}

#[tokio::test]
async fn a_standing_fault_has_a_code_too() {
    let client = clouds().await;
    let order = json!({"on": "azure", "fault": "error-first", "code": "insufficient_quota", "times": 1});
    client.admin("POST", "/faults", &order).await.unwrap();
    let failed = answered(&client, "responses", "", true).await.text();
    assert_eq!(payloads(&failed)[0]["code"], "insufficient_quota");
    let good = answered(&client, "responses", "", true).await.text();
    assert_eq!(payloads(&good).last().unwrap()["type"], "response.completed");
    for refused in
        [json!({"on": "azure", "fault": "failed", "code": "made_up"}), json!({"on": "azure", "fault": "fails"})]
    {
        let error = client.admin("POST", "/faults", &refused).await.unwrap_err();
        assert!(error.to_string().contains("unknown"), "{error}");
    }
}

#[tokio::test]
async fn a_stream_falls_silent_after_so_many_events() {
    let client = clouds().await;
    let mut body = responses("gpt6sol-prod", "hi [[azure stall after=2]]");
    body["stream"] = json!(true);
    let request = client.azure("responses", &body);
    let waiting = client.send(&request);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), waiting).await.is_err(), "it must not end");
}
