//! The body of a Responses request (openai 2.54 `responses/response_create_params.py`).

use super::kinds::{self, Kind, check as field, join};
use super::{Checked, Invalid, items};
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
        Some(Value::Array(items)) => items::check(items, family)?,
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
