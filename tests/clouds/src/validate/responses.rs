//! The body of a Responses request (openai 2.54 `responses/response_create_params.py`).

use super::kinds::{self, Kind, check as field, join};
use super::{Checked, Invalid};
use crate::answer::Task;
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
    ("previous_response_id", Kind::Id("resp")),
    ("prompt", Kind::Object),
    ("prompt_cache_key", Kind::Short(64)),
    ("prompt_cache_options", Kind::Object),
    ("prompt_cache_retention", Kind::OneOf(&["in_memory", "in-memory", "24h"])),
    ("reasoning", Kind::Object),
    ("safety_identifier", Kind::Short(64)),
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

/// The fields of a compaction.
const COMPACT: &[&str] = &[
    "image",
    "input",
    "instructions",
    "model",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
];

/// The fields of a count of tokens.
const COUNT_TOKENS: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

const INCLUDES: &[&str] = &[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];

pub fn check(task: Task, body: &Map<String, Value>, family: Family) -> Checked {
    let known = |name: &String| match task {
        Task::Answer => FIELDS.iter().any(|(known, _)| known == name),
        Task::Compact => COMPACT.contains(&name.as_str()),
        Task::CountTokens => COUNT_TOKENS.contains(&name.as_str()),
    };
    if let Some(name) = body.keys().find(|name| !known(name)) {
        return Err(Invalid::new("unknown_parameter", name.as_str(), format!("Unknown parameter: '{name}'.")));
    }
    for (name, kind) in FIELDS {
        if let Some(value) = body.get(*name) {
            field(value, kind, name)?;
        }
    }
    match body.get("input") {
        None | Some(Value::Null) if body.get("prompt").is_some_and(Value::is_object) => {}
        None | Some(Value::Null)
            if task != Task::Answer && body.get("previous_response_id").is_some_and(Value::is_string) => {}
        None | Some(Value::Null) => return Err(Invalid::missing("input")),
        Some(Value::String(_)) => {}
        Some(Value::Array(items)) => check_items(items, family)?,
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
    check_lists(body)?;
    check_together(body)?;
    check_family(body, family)
}

/// Lists of words, and of objects.
fn check_lists(body: &Map<String, Value>) -> Checked {
    let list = |name: &str| body.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
    for (index, value) in list("include") {
        kinds::one_of(value, INCLUDES, &format!("include[{index}]"))?;
    }
    for (index, entry) in list("context_management") {
        let place = format!("context_management[{index}]");
        kinds::one_of(
            kinds::required(kinds::object(entry, &place)?, "type", &place)?,
            &["compaction"],
            &join(&place, "type"),
        )?;
        let fields = [("type", Kind::Text), ("compact_threshold", Kind::Integer { min: 1000, max: i64::MAX })];
        kinds::only(entry, &fields, &place)?;
    }
    if let Some(Value::Object(prompt)) = body.get("prompt") {
        kinds::text(kinds::required(prompt, "id", "prompt")?, "prompt.id")?;
    }
    Ok(())
}

/// Fields that exclude each other.
fn check_together(body: &Map<String, Value>) -> Checked {
    let set = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    if set("previous_response_id") && set("conversation") {
        let message = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only providing one of: 'previous_response_id' or 'conversation'.";
        return Err(Invalid { message: message.into(), param: None, code: Some("mutually_exclusive_parameters") });
    }
    if body.get("background") == Some(&Value::Bool(true)) && body.get("store") == Some(&Value::Bool(false)) {
        let message = "Background mode requires 'store' to be true.";
        return Err(Invalid::new("invalid_parameter_combination", "background", message));
    }
    Ok(())
}

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

fn check_items(items: &[Value], family: Family) -> Checked {
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
        if kind == "custom" {
            kinds::custom_format(tool.get("format").unwrap_or(&Value::Null), &join(&place, "format"))?;
        }
    }
    Ok(())
}

fn check_tool_choice(body: &Map<String, Value>) -> Checked {
    match body.get("tool_choice") {
        Some(choice @ Value::String(_)) => kinds::one_of(choice, &["none", "auto", "required"], "tool_choice"),
        Some(Value::Object(choice)) => {
            let kind = kinds::text(kinds::required(choice, "type", "tool_choice")?, "tool_choice.type")?;
            match kind {
                "function" | "custom" => check_chosen(body, choice, kind),
                "allowed_tools" => {
                    let mode = kinds::required(choice, "mode", "tool_choice")?;
                    kinds::one_of(mode, &["auto", "required"], "tool_choice.mode")?;
                    kinds::list(kinds::required(choice, "tools", "tool_choice")?, "tool_choice.tools").map(drop)
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The tool that is chosen is offered; what comes by other ways than `tools` is not looked for.
fn check_chosen(body: &Map<String, Value>, choice: &Map<String, Value>, kind: &str) -> Checked {
    let name = kinds::text(kinds::required(choice, "name", "tool_choice")?, "tool_choice.name")?;
    let Some(Value::Array(tools)) = body.get("tools") else { return Ok(()) };
    let is_chosen = |tool: &Value| tool.get("name").is_some_and(|offered| offered == name);
    let nested =
        |tool: &Value| tool.get("tools").and_then(Value::as_array).is_some_and(|inner| inner.iter().any(is_chosen));
    if tools.iter().any(|tool| is_chosen(tool) || nested(tool)) {
        return Ok(());
    }
    let message = format!("Tool choice '{kind}' not found in 'tools' parameter.");
    Err(Invalid { message, param: Some("tool_choice".into()), code: None })
}

fn check_text_format(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(text)) = body.get("text") else { return Ok(()) };
    let fields = [("verbosity", Kind::OneOf(&["low", "medium", "high"])), ("format", Kind::Object)];
    kinds::only(&Value::Object(text.clone()), &fields, "text")?;
    let Some(format) = text.get("format").filter(|format| !format.is_null()) else { return Ok(()) };
    let format = kinds::object(format, "text.format")?;
    let kind = kinds::required(format, "type", "text.format")?;
    kinds::one_of(kind, &["json_object", "json_schema", "text"], "text.format.type")?;
    if kind == "json_object" && !says_json(body) {
        let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
        return Err(Invalid { message: message.into(), param: Some("input".into()), code: None });
    }
    if kind == "json_schema" {
        kinds::tool_name(kinds::required(format, "name", "text.format")?, "text.format.name")?;
        kinds::object(kinds::required(format, "schema", "text.format")?, "text.format.schema")?;
        if let Some(strict) = format.get("strict") {
            field(strict, &Kind::Flag, "text.format.strict")?;
        }
    }
    Ok(())
}

fn says_json(body: &Map<String, Value>) -> bool {
    let says = |name: &str| body.get(name).is_some_and(|value| value.to_string().to_lowercase().contains("json"));
    let goes_on = body.get("previous_response_id").is_some_and(Value::is_string);
    says("input") || says("instructions") || goes_on
}

fn check_reasoning(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(reasoning)) = body.get("reasoning") else { return Ok(()) };
    let fields = [
        ("effort", Kind::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
        ("summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        ("generate_summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        ("context", Kind::OneOf(&["auto", "current_turn", "all_turns"])),
        ("mode", Kind::Text),
    ];
    kinds::only(&Value::Object(reasoning.clone()), &fields, "reasoning")
}

fn check_stream_options(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(options)) = body.get("stream_options") else { return Ok(()) };
    kinds::only(&Value::Object(options.clone()), &[("include_obfuscation", Kind::Flag)], "stream_options")
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
