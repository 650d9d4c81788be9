//! The body of a Responses request (openai 2.54 `responses/response_create_params.py`).

use super::kinds::{self, Kind, check as field, join};
use super::{Checked, Invalid};
use crate::catalogue::Family;
use serde_json::{Map, Value};

const FIELDS: &[(&str, Kind)] = &[
    ("access_programs", Kind::Any),
    ("background", Kind::Flag),
    ("background_options", Kind::Object),
    ("client_metadata", Kind::Object),
    ("context_management", Kind::List),
    ("conversation", Kind::TextOrObject),
    ("image", Kind::Any),
    ("include", Kind::List),
    ("input", Kind::Any),
    ("instructions", Kind::Text),
    ("max_output_tokens", Kind::Integer { min: 16, max: i64::MAX }),
    ("max_tool_calls", Kind::Integer { min: 1, max: i64::MAX }),
    ("metadata", Kind::Object),
    ("model", Kind::Text),
    ("moderation", Kind::Object),
    ("parallel_tool_calls", Kind::Flag),
    ("previous_response_id", Kind::Text),
    ("prompt", Kind::Object),
    ("prompt_cache_key", Kind::Text),
    ("prompt_cache_options", Kind::Object),
    ("prompt_cache_retention", Kind::Text),
    ("reasoning", Kind::Object),
    ("safety_identifier", Kind::Text),
    ("service_tier", Kind::OneOf(&["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"])),
    ("store", Kind::Flag),
    ("stream", Kind::Flag),
    ("stream_options", Kind::Object),
    ("temperature", Kind::Decimal { min: 0.0, max: 2.0 }),
    ("text", Kind::Object),
    ("tool_choice", Kind::TextOrObject),
    ("tools", Kind::List),
    ("top_logprobs", Kind::Integer { min: 0, max: 20 }),
    ("top_p", Kind::Decimal { min: 0.0, max: 1.0 }),
    ("truncation", Kind::OneOf(&["auto", "disabled"])),
    ("user", Kind::Text),
];

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

const TOOLS: &[&str] = &[
    "function",
    "custom",
    "file_search",
    "web_search",
    "web_search_preview",
    "computer",
    "computer_use_preview",
    "code_interpreter",
    "image_generation",
    "mcp",
    "local_shell",
    "shell",
    "apply_patch",
    "namespace",
    "tool_search",
];

pub fn check(body: &Map<String, Value>, family: Family) -> Checked {
    if let Some(name) = body.keys().find(|name| !FIELDS.iter().any(|(known, _)| known == name)) {
        return Err(Invalid::new("unknown_parameter", name.as_str(), format!("Unknown parameter: '{name}'.")));
    }
    for (name, kind) in FIELDS {
        if let Some(value) = body.get(*name) {
            field(value, kind, name)?;
        }
    }
    match body.get("input") {
        None | Some(Value::Null) if body.get("prompt").is_some_and(Value::is_object) => {}
        None | Some(Value::Null) => return Err(Invalid::missing("input")),
        Some(Value::String(_)) => {}
        Some(Value::Array(items)) => check_items(items)?,
        Some(other) => return Err(kinds::wrong_type("input", "one of a string or array of objects", other)),
    }
    check_tools(body)?;
    check_tool_choice(body)?;
    check_text_format(body)?;
    check_reasoning(body)?;
    if let Some(metadata) = body.get("metadata") {
        kinds::metadata(metadata, "metadata")?;
    }
    check_stream_options(body)?;
    check_family(body, family)
}

