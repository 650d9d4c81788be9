//! The body of a chat completion (openai 2.54 `chat/completion_create_params.py`).

use super::kinds::{self, Kind, check as field, join};
use super::{Checked, Invalid};
use crate::catalogue::Family;
use serde_json::{Map, Value};

const FIELDS: &[(&str, Kind)] = &[
    ("audio", Kind::Object),
    ("data_sources", Kind::List),
    ("frequency_penalty", Kind::Decimal { min: -2.0, max: 2.0 }),
    ("function_call", Kind::TextOrObject),
    ("functions", Kind::List),
    ("logit_bias", Kind::Object),
    ("logprobs", Kind::Flag),
    ("max_completion_tokens", Kind::Integer { min: 1, max: i64::MAX }),
    ("max_tokens", Kind::Integer { min: 1, max: i64::MAX }),
    ("messages", Kind::List),
    ("metadata", Kind::Object),
    ("modalities", Kind::List),
    ("model", Kind::Text),
    ("moderation", Kind::Object),
    ("n", Kind::Integer { min: 1, max: 128 }),
    ("parallel_tool_calls", Kind::Flag),
    ("prediction", Kind::Object),
    ("presence_penalty", Kind::Decimal { min: -2.0, max: 2.0 }),
    ("prompt_cache_key", Kind::Short(64)),
    ("prompt_cache_options", Kind::Object),
    ("prompt_cache_retention", Kind::OneOf(&["in_memory", "in-memory", "24h"])),
    ("reasoning_effort", Kind::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    ("response_format", Kind::Object),
    ("safety_identifier", Kind::Short(64)),
    ("seed", Kind::Integer { min: i64::MIN, max: i64::MAX }),
    ("service_tier", Kind::OneOf(&["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"])),
    ("stop", Kind::TextOrList(4)),
    ("store", Kind::Flag),
    ("stream", Kind::Flag),
    ("stream_options", Kind::Object),
    ("temperature", Kind::Decimal { min: 0.0, max: 2.0 }),
    ("tool_choice", Kind::TextOrObject),
    ("tools", Kind::List),
    ("top_logprobs", Kind::Integer { min: 0, max: 20 }),
    ("top_p", Kind::Decimal { min: 0.0, max: 1.0 }),
    ("user", Kind::Text),
    ("verbosity", Kind::OneOf(&["low", "medium", "high"])),
    ("web_search_options", Kind::Object),
];

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

pub fn check(body: &Map<String, Value>, family: Family) -> Checked {
    unknown(body)?;
    let messages = match body.get("messages") {
        None | Some(Value::Null) => return Err(Invalid::missing("messages")),
        Some(messages) => kinds::list(messages, "messages")?,
    };
    for (name, kind) in FIELDS {
        if let Some(value) = body.get(*name) {
            field(value, kind, name)?;
        }
    }
    if messages.is_empty() {
        let message =
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Invalid::new("empty_array", "messages", message));
    }
    check_messages(messages)?;
    check_tools(body)?;
    check_tool_choice(body)?;
    check_response_format(body)?;
    if let Some(metadata) = body.get("metadata") {
        kinds::metadata(metadata, "metadata")?;
    }
    check_stream_options(body)?;
    check_logit_bias(body)?;
    check_logprobs(body)?;
    check_family(body, family)
}

fn unknown(body: &Map<String, Value>) -> Checked {
    let mut names: Vec<&str> =
        body.keys().map(String::as_str).filter(|name| !FIELDS.iter().any(|(known, _)| known == name)).collect();
    // Whether a map keeps its order hangs on what else is built with it.
    names.sort_unstable();
    let message = match names.as_slice() {
        [] => return Ok(()),
        [name] => format!("Unrecognized request argument supplied: {name}"),
        names => format!("Unrecognized request arguments supplied: {}", names.join(", ")),
    };
    Err(Invalid { message, param: None, code: None })
}

