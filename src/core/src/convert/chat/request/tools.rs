//! The tools that a model may call, and which of them it has to.
//!
//! Chat completions have functions and custom tools, and no namespaces: a tool's namespace becomes the beginning of its name,
//! what is said of the namespace is told to the model before all else, and the names in the response are taken apart again.

use std::fmt;

use super::super::SEPARATOR;
use super::super::raw::{Raw, elements, given, is, meaning, members, unquoted};
use super::content;
use super::notes::Notes;
use crate::json::{Malformed, Writer};

/// The longest name that chat completions take.
const MOST_NAME: usize = 64;

/// So many namespaces are kept for the response.
const MOST_NAMESPACES: usize = 64;

/// The tools of a request, from wherever they stand in it.
#[derive(Debug, Default)]
pub(super) struct Tools<'j> {
    /// As elements of an array.
    written: Vec<u8>,
    /// The tools without a namespace: where they stand, and their names.
    plain: Vec<(String, Raw<'j>)>,
    namespaces: Vec<Namespace<'j>>,
}

#[derive(Debug)]
struct Namespace<'j> {
    name: Box<str>,
    /// With its quotes; empty where there is none.
    description: Raw<'j>,
}

/// A tool as it is declared.
#[derive(Debug)]
struct Tool<'j> {
    kind: Raw<'j>,
    name: Raw<'j>,
    description: Raw<'j>,
    parameters: Raw<'j>,
    strict: Raw<'j>,
    format: Raw<'j>,
    /// Of a namespace.
    tools: Raw<'j>,
}

impl<'j> Tools<'j> {
    /// Reads a list of tools, which stands at `place`.
    pub(super) fn read(&mut self, tools: Raw<'j>, place: &str, notes: &mut Notes) -> Result<(), Malformed> {
        let Some(tools) = given(tools) else { return Ok(()) };
        elements(notes.array(tools, format_args!("{place}")), |number, tool| {
            let at = format!("{place}[{number}]");
            let tool = Tool::read(notes.object(tool, format_args!("{at}")), format_args!("{at}"), notes)?;
            if is(tool.kind, "namespace") {
                return self.namespace(&tool, &at, notes);
            }
            self.tool(&tool, b"", format_args!("{at}"), notes)?;
            self.plain.push((at, tool.name));
            Ok(())
        })
    }

    /// The names of the namespaces.
    pub(super) fn namespaces(&self) -> Vec<Box<str>> {
        self.namespaces.iter().map(|namespace| namespace.name.clone()).collect()
    }

    /// Writes what the namespaces are for as messages, each with a comma behind it.
    pub(super) fn explain_namespaces(&self, out: &mut Vec<u8>) {
        for Namespace { name, description } in &self.namespaces {
            let description = unquoted(description).unwrap_or_default();
            if !description.is_empty() {
                content::system(out, |json| {
                    json.begin_string().text("Of the tools whose names begin with ").text(name).text(SEPARATOR);
                    json.text(": ").raw_text(description).end_string();
                });
            }
        }
    }

    /// Writes the tools, which of them are to be called, and whether several at once. Without tools, clouds refuse the rest.
    pub(super) fn write(
        &self,
        choice: Raw<'j>,
        parallel: Raw<'j>,
        json: &mut Writer<'_>,
        notes: &mut Notes,
    ) -> Result<(), Malformed> {
        for (at, name) in &self.plain {
            let is_of = |namespace: &Namespace<'_>| begins_with(unquoted(name).unwrap_or_default(), &namespace.name);
            if self.namespaces.iter().any(is_of) {
                notes.refuse_value(format_args!("{at}.name, which is like one of a namespace"), name);
            }
        }
        let has_tools = !self.written.is_empty();
        if has_tools {
            json.key("tools").begin_array().raw(&self.written).end_array();
        }
        if let Some(choice) = given(choice).filter(|choice| !is(choice, "auto") && (has_tools || !is(choice, "none"))) {
            write_choice(choice, json, notes)?;
        }
        match parallel {
            b"false" if has_tools => {
                json.key("parallel_tool_calls").boolean(false);
            }
            b"" | b"null" | b"true" | b"false" => {}
            _ => notes.refuse(format_args!("parallel_tool_calls")),
        }
        Ok(())
    }

