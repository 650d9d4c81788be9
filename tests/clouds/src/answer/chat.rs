//! Chat completions, whole and streamed.

use super::content::{Content, Finish, Item, Order};
use super::{CREATED, Call, Flavor, data, filters};
use crate::catalogue::{Family, family};
use crate::credentials::uuid;
use bytes::Bytes;
use serde_json::{Map, Value, json};

impl Finish {
    fn reason(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// Azure deployments with the asynchronous filter: its verdict comes after the finish.
const ASYNCHRONOUS_FILTER: &[&str] = &["gpt6luna-prod", "gpt4o-classic"];

const REASONING: &str = "The user wants an answer; this one is deterministic.";

fn id(call: &Call<'_>) -> String {
    match call.flavor {
        Flavor::BedrockRuntime | Flavor::Mantle | Flavor::MantleOpen => format!("chatcmpl-{}", uuid(&call.hex("id"))),
        Flavor::GoogleOpenapi => call.id("", "id", 22),
        _ => call.id("chatcmpl-", "id", 29),
    }
}

fn count(call: &Call<'_>) -> u64 {
    call.body.get("n").and_then(Value::as_u64).unwrap_or(1)
}

pub fn whole(call: &Call<'_>, content: &Content) -> Value {
    let choices: Vec<Value> = (0..count(call)).map(|index| choice(call, content, index)).collect();
    let mut answer = envelope(call, "chat.completion");
    answer.insert("choices".into(), Value::Array(choices));
    answer.insert("usage".into(), usage(call, content));
    if call.flavor.is_azure() {
        answer.insert("prompt_filter_results".into(), filters::prompt_filter_results());
    }
    Value::Object(answer)
}

/// The fields around the choices.
fn envelope(call: &Call<'_>, object: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("id".into(), json!(id(call)));
    fields.insert("object".into(), json!(object));
    fields.insert("created".into(), json!(CREATED));
    fields.insert("model".into(), json!(call.served));
    match call.flavor {
        Flavor::MantleOpen => {
            fields.insert("service_tier".into(), json!("default"));
        }
        Flavor::GoogleOpenapi => {
            fields.insert("system_fingerprint".into(), json!(""));
        }
        Flavor::AzureDated => {
            fields.insert("system_fingerprint".into(), json!(call.id("fp_", "fingerprint", 10)));
        }
        _ => {
            fields.insert("service_tier".into(), json!("default"));
            fields.insert("system_fingerprint".into(), json!(call.id("fp_", "fingerprint", 10)));
        }
    }
    fields
}

fn choice(call: &Call<'_>, content: &Content, index: u64) -> Value {
    let text = said(call, content);
    let mut message = Map::new();
    message.insert("role".into(), json!("assistant"));
    let calls = calls(call, content);
    let refusal = content.refusal();
    let speechless = !calls.is_empty() || refusal.is_some() || content.finish == Finish::ContentFilter;
    message.insert("content".into(), if speechless && text.is_empty() { Value::Null } else { json!(text) });
    let refusal = json!(refusal);
    match call.flavor {
        Flavor::GoogleOpenapi if refusal.is_null() => {}
        Flavor::Azure | Flavor::BedrockRuntime | Flavor::Mantle | Flavor::OpenAi => {
            message.insert("refusal".into(), refusal);
            message.insert("annotations".into(), json!([]));
        }
        _ => {
            message.insert("refusal".into(), refusal);
        }
    }
    if call.flavor == Flavor::MantleOpen {
        message.insert("reasoning".into(), json!(REASONING));
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), Value::Array(calls));
    }
    let mut choice = json!({
        "index": index, "message": message, "finish_reason": content.finish.reason(),
    });
    put_logprobs(call, &text, &mut choice);
    if call.flavor.is_azure()
        && let Value::Object(choice) = &mut choice
    {
        let filtered = content.finish == Finish::ContentFilter;
        choice.insert("content_filter_results".into(), filters::of_completion(filtered));
    }
    choice
}

/// The text; gpt-oss on the Bedrock runtime thinks aloud in it.
fn said(call: &Call<'_>, content: &Content) -> String {
    let text = content.text();
    if call.flavor == Flavor::BedrockRuntime && content.reasons() && call.model.contains("gpt-oss") {
        return format!("<reasoning>{REASONING}</reasoning>{text}");
    }
    text
}

fn calls(call: &Call<'_>, content: &Content) -> Vec<Value> {
    let tools = content.items.iter().filter_map(ToolCall::of).enumerate();
    tools.map(|(index, tool)| tool.shown(&call_id(call, index), tool.input)).collect()
}