/// Roles, contents, and that tool messages answer calls.
fn check_messages(messages: &[Value]) -> Checked {
    // Calls that still wait for their result; only tool messages may come between.
    let mut waiting: Vec<&str> = Vec::new();
    let mut asked_at = 0;
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let message = kinds::object(message, &place)?;
        let role = kinds::required(message, "role", &place)?;
        kinds::one_of(role, ROLES, &join(&place, "role"))?;
        let role = role.as_str().unwrap_or_default();
        if role == "tool" {
            let id = kinds::text(kinds::required(message, "tool_call_id", &place)?, &join(&place, "tool_call_id"))?;
            let Some(at) = waiting.iter().position(|waiting| *waiting == id) else {
                let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(Invalid { message: text.into(), param: Some(join(&place, "role")), code: None });
            };
            waiting.swap_remove(at);
        } else if !waiting.is_empty() {
            return Err(unanswered(&waiting, asked_at));
        }
        check_content(message, role, &place)?;
        if role == "assistant" {
            waiting = calls(message, &place)?;
            asked_at = index;
        }
    }
    if waiting.is_empty() { Ok(()) } else { Err(unanswered(&waiting, asked_at)) }
}

fn unanswered(waiting: &[&str], asked_at: usize) -> Invalid {
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        waiting.join(", ")
    );
    Invalid { message, param: Some(format!("messages[{asked_at}].role")), code: None }
}

/// The ids of an assistant's tool calls.
fn calls<'a>(message: &'a Map<String, Value>, place: &str) -> Result<Vec<&'a str>, Invalid> {
    let Some(calls) = message.get("tool_calls").filter(|calls| !calls.is_null()) else { return Ok(Vec::new()) };
    let place = join(place, "tool_calls");
    let mut ids = Vec::new();
    for (index, call) in kinds::list(calls, &place)?.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let call = kinds::object(call, &place)?;
        ids.push(kinds::text(kinds::required(call, "id", &place)?, &join(&place, "id"))?);
        let kind = kinds::required(call, "type", &place)?;
        kinds::one_of(kind, &["function", "custom"], &join(&place, "type"))?;
        if kind == "function" {
            let place = join(&place, "function");
            let function = kinds::object(kinds::required(call, "function", join_parent(&place))?, &place)?;
            kinds::text(kinds::required(function, "name", &place)?, &join(&place, "name"))?;
            kinds::text(kinds::required(function, "arguments", &place)?, &join(&place, "arguments"))?;
        } else {
            let place_custom = join(&place, "custom");
            let custom = kinds::object(kinds::required(call, "custom", &place)?, &place_custom)?;
            for name in ["name", "input"] {
                kinds::text(kinds::required(custom, name, &place_custom)?, &join(&place_custom, name))?;
            }
        }
    }
    Ok(ids)
}

fn join_parent(place: &str) -> &str {
    place.rsplit_once('.').map_or("", |(parent, _)| parent)
}

fn check_content(message: &Map<String, Value>, role: &str, place: &str) -> Checked {
    let place = join(place, "content");
    let optional = role == "assistant"
        && ["tool_calls", "function_call", "refusal", "audio"].iter().any(|other| message.contains_key(*other));
    match message.get("content") {
        None | Some(Value::Null) if optional => Ok(()),
        None => Err(Invalid::missing(&place)),
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            let mut places = parts.iter().enumerate();
            places.try_for_each(|(index, part)| check_part(part, &format!("{place}[{index}]")))
        }
        Some(Value::Null) => {
            let message = format!("Invalid value for 'content': expected a string, got null. ({place})");
            Err(Invalid { message, param: Some(place), code: None })
        }
        Some(other) => Err(kinds::wrong_type(&place, "one of a string or array of objects", other)),
    }
}

fn check_part(part: &Value, place: &str) -> Checked {
    let part = kinds::object(part, place)?;
    let kind = kinds::required(part, "type", place)?;
    kinds::one_of(kind, &["text", "image_url", "input_audio", "refusal", "audio", "file"], &join(place, "type"))?;
    match kind.as_str() {
        Some("text") => kinds::text(kinds::required(part, "text", place)?, &join(place, "text")).map(drop),
        Some("image_url") => {
            let image_place = join(place, "image_url");
            let image = kinds::object(kinds::required(part, "image_url", place)?, &image_place)?;
            kinds::text(kinds::required(image, "url", &image_place)?, &join(&image_place, "url"))?;
            image.get("detail").map_or(Ok(()), |detail| {
                field(detail, &Kind::OneOf(&["low", "high", "auto", "original"]), &join(&image_place, "detail"))
            })
        }
        Some("input_audio") => {
            let place_audio = join(place, "input_audio");
            let audio = kinds::object(kinds::required(part, "input_audio", place)?, &place_audio)?;
            kinds::text(kinds::required(audio, "data", &place_audio)?, &join(&place_audio, "data"))?;
            kinds::one_of(
                kinds::required(audio, "format", &place_audio)?,
                &["wav", "mp3"],
                &join(&place_audio, "format"),
            )
        }
        Some("file") => kinds::object(kinds::required(part, "file", place)?, &join(place, "file")).map(drop),
        _ => Ok(()),
    }
}

