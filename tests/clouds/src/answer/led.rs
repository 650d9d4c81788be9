//! Where a conversation stands in the script that leads it.

use super::Call;
use super::content::{Item, conversation, text_of};
use super::script::{self, Since, Step};
use crate::fault::marked;
use crate::sessions::{open, seal};
use serde_json::Value;

/// The step of the conversation's last script that is due, and whether each answer begins with a thought.
pub fn scripted(call: &Call<'_>) -> Option<(Step, bool)> {
    let (mut steps, over, reasons) = script_of(call)?;
    (over < steps.len()).then(|| (steps.swap_remove(over), reasons))
}

/// The last script, how many of its steps are over, and whether each answer begins with a thought.
fn script_of(call: &Call<'_>) -> Option<(Vec<Step>, usize, bool)> {
    let items = conversation(call);
    let found = items.iter().enumerate().rev().find_map(|(at, item)| {
        let (steps, reasons) = script_in(call, item)?;
        Some((steps, reasons, at + 1))
    });
    let (steps, reasons, from) = found.or_else(|| {
        let instructions = call.body.get("instructions").and_then(Value::as_str)?;
        Some((script::steps(instructions)?, marked(instructions, "reasoning"), 0))
    })?;
    let since: Vec<Since> = items.iter().skip(from).filter_map(since).collect();
    let over = script::over(&steps, &since);
    Some((steps, over, reasons))
}

fn script_in(call: &Call<'_>, item: &Value) -> Option<(Vec<Step>, bool)> {
    let is =
        |name: &str, values: &[&str]| item.get(name).and_then(Value::as_str).is_some_and(|got| values.contains(&got));
    if is("type", &["compaction"]) {
        let sealed = item.get("encrypted_content").and_then(Value::as_str)?;
        let kept = open(&call.account, None, sealed).ok()?;
        let (reasons, text) = kept.split_once(' ')?;
        // What is over does not begin anew, though the prompt that scripted it may be kept beside.
        return Some((script::steps(text).unwrap_or_default(), reasons == "reasoning"));
    }
    if !is("role", &["user", "system", "developer"]) {
        return None;
    }
    let text = text_of(item);
    Some((script::steps(&text)?, marked(&text, "reasoning")))
}

pub fn since(item: &Value) -> Option<Since> {
    let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
    match item.get("role").and_then(Value::as_str) {
        Some("tool") => Some(Since::Result),
        Some("user") => Some(Since::UserMessage),
        _ if kind == "function_call_output" || kind == "custom_tool_call_output" => Some(Since::Result),
        _ => None,
    }
}

/// What a compaction keeps of the conversation: the steps of its script that are not over.
pub fn rest_of_script(call: &Call<'_>) -> String {
    let Some((_, over, reasons)) = script_of(call) else { return "- ".into() };
    let text = conversation(call).iter().rev().find_map(|item| script_text(call, item));
    let text = text.or_else(|| call.body.get("instructions").and_then(Value::as_str).map(str::to_owned));
    let rest = text.and_then(|text| script::rest(&text, over)).unwrap_or_default();
    format!("{} {rest}", if reasons { "reasoning" } else { "-" })
}

/// The text that holds an item's script.
fn script_text(call: &Call<'_>, item: &Value) -> Option<String> {
    script_in(call, item)?;
    if item.get("type").is_some_and(|kind| kind == "compaction") {
        let kept = open(&call.account, None, item.get("encrypted_content")?.as_str()?).ok()?;
        return kept.split_once(' ').map(|(_, text)| text.to_owned());
    }
    Some(text_of(item))
}

pub fn of_step(call: &Call<'_>, step: &Step, reasons: bool) -> Vec<Item> {
    let added =
        conversation(call).iter().filter(|item| item.get("type").is_some_and(|kind| kind == "additional_tools"));
    let lists = call.body.get("tools").into_iter().chain(added.filter_map(|item| item.get("tools")));
    let tools: Vec<&Value> = lists.filter_map(Value::as_array).flatten().collect();
    let sealed = seal(call.flavor.sealed(), &call.account, "", "");
    let mut items = script::items(step, &script::offered(tools), &sealed);
    if reasons && !items.iter().any(|item| matches!(item, Item::Reasoning)) {
        items.insert(0, Item::Reasoning);
    }
    items
}