/// A call of a tool, as chat completions have it.
#[derive(Clone, Copy)]
struct ToolCall<'a> {
    kind: &'static str,
    /// The field of what is handed to the tool.
    field: &'static str,
    name: &'a str,
    input: &'a str,
}

impl<'a> ToolCall<'a> {
    fn of(item: &'a Item) -> Option<Self> {
        match item {
            Item::Call { name, arguments, .. } => {
                Some(Self { kind: "function", field: "arguments", name, input: arguments })
            }
            Item::Custom { name, input, .. } => Some(Self { kind: "custom", field: "input", name, input }),
            _ => None,
        }
    }

    fn shown(self, id: &str, input: &str) -> Value {
        json!({"id": id, "type": self.kind, (self.kind): {"name": self.name, (self.field): input}})
    }

    fn delta(self, index: usize, piece: &str) -> Value {
        json!({"index": index, (self.kind): {(self.field): piece}})
    }
}

/// The Bedrock runtime numbers the calls of each answer.
fn call_id(call: &Call<'_>, index: usize) -> String {
    match call.flavor {
        Flavor::BedrockRuntime => format!("call_{index}"),
        _ => call.id("call_", &format!("call {index}"), 24),
    }
}

/// Reasoning models have no such field (recorded in 2025 and 2026).
fn put_logprobs(call: &Call<'_>, text: &str, choice: &mut Value) {
    if matches!(family(call.served), Family::Reasoning | Family::ReasoningNoChatTools) {
        return;
    }
    let asked = call.body.get("logprobs") == Some(&Value::Bool(true)) && !text.is_empty();
    let value = if asked { json!({"content": token_logprobs(text), "refusal": null}) } else { Value::Null };
    if let Value::Object(choice) = choice {
        choice.insert("logprobs".into(), value);
    }
}

/// A token a word, each as likely as the next.
pub fn token_logprobs(text: &str) -> Value {
    let token = |token: &str| json!({"token": token, "logprob": -0.25, "bytes": token.as_bytes(), "top_logprobs": []});
    text.split_inclusive(' ').map(token).collect()
}

fn usage(call: &Call<'_>, content: &Content) -> Value {
    let mut usage = json!({
        "prompt_tokens": content.input_tokens, "completion_tokens": content.output_tokens,
        "total_tokens": content.input_tokens + content.output_tokens,
    });
    let Value::Object(fields) = &mut usage else { return usage };
    match call.flavor {
        Flavor::MantleOpen => {}
        Flavor::GoogleOpenapi => {
            fields.insert("extra_properties".into(), json!({"google": {"traffic_type": "ON_DEMAND"}}));
        }
        _ => {
            fields.insert(
                "completion_tokens_details".into(),
                json!({
                    "accepted_prediction_tokens": 0, "audio_tokens": 0, "rejected_prediction_tokens": 0,
                    "reasoning_tokens": content.reasoning_tokens,
                }),
            );
            let mut prompt = json!({"audio_tokens": 0, "cached_tokens": content.cached_tokens});
            if family(call.served) == Family::ReasoningNoChatTools
                && let Value::Object(prompt) = &mut prompt
            {
                prompt.insert("cache_write_tokens".into(), json!(0));
            }
            fields.insert("prompt_tokens_details".into(), prompt);
        }
    }
    usage
}