fn check_tools(body: &Map<String, Value>) -> Checked {
    let Some(Value::Array(tools)) = body.get("tools") else { return Ok(()) };
    if tools.is_empty() {
        let message =
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Invalid::new("empty_array", "tools", message));
    }
    for (index, tool) in tools.iter().enumerate() {
        let place = format!("tools[{index}]");
        let tool = kinds::object(tool, &place)?;
        let kind = kinds::required(tool, "type", &place)?;
        kinds::one_of(kind, &["function", "custom"], &join(&place, "type"))?;
        let inner = kind.as_str().unwrap_or_default();
        let inner_place = join(&place, inner);
        let definition = kinds::object(kinds::required(tool, inner, &place)?, &inner_place)?;
        kinds::tool_name(kinds::required(definition, "name", &inner_place)?, &join(&inner_place, "name"))?;
        if let Some(parameters) = definition.get("parameters") {
            field(parameters, &Kind::Object, &join(&inner_place, "parameters"))?;
        }
        if let Some(strict) = definition.get("strict") {
            field(strict, &Kind::Flag, &join(&inner_place, "strict"))?;
        }
        if let Some(format) = definition.get("format").filter(|_| kind == "custom") {
            custom_format(format, &join(&inner_place, "format"))?;
        }
    }
    Ok(())
}

fn check_tool_choice(body: &Map<String, Value>) -> Checked {
    match body.get("tool_choice") {
        None | Some(Value::Null) => Ok(()),
        Some(choice) => {
            let no_tools = body.get("tools").is_none_or(Value::is_null);
            if no_tools && choice != "none" {
                let message =
                    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.";
                return Err(Invalid { message: message.into(), param: Some("tool_choice".into()), code: None });
            }
            match choice {
                Value::String(_) => kinds::one_of(choice, &["none", "auto", "required"], "tool_choice"),
                Value::Object(choice) => {
                    let kind = kinds::required(choice, "type", "tool_choice")?;
                    kinds::one_of(kind, &["function", "custom", "allowed_tools"], "tool_choice.type")?;
                    check_chosen(body, choice, kind.as_str().unwrap_or_default())
                }
                _ => Ok(()),
            }
        }
    }
}

/// The tool that is chosen is offered.
fn check_chosen(body: &Map<String, Value>, choice: &Map<String, Value>, kind: &str) -> Checked {
    let place = join("tool_choice", kind);
    let chosen = kinds::object(kinds::required(choice, kind, "tool_choice")?, &place)?;
    if kind == "allowed_tools" {
        let mode = kinds::required(chosen, "mode", &place)?;
        kinds::one_of(mode, &["auto", "required"], &join(&place, "mode"))?;
        return kinds::list(kinds::required(chosen, "tools", &place)?, &join(&place, "tools")).map(drop);
    }
    let name = kinds::text(kinds::required(chosen, "name", &place)?, &join(&place, "name"))?;
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let mut names = tools.filter_map(|tool| tool.get(kind)?.get("name")?.as_str());
    if names.any(|offered| offered == name) {
        return Ok(());
    }
    let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
    Err(Invalid { message, param: Some("tool_choice".into()), code: None })
}

/// A custom tool's format, whose grammar lies in an object of its own.
fn custom_format(format: &Value, place: &str) -> Checked {
    if format.get("type").is_none_or(|kind| kind != "grammar") {
        return kinds::custom_format(format, place);
    }
    let place_grammar = join(place, "grammar");
    let grammar = format.get("grammar").ok_or_else(|| Invalid::missing(&place_grammar))?;
    let mut flat = kinds::object(grammar, &place_grammar)?.clone();
    flat.insert("type".into(), "grammar".into());
    kinds::custom_format(&Value::Object(flat), &place_grammar)
}

