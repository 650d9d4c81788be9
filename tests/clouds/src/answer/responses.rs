//! Responses, whole and streamed.

use super::content::{Content, Finish, Item, echoed};
use super::{CREATED, Call, Flavor, chat, filters};
use crate::catalogue::{Family, family, generation};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Where a response object stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Ended,
}

pub fn whole(call: &Call<'_>, content: &Content) -> Value {
    let output = output(call, content);
    let mut response = response(call, content, Stage::Ended, output);
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
    items.map(|(index, item)| output_item(call, index, item, Stage::Ended, content.finish)).collect()
}

fn response_id(call: &Call<'_>) -> String {
    if call.flavor.is_mantle() { call.id("resp_", "id", 52) } else { call.id("resp_", "id", 50) }
}

fn item_id(call: &Call<'_>, prefix: &str, index: usize) -> String {
    let length = if call.flavor.is_mantle() { 32 } else { 50 };
    call.id(prefix, &format!("item {index}"), length)
}

fn response(call: &Call<'_>, content: &Content, stage: Stage, output: Vec<Value>) -> Value {
    let ended = stage == Stage::Ended;
    let (status, details) = match content.finish {
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
    let mut input = json!({"cached_tokens": 0});
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

fn text_part(call: &Call<'_>, text: &str) -> Value {
    let mut part = json!({"type": "output_text", "text": text, "annotations": []});
    if call.flavor != Flavor::MantleOpen
        && let Value::Object(part) = &mut part
    {
        let told = includes(call, "message.output_text.logprobs") && !text.is_empty();
        part.insert("logprobs".into(), if told { chat::token_logprobs(text) } else { json!([]) });
    }
    part
}

fn output_item(call: &Call<'_>, index: usize, item: &Item, stage: Stage, finish: Finish) -> Value {
    let ended = stage == Stage::Ended;
    let status = match finish {
        _ if !ended => "in_progress",
        Finish::Length | Finish::ContentFilter => "incomplete",
        Finish::Stop | Finish::ToolCalls => "completed",
    };
    match item {
        Item::Reasoning if call.flavor == Flavor::MantleOpen => json!({
            "id": call.id("msg_", &format!("item {index}"), 16), "type": "reasoning", "status": status, "summary": [],
            "content": if ended { json!([{"type": "reasoning_text", "text": "A deterministic answer will do."}]) } else { json!([]) },
        }),
        Item::Reasoning => {
            let summary = if ended && summarizes(call) { json!([summary_part(SUMMARY)]) } else { json!([]) };
            let mut item = json!({"id": item_id(call, "rs_", index), "type": "reasoning", "summary": summary});
            if let Value::Object(item) = &mut item {
                // OpenAI since June 2026.
                if call.flavor.is_azure() || call.flavor == Flavor::OpenAi {
                    item.insert("content".into(), json!([]));
                }
                if includes(call, "reasoning.encrypted_content") {
                    item.insert("encrypted_content".into(), json!(call.id("gAAAAAB", &format!("sealed {index}"), 64)));
                }
            }
            item
        }
        Item::Message(pieces) => {
            let content = if ended { vec![text_part(call, &pieces.concat())] } else { Vec::new() };
            let mut item = json!({
                "id": item_id(call, "msg_", index), "type": "message", "role": "assistant", "status": status, "content": content,
            });
            if call.flavor != Flavor::MantleOpen
                && generation(call.served) >= Some((5, 4))
                && let Value::Object(item) = &mut item
            {
                item.insert("phase".into(), json!("final_answer"));
            }
            item
        }
        Item::Call { name, arguments } => json!({
            "id": item_id(call, "fc_", index), "type": "function_call", "status": status, "name": name,
            "call_id": call_id(call, index), "arguments": if ended { arguments } else { "" },
        }),
    }
}

/// Mantle numbers its calls.
fn call_id(call: &Call<'_>, index: usize) -> String {
    if call.flavor.is_mantle() { format!("call_{index}") } else { call.id("call_", &format!("call {index}"), 24) }
}

const SUMMARY: &str = "**Answering** A deterministic answer will do.";

fn summarizes(call: &Call<'_>) -> bool {
    let reasoning = call.body.get("reasoning");
    reasoning.and_then(|reasoning| reasoning.get("summary")).is_some_and(|summary| !summary.is_null())
}

fn summary_part(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

fn includes(call: &Call<'_>, what: &str) -> bool {
    call.body.get("include").and_then(Value::as_array).is_some_and(|include| include.iter().any(|entry| entry == what))
}

pub fn events(call: &Call<'_>, content: &Content) -> Vec<Bytes> {
    let mut stream = Stream { call, events: Vec::new(), sequence: 0 };
    let begun = response(call, content, Stage::Begun, Vec::new());
    stream.push("response.created", json!({"response": begun}));
    stream.push("response.in_progress", json!({"response": begun}));
    for (index, item) in content.items.iter().enumerate() {
        stream.item(index, item, content.finish);
    }
    let ended = response(call, content, Stage::Ended, output(call, content));
    let last = match content.finish {
        Finish::Stop | Finish::ToolCalls => "response.completed",
        Finish::Length | Finish::ContentFilter => "response.incomplete",
    };
    stream.push(last, json!({"response": ended}));
    stream.events
}

struct Stream<'a> {
    call: &'a Call<'a>,
    events: Vec<Bytes>,
    sequence: u64,
}

impl Stream<'_> {
    fn push(&mut self, name: &str, mut payload: Value) {
        if let Value::Object(payload) = &mut payload {
            payload.insert("type".into(), json!(name));
            payload.insert("sequence_number".into(), json!(self.sequence));
        }
        self.sequence += 1;
        // Mantle puts the data first, which the format allows and a naive parser does not expect.
        let event = if self.call.flavor.is_mantle() {
            format!("data: {payload}\nevent: {name}\n\n")
        } else {
            format!("event: {name}\ndata: {payload}\n\n")
        };
        self.events.push(event.into());
    }

    fn item(&mut self, index: usize, item: &Item, finish: Finish) {
        let call = self.call;
        let begun = output_item(call, index, item, Stage::Begun, finish);
        let item_id = begun.get("id").cloned().unwrap_or_default();
        self.push("response.output_item.added", json!({"output_index": index, "item": begun}));
        match item {
            Item::Reasoning if call.flavor == Flavor::MantleOpen || !summarizes(call) => {}
            Item::Reasoning => self.summary(index, &item_id),
            Item::Message(pieces) => self.message(index, &item_id, pieces),
            Item::Call { arguments, .. } => self.arguments(index, &item_id, arguments),
        }
        let done = output_item(call, index, item, Stage::Ended, finish);
        self.push("response.output_item.done", json!({"output_index": index, "item": done}));
    }

    fn summary(&mut self, index: usize, item_id: &Value) {
        let place = json!({"item_id": item_id, "output_index": index, "summary_index": 0});
        self.push("response.reasoning_summary_part.added", merged(&place, json!({"part": summary_part("")})));
        for piece in chat::halves(SUMMARY) {
            let delta = json!({"delta": piece, "obfuscation": self.obfuscation(piece)});
            self.push("response.reasoning_summary_text.delta", merged(&place, delta));
        }
        self.push("response.reasoning_summary_text.done", merged(&place, json!({"text": SUMMARY})));
        self.push("response.reasoning_summary_part.done", merged(&place, json!({"part": summary_part(SUMMARY)})));
    }

    fn message(&mut self, index: usize, item_id: &Value, pieces: &[String]) {
        let call = self.call;
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        self.push("response.content_part.added", merged(&place, json!({"part": text_part(call, "")})));
        for piece in pieces {
            let delta = json!({"delta": piece, "logprobs": [], "obfuscation": self.obfuscation(piece)});
            self.push("response.output_text.delta", merged(&place, delta));
        }
        let text = pieces.concat();
        self.push("response.output_text.done", merged(&place, json!({"text": text, "logprobs": []})));
        self.push("response.content_part.done", merged(&place, json!({"part": text_part(call, &text)})));
    }

    fn arguments(&mut self, index: usize, item_id: &Value, arguments: &str) {
        let place = json!({"item_id": item_id, "output_index": index});
        let pieces = if arguments.len() > 2 { chat::halves(arguments) } else { vec![arguments] };
        for piece in pieces {
            let delta = json!({"delta": piece, "obfuscation": self.obfuscation(piece)});
            self.push("response.function_call_arguments.delta", merged(&place, delta));
        }
        self.push("response.function_call_arguments.done", merged(&place, json!({"arguments": arguments})));
    }

    /// Noise that hides the length of a piece; Mantle sends it empty.
    fn obfuscation(&self, piece: &str) -> String {
        if self.call.flavor.is_mantle() {
            return String::new();
        }
        self.call.id("", &format!("noise {piece} {}", self.sequence), 16 - piece.len().min(16))
    }
}

fn merged(place: &Value, more: Value) -> Value {
    let mut all = place.clone();
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