pub fn events(call: &Call<'_>, content: &Content) -> Vec<Bytes> {
    let with_usage = call.body.get("stream_options").and_then(|options| options.get("include_usage"));
    let reports_usage = with_usage == Some(&Value::Bool(true));
    let stream = Stream { call, content, reports_usage };
    let mut events = Vec::new();
    if call.flavor.is_azure() {
        events.push(data(&json!({
            "id": "", "object": "", "created": 0, "model": "", "choices": [],
            "prompt_filter_results": filters::prompt_filter_results(),
        })));
    }
    for index in 0..count(call) {
        stream.choice(index, &mut events);
    }
    if call.flavor.is_azure() && ASYNCHRONOUS_FILTER.contains(&call.model) {
        events.push(data(&verdict(content)));
    }
    if stream.reports_usage {
        let mut last = envelope(call, "chat.completion.chunk");
        last.insert("choices".into(), json!([]));
        last.insert("usage".into(), usage(call, content));
        events.push(data(&Value::Object(last)));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

/// The asynchronous filter's chunk: a choice without a delta, behind the finish.
fn verdict(content: &Content) -> Value {
    let length = content.text().len();
    json!({
        "id": "", "object": "", "created": 0, "model": "",
        "choices": [{
            "index": 0, "finish_reason": null, "content_filter_results": filters::of_completion(false),
            "content_filter_offsets": {"check_offset": length, "start_offset": 0, "end_offset": length},
        }],
    })
}

struct Stream<'a> {
    call: &'a Call<'a>,
    content: &'a Content,
    reports_usage: bool,
}

impl Stream<'_> {
    fn choice(&self, index: u64, events: &mut Vec<Bytes>) {
        let call = self.call;
        let mut first = json!({"role": "assistant", "content": ""});
        if call.flavor.is_azure()
            && let Value::Object(first) = &mut first
        {
            first.insert("refusal".into(), Value::Null);
        }
        events.push(self.chunk(index, &first, None, &json!({})));
        if self.content.reasons() && call.flavor == Flavor::MantleOpen {
            events.push(self.chunk(index, &json!({"reasoning": REASONING}), None, &Value::Null));
        }
        if self.content.reasons() && call.flavor == Flavor::BedrockRuntime && call.model.contains("gpt-oss") {
            let aloud = format!("<reasoning>{REASONING}</reasoning>");
            events.push(self.chunk(index, &json!({"content": aloud}), None, &Value::Null));
        }
        for item in &self.content.items {
            match item {
                Item::Message(pieces) => {
                    for piece in pieces {
                        events.push(self.chunk(index, &json!({"content": piece}), None, &filters::of_piece()));
                    }
                }
                Item::Refusal(pieces) => {
                    for piece in pieces {
                        events.push(self.chunk(index, &json!({"refusal": piece}), None, &filters::of_piece()));
                    }
                }
                _ => {}
            }
        }
        for calls in self.deltas_of_calls() {
            events.push(self.chunk(index, &json!({"tool_calls": [calls]}), None, &json!({})));
        }
        events.push(self.chunk(index, &json!({}), Some(self.content.finish.reason()), &json!({})));
    }

    /// What is said of the calls: each is named, then come its arguments in pieces.
    fn deltas_of_calls(&self) -> Vec<Value> {
        let tools: Vec<ToolCall<'_>> = self.content.items.iter().filter_map(ToolCall::of).collect();
        let mut deltas = Vec::new();
        let named = |index: usize, tool: &ToolCall<'_>, input: &str| {
            let mut call = tool.shown(&call_id(self.call, index), input);
            if let Value::Object(call) = &mut call {
                call.insert("index".into(), json!(index));
            }
            call
        };
        match self.content.order {
            Order::DoneOnly => {
                deltas.extend(tools.iter().enumerate().map(|(index, tool)| named(index, tool, tool.input)));
            }
            Order::InTurn => {
                for (index, tool) in tools.iter().enumerate() {
                    deltas.push(named(index, tool, ""));
                    deltas.extend(halves(tool.input).into_iter().map(|piece| tool.delta(index, piece)));
                }
            }
            Order::Interleaved => {
                deltas.extend(tools.iter().enumerate().map(|(index, tool)| named(index, tool, "")));
                for half in 0..2 {
                    for (index, tool) in tools.iter().enumerate() {
                        deltas.extend(halves(tool.input).get(half).map(|piece| tool.delta(index, piece)));
                    }
                }
            }
        }
        deltas
    }

    fn chunk(&self, index: u64, delta: &Value, finish: Option<&str>, filter: &Value) -> Bytes {
        let piece = delta.get("content").and_then(Value::as_str).unwrap_or_default();
        let mut choice = json!({
            "index": index, "delta": delta, "finish_reason": finish,
        });
        put_logprobs(self.call, piece, &mut choice);
        if self.call.flavor.is_azure()
            && let Value::Object(choice) = &mut choice
        {
            choice.insert("content_filter_results".into(), filter.clone());
        }
        let mut chunk = envelope(self.call, "chat.completion.chunk");
        chunk.insert("choices".into(), json!([choice]));
        if self.reports_usage {
            chunk.insert("usage".into(), Value::Null);
        }
        if self.call.flavor == Flavor::OpenAi && self.call.obfuscates() {
            chunk.insert("obfuscation".into(), json!(self.call.noise(piece, 0)));
        }
        data(&Value::Object(chunk))
    }
}

/// A text in two pieces, cut in its middle.
pub fn halves(text: &str) -> Vec<&str> {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    match text.split_at_checked(middle) {
        Some((head, tail)) => [head, tail].into_iter().filter(|piece| !piece.is_empty()).collect(),
        None => vec![text],
    }
}