fn check_items(items: &[Value]) -> Checked {
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
        match kind {
            "message" => check_message(item, &place)?,
            "function_call" => check_texts(item, &["call_id", "name", "arguments"], &place)?,
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
                kinds::list(kinds::required(item, "summary", &place)?, &join(&place, "summary"))?;
            }
            "item_reference" => check_texts(item, &["id"], &place)?,
            _ => {}
        }
    }
    check_reasoning_items(items)?;
    check_outputs(items)
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
            Some("input_image") if !part.contains_key("image_url") && !part.contains_key("file_id") => {
                return Err(Invalid::missing(&join(&place, "image_url")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_tools(body: &Map<String, Value>) -> Checked {
    let Some(Value::Array(tools)) = body.get("tools") else { return Ok(()) };
    for (index, tool) in tools.iter().enumerate() {
        let place = format!("tools[{index}]");
        let tool = kinds::object(tool, &place)?;
        let kind = kinds::required(tool, "type", &place)?;
        kinds::one_of(kind, TOOLS, &join(&place, "type"))?;
        if kind == "function" {
            // The nested form of chat completions has no `name` here.
            kinds::tool_name(kinds::required(tool, "name", &place)?, &join(&place, "name"))?;
            if let Some(parameters) = tool.get("parameters") {
                field(parameters, &Kind::Object, &join(&place, "parameters"))?;
            }
            if let Some(strict) = tool.get("strict") {
                field(strict, &Kind::Flag, &join(&place, "strict"))?;
            }
        }
    }
    Ok(())
}

fn check_tool_choice(body: &Map<String, Value>) -> Checked {
    match body.get("tool_choice") {
        Some(choice @ Value::String(_)) => kinds::one_of(choice, &["none", "auto", "required"], "tool_choice"),
        Some(Value::Object(choice)) => {
            kinds::text(kinds::required(choice, "type", "tool_choice")?, "tool_choice.type").map(drop)
        }
        _ => Ok(()),
    }
}

fn check_text_format(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(text)) = body.get("text") else { return Ok(()) };
    if let Some(verbosity) = text.get("verbosity") {
        field(verbosity, &Kind::OneOf(&["low", "medium", "high"]), "text.verbosity")?;
    }
    let Some(format) = text.get("format").filter(|format| !format.is_null()) else { return Ok(()) };
    let format = kinds::object(format, "text.format")?;
    let kind = kinds::required(format, "type", "text.format")?;
    kinds::one_of(kind, &["json_object", "json_schema", "text"], "text.format.type")?;
    if kind == "json_schema" {
        kinds::tool_name(kinds::required(format, "name", "text.format")?, "text.format.name")?;
        kinds::object(kinds::required(format, "schema", "text.format")?, "text.format.schema")?;
    }
    Ok(())
}

fn check_reasoning(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(reasoning)) = body.get("reasoning") else { return Ok(()) };
    let kinds = [
        ("effort", Kind::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
        ("summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        ("generate_summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        ("context", Kind::OneOf(&["auto", "current_turn", "all_turns"])),
        ("mode", Kind::Text),
    ];
    for (name, value) in reasoning {
        let place = join("reasoning", name);
        match kinds.iter().find(|(known, _)| known == name) {
            Some((_, kind)) => field(value, kind, &place)?,
            None => {
                return Err(Invalid::new("unknown_parameter", place.clone(), format!("Unknown parameter: '{place}'.")));
            }
        }
    }
    Ok(())
}

fn check_stream_options(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(options)) = body.get("stream_options") else { return Ok(()) };
    for (name, value) in options {
        let place = join("stream_options", name);
        if name != "include_obfuscation" {
            return Err(Invalid::new("unknown_parameter", place.clone(), format!("Unknown parameter: '{place}'.")));
        }
        field(value, &Kind::Flag, &place)?;
    }
    Ok(())
}

/// Reasoning models take sampling parameters only while they do not reason.
fn check_family(body: &Map<String, Value>, family: Family) -> Checked {
    let effort = body.get("reasoning").and_then(|reasoning| reasoning.get("effort"));
    if matches!(family, Family::Classic | Family::Open) || effort == Some(&Value::from("none")) {
        return Ok(());
    }
    for name in ["temperature", "top_p"] {
        if body.get(name).and_then(Value::as_f64).is_some_and(|value| (value - 1.0).abs() > f64::EPSILON) {
            let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
            return Err(Invalid::unsupported(name, message));
        }
    }
    Ok(())
}