fn check_response_format(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(format)) = body.get("response_format") else { return Ok(()) };
    let kind = kinds::required(format, "type", "response_format")?;
    kinds::one_of(kind, &["json_object", "json_schema", "text"], "response_format.type")?;
    if kind == "json_schema" {
        let place = "response_format.json_schema";
        let schema = kinds::object(kinds::required(format, "json_schema", "response_format")?, place)?;
        kinds::tool_name(kinds::required(schema, "name", place)?, &join(place, "name"))?;
        if let Some(schema) = schema.get("schema") {
            field(schema, &Kind::Object, &join(place, "schema"))?;
        }
        if let Some(strict) = schema.get("strict") {
            field(strict, &Kind::Flag, &join(place, "strict"))?;
        }
    }
    if kind == "json_object"
        && !body.get("messages").is_some_and(|messages| messages.to_string().to_lowercase().contains("json"))
    {
        let message =
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
        return Err(Invalid { message: message.into(), param: Some("messages".into()), code: None });
    }
    Ok(())
}

fn check_stream_options(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(options)) = body.get("stream_options") else { return Ok(()) };
    if body.get("stream") != Some(&Value::Bool(true)) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Invalid { message: message.into(), param: Some("stream_options".into()), code: None });
    }
    for (name, value) in options {
        let place = join("stream_options", name);
        if !["include_usage", "include_obfuscation"].contains(&name.as_str()) {
            return Err(Invalid::new("unknown_parameter", place.clone(), format!("Unknown parameter: '{place}'.")));
        }
        field(value, &Kind::Flag, &place)?;
    }
    Ok(())
}

fn check_logit_bias(body: &Map<String, Value>) -> Checked {
    let Some(Value::Object(bias)) = body.get("logit_bias") else { return Ok(()) };
    let range = Kind::Decimal { min: -100.0, max: 100.0 };
    bias.iter().try_for_each(|(token, value)| field(value, &range, &join("logit_bias", token)))
}

fn check_logprobs(body: &Map<String, Value>) -> Checked {
    let asked = body.get("top_logprobs").and_then(Value::as_i64).is_some_and(|count| count > 0);
    if asked && body.get("logprobs") != Some(&Value::Bool(true)) {
        let message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(Invalid { message: message.into(), param: Some("top_logprobs".into()), code: None });
    }
    Ok(())
}

/// What reasoning models refuse (Azure's page on reasoning; Bedrock and OpenAI say the same).
fn check_family(body: &Map<String, Value>, family: Family) -> Checked {
    let set = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let reasoning = match family {
        Family::Classic | Family::Open => {
            if family == Family::Classic && set("max_tokens") && set("max_completion_tokens") {
                let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
                return Err(Invalid::new("invalid_parameter_combination", "max_tokens", message));
            }
            return Ok(());
        }
        Family::Reasoning | Family::ReasoningNoChatTools => body.get("reasoning_effort") != Some(&Value::from("none")),
    };
    if set("max_tokens") {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(Invalid::unsupported("max_tokens", message));
    }
    if set("stop") {
        return Err(Invalid::unsupported("stop", "Unsupported parameter: 'stop' is not supported with this model."));
    }
    if reasoning {
        for name in ["top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"] {
            let neutral = body.get(name).is_some_and(|value| {
                *value == false || value.as_f64() == Some(if name == "top_p" { 1.0 } else { 0.0 })
            });
            if set(name) && !neutral {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                return Err(Invalid::unsupported(name, message));
            }
        }
        if let Some(temperature) =
            body.get("temperature").and_then(Value::as_f64).filter(|value| (value - 1.0).abs() > f64::EPSILON)
        {
            let message = format!(
                "Unsupported value: 'temperature' does not support {temperature} with this model. Only the default (1) value is supported."
            );
            return Err(Invalid::new("unsupported_value", "temperature", message));
        }
        if family == Family::ReasoningNoChatTools && set("tools") {
            let message = "Function tools with reasoning_effort are not supported for this model in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.";
            return Err(Invalid { message: message.into(), param: Some("reasoning_effort".into()), code: None });
        }
    }
    Ok(())
}
