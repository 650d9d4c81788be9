//! `recorded` against recordings that the test makes: of the emulated clouds themselves, then changed.

use super::*;
use crate::recorded::hold;
use std::fs;
use std::path::PathBuf;

/// A folder of recordings with one exchange of Azure's.
fn recordings(request: &Value, stream: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("multihome-recordings-{}", random_hex(12)));
    let exchange = json!({
        "request": {"host": AZURE, "path": "/openai/v1/chat/completions", "body": request},
        "response": {"status": 200, "headers": {"content-type": "text/event-stream; charset=utf-8"}, "body_text": stream},
    });
    fs::create_dir_all(dir.join("azure")).unwrap();
    fs::write(dir.join("azure/stream.json"), exchange.to_string()).unwrap();
    dir
}

#[tokio::test]
async fn a_chat_stream_is_compared_and_what_is_not_recorded_is_named() {
    let mut request = chat("gpt6sol-prod", "one two");
    request["stream"] = json!(true);
    request["stream_options"] = json!({"include_usage": true});
    let client = clouds().await;
    let stream = client.send(&client.azure("chat/completions", &request)).await.unwrap().text();
    let no_finish: String =
        stream.split_inclusive("\n\n").filter(|event| !event.contains("\"finish_reason\":\"stop\"")).collect();
    let rows = [
        (stream.clone(), true, ""),
        // The text and how many pieces it comes in are the model's affair.
        (stream.replacen("one", "something else", 1), true, ""),
        (stream.replacen("\"total_tokens\":", "\"tokens\":", 1), false, "usage.tokens: only recorded"),
        (
            stream.replacen("\"role\":\"assistant\"", "\"role\":\"model\"", 1),
            false,
            "recorded `model`, emulated `assistant`",
        ),
        (no_finish, false, "(order of events)"),
    ];
    for (recorded, good, said) in rows {
        let dir = recordings(&request, &recorded);
        let report = hold(&dir).await.unwrap();
        fs::remove_dir_all(&dir).unwrap();
        let text = report.to_string();
        assert_eq!(report.is_good(), good, "{text}");
        for line in [said, "azure: no streamed response is recorded", "aws-mantle: there is no such folder"] {
            assert!(text.contains(line), "`{line}` is not in\n{text}");
        }
        assert!(!text.contains("azure: no streamed chat completion"), "{text}");
    }
}
