//! Tools, and which of them the model may or must call.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::Raw;
use crate::json::Writer;

/// Writes `tools`: those of the request, and the search that `web_search_options` asks for.
pub(super) fn write(tools: Option<Raw<'_>>, search: Option<Raw<'_>>, json: &mut Writer<'_>, notes: &mut Notes) {
    if tools.is_none() && search.is_none() {
        return;
    }
    json.key("tools").begin_array();
    if let Some(tools) = tools {
        if !tools.is_array() {
            notes.cannot(format_args!("tools"));
        }
        tools.each(|index, tool| write_tool(tool, json, notes, format_args!("tools[{index}]")));
    }
    if let Some(search) = search {
        write_search(search, json, notes);
    }
    json.end_array();
}

fn write_tool(tool: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let Some(mut members) = notes.members_of(tool, &["type", "function", "custom"], place) else { return };
    let Some(kind) = notes.text(&mut members, "type", place) else { return };
    match &*kind.word() {
        "function" => match members.take("function") {
            Some(function) => write_function(function, json, notes, format_args!("{place}.function")),
            None => notes.cannot(format_args!("{place}.function")),
        },
        "custom" => match members.take("custom") {
            Some(custom) => write_custom(custom, json, notes, format_args!("{place}.custom")),
            None => notes.cannot(format_args!("{place}.custom")),
        },
        _ => return notes.cannot(format_args!("{place}.type: {kind}")),
    }
    notes.left(&members, place);
}

fn write_function(function: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let names = &["name", "description", "parameters", "strict"];
    let Some(mut members) = notes.members_of(function, names, place) else { return };
    let Some(name) = notes.text(&mut members, "name", place) else { return };
    json.begin_object();
    json.key("type").string("function").key("name").raw(name.bytes());
    if let Some(description) = members.take("description") {
        json.key("description").raw(description.bytes());
    }
    // Without parameters a function has none, in chat; there it must say so.
    let parameters = members.take("parameters").map_or(&b"{\"type\":\"object\",\"properties\":{}}"[..], Raw::bytes);
    // Where it is not said, chat takes a schema as advice, and the Responses API as a rule.
    let strict = members.take("strict").map_or(&b"false"[..], Raw::bytes);
    json.key("parameters").raw(parameters).key("strict").raw(strict);
    json.end_object();
}

fn write_custom(custom: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let Some(mut members) = notes.members_of(custom, &["name", "description", "format"], place) else { return };
    let Some(name) = notes.text(&mut members, "name", place) else { return };
    json.begin_object();
    json.key("type").string("custom").key("name").raw(name.bytes());
    if let Some(description) = members.take("description") {
        json.key("description").raw(description.bytes());
    }
    if let Some(format) = members.take("format") {
        write_input_format(format, json, notes, format_args!("{place}.format"));
    }
    json.end_object();
}

fn write_input_format(format: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let Some(mut members) = notes.members_of(format, &["type", "grammar"], place) else { return };
    let Some(kind) = notes.text(&mut members, "type", place) else { return };
    match (&*kind.word(), members.take("grammar")) {
        ("text", None) => {
            json.key("format").raw(b"{\"type\":\"text\"}");
        }
        ("grammar", Some(grammar)) => {
            let place = format_args!("{place}.grammar");
            let Some(mut grammar) = notes.members_of(grammar, &["definition", "syntax"], place) else { return };
            let definition = notes.text(&mut grammar, "definition", place);
            let syntax = notes.text(&mut grammar, "syntax", place);
            if let (Some(definition), Some(syntax)) = (definition, syntax) {
                json.key("format").begin_object().key("type").string("grammar");
                json.key("definition").raw(definition.bytes()).key("syntax").raw(syntax.bytes());
                json.end_object();
            }
        }
        _ => notes.cannot(format_args!("{place}.type: {kind}")),
    }
}

