//! Answers that fail inside their 200.

use super::{Api, Call, data, responses};
use crate::fault::{Stage, Within};
use crate::http::Payload;
use bytes::Bytes;
use serde_json::{Value, json};

/// The answer, up to where it fails, and the error.
pub fn failed(call: &Call<'_>, payload: Payload, within: Within) -> Payload {
    match payload {
        Payload::Whole(bytes) => Payload::Whole(whole(call, &bytes, within)),
        Payload::Events(events) => Payload::Events(streamed(call, events, within)),
    }
}

fn whole(call: &Call<'_>, bytes: &[u8], within: Within) -> Bytes {
    if call.api == Api::Chat || !within.as_response {
        return json!({"error": within.error()}).to_string().into();
    }
    let object = serde_json::from_slice(bytes).unwrap_or_default();
    let keeps_output = matches!(within.stage, Stage::Output(_));
    failed_object(object, within, keeps_output).to_string().into()
}

fn failed_object(mut object: Value, within: Within, keeps_output: bool) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.insert("status".into(), json!("failed"));
        fields.insert("error".into(), within.of_response());
        fields.insert("usage".into(), Value::Null);
        fields.insert("completed_at".into(), Value::Null);
        if !keeps_output {
            fields.insert("output".into(), json!([]));
        }
    }
    object
}

fn streamed(call: &Call<'_>, events: Vec<Bytes>, within: Within) -> Vec<Bytes> {
    let created = created_object(&events);
    let mut sent: Vec<Bytes> = match within.stage {
        Stage::First => Vec::new(),
        Stage::Created => events.into_iter().take_while(|event| !brings_output(call, event)).collect(),
        Stage::Output(pieces) => {
            let mut left = pieces.max(1);
            let until = |event: &Bytes| {
                let going = left > 0;
                left -= usize::from(going && brings_piece(call, event));
                going
            };
            events.into_iter().take_while(until).collect()
        }
    };
    if call.api == Api::Chat {
        sent.push(data(&json!({"error": within.error()})));
        return sent;
    }
    let (name, payload) = if within.as_response {
        ("response.failed", json!({"response": failed_object(created, within, false)}))
    } else {
        ("error", within.event())
    };
    sent.push(responses::event(call.flavor, name, sent.len() as u64, payload));
    sent
}

/// The response object of the first event.
fn created_object(events: &[Bytes]) -> Value {
    let first = events.first().map(|event| payload(event)).unwrap_or_default();
    first.get("response").cloned().unwrap_or_default()
}

fn payload(event: &[u8]) -> Value {
    let text = String::from_utf8_lossy(event);
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default()
}

fn brings_output(call: &Call<'_>, event: &[u8]) -> bool {
    let payload = payload(event);
    match call.api {
        Api::Chat => payload.pointer("/choices/0").is_some() && !is_role(&payload),
        Api::Responses => {
            let kind = payload.get("type").and_then(Value::as_str).unwrap_or_default();
            !["response.created", "response.queued", "response.in_progress"].contains(&kind)
        }
    }
}

fn is_role(chunk: &Value) -> bool {
    chunk.pointer("/choices/0/delta/role").is_some()
}

fn brings_piece(call: &Call<'_>, event: &[u8]) -> bool {
    match call.api {
        Api::Chat => brings_output(call, event),
        Api::Responses => {
            payload(event).get("type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with(".delta"))
        }
    }
}
