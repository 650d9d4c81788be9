//! Responses, whole and streamed: the object, what is kept of it, and what is made of a conversation.

mod events;
mod items;

pub use events::{event, events};

use super::content::{self, Content, Finish, echoed};
use super::led;
use super::{CREATED, Call, Flavor, filters};
use crate::catalogue::{Family, family};
use crate::sessions::{Kept, Made, Sessions, conversation, seal};
use bytes::Bytes;
use items::{item_id, output_item};
use serde_json::{Map, Value, json};

/// Where a response object stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In the background, before its turn.
    Queued,
    Begun,
    Ended,
}

pub fn whole(call: &Call<'_>, content: &Content) -> Value {
    if call.says("background") {
        return response(call, content, Stage::Queued, Vec::new());
    }
    let mut response = response(call, content, Stage::Ended, output(call, content));
    if call.flavor == Flavor::Mantle
        && let Value::Object(fields) = &mut response
    {
        // Only whole answers carry it (recorded in July 2026).
        fields.insert("billing".into(), json!({"payer": "developer"}));
    }
    response
}

fn output(call: &Call<'_>, content: &Content) -> Vec<Value> {
    let items = content.items.iter().enumerate();
    items.map(|(index, item)| output_item(call, content, index, item, Stage::Ended)).collect()
}

/// Notes what was made, and keeps the response unless the request or the surface will not have it kept.
pub fn keep(sessions: &Sessions, call: &Call<'_>, content: &Content, events: &[Bytes]) {
    let output = output(call, content);
    let mut reasoning = None;
    let mut made = Vec::new();
    for item in &output {
        let Some(id) = item.get("id").and_then(Value::as_str) else { continue };
        // An open model's thoughts are plain, and nothing hangs on them.
        if item.get("type").is_some_and(|kind| kind == "reasoning") && call.flavor != Flavor::MantleOpen {
            reasoning = Some(id.to_owned());
        } else {
            made.push(Made { id: id.to_owned(), reasoning: reasoning.clone() });
        }
    }
    if let Some(id) = conversation(call.body) {
        sessions.conversations.add(&call.account, id, call.turn.asked.iter().chain(&output).cloned());
    }
    let background = call.says("background");
    let kept = (call.flavor.keeps() && call.body.get("store") != Some(&json!(false))).then(|| Kept {
        object: response(call, content, Stage::Ended, output),
        input: call.turn.asked.clone(),
        previous: call.body.get("previous_response_id").and_then(Value::as_str).map(str::to_owned),
        polls: background.then_some(0),
        cancelled: false,
        events: if background { events.to_vec() } else { Vec::new() },
        event_stream: call.flavor.event_stream(),
    });
    let bytes = events.iter().map(Bytes::len).sum::<usize>() + 2 * call.raw.len() + 4096;
    sessions.keep(&call.account, &response_id(call), bytes, kept, made);
}

/// The conversation in a sealed item, behind the user's own messages.
pub fn compacted(call: &Call<'_>) -> Value {
    let is_users = |item: &&Value| item.get("role").is_some_and(|role| role == "user");
    let mut output: Vec<Value> = Vec::new();
    for (index, item) in call.turn.items.iter().filter(is_users).enumerate() {
        let mut item = item.clone();
        if let Value::Object(item) = &mut item {
            item.insert("type".into(), json!("message"));
            item.insert("status".into(), json!("completed"));
            item.entry("id").or_insert_with(|| json!(item_id(call, "msg_", 1000 + index)));
            if let Some(Value::String(text)) = item.get("content") {
                let part = json!([{"type": "input_text", "text": text}]);
                item.insert("content".into(), part);
            }
        }
        output.push(item);
    }
    let id = item_id(call, "cmp_", 0);
    let kept = seal(call.flavor.sealed(), &call.account, &id, &led::rest_of_script(call));
    output.push(json!({"id": id, "type": "compaction", "encrypted_content": kept}));
    let (input, written) = (content::input_tokens(call), 128);
    json!({
        "id": response_id(call), "object": "response.compaction", "created_at": CREATED, "output": output,
        "usage": {
            "input_tokens": input, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 64}, "total_tokens": input + written,
        },
    })
}

pub fn counted(call: &Call<'_>) -> Value {
    json!({"object": "response.input_tokens", "input_tokens": content::input_tokens(call)})
}

fn response_id(call: &Call<'_>) -> String {
    if call.flavor.is_mantle() { call.id("resp_", "id", 52) } else { call.id("resp_", "id", 50) }
}

