//! How the model is to think, and what its text has to look like.

use super::super::super::notes::Notes;
use super::super::super::raw::Raw;
use crate::json::Writer;

/// Writes what of `reasoning` chat completions have: the effort.
pub(super) fn write_reasoning(reasoning: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let names = &["effort", "summary", "generate_summary", "context", "mode"];
    let Some(members) = notes.members_of(reasoning, names, format_args!("reasoning")) else { return };
    if let Some(effort) = members.get("effort") {
        json.key("reasoning_effort").raw(effort.bytes());
    }
    for name in ["summary", "generate_summary"] {
        match members.get(name) {
            Some(summary) if summary.is("auto") => notes.leave_out("reasoning.summary"),
            Some(summary) => notes.cannot(format_args!("reasoning.{name}: {summary}")),
            None => {}
        }
    }
    // It says which earlier reasoning the model sees. A request that is translated brings none that it could.
    if members.get("context").is_some_and(|context| !context.is("auto")) {
        notes.leave_out("reasoning.context");
    }
    if let Some(mode) = members.get("mode").filter(|mode| !mode.is("standard")) {
        notes.cannot(format_args!("reasoning.mode: {mode}"));
    }
}

/// Writes what `text` asks for.
pub(super) fn write_text(text: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let Some(members) = notes.members_of(text, &["format", "verbosity"], format_args!("text")) else { return };
    if let Some(verbosity) = members.get("verbosity").filter(|verbosity| !verbosity.is("medium")) {
        json.key("verbosity").raw(verbosity.bytes());
    }
    if let Some(format) = members.get("format") {
        write_format(format, json, notes);
    }
}

fn write_format(format: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let names = &["type", "name", "description", "schema", "strict"];
    let Some(members) = notes.members_of(format, names, format_args!("text.format")) else { return };
    let kind = members.get("type").unwrap_or(Raw::EMPTY);
    match &*kind.word() {
        "text" => {}
        "json_object" => {
            json.key("response_format").begin_object().key("type").string("json_object").end_object();
        }
        "json_schema" => {
            json.key("response_format").begin_object().key("type").string("json_schema");
            json.key("json_schema").begin_object();
            for name in ["name", "description", "schema", "strict"] {
                if let Some(value) = members.get(name) {
                    json.key(name).raw(value.bytes());
                }
            }
            json.end_object().end_object();
        }
        _ => notes.cannot(format_args!("text.format.type: {kind}")),
    }
}