/// A model that searches is a tool there.
fn write_search(options: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let place = format_args!("web_search_options");
    let names = &["search_context_size", "user_location"];
    let Some(mut members) = notes.members_of(options, names, place) else { return };
    json.begin_object();
    json.key("type").string("web_search");
    if let Some(size) = members.take("search_context_size") {
        json.key("search_context_size").raw(size.bytes());
    }
    if let Some(location) = members.take("user_location") {
        write_location(location, json, notes, format_args!("{place}.user_location"));
    }
    json.end_object();
}

fn write_location(location: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let Some(mut members) = notes.members_of(location, &["type", "approximate"], place) else { return };
    let Some(kind) = notes.text(&mut members, "type", place) else { return };
    let Some(approximate) = members.take("approximate").filter(|_| kind.is("approximate")) else {
        return notes.cannot(format_args!("{place}.type: {kind}"));
    };
    const NAMES: &[&str; 4] = &["city", "country", "region", "timezone"];
    let Some(members) = notes.members_of(approximate, NAMES, format_args!("{place}.approximate")) else { return };
    json.key("user_location").begin_object().key("type").string("approximate");
    for name in NAMES {
        if let Some(value) = members.get(name) {
            json.key(name).raw(value.bytes());
        }
    }
    json.end_object();
}

/// Writes `tool_choice`.
pub(super) fn write_choice(choice: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let place = format_args!("tool_choice");
    if choice.is_string() {
        json.key("tool_choice").raw(choice.bytes());
        return;
    }
    let names = &["type", "function", "custom", "allowed_tools"];
    let Some(mut members) = notes.members_of(choice, names, place) else { return };
    let Some(kind) = notes.text(&mut members, "type", place) else { return };
    json.key("tool_choice");
    match &*kind.word() {
        "function" => write_named("function", members.take("function"), json, notes, place),
        "custom" => write_named("custom", members.take("custom"), json, notes, place),
        "allowed_tools" => write_allowed(members.take("allowed_tools"), json, notes),
        _ => return notes.cannot(format_args!("{place}.type: {kind}")),
    }
    notes.left(&members, place);
}

/// Writes a tool by its name: `{"type":"function","name":…}`.
fn write_named(kind: &str, tool: Option<Raw<'_>>, json: &mut Writer<'_>, notes: &mut Notes, place: Arguments<'_>) {
    let place = format_args!("{place}.{kind}");
    let Some(tool) = tool else { return notes.cannot(place) };
    let Some(mut members) = notes.members_of(tool, &["name"], place) else { return };
    if let Some(name) = notes.text(&mut members, "name", place) {
        json.begin_object().key("type").string(kind).key("name").raw(name.bytes()).end_object();
    }
}

fn write_allowed(allowed: Option<Raw<'_>>, json: &mut Writer<'_>, notes: &mut Notes) {
    let place = format_args!("tool_choice.allowed_tools");
    let Some(allowed) = allowed else { return notes.cannot(place) };
    let Some(mut members) = notes.members_of(allowed, &["mode", "tools"], place) else { return };
    let Some(mode) = notes.text(&mut members, "mode", place) else { return };
    let Some(tools) = members.take("tools").filter(|tools| tools.is_array()) else {
        return notes.cannot(format_args!("{place}.tools"));
    };
    json.begin_object();
    json.key("type").string("allowed_tools").key("mode").raw(mode.bytes());
    json.key("tools").begin_array();
    tools.each(|index, tool| {
        let place = format_args!("{place}.tools[{index}]");
        let Some(mut members) = notes.members_of(tool, &["type", "function", "custom"], place) else { return };
        let Some(kind) = notes.text(&mut members, "type", place) else { return };
        match &*kind.word() {
            "function" => write_named("function", members.take("function"), json, notes, place),
            "custom" => write_named("custom", members.take("custom"), json, notes, place),
            _ => notes.cannot(format_args!("{place}.type: {kind}")),
        }
    });
    json.end_array().end_object();
}
