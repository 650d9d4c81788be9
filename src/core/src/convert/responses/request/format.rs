//! What the completion is to look like: `response_format` and `verbosity`, which are one member there.

use super::super::super::notes::Notes;
use super::super::super::raw::Raw;
use crate::json::Writer;

/// Writes `text`.
pub(super) fn write(format: Option<Raw<'_>>, verbosity: Option<Raw<'_>>, json: &mut Writer<'_>, notes: &mut Notes) {
    if format.is_none() && verbosity.is_none() {
        return;
    }
    json.key("text").begin_object();
    if let Some(format) = format {
        write_format(format, json, notes);
    }
    if let Some(verbosity) = verbosity {
        json.key("verbosity").raw(verbosity.bytes());
    }
    json.end_object();
}

fn write_format(format: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let place = format_args!("response_format");
    let Some(mut members) = notes.members_of(format, &["type", "json_schema"], place) else { return };
    let Some(kind) = notes.text(&mut members, "type", place) else { return };
    match &*kind.word() {
        "text" | "json_object" => {
            json.key("format").begin_object().key("type").raw(kind.bytes()).end_object();
        }
        "json_schema" => match members.take("json_schema") {
            Some(schema) => write_schema(schema, json, notes),
            None => notes.cannot(format_args!("response_format.json_schema")),
        },
        _ => notes.cannot(format_args!("response_format.type: {kind}")),
    }
    notes.left(&members, place);
}

fn write_schema(schema: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let place = format_args!("response_format.json_schema");
    let Some(mut members) = notes.members_of(schema, &["name", "schema", "description", "strict"], place) else {
        return;
    };
    let Some(name) = notes.text(&mut members, "name", place) else { return };
    json.key("format").begin_object();
    json.key("type").string("json_schema").key("name").raw(name.bytes());
    if let Some(description) = members.take("description") {
        json.key("description").raw(description.bytes());
    }
    // A schema may be left out of a chat completion: any object will do.
    json.key("schema").raw(members.take("schema").map_or(b"{\"type\":\"object\"}", Raw::bytes));
    json.key("strict").raw(members.take("strict").map_or(b"false", Raw::bytes));
    json.end_object();
}
