//! What the upstream answers: Azure OpenAI's headers, a chat completion of 600 bytes, or a stream of events.

/// Events of one streamed answer, `[DONE]` included.
pub const EVENTS: usize = 64;

const COMPLETION_BYTES: usize = 600;

/// The headers Azure OpenAI's data plane puts on an answer, beside its framing.
const HEADERS: &str = "\
apim-request-id: 6f1d3c1a-5f0e-4a4d-9a0b-2f6c8a1b7e55\r\n\
strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n\
x-content-type-options: nosniff\r\n\
x-ratelimit-remaining-requests: 249\r\n\
x-ratelimit-limit-requests: 250\r\n\
x-ratelimit-remaining-tokens: 249184\r\n\
x-ratelimit-limit-tokens: 250000\r\n\
x-ms-region: East US 2\r\n\
x-ms-deployment-name: gpt6sol-prod\r\n\
x-request-id: 0d7cf8d2-6f53-4c3e-b8a5-1b9b7e6f0c11\r\n\
x-ms-client-request-id: 6f1d3c1a-5f0e-4a4d-9a0b-2f6c8a1b7e55\r\n\
azureml-model-session: d011-20261101\r\n\
date: Tue, 24 Nov 2026 12:00:00 GMT\r\n";

/// The body of a whole answer.
pub fn completion() -> String {
    let head = concat!(
        r#"{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"finish_reason":"stop","#,
        r#""index":0,"logprobs":null,"message":{"annotations":[],"content":""#
    );
    let tail = concat!(
        r#"","refusal":null,"role":"assistant"}}],"created":1795521600,"id":"chatcmpl-D7QapPs7I6dTs0vumuROXnn2droy0","#,
        r#""model":"gpt-6.1-sol-2026-09-29","object":"chat.completion","system_fingerprint":"fp_a1b2c3d4e5","#,
        r#""usage":{"completion_tokens":24,"prompt_tokens":152,"total_tokens":176}}"#
    );
    let words = "The second draft, because it caps liability at the order's value. ";
    let text: String = words.chars().cycle().take(COMPLETION_BYTES.saturating_sub(head.len() + tail.len())).collect();
    format!("{head}{text}{tail}")
}

/// The events of a stream: Azure's empty first one with the prompt's filter results, the role, words, the finish,
/// usage, `[DONE]`.
pub fn events() -> Vec<String> {
    let chunk = |choices: &str, rest: &str| {
        format!(
            concat!(
                r#"data: {{"choices":[{}],"created":1795521600,"id":"chatcmpl-D7QapPs7I6dTs0vumuROXnn2droy0","#,
                r#""model":"gpt-6.1-sol-2026-09-29","object":"chat.completion.chunk","obfuscation":"x7Qd2","#,
                r#""system_fingerprint":"fp_a1b2c3d4e5"{}}}"#,
                "\n\n"
            ),
            choices, rest
        )
    };
    let safe = r#""content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"#;
    let mut events = vec![
        chunk("", r#","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]"#),
        chunk(
            r#"{"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}"#,
            "",
        ),
    ];
    let last = [
        chunk(r#"{"delta":{},"finish_reason":"stop","index":0,"logprobs":null}"#, r#","usage":null"#),
        chunk("", r#","usage":{"completion_tokens":60,"prompt_tokens":152,"total_tokens":212}"#),
        "data: [DONE]\n\n".to_owned(),
    ];
    for word in ["The", " second", " draft", ",", " as", " liability", " is", " capped"].iter().cycle() {
        if events.len() + last.len() == EVENTS {
            break;
        }
        events.push(chunk(
            &format!(r#"{{{safe}"delta":{{"content":"{word}"}},"finish_reason":null,"index":0,"logprobs":null}}"#),
            r#","usage":null"#,
        ));
    }
    events.extend(last);
    events
}

/// A whole answer as it goes over the wire.
pub fn whole() -> Vec<u8> {
    let body = completion();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{HEADERS}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A streamed answer as it goes over the wire: one element, one write.
pub fn stream() -> Vec<Vec<u8>> {
    let mut writes: Vec<Vec<u8>> =
        events().iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()).collect();
    if let Some(first) = writes.first_mut() {
        let mut head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n{HEADERS}\r\n")
                .into_bytes();
        head.append(first);
        *first = head;
    }
    if let Some(last) = writes.last_mut() {
        last.extend_from_slice(b"0\r\n\r\n");
    }
    writes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_is_json_of_600_bytes() {
        let body = completion();
        assert_eq!(body.len(), COMPLETION_BYTES);
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }

    #[test]
    fn a_stream_is_64_events_of_json_and_done() {
        let events = events();
        assert_eq!(events.len(), EVENTS);
        for event in events.iter().take(EVENTS - 1) {
            let data = event.strip_prefix("data: ").unwrap();
            serde_json::from_str::<serde_json::Value>(data).unwrap();
        }
    }
}
