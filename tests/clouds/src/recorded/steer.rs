//! What the model chose to answer in a recording, so that the emulated answer holds the same kinds of items.

use super::common;
use super::exchange::Exchange;
use serde_json::{Value, json};

/// The order for the next answer, as the administrator's port takes it.
pub fn of(exchange: &Exchange) -> Value {
    let outcome = exchange.outcome();
    let items = match outcome.get("choices") {
        Some(choices) => chosen(choices),
        None => {
            let items = outcome.get("output").and_then(Value::as_array);
            items.map(|items| items.iter().filter(|item| !common::is_hosted(item)).map(item).collect())
        }
    };
    json!({"on": exchange.host, "items": items.unwrap_or_default(), "trusting": true})
}

fn item(item: &Value) -> Value {
    match item.get("type").and_then(Value::as_str) {
        Some("reasoning") => json!("reasoning"),
        Some("function_call") => call(item),
        _ => {
            let text = item.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default();
            json!({"message": text})
        }
    }
}

fn call(function: &Value) -> Value {
    json!({"call": function.get("name"), "arguments": function.get("arguments")})
}

/// The items of a chat completion's first choice.
fn chosen(choices: &Value) -> Option<Vec<Value>> {
    let message = choices.get(0)?.get("message")?;
    let mut items = Vec::new();
    if let Some(text) = message.get("content").and_then(Value::as_str) {
        items.push(json!({"message": text}));
    }
    if let Some(Value::Array(calls)) = message.get("tool_calls") {
        items.extend(calls.iter().filter_map(|entry| entry.get("function")).map(call));
    }
    Some(items)
}
