//! What a vendor takes less than OpenAI itself. Sources: litellm 1.110's tables of Bedrock's surfaces and the errors that
//! its users report (2026-11). Where no report has a surface's words, they are those of its deserializer.

use super::kinds::join;
use super::{Checked, Invalid};
use crate::answer::{Api, Flavor};
use crate::catalogue::Family;
use serde_json::{Map, Value};

/// The tools of Bedrock's surfaces.
const RUNTIME_TOOLS: &[&str] = &["function", "mcp", "custom", "apply_patch", "namespace", "tool_search", "computer"];
const MANTLE_TOOLS: &[&str] =
    &["function", "mcp", "custom", "namespace", "tool_search", "web_search", "web_search_preview"];

/// The items that neither surface of Bedrock takes.
const REFUSED_ITEMS: &[&str] = &["agent_message", "context_compaction", "local_shell_call"];

pub fn check(flavor: Flavor, api: Api, body: &Map<String, Value>, family: Family) -> Checked {
    let tools = match flavor {
        Flavor::BedrockRuntime => RUNTIME_TOOLS,
        Flavor::Mantle | Flavor::MantleOpen => MANTLE_TOOLS,
        Flavor::OpenAi => {
            refuse_data_sources(body)?;
            return check_images(body, &["https:", "http:", "data:"]);
        }
        Flavor::Azure | Flavor::AzureDated => return check_images(body, &["https:", "http:", "data:"]),
        Flavor::GooglePublisher | Flavor::GoogleOpenapi => {
            refuse_data_sources(body)?;
            return check_images(body, &["https:", "http:", "gs:", "data:"]);
        }
    };
    refuse_data_sources(body)?;
    let runtime = flavor == Flavor::BedrockRuntime;
    // Whether Mantle fetches images is not known; the runtime does not.
    check_images(body, if runtime { &["data:", "s3:"] } else { &["data:", "s3:", "https:"] })?;
    if runtime && body.get("background") == Some(&Value::Bool(true)) {
        return Err(Invalid::unsupported("background", "Background mode is not supported."));
    }
    if runtime && api == Api::Chat {
        check_runtime_chat(body, family)?;
    }
    if !runtime {
        check_mantle_values(body)?;
    }
    if api == Api::Responses { check_responses(body, tools) } else { Ok(()) }
}

fn no_variant(what: &str) -> Invalid {
    let message = format!("Invalid '{what}': value did not match any expected variant");
    Invalid { message, param: None, code: Some("validation_error") }
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn check_responses(body: &Map<String, Value>, tools: &[&str]) -> Checked {
    let taken = |tool: &Value| tools.contains(&kind(tool));
    if !list(body.get("tools")).all(taken) {
        return Err(no_variant("tools"));
    }
    for item in list(body.get("input")) {
        let image = |part: &Value| kind(part) == "input_image";
        let output = kind(item) != "computer_call_output" && list(item.get("output")).any(image);
        if REFUSED_ITEMS.contains(&kind(item)) || output || !list(item.get("tools")).all(taken) {
            return Err(no_variant("input"));
        }
        if list(item.get("content")).any(|part| part.get("file_url").is_some_and(Value::is_string)) {
            return Err(no_variant("content"));
        }
    }
    Ok(())
}

/// One answer at a time; gpt-oss has no biases.
fn check_runtime_chat(body: &Map<String, Value>, family: Family) -> Checked {
    let open = family == Family::Open;
    let (name, refused) = match open {
        true => ("logit_bias", body.get("logit_bias").is_some_and(|bias| !bias.is_null())),
        false => ("n", body.get("n").and_then(Value::as_u64).is_some_and(|count| count > 1)),
    };
    if refused {
        let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
        return Err(Invalid::unsupported(name, message));
    }
    Ok(())
}

fn check_mantle_values(body: &Map<String, Value>) -> Checked {
    let tier = body.get("service_tier").and_then(Value::as_str).unwrap_or("auto");
    if !["auto", "default"].contains(&tier) {
        return Err(Invalid::value("service_tier", format!("Unsupported service_tier: '{tier}'.")));
    }
    let reasoning = body.get("reasoning");
    for name in ["summary", "generate_summary"] {
        let summary = reasoning.and_then(|reasoning| reasoning.get(name)).and_then(Value::as_str).unwrap_or("auto");
        if summary != "auto" {
            let param = join("reasoning", name);
            return Err(Invalid::value(&param, format!("Unsupported value: '{param}' does not support '{summary}'.")));
        }
    }
    Ok(())
}

/// Azure's alone.
fn refuse_data_sources(body: &Map<String, Value>) -> Checked {
    if body.contains_key("data_sources") {
        let message = "Unrecognized request argument supplied: data_sources";
        return Err(Invalid { message: message.into(), param: None, code: None });
    }
    Ok(())
}

/// Every image's address begins as the vendor can read it.
fn check_images(body: &Map<String, Value>, schemes: &[&str]) -> Checked {
    ["messages", "input"].iter().filter_map(|name| Some((body.get(*name)?, *name))).try_for_each(|(value, place)| {
        visit_images(value, place, &|url, place| {
            if schemes.iter().any(|scheme| url.starts_with(scheme)) {
                return Ok(());
            }
            let message = format!("Invalid '{place}'. Expected a valid URL, but got a value with an invalid format.");
            Err(Invalid::value(place, message))
        })
    })
}

fn visit_images(value: &Value, place: &str, check: &dyn Fn(&str, &str) -> Checked) -> Checked {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| visit_images(item, &format!("{place}[{index}]"), check)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let place = join(place, name);
            match (name.as_str(), value) {
                ("image_url", Value::String(url)) => check(url, &place),
                ("image_url", Value::Object(image)) => match image.get("url").and_then(Value::as_str) {
                    Some(url) => check(url, &join(&place, "url")),
                    None => Ok(()),
                },
                _ => visit_images(value, &place, check),
            }
        }),
        _ => Ok(()),
    }
}
