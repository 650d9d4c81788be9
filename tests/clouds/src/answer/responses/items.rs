//! The items of a response, and their parts, while they begin and when they have ended.

use super::super::content::{Content, Finish, Item};
use super::super::{Call, Flavor, chat};
use super::Stage;
use crate::catalogue::generation;
use crate::sessions::seal;
use serde_json::{Value, json};

pub fn item_id(call: &Call<'_>, prefix: &str, index: usize) -> String {
    let length = if call.flavor.is_mantle() { 32 } else { 50 };
    call.id(prefix, &format!("item {index}"), length)
}

pub fn text_part(call: &Call<'_>, text: &str) -> Value {
    let mut part = json!({"type": "output_text", "text": text, "annotations": []});
    if call.flavor != Flavor::MantleOpen
        && let Value::Object(part) = &mut part
    {
        let told = includes(call, "message.output_text.logprobs") && !text.is_empty();
        part.insert("logprobs".into(), if told { chat::token_logprobs(text) } else { json!([]) });
    }
    part
}

pub fn output_item(call: &Call<'_>, content: &Content, index: usize, item: &Item, stage: Stage) -> Value {
    let ended = stage == Stage::Ended;
    let status = match content.finish {
        _ if !ended => "in_progress",
        Finish::Length | Finish::ContentFilter => "incomplete",
        Finish::Stop | Finish::ToolCalls => "completed",
    };
    let with_namespace = |mut item: Value, namespace: &Option<String>| {
        if let (Value::Object(item), Some(namespace)) = (&mut item, namespace) {
            item.insert("namespace".into(), json!(namespace));
        }
        item
    };
    match item {
        Item::Reasoning if call.flavor == Flavor::MantleOpen => json!({
            "id": call.id("msg_", &format!("item {index}"), 16), "type": "reasoning", "status": status, "summary": [],
            "content": if ended { json!([{"type": "reasoning_text", "text": "A deterministic answer will do."}]) } else { json!([]) },
        }),
        Item::Reasoning => reasoning_item(call, index, stage),
        Item::Message(pieces) => {
            let parts = if ended { vec![text_part(call, &pieces.concat())] } else { Vec::new() };
            message_item(call, index, status, parts)
        }
        Item::Refusal(pieces) => {
            let parts = if ended { vec![refusal_part(&pieces.concat())] } else { Vec::new() };
            message_item(call, index, status, parts)
        }
        Item::Call { name, namespace, arguments } => with_namespace(
            json!({
                "id": item_id(call, "fc_", index), "type": "function_call", "status": status, "name": name,
                "call_id": call_id(call, index), "arguments": if ended { arguments } else { "" },
            }),
            namespace,
        ),
        Item::Custom { name, namespace, input } => with_namespace(
            json!({
                "id": item_id(call, "ctc_", index), "type": "custom_tool_call", "status": status, "name": name,
                "call_id": call_id(call, index), "input": if ended { input } else { "" },
            }),
            namespace,
        ),
        Item::Compaction(conversation) => {
            let id = item_id(call, "cmp_", index);
            let sealed = seal(call.flavor.sealed(), &call.account, &id, conversation);
            json!({"id": id, "type": "compaction", "encrypted_content": sealed})
        }
        Item::Raw(value) => {
            let mut item = value.clone();
            if let Value::Object(item) = &mut item {
                item.entry("id").or_insert_with(|| json!(item_id(call, "it_", index)));
                item.insert("status".into(), json!(status));
            }
            item
        }
    }
}

fn reasoning_item(call: &Call<'_>, index: usize, stage: Stage) -> Value {
    let summary = if stage == Stage::Ended && summarizes(call) { json!([summary_part(SUMMARY)]) } else { json!([]) };
    let id = item_id(call, "rs_", index);
    let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
    let Value::Object(fields) = &mut item else { return item };
    // OpenAI since June 2026.
    if call.flavor.is_azure() || call.flavor == Flavor::OpenAi {
        fields.insert("content".into(), json!([]));
    }
    if includes(call, "reasoning.encrypted_content") {
        let mut sealed = seal(call.flavor.sealed(), &call.account, &id, "");
        let sealing = stage != Stage::Ended;
        // While it thinks, OpenAI's is not whole yet, and Azure has none.
        if sealing && call.flavor == Flavor::OpenAi {
            sealed.truncate(sealed.len() / 2);
        }
        if !(sealing && call.flavor.is_azure()) {
            fields.insert("encrypted_content".into(), json!(sealed));
        }
    }
    item
}

fn message_item(call: &Call<'_>, index: usize, status: &str, parts: Vec<Value>) -> Value {
    let mut item = json!({
        "id": item_id(call, "msg_", index), "type": "message", "role": "assistant", "status": status, "content": parts,
    });
    if call.flavor != Flavor::MantleOpen
        && generation(call.served) >= Some((5, 4))
        && let Value::Object(item) = &mut item
    {
        item.insert("phase".into(), json!("final_answer"));
    }
    item
}

pub fn refusal_part(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
}

/// Mantle numbers its calls.
fn call_id(call: &Call<'_>, index: usize) -> String {
    if call.flavor.is_mantle() { format!("call_{index}") } else { call.id("call_", &format!("call {index}"), 24) }
}

pub const SUMMARY: &str = "**Answering** A deterministic answer will do.";

pub fn summarizes(call: &Call<'_>) -> bool {
    let reasoning = call.body.get("reasoning");
    reasoning.and_then(|reasoning| reasoning.get("summary")).is_some_and(|summary| !summary.is_null())
}

pub fn summary_part(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

pub fn includes(call: &Call<'_>, what: &str) -> bool {
    call.body.get("include").and_then(Value::as_array).is_some_and(|include| include.iter().any(|entry| entry == what))
}