    /// Writes the name of a tool: with that of its namespace before it, if it has one. Both are values.
    pub(super) fn write_name(namespace: Raw<'_>, name: Raw<'_>, json: &mut Writer<'_>) {
        json.begin_string();
        if let Some(namespace) = unquoted(namespace).filter(|namespace| !namespace.is_empty()) {
            json.raw_text(namespace).text(SEPARATOR);
        }
        json.raw_text(unquoted(name).unwrap_or_default()).end_string();
    }

    fn namespace(&mut self, tool: &Tool<'j>, at: &str, notes: &mut Notes) -> Result<(), Malformed> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let name = meaning(tool.name, MOST_NAME).filter(|name| !name.is_empty() && name.bytes().all(legal));
        let Some(name) = name else {
            notes.refuse(format_args!("{at}.name"));
            return Ok(());
        };
        let known = self.namespaces.iter().any(|known| *known.name == *name);
        let alike = |known: &Namespace<'_>| {
            begins_with(name.as_bytes(), &known.name) || begins_with(known.name.as_bytes(), &name)
        };
        if !known && (self.namespaces.len() == MOST_NAMESPACES || self.namespaces.iter().any(alike)) {
            notes.refuse_value(format_args!("{at}.name"), tool.name);
            return Ok(());
        }
        if !known {
            self.namespaces.push(Namespace { name: name.into(), description: tool.description });
        }
        let Some(tools) = given(tool.tools) else { return Ok(()) };
        elements(notes.array(tools, format_args!("{at}.tools")), |number, inner| {
            let at = format!("{at}.tools[{number}]");
            let inner = Tool::read(notes.object(inner, format_args!("{at}")), format_args!("{at}"), notes)?;
            self.tool(&inner, tool.name, format_args!("{at}"), notes)
        })
    }

    fn tool(
        &mut self,
        tool: &Tool<'j>,
        namespace: Raw<'j>,
        at: fmt::Arguments<'_>,
        notes: &mut Notes,
    ) -> Result<(), Malformed> {
        let kind = if is(tool.kind, "function") {
            "function"
        } else if is(tool.kind, "custom") {
            "custom"
        } else {
            notes.refuse_value(format_args!("{at}.type"), tool.kind);
            return Ok(());
        };
        let length = |value| unquoted(value).unwrap_or_default().len();
        let before = if namespace.is_empty() { 0 } else { length(namespace) + SEPARATOR.len() };
        // A long name of its own is for the cloud to judge.
        if unquoted(tool.name).is_none() || before > 0 && before + length(tool.name) > MOST_NAME {
            notes.refuse_value(format_args!("{at}.name"), tool.name);
        }
        if !self.written.is_empty() {
            self.written.push(b',');
        }
        let mut json = Writer::new(&mut self.written);
        json.begin_object().key("type").string(kind).key(kind).begin_object();
        json.key("name");
        Tools::write_name(namespace, tool.name, &mut json);
        if let Some(description) = given(tool.description) {
            json.key("description").raw(description);
        }
        if kind == "custom" {
            write_format(tool.format, at, &mut json, notes)?;
        } else {
            if let Some(parameters) = given(tool.parameters) {
                json.key("parameters").raw(parameters);
            }
            if tool.strict == b"true" {
                json.key("strict").boolean(true);
            }
        }
        json.end_object().end_object();
        Ok(())
    }
}

