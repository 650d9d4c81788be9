//! Responses, whole and streamed.

use super::content::{self, Content, Finish, Item, Order, echoed};
use super::{CREATED, Call, Flavor, chat, filters};
use crate::catalogue::{Family, family, generation};
use crate::sessions::{Kept, Made, Sessions, seal};
use bytes::Bytes;
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
    let kept = seal(call.flavor.sealed(), &call.account, &id, &content::rest_of_script(call));
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

fn item_id(call: &Call<'_>, prefix: &str, index: usize) -> String {
    let length = if call.flavor.is_mantle() { 32 } else { 50 };
    call.id(prefix, &format!("item {index}"), length)
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

fn output_item(call: &Call<'_>, content: &Content, index: usize, item: &Item, stage: Stage) -> Value {
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

fn refusal_part(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
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
    let mut stream = Stream { call, content, events: Vec::new(), sequence: 0 };
    let begun = response(call, content, Stage::Begun, Vec::new());
    if call.says("background") {
        let queued = response(call, content, Stage::Queued, Vec::new());
        stream.push("response.created", json!({"response": queued}));
        stream.push("response.queued", json!({"response": queued}));
    } else {
        stream.push("response.created", json!({"response": begun}));
    }
    stream.push("response.in_progress", json!({"response": begun}));
    if content.order == Order::Interleaved {
        stream.interleaved();
    } else {
        for (index, item) in content.items.iter().enumerate() {
            stream.item(index, item);
        }
    }
    let ended = response(call, content, Stage::Ended, output(call, content));
    let last = match content.finish {
        Finish::Stop | Finish::ToolCalls => "response.completed",
        Finish::Length | Finish::ContentFilter => "response.incomplete",
    };
    stream.push(last, json!({"response": ended}));
    stream.events
}

/// An event, its payload's type and number put in.
pub fn event(flavor: Flavor, name: &str, sequence: u64, mut payload: Value) -> Bytes {
    if let Value::Object(payload) = &mut payload {
        payload.insert("type".into(), json!(name));
        payload.insert("sequence_number".into(), json!(sequence));
    }
    // Mantle puts the data first, which the format allows and a naive parser does not expect.
    if flavor.is_mantle() {
        format!("data: {payload}\nevent: {name}\n\n").into()
    } else {
        format!("event: {name}\ndata: {payload}\n\n").into()
    }
}

struct Stream<'a> {
    call: &'a Call<'a>,
    content: &'a Content,
    events: Vec<Bytes>,
    sequence: u64,
}

/// What a call streams: the name of its events, the field of the whole, and the whole.
fn streamed_call(item: &Item) -> Option<(&'static str, &'static str, &str)> {
    match item {
        Item::Call { arguments, .. } => Some(("response.function_call_arguments", "arguments", arguments)),
        Item::Custom { input, .. } => Some(("response.custom_tool_call_input", "input", input)),
        _ => None,
    }
}

impl Stream<'_> {
    fn push(&mut self, name: &str, payload: Value) {
        self.events.push(event(self.call.flavor, name, self.sequence, payload));
        self.sequence += 1;
    }

    fn item(&mut self, index: usize, item: &Item) {
        let item_id = self.added(index, item);
        match item {
            Item::Reasoning if self.call.flavor == Flavor::MantleOpen || !summarizes(self.call) => {}
            Item::Reasoning => self.summary(index, &item_id),
            Item::Message(pieces) => self.message(index, &item_id, pieces),
            Item::Refusal(pieces) => self.refusal(index, &item_id, pieces),
            _ => {
                if let Some((name, field, whole)) = streamed_call(item) {
                    if self.content.order != Order::DoneOnly {
                        let pieces = if whole.len() > 2 { chat::halves(whole) } else { vec![whole] };
                        for piece in pieces {
                            self.piece(name, index, &item_id, piece);
                        }
                    }
                    self.whole(name, field, index, &item_id, whole);
                }
            }
        }
        self.done(index, item);
    }

    /// What is no call comes first; then all calls begin, take turns, and end in their order.
    fn interleaved(&mut self) {
        let items: Vec<(usize, &Item)> = self.content.items.iter().enumerate().collect();
        let (calls, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|(_, item)| streamed_call(item).is_some());
        for (index, item) in others {
            self.item(index, item);
        }
        let ids: Vec<Value> = calls.iter().map(|(index, item)| self.added(*index, item)).collect();
        for half in 0..2 {
            for ((index, item), id) in calls.iter().zip(&ids) {
                let Some((name, _, whole)) = streamed_call(item) else { continue };
                if let Some(piece) = chat::halves(whole).get(half) {
                    self.piece(name, *index, id, piece);
                }
            }
        }
        for ((index, item), id) in calls.iter().zip(&ids) {
            if let Some((name, field, whole)) = streamed_call(item) {
                self.whole(name, field, *index, id, whole);
            }
            self.done(*index, item);
        }
    }

    fn added(&mut self, index: usize, item: &Item) -> Value {
        let begun = output_item(self.call, self.content, index, item, Stage::Begun);
        let id = begun.get("id").cloned().unwrap_or_default();
        self.push("response.output_item.added", json!({"output_index": index, "item": begun}));
        id
    }

    fn done(&mut self, index: usize, item: &Item) {
        let mut done = output_item(self.call, self.content, index, item, Stage::Ended);
        if let (true, Item::Reasoning, Value::Object(done)) = (self.content.late, item, &mut done) {
            done.remove("encrypted_content");
        }
        self.push("response.output_item.done", json!({"output_index": index, "item": done}));
    }

    fn piece(&mut self, name: &str, index: usize, item_id: &Value, piece: &str) {
        let delta = json!({"item_id": item_id, "output_index": index, "delta": piece});
        self.push(&format!("{name}.delta"), self.obfuscated(delta, piece));
    }

    fn whole(&mut self, name: &str, field: &str, index: usize, item_id: &Value, whole: &str) {
        let done = json!({"item_id": item_id, "output_index": index, (field): whole});
        self.push(&format!("{name}.done"), done);
    }

    fn refusal(&mut self, index: usize, item_id: &Value, pieces: &[String]) {
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        self.push("response.content_part.added", merged(&place, json!({"part": refusal_part("")})));
        for piece in pieces {
            let delta = merged(&place, json!({"delta": piece}));
            self.push("response.refusal.delta", self.obfuscated(delta, piece));
        }
        let text = pieces.concat();
        self.push("response.refusal.done", merged(&place, json!({"refusal": text})));
        self.push("response.content_part.done", merged(&place, json!({"part": refusal_part(&text)})));
    }

    fn summary(&mut self, index: usize, item_id: &Value) {
        let place = json!({"item_id": item_id, "output_index": index, "summary_index": 0});
        self.push("response.reasoning_summary_part.added", merged(&place, json!({"part": summary_part("")})));
        for piece in chat::halves(SUMMARY) {
            let delta = merged(&place, json!({"delta": piece}));
            self.push("response.reasoning_summary_text.delta", self.obfuscated(delta, piece));
        }
        self.push("response.reasoning_summary_text.done", merged(&place, json!({"text": SUMMARY})));
        self.push("response.reasoning_summary_part.done", merged(&place, json!({"part": summary_part(SUMMARY)})));
    }

    fn message(&mut self, index: usize, item_id: &Value, pieces: &[String]) {
        let call = self.call;
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        self.push("response.content_part.added", merged(&place, json!({"part": text_part(call, "")})));
        for piece in pieces {
            let delta = merged(&place, json!({"delta": piece, "logprobs": logprobs(call, piece)}));
            self.push("response.output_text.delta", self.obfuscated(delta, piece));
        }
        let text = pieces.concat();
        self.push(
            "response.output_text.done",
            merged(&place, json!({"text": text, "logprobs": logprobs(call, &text)})),
        );
        self.push("response.content_part.done", merged(&place, json!({"part": text_part(call, &text)})));
    }

    /// With noise that hides the length of a piece; Mantle's is empty.
    fn obfuscated(&self, delta: Value, piece: &str) -> Value {
        if !self.call.obfuscates() {
            return delta;
        }
        let noise = if self.call.flavor.is_mantle() { String::new() } else { self.call.noise(piece, self.sequence) };
        merged(&delta, json!({"obfuscation": noise}))
    }
}

/// What an event tells of a text's tokens.
fn logprobs(call: &Call<'_>, text: &str) -> Value {
    if !includes(call, "message.output_text.logprobs") {
        return json!([]);
    }
    let token = |token: &str| json!({"token": token, "logprob": -0.25, "top_logprobs": []});
    text.split_inclusive(' ').map(token).collect()
}

fn merged(place: &Value, more: Value) -> Value {
    let mut all = place.clone();
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
