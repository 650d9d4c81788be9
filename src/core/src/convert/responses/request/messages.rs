//! Messages, as items.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw};
use super::super::call_id::CallIds;
use super::parts;
use crate::json::{Cursor, Malformed, Writer};

const MEMBERS: &[&str; 11] = &[
    "role",
    "content",
    "name",
    "tool_calls",
    "tool_call_id",
    "refusal",
    "audio",
    "function_call",
    // What models answer with and clients send back with the rest, though no API reads it.
    "annotations",
    "reasoning_content",
    "reasoning",
];

type Message<'j> = Members<'j, 11>;

/// Reads the value of `messages` and writes `input`.
pub(super) fn write(cursor: &mut Cursor<'_>, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    if cursor.peek() != Some(b'[') {
        notes.cannot(format_args!("messages"));
        return cursor.skip().map(drop);
    }
    json.key("input").begin_array();
    let (mut ids, mut index) = (CallIds::default(), 0);
    cursor.array(|cursor| {
        let place = format_args!("messages[{index}]");
        if let Some(message) = notes.members(cursor, MEMBERS, place)? {
            write_message(message, &mut ids, json, notes, place);
        }
        index += 1;
        Ok::<(), Malformed>(())
    })?;
    json.end_array();
    Ok(())
}

fn write_message<'j>(
    mut message: Message<'j>,
    ids: &mut CallIds<'j>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
    place: Arguments<'_>,
) {
    let Some(role) = notes.text(&mut message, "role", place) else { return };
    match &*role.word() {
        "system" | "developer" | "user" => write_input(role, &mut message, json, notes, place),
        "assistant" => {
            for hint in ["annotations", "reasoning_content", "reasoning"] {
                if message.take(hint).is_some_and(|value| !value.is_empty()) {
                    notes.leave_out(hint);
                }
            }
            write_assistant(&mut message, json, notes, place);
            write_calls(&mut message, ids, json, notes, place);
        }
        "tool" => {
            // The call says the same.
            if message.take("name").is_some() {
                notes.leave_out("name");
            }
            write_result(&mut message, ids, json, notes, place);
        }
        _ => return notes.cannot(format_args!("{place}.role: {role}")),
    }
    notes.left(&message, place);
}

fn write_input(
    role: Raw<'_>,
    message: &mut Message<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
    place: Arguments<'_>,
) {
    let Some(content) = message.take("content").filter(|content| content.is_string() || content.is_array()) else {
        return notes.cannot(format_args!("{place}.content"));
    };
    json.begin_object().key("role").raw(role.bytes()).key("content");
    if content.is_string() {
        json.raw(content.bytes());
    } else {
        parts::write(content, json, notes, format_args!("{place}.content"));
    }
    json.end_object();
}

/// What an assistant said: as one string, since clouds refuse its parts in a message without an id. A refusal is what it
/// said, too.
fn write_assistant(message: &mut Message<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let mut texts = Vec::new();
    match message.take("content") {
        None => {}
        Some(content) if content.is_string() => texts.extend(content.inner()),
        Some(content) if content.is_array() => {
            parts::texts(content, &mut texts, notes, format_args!("{place}.content"));
        }
        Some(_) => notes.cannot(format_args!("{place}.content")),
    }
    let refusal = message.take("refusal").and_then(Raw::inner).filter(|refusal| !refusal.is_empty());
    texts.retain(|text| !text.is_empty());
    let calls = message.get("tool_calls").is_some_and(|calls| !calls.is_empty());
    // A turn in which nothing was said is one, unless something was done.
    if !texts.is_empty() || refusal.is_none() && !calls {
        write_said(&texts, json);
    }
    if let Some(refusal) = refusal {
        write_said(&[refusal], json);
    }
}

fn write_said(texts: &[&[u8]], json: &mut Writer<'_>) {
    json.begin_object().key("role").string("assistant").key("content").begin_string();
    for text in texts {
        json.raw_text(text);
    }
    json.end_string().end_object();
}

fn write_calls<'j>(
    message: &mut Message<'j>,
    ids: &mut CallIds<'j>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
    place: Arguments<'_>,
) {
    let Some(calls) = message.take("tool_calls") else { return };
    if !calls.is_array() {
        return notes.cannot(format_args!("{place}.tool_calls"));
    }
    calls.each(|index, call| {
        let place = format_args!("{place}.tool_calls[{index}]");
        let names = &["id", "type", "function", "custom", "index"];
        let Some(mut members) = notes.members_of(call, names, place) else { return };
        // What is left of a stream's chunks in histories.
        members.take("index");
        let Some(id) = notes.text(&mut members, "id", place) else { return };
        // Functions alone were there before calls had a type.
        let kind = members.take("type").map_or("function".into(), Raw::word);
        let (key, item, input) = match &*kind {
            "function" => ("function", "function_call", "arguments"),
            "custom" => ("custom", "custom_tool_call", "input"),
            _ => return notes.cannot(format_args!("{place}.type")),
        };
        let called = members.take(key);
        notes.left(&members, place);
        let place = format_args!("{place}.{key}");
        let Some(called) = called else { return notes.cannot(place) };
        let Some(mut members) = notes.members_of(called, &["name", "arguments", "input"], place) else { return };
        let (name, given) = (notes.text(&mut members, "name", place), notes.text(&mut members, input, place));
        notes.left(&members, place);
        if let (Some(name), Some(given)) = (name, given) {
            json.begin_object().key("type").string(item).key("call_id");
            ids.write_call(id, key == "custom", json);
            json.key("name").raw(name.bytes()).key(input).raw(given.bytes());
            json.end_object();
        }
    });
}

fn write_result<'j>(
    message: &mut Message<'j>,
    ids: &CallIds<'j>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
    place: Arguments<'_>,
) {
    let id = notes.text(message, "tool_call_id", place);
    let content = message.take("content").filter(|content| content.is_string() || content.is_array());
    let Some(content) = content else { return notes.cannot(format_args!("{place}.content")) };
    let Some(id) = id else { return };
    let item = if ids.is_custom(id) { "custom_tool_call_output" } else { "function_call_output" };
    json.begin_object().key("type").string(item).key("call_id");
    ids.write_result(id, json);
    json.key("output");
    if content.is_string() {
        json.raw(content.bytes());
    } else {
        parts::write(content, json, notes, format_args!("{place}.content"));
    }
    json.end_object();
}