impl<'j> Tool<'j> {
    /// Reads a tool that stands at `at`. What a client asks of it beyond its definition is noted.
    fn read(tool: Raw<'j>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<Tool<'j>, Malformed> {
        let [kind] = members(tool, &["type"], |_, _| {})?;
        let translated = ["function", "custom", "namespace"].iter().any(|known| is(kind, known));
        let names = ["name", "description", "parameters", "strict", "format", "tools", "allowed_callers"];
        let [name, description, parameters, strict, format, tools, callers] = members(tool, &names, |key, value| {
            let no_default = !matches!(value, b"null" | b"false" | b"{}" | b"[]");
            // Of another kind, the kind says enough.
            if translated && no_default && !key.is("type") {
                notes.refuse_member(at, key);
            }
        })?;
        if let Some(callers) = given(callers) {
            elements(notes.array(callers, format_args!("{at}.allowed_callers")), |_, caller| {
                if !is(caller, "direct") {
                    notes.refuse_value(format_args!("{at}.allowed_callers"), caller);
                }
                Ok(())
            })?;
        }
        Ok(Tool { kind, name, description, parameters, strict, format, tools })
    }
}

/// Whether a name is one of a tool in that namespace.
fn begins_with(name: &[u8], namespace: &str) -> bool {
    name.strip_prefix(namespace.as_bytes()).is_some_and(|rest| rest.starts_with(SEPARATOR.as_bytes()))
}

/// Writes how the input of a custom tool has to look; text of any kind is what it is without.
fn write_format(
    format: Raw<'_>,
    at: fmt::Arguments<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
) -> Result<(), Malformed> {
    let Some(format) = given(format) else { return Ok(()) };
    let format = notes.object(format, format_args!("{at}.format"));
    let [kind, definition, syntax] = members(format, &["type", "definition", "syntax"], |key, value| {
        if given(value).is_some() {
            notes.refuse_member(format_args!("{at}.format"), key);
        }
    })?;
    if is(kind, "grammar") {
        json.key("format").begin_object().key("type").string("grammar").key("grammar").begin_object();
        for (key, value) in [("syntax", syntax), ("definition", definition)] {
            if let Some(value) = given(value) {
                json.key(key).raw(value);
            }
        }
        json.end_object().end_object();
    } else if !is(kind, "text") {
        notes.refuse_value(format_args!("{at}.format.type"), kind);
    }
    Ok(())
}

fn write_choice(choice: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    if choice.starts_with(b"\"") {
        json.key("tool_choice").raw(choice);
        return Ok(());
    }
    let [kind] = members(notes.object(choice, format_args!("tool_choice")), &["type"], |_, _| {})?;
    if !is(kind, "allowed_tools") {
        return write_named(choice, format_args!("tool_choice"), json.key("tool_choice"), notes);
    }
    let [_, mode, tools] = members(choice, &["type", "mode", "tools"], |key, value| {
        if given(value).is_some() {
            notes.refuse_member(format_args!("tool_choice"), key);
        }
    })?;
    json.key("tool_choice").begin_object().key("type").string("allowed_tools").key("allowed_tools").begin_object();
    json.key("mode").raw(given(mode).unwrap_or(b"\"auto\""));
    json.key("tools").begin_array();
    elements(notes.array(tools, format_args!("tool_choice.tools")), |number, tool| {
        write_named(tool, format_args!("tool_choice.tools[{number}]"), json, notes)
    })?;
    json.end_array().end_object().end_object();
    Ok(())
}

/// Writes a tool that is meant by its kind and name, which stands at `at`.
fn write_named(
    tool: Raw<'_>,
    at: fmt::Arguments<'_>,
    json: &mut Writer<'_>,
    notes: &mut Notes,
) -> Result<(), Malformed> {
    let tool = notes.object(tool, at);
    let [kind] = members(tool, &["type"], |_, _| {})?;
    let Some(known) = ["function", "custom"].into_iter().find(|known| is(kind, known)) else {
        notes.refuse_value(format_args!("{at}.type"), kind);
        json.null();
        return Ok(());
    };
    let [_, name] = members(tool, &["type", "name"], |key, value| {
        if given(value).is_some() {
            notes.refuse_member(at, key);
        }
    })?;
    if unquoted(name).is_none() {
        notes.refuse(format_args!("{at}.name"));
    }
    json.begin_object().key("type").string(known).key(known).begin_object();
    json.key("name").raw(given(name).unwrap_or(b"\"\"")).end_object().end_object();
    Ok(())
}
