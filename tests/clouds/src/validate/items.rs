//! The items of a Responses request's input, each by itself and with the others.

use super::kinds::{self, Kind, check as field, join};
use super::{Checked, Invalid};
use crate::catalogue::Family;
use serde_json::{Map, Value};

const ITEMS: &[&str] = &[
    "message",
    "function_call",
    "function_call_output",
    "reasoning",
    "item_reference",
    "custom_tool_call",
    "custom_tool_call_output",
    "file_search_call",
    "web_search_call",
    "computer_call",
    "computer_call_output",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "tool_search_call",
    "tool_search_output",
    "compaction",
    "additional_tools",
    "agent_message",
    "configuration_update",
    "context_compaction",
];

/// Ids that the service made begin as its items do; an open model's need not.
fn check_id(item: &Map<String, Value>, kind: &str, place: &str, family: Family) -> Checked {
    let Some(id) = item.get("id").filter(|id| !id.is_null()) else { return Ok(()) };
    let prefix = match kind {
        _ if family == Family::Open => "",
        "message" => "msg",
        "function_call" => "fc",
        "custom_tool_call" => "ctc",
        "reasoning" => "rs",
        "compaction" => "cmp",
        _ => "",
    };
    kinds::id(id, prefix, &join(place, "id"))
}

pub fn check(items: &[Value], family: Family) -> Checked {
    for (index, item) in items.iter().enumerate() {
        let place = format!("input[{index}]");
        let item = kinds::object(item, &place)?;
        let kind = match item.get("type") {
            // A message may leave its type out.
            None | Some(Value::Null) if item.contains_key("role") => "message",
            None | Some(Value::Null) => return Err(Invalid::missing(&join(&place, "type"))),
            Some(kind) => {
                kinds::one_of(kind, ITEMS, &join(&place, "type"))?;
                kind.as_str().unwrap_or_default()
            }
        };
        check_id(item, kind, &place, family)?;
        if let Some(id) = item.get("call_id") {
            field(id, &Kind::Short(64), &join(&place, "call_id"))?;
        }
        if let Some(status) = item.get("status") {
            let known = &[
                "in_progress",
                "completed",
                "incomplete",
                "searching",
                "generating",
                "interpreting",
                "failed",
                "calling",
            ];
            field(status, &Kind::OneOf(known), &join(&place, "status"))?;
        }
        match kind {
            "message" => check_message(item, &place)?,
            "function_call" => check_texts(item, &["call_id", "name", "arguments"], &place)?,
            "custom_tool_call" => check_texts(item, &["call_id", "name", "input"], &place)?,
            "compaction" => check_texts(item, &["encrypted_content"], &place)?,
            "function_call_output" | "custom_tool_call_output" => {
                check_texts(item, &["call_id"], &place)?;
                let output = kinds::required(item, "output", &place)?;
                if !output.is_string() && !output.is_array() {
                    return Err(kinds::wrong_type(
                        &join(&place, "output"),
                        "one of a string or array of objects",
                        output,
                    ));
                }
            }
            "reasoning" => {
                check_texts(item, &["id"], &place)?;
                check_summary(item, &place)?;
            }
            "item_reference" => check_texts(item, &["id"], &place)?,
            _ => {}
        }
    }
    check_reasoning_items(items)?;
    check_outputs(items)
}

fn check_summary(item: &Map<String, Value>, place: &str) -> Checked {
    let place_summary = join(place, "summary");
    let parts = kinds::list(kinds::required(item, "summary", place)?, &place_summary)?;
    for (index, part) in parts.iter().enumerate() {
        let place = format!("{place_summary}[{index}]");
        let part = kinds::object(part, &place)?;
        kinds::one_of(kinds::required(part, "type", &place)?, &["summary_text"], &join(&place, "type"))?;
        check_texts(part, &["text"], &place)?;
    }
    item.get("encrypted_content").map_or(Ok(()), |sealed| field(sealed, &Kind::Text, &join(place, "encrypted_content")))
}

/// A replayed thought belongs to the output that followed it.
fn check_reasoning_items(items: &[Value]) -> Checked {
    let kind = |item: &Value| item.get("type").and_then(Value::as_str).unwrap_or("message").to_owned();
    for (index, item) in items.iter().enumerate().filter(|(_, item)| kind(item) == "reasoning") {
        let follows = items.get(index + 1).is_some_and(|next| match kind(next).as_str() {
            // An assistant's message without an id is an input of the client's own.
            "message" => next.get("id").is_some(),
            other => !other.ends_with("_output"),
        });
        if !follows {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let message = format!("Item '{id}' of type 'reasoning' was provided without its required following item.");
            return Err(Invalid { message, param: Some("input".into()), code: None });
        }
    }
    Ok(())
}

/// A result needs its call, unless the conversation is kept by the service.
fn check_outputs(items: &[Value]) -> Checked {
    let mut called: Vec<&str> = Vec::new();
    for item in items {
        let id = item.get("call_id").and_then(Value::as_str);
        match (item.get("type").and_then(Value::as_str), id) {
            (Some("function_call"), Some(id)) => called.push(id),
            // Without any call in sight the call stands in a previous response.
            (Some("function_call_output"), Some(id)) if !called.is_empty() && !called.contains(&id) => {
                let message = format!("No tool call found for function call output with call_id {id}.");
                return Err(Invalid { message, param: Some("input".into()), code: None });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_texts(item: &Map<String, Value>, names: &[&str], place: &str) -> Checked {
    names.iter().try_for_each(|name| kinds::text(kinds::required(item, name, place)?, &join(place, name)).map(drop))
}

fn check_message(item: &Map<String, Value>, place: &str) -> Checked {
    let role = kinds::required(item, "role", place)?;
    kinds::one_of(role, &["assistant", "system", "developer", "user"], &join(place, "role"))?;
    let place_content = join(place, "content");
    let parts = match kinds::required(item, "content", place)? {
        Value::String(_) => return Ok(()),
        Value::Array(parts) => parts,
        other => return Err(kinds::wrong_type(&place_content, "one of a string or array of objects", other)),
    };
    let allowed: &[&str] = if role == "assistant" {
        &["output_text", "refusal"]
    } else {
        &["input_text", "input_image", "input_file", "input_audio"]
    };
    for (index, part) in parts.iter().enumerate() {
        let place = format!("{place_content}[{index}]");
        let part = kinds::object(part, &place)?;
        let kind = kinds::required(part, "type", &place)?;
        kinds::one_of(kind, allowed, &join(&place, "type"))?;
        match kind.as_str() {
            Some("input_text" | "output_text") => check_texts(part, &["text"], &place)?,
            Some("refusal") => check_texts(part, &["refusal"], &place)?,
            Some("input_image") => check_image(part, &place)?,
            Some("input_file") if !["file_id", "file_data", "file_url"].iter().any(|name| part.contains_key(*name)) => {
                return Err(Invalid::missing(&join(&place, "file_id")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_image(part: &Map<String, Value>, place: &str) -> Checked {
    if !part.contains_key("image_url") && !part.contains_key("file_id") {
        return Err(Invalid::missing(&join(place, "image_url")));
    }
    let kinds = [("image_url", Kind::Text), ("detail", Kind::OneOf(&["low", "high", "auto", "original"]))];
    kinds
        .iter()
        .try_for_each(|(name, kind)| part.get(*name).map_or(Ok(()), |value| field(value, kind, &join(place, name))))
}