fn response(call: &Call<'_>, content: &Content, stage: Stage, output: Vec<Value>) -> Value {
    let ended = stage == Stage::Ended;
    let (status, details) = match content.finish {
        _ if stage == Stage::Queued => ("queued", Value::Null),
        _ if !ended => ("in_progress", Value::Null),
        Finish::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Finish::ContentFilter => ("incomplete", json!({"reason": "content_filter"})),
        Finish::Stop | Finish::ToolCalls => ("completed", Value::Null),
    };
    let echo = |name: &str, default: Value| echoed(call.body, name).cloned().unwrap_or(default);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("id", json!(response_id(call)));
    put("object", json!("response"));
    put("status", json!(status));
    put("background", echo("background", json!(false)));
    put("error", Value::Null);
    put("incomplete_details", details);
    put("instructions", echo("instructions", Value::Null));
    put("metadata", echo("metadata", json!({})));
    put("model", json!(call.served));
    put("output", Value::Array(output));
    put("parallel_tool_calls", echo("parallel_tool_calls", json!(true)));
    put("service_tier", json!(if ended { "default" } else { "auto" }));
    put("temperature", echo("temperature", json!(1.0)));
    put("text", text_settings(call));
    put("tool_choice", echo("tool_choice", json!("auto")));
    put("tools", tools(call));
    put("truncation", echo("truncation", json!("disabled")));
    put("usage", if ended { usage(call, content) } else { Value::Null });
    if call.flavor == Flavor::MantleOpen {
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^52; this surface sends a decimal")]
        put("created_at", json!(CREATED as f64));
        put("top_p", echo("top_p", json!(1.0)));
        return Value::Object(fields);
    }
    put("created_at", json!(CREATED));
    put("completed_at", if ended && status == "completed" { json!(CREATED + 1) } else { Value::Null });
    put("frequency_penalty", json!(0.0));
    put("presence_penalty", json!(0.0));
    put("max_output_tokens", echo("max_output_tokens", Value::Null));
    put("max_tool_calls", echo("max_tool_calls", Value::Null));
    put("moderation", Value::Null);
    put("previous_response_id", echo("previous_response_id", Value::Null));
    put("prompt_cache_key", echo("prompt_cache_key", Value::Null));
    put("prompt_cache_retention", echo("prompt_cache_retention", json!("in_memory")));
    put("reasoning", reasoning(call));
    put("safety_identifier", echo("safety_identifier", Value::Null));
    put("store", echo("store", json!(true)));
    if let Some(conversation) = echoed(call.body, "conversation") {
        let id = conversation.get("id").unwrap_or(conversation);
        put("conversation", json!({"id": id}));
    }
    put("top_logprobs", echo("top_logprobs", json!(0)));
    put("top_p", echo("top_p", json!(0.98)));
    put("user", echo("user", Value::Null));
    if call.flavor.is_azure() {
        let filtered = content.finish == Finish::ContentFilter;
        put(
            "content_filters",
            if ended { filters::of_response(call.raw.len(), content.text().len(), filtered) } else { json!([]) },
        );
    }
    Value::Object(fields)
}

/// The tools as they were understood: what was left out has its default.
fn tools(call: &Call<'_>) -> Value {
    let mut tools = echoed(call.body, "tools").cloned().unwrap_or_else(|| json!([]));
    for tool in tools.as_array_mut().into_iter().flatten() {
        let Some(tool) = tool.as_object_mut().filter(|tool| tool.get("type").is_some_and(|kind| kind == "function"))
        else {
            continue;
        };
        tool.entry("parameters").or_insert(Value::Null);
        tool.entry("strict").or_insert(json!(true));
        let described = tool.entry("description").or_insert(Value::Null);
        if described == "" {
            *described = Value::Null;
        }
    }
    tools
}

fn text_settings(call: &Call<'_>) -> Value {
    let asked = |name: &str| call.body.get("text").and_then(|text| text.get(name)).filter(|value| !value.is_null());
    let mut format = asked("format").cloned().unwrap_or_else(|| json!({"type": "text"}));
    if let Value::Object(format) = &mut format
        && format.get("type").is_some_and(|kind| kind == "json_schema")
    {
        format.entry("description").or_insert(Value::Null);
        format.entry("strict").or_insert(json!(false));
    }
    json!({"format": format, "verbosity": asked("verbosity").cloned().unwrap_or_else(|| json!("medium"))})
}

fn reasoning(call: &Call<'_>) -> Value {
    let family = family(call.served);
    let asked = |name: &str| call.body.get("reasoning").and_then(|reasoning| reasoning.get(name)).cloned();
    let effort = match family {
        Family::Classic => Value::Null,
        _ => json!("medium"),
    };
    let mut fields = Map::new();
    fields.insert("effort".into(), asked("effort").unwrap_or(effort));
    fields.insert("summary".into(), asked("summary").unwrap_or_default());
    // Mantle tells it of the newest models only (recorded in July 2026).
    let tells =
        if call.flavor.is_mantle() { family == Family::ReasoningNoChatTools } else { family != Family::Classic };
    if tells || asked("context").is_some() {
        let context = if family == Family::Reasoning { "current_turn" } else { "all_turns" };
        fields.insert("context".into(), asked("context").unwrap_or_else(|| json!(context)));
        if !call.flavor.is_mantle() {
            fields.insert("mode".into(), asked("mode").unwrap_or_else(|| json!("standard")));
        }
    }
    Value::Object(fields)
}

fn usage(call: &Call<'_>, content: &Content) -> Value {
    let mut input = json!({"cached_tokens": content.cached_tokens});
    // OpenAI tells it of its newest models (recorded in August 2026).
    let told = call.flavor == Flavor::OpenAi && family(call.served) == Family::ReasoningNoChatTools;
    if (told || matches!(call.flavor, Flavor::Mantle | Flavor::BedrockRuntime))
        && let Value::Object(input) = &mut input
    {
        input.insert("cache_write_tokens".into(), json!(0));
    }
    json!({
        "input_tokens": content.input_tokens, "input_tokens_details": input,
        "output_tokens": content.output_tokens,
        "output_tokens_details": {"reasoning_tokens": content.reasoning_tokens},
        "total_tokens": content.input_tokens + content.output_tokens,
    })
}
