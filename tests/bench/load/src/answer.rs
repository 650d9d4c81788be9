//! What the upstream answers: Azure OpenAI's headers, a chat completion of 600 bytes, or a stream of events; and the same
//! as the Responses API has it.

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

const TEXT: &str = "The second draft, because it caps liability at the order's value.";

const MESSAGE: &str = "msg_0a91c2e4b6d8f00300691f3a7c1b5c81a2b4c6d8e0f2a4b6c8";

/// A `Response` with all that Azure OpenAI repeats of the request.
fn response_object(status: &str, output: &str, usage: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"resp_0a91c2e4b6d8f00300691f3a7b2f4c81a2b4c6d8e0f2a4b6c8","object":"response","#,
            r#""created_at":1795521600,"status":"{}","background":false,"content_filters":null,"error":null,"#,
            r#""incomplete_details":null,"instructions":null,"max_output_tokens":512,"max_tool_calls":null,"#,
            r#""model":"gpt-6.1-pro","output":[{}],"parallel_tool_calls":true,"previous_response_id":null,"#,
            r#""prompt_cache_key":null,"reasoning":{{"effort":null,"summary":null}},"safety_identifier":null,"#,
            r#""service_tier":"default","store":false,"temperature":1.0,"text":{{"format":{{"type":"text"}},"#,
            r#""verbosity":"medium"}},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":0.95,"#,
            r#""truncation":"disabled","usage":{},"user":"user-8f14e45f","metadata":{{}}}}"#
        ),
        status, output, usage
    )
}

const RESPONSE_USAGE: &str = r#"{"input_tokens":152,"input_tokens_details":{"cached_tokens":0},"output_tokens":60,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":212}"#;

fn part(text: &str) -> String {
    format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}"#)
}

fn message(status: &str, parts: &str) -> String {
    format!(r#"{{"id":"{MESSAGE}","type":"message","status":"{status}","content":[{parts}],"role":"assistant"}}"#)
}

/// The body of a whole answer of the Responses API.
pub fn response() -> String {
    response_object("completed", &message("completed", &part(TEXT)), RESPONSE_USAGE)
}

/// The events of a stream of the Responses API: of a message, as many as [`events`].
pub fn responses_events() -> Vec<String> {
    let number = std::cell::Cell::new(0);
    let event = |name: &str, rest: &str| {
        let at = number.replace(number.get() + 1);
        format!("event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{at},{rest}}}\n\n")
    };
    let place = format!(r#""item_id":"{MESSAGE}","output_index":0,"content_index":0"#);
    let begun = format!(r#""response":{}"#, response_object("in_progress", "", "null"));
    let mut events = vec![
        event("response.created", &begun),
        event("response.in_progress", &begun),
        event("response.output_item.added", &format!(r#""output_index":0,"item":{}"#, message("in_progress", ""))),
        event("response.content_part.added", &format!(r#"{place},"part":{}"#, part(""))),
    ];
    let mut text = String::new();
    for word in ["The", " second", " draft", ",", " as", " liability", " is", " capped"].iter().cycle() {
        // What ends the message and the response is four more.
        if events.len() + 4 == EVENTS {
            break;
        }
        text.push_str(word);
        let rest = format!(r#"{place},"delta":"{word}","logprobs":[],"obfuscation":"x7Qd2""#);
        events.push(event("response.output_text.delta", &rest));
    }
    let whole = message("completed", &part(&text));
    events.extend([
        event("response.output_text.done", &format!(r#"{place},"text":"{text}","logprobs":[]"#)),
        event("response.content_part.done", &format!(r#"{place},"part":{}"#, part(&text))),
        event("response.output_item.done", &format!(r#""output_index":0,"item":{whole}"#)),
        event("response.completed", &format!(r#""response":{}"#, response_object("completed", &whole, RESPONSE_USAGE))),
    ]);
    events
}

/// A whole answer as it goes over the wire.
pub fn whole(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{HEADERS}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A streamed answer as it goes over the wire: one element, one write.
pub fn stream(events: &[String]) -> Vec<Vec<u8>> {
    let mut writes: Vec<Vec<u8>> =
        events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()).collect();
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
    fn a_response_and_its_stream_are_json() {
        serde_json::from_str::<serde_json::Value>(&response()).unwrap();
        let events = responses_events();
        assert_eq!(events.len(), EVENTS);
        for event in events {
            let (name, data) = event.split_once("\ndata: ").unwrap();
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(data["type"], name.strip_prefix("event: ").unwrap());
        }
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
