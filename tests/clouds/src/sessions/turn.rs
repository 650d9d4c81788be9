//! What a request of the Responses API refers to, found at the account that it goes to, or refused in the words of the real
//! APIs (their users' reports, 2025 and 2026).

use super::Sessions;
use super::seal::{Unreadable, open};
use crate::answer::Flavor;
use crate::http::Reply;
use crate::validate::Invalid;
use hyper::StatusCode;
use serde_json::{Map, Value, json};

/// The conversation that an answer continues.
#[derive(Default)]
pub struct Turn {
    /// What came before, by `previous_response_id`, and then what is asked, with references in place.
    pub items: Vec<Value>,
    /// What is asked alone.
    pub asked: Vec<Value>,
}

fn refusal(status: StatusCode, message: String, param: Option<&str>, code: Option<&'static str>) -> Reply {
    let invalid = Invalid { message, param: param.map(str::to_owned), code };
    Reply::json(status, &crate::error::openai(&invalid))
}

fn invalid(message: String) -> Reply {
    refusal(StatusCode::BAD_REQUEST, message, Some("input"), None)
}

fn no_item(id: &str) -> Reply {
    let message = format!(
        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
    );
    refusal(StatusCode::NOT_FOUND, message, Some("input"), None)
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

fn kind(item: &Value) -> &str {
    text(item, "type").unwrap_or(if item.get("role").is_some() { "message" } else { "item_reference" })
}

/// A message of the client's.
fn message(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

/// Finds what a body refers to. Who is `trusting` takes every reference as its own and finds nothing: for requests that were
/// recorded at accounts which are not emulated.
pub fn resolve(
    sessions: &Sessions,
    account: &str,
    flavor: Flavor,
    body: &Map<String, Value>,
    trusting: bool,
) -> Result<Turn, Reply> {
    let asked = match body.get("input") {
        Some(Value::String(text)) => vec![message(text)],
        Some(Value::Array(items)) => items.clone(),
        _ => Vec::new(),
    };
    if trusting {
        return Ok(Turn { items: asked.clone(), asked });
    }
    let mut items = match body.get("previous_response_id").and_then(Value::as_str) {
        None => match conversation(body) {
            Some(id) => sessions.conversations.items(account, id).ok_or_else(|| {
                let message = format!("Conversation with id '{id}' not found.");
                refusal(StatusCode::NOT_FOUND, message, None, None)
            })?,
            None => Vec::new(),
        },
        Some(id) => sessions.chain(account, id).ok_or_else(|| {
            let message = format!("Previous response with id '{id}' not found.");
            let code = Some("previous_response_not_found");
            refusal(StatusCode::BAD_REQUEST, message, Some("previous_response_id"), code)
        })?,
    };
    check_sealed(account, flavor, &asked)?;
    let mut found = Vec::new();
    for item in &asked {
        let id = text(item, "id").unwrap_or_default();
        let by_id = match kind(item) {
            "item_reference" => true,
            // An open model's thoughts are plain.
            "reasoning" => text(item, "encrypted_content").is_none() && !has_content(item),
            _ => false,
        };
        found.push(if by_id { sessions.item(account, id).ok_or_else(|| no_item(id))? } else { item.clone() });
    }
    check_ids(sessions, &items, &found)?;
    items.extend(found.iter().cloned());
    check_results(&items)?;
    Ok(Turn { items, asked: found })
}

/// The id of the conversation that a body names.
pub fn conversation(body: &Map<String, Value>) -> Option<&str> {
    let conversation = body.get("conversation")?;
    conversation.as_str().or_else(|| text(conversation, "id"))
}

fn has_content(item: &Value) -> bool {
    item.get("content").and_then(Value::as_array).is_some_and(|content| !content.is_empty())
}

/// Everything that is encrypted is this account's, and belongs to the item that it stands in.
fn check_sealed(account: &str, flavor: Flavor, asked: &[Value]) -> Result<(), Reply> {
    let mut makers: Vec<String> = Vec::new();
    let mut first = None;
    for item in asked {
        let in_content = item.get("content").and_then(Value::as_array).into_iter().flatten();
        let parts = in_content.filter_map(|part| Some((None, text(part, "encrypted_content")?)));
        let own = text(item, "encrypted_content").map(|sealed| (text(item, "id"), sealed));
        for (id, sealed) in own.into_iter().chain(parts) {
            let maker = match open(account, id, sealed) {
                Ok(_) => "own".to_owned(),
                Err(why) => {
                    let maker = if let Unreadable::Foreign(maker) = &why { maker.clone() } else { "broken".into() };
                    first = first.or_else(|| Some(unreadable(flavor, item, sealed, &why)));
                    maker
                }
            };
            if !makers.contains(&maker) {
                makers.push(maker);
            }
        }
    }
    if flavor == Flavor::Azure && makers.iter().filter(|maker| *maker != "broken").count() > 1 {
        let message = "Conflicting authenticated continuation identities".to_owned();
        return Err(refusal(StatusCode::BAD_REQUEST, message, None, None));
    }
    first.map_or(Ok(()), Err)
}

fn unreadable(flavor: Flavor, item: &Value, sealed: &str, why: &Unreadable) -> Reply {
    let code = Some("invalid_encrypted_content");
    let refused = |message: String| refusal(StatusCode::BAD_REQUEST, message, None, code);
    if kind(item) == "agent_message" {
        return refused("Encrypted function output content could not be decrypted or decoded.".into());
    }
    let reason = match why {
        Unreadable::OtherItem => "Encrypted content item_id did not match the target item id.",
        _ => "Encrypted content could not be decrypted or parsed.",
    };
    let tail = sealed.get(sealed.len().saturating_sub(4)..).unwrap_or_default();
    let shown = format!("{}...{tail}", sealed.get(..4).unwrap_or(sealed));
    match text(item, "id") {
        _ if flavor == Flavor::Azure => refused(format!("The encrypted content {shown} could not be verified.")),
        Some(id) => refused(format!("The encrypted content for item {id} could not be verified. Reason: {reason}")),
        None => refused(format!("The encrypted content {shown} could not be verified. Reason: {reason}")),
    }
}

/// No id stands twice, and what was made after a thought comes with that thought.
fn check_ids(sessions: &Sessions, before: &[Value], asked: &[Value]) -> Result<(), Reply> {
    let present = |id: &str| before.iter().chain(asked).any(|item| text(item, "id") == Some(id));
    for (index, item) in asked.iter().enumerate() {
        let Some(id) = text(item, "id") else { continue };
        if asked.iter().take(index).any(|earlier| text(earlier, "id") == Some(id)) {
            let message =
                format!("Duplicate item found with id {id}. Remove duplicate items from your input and try again.");
            return Err(invalid(message));
        }
        if let Some(thought) = sessions.thought_before(id).filter(|thought| !present(thought)) {
            let message = format!(
                "Item '{id}' of type '{}' was provided without its required 'reasoning' item: '{thought}'.",
                kind(item)
            );
            return Err(invalid(message));
        }
    }
    Ok(())
}

/// Calls of the client's tools have results, and results have calls. Ids may repeat over turns, as positional ones do.
fn check_results(items: &[Value]) -> Result<(), Reply> {
    let mut waiting: Vec<(&str, &str)> = Vec::new();
    for item in items {
        let Some(id) = text(item, "call_id") else { continue };
        let (what, is_result) = match kind(item) {
            "function_call" => ("function", false),
            "custom_tool_call" => ("custom tool", false),
            "function_call_output" => ("function", true),
            "custom_tool_call_output" => ("custom tool", true),
            _ => continue,
        };
        if !is_result {
            waiting.push((id, what));
            continue;
        }
        match waiting.iter().position(|call| *call == (id, what)) {
            Some(at) => drop(waiting.remove(at)),
            None => {
                return Err(invalid(format!("No tool call found for {what} call output with call_id {id}.")));
            }
        }
    }
    match waiting.first() {
        None => Ok(()),
        Some((id, what)) => Err(invalid(format!("No tool output found for {what} call {id}."))),
    }
}
