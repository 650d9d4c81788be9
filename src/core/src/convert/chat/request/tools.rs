//! The tools that a model may call, and which of them it has to.
//!
//! Chat completions have functions and custom tools, and no namespaces: a tool's namespace becomes the beginning of its name,
//! what is said of the namespace is told to the model before all else, and the names in the response are taken apart again.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw};
use super::super::SEPARATOR;
use super::content;
use crate::json::Writer;

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
    plain: Vec<(String, &'j [u8])>,
    namespaces: Vec<Namespace<'j>>,
}

#[derive(Debug)]
struct Namespace<'j> {
    name: Box<str>,
    /// Without its quotes; empty where there is none.
    description: &'j [u8],
}

/// What a tool is declared with: those of a namespace are the last.
const TOOL: &[&str; 11] = &[
    "type",
    "name",
    "description",
    "parameters",
    "strict",
    "format",
    "allowed_callers",
    "defer_loading",
    "async",
    "output_schema",
    "tools",
];

impl<'j> Tools<'j> {
    /// Reads a list of tools, which stands at `place`.
    pub(super) fn read(&mut self, tools: Raw<'j>, place: Arguments<'_>, notes: &mut Notes) {
        if !tools.is_array() {
            notes.cannot(place);
        }
        tools.each(|index, tool| {
            let at = format_args!("{place}[{index}]");
            let kind = kind(tool);
            if kind.is("namespace") {
                self.namespace(tool, at, notes);
            } else if let Some(name) = self.tool(tool, kind, b"", at, notes) {
                self.plain.push((at.to_string(), name));
            }
        });
    }

    /// The names of the namespaces.
    pub(super) fn namespaces(&self) -> Vec<Box<str>> {
        self.namespaces.iter().map(|namespace| namespace.name.clone()).collect()
    }

    /// Writes what the namespaces are for as messages, each with a comma behind it.
    pub(super) fn explain_namespaces(&self, out: &mut Vec<u8>) {
        for Namespace { name, description } in self.namespaces.iter().filter(|known| !known.description.is_empty()) {
            content::system(out, |json| {
                json.begin_string().text("Of the tools whose names begin with ").text(name).text(SEPARATOR);
                json.text(": ").raw_text(description).end_string();
            });
        }
    }

    /// Writes the tools, which of them are to be called, and whether several at once. Without tools, clouds refuse the rest.
    pub(super) fn write(
        &self,
        choice: Option<Raw<'j>>,
        parallel: Option<Raw<'j>>,
        json: &mut Writer<'_>,
        notes: &mut Notes,
    ) {
        for (at, name) in &self.plain {
            if self.namespaces.iter().any(|namespace| begins_with(name, &namespace.name)) {
                notes.cannot(format_args!("{at}.name: it begins like those of a namespace"));
            }
        }
        let has_tools = !self.written.is_empty();
        if has_tools {
            json.key("tools").begin_array().raw(&self.written).end_array();
        }
        let says_nothing = |choice: &Raw<'_>| choice.is("auto") || choice.is("none") && !has_tools;
        if let Some(choice) = choice.filter(|choice| !says_nothing(choice)) {
            write_choice(choice, json.key("tool_choice"), notes);
        }
        match parallel {
            Some(parallel) if parallel.is_false() && has_tools => {
                json.key("parallel_tool_calls").boolean(false);
            }
            Some(parallel) if !parallel.is_false() && !parallel.is_true() => {
                notes.cannot(format_args!("parallel_tool_calls"));
            }
            _ => {}
        }
    }

    fn namespace(&mut self, namespace: Raw<'j>, at: Arguments<'_>, notes: &mut Notes) {
        let names = &["type", "name", "description", "tools"];
        let Some(members) = notes.members_of(namespace, names, at) else { return };
        let [_, name, description, tools] = members.values();
        let name = name.unwrap_or(Raw::EMPTY);
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        // A namespace whose tools could be taken for those of another is refused like one that is no name.
        let alike = |known: &Namespace<'_>, name: &str| {
            begins_with(name.as_bytes(), &known.name) || begins_with(known.name.as_bytes(), name)
        };
        let text = name.inner().and_then(|name| std::str::from_utf8(name).ok());
        match text.filter(|name| (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(legal)) {
            Some(name) if self.namespaces.iter().any(|known| *known.name == *name) => {}
            Some(name)
                if self.namespaces.len() < MOST_NAMESPACES
                    && !self.namespaces.iter().any(|known| alike(known, name)) =>
            {
                let description = description.and_then(Raw::inner).unwrap_or_default();
                self.namespaces.push(Namespace { name: name.into(), description });
            }
            _ => return notes.cannot(format_args!("{at}.name: {name}")),
        }
        if let Some(tools) = tools {
            tools.each(|index, tool| {
                let at = format_args!("{at}.tools[{index}]");
                self.tool(tool, kind(tool), text.unwrap_or_default().as_bytes(), at, notes);
            });
        }
    }

    /// Writes a tool of that kind; its name, if it is one.
    fn tool(
        &mut self,
        tool: Raw<'j>,
        kind: Raw<'j>,
        namespace: &[u8],
        at: Arguments<'_>,
        notes: &mut Notes,
    ) -> Option<&'j [u8]> {
        let Some(known) = KINDS.into_iter().find(|known| kind.is(known)) else {
            notes.cannot(format_args!("{at}.type: {kind}"));
            return None;
        };
        let mut members = notes.members_of(tool, TOOL, at)?;
        let name = notes.text(&mut members, "name", at)?.inner().unwrap_or_default();
        // A long name of its own is for the cloud to judge.
        if !namespace.is_empty() && namespace.len() + SEPARATOR.len() + name.len() > MOST_NAME {
            notes.cannot(format_args!("{at}.name: with its namespace it is longer than {MOST_NAME} characters"));
        }
        if !self.written.is_empty() {
            self.written.push(b',');
        }
        let mut json = Writer::new(&mut self.written);
        json.begin_object().key("type").string(known).key(known).begin_object();
        write_name(namespace, name, json.key("name"));
        if let Some(description) = members.take("description") {
            json.key("description").raw(description.bytes());
        }
        if known == "custom" {
            if let Some(format) = members.take("format") {
                write_format(format, format_args!("{at}.format"), &mut json, notes);
            }
        } else {
            if let Some(parameters) = members.take("parameters") {
                json.key("parameters").raw(parameters.bytes());
            }
            if members.take("strict").is_some_and(Raw::is_true) {
                json.key("strict").boolean(true);
            }
        }
        json.end_object().end_object();
        if let Some(callers) = members.take("allowed_callers") {
            callers.each(|_, caller| {
                if !caller.is("direct") {
                    notes.cannot(format_args!("{at}.allowed_callers: {caller}"));
                }
            });
        }
        members.take("type");
        for name in ["defer_loading", "async"] {
            if members.get(name).is_some_and(Raw::is_false) {
                members.take(name);
            }
        }
        notes.left(&members, at);
        Some(name)
    }
}

/// The kinds of tools that both APIs have.
const KINDS: [&str; 2] = ["function", "custom"];

/// The type of a tool, or of who calls one.
pub(super) fn kind(tool: Raw<'_>) -> Raw<'_> {
    Members::of(tool, &["type"]).and_then(|tool| tool.get("type")).unwrap_or(tool)
}

/// Writes the name of a tool: with that of its namespace before it, if it has one.
pub(super) fn write_name(namespace: &[u8], name: &[u8], json: &mut Writer<'_>) {
    json.begin_string();
    if !namespace.is_empty() {
        json.raw_text(namespace).text(SEPARATOR);
    }
    json.raw_text(name).end_string();
}

/// Whether a name is one of a tool in that namespace.
fn begins_with(name: &[u8], namespace: &str) -> bool {
    name.strip_prefix(namespace.as_bytes()).is_some_and(|rest| rest.starts_with(SEPARATOR.as_bytes()))
}

/// Writes how the input of a custom tool has to look; text of any kind is what it is without.
fn write_format(format: Raw<'_>, at: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let Some(members) = notes.members_of(format, &["type", "syntax", "definition"], at) else { return };
    let kind = members.get("type").unwrap_or(Raw::EMPTY);
    match &*kind.word() {
        "text" => {}
        "grammar" => {
            json.key("format").begin_object().key("type").string("grammar").key("grammar").begin_object();
            for name in ["syntax", "definition"] {
                if let Some(value) = members.get(name) {
                    json.key(name).raw(value.bytes());
                }
            }
            json.end_object().end_object();
        }
        _ => notes.cannot(format_args!("{at}.type: {kind}")),
    }
}

fn write_choice(choice: Raw<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    if choice.is_string() {
        json.raw(choice.bytes());
        return;
    }
    let place = format_args!("tool_choice");
    if !kind(choice).is("allowed_tools") {
        return write_named(choice, place, json, notes);
    }
    let Some(members) = notes.members_of(choice, &["type", "mode", "tools"], place) else { return };
    let [_, mode, tools] = members.values();
    json.begin_object().key("type").string("allowed_tools").key("allowed_tools").begin_object();
    json.key("mode").raw(mode.map_or(b"\"auto\"", Raw::bytes));
    json.key("tools").begin_array();
    if let Some(tools) = tools {
        tools.each(|index, tool| write_named(tool, format_args!("{place}.tools[{index}]"), json, notes));
    }
    json.end_array().end_object().end_object();
}

/// Writes a tool that is meant by its kind and name, which stands at `at`.
fn write_named(tool: Raw<'_>, at: Arguments<'_>, json: &mut Writer<'_>, notes: &mut Notes) {
    let kind = kind(tool);
    let Some(known) = KINDS.into_iter().find(|known| kind.is(known)) else {
        json.null();
        return notes.cannot(format_args!("{at}.type: {kind}"));
    };
    json.begin_object().key("type").string(known).key(known).begin_object();
    if let Some(mut members) = notes.members_of(tool, &["type", "name"], at)
        && let Some(name) = notes.text(&mut members, "name", at)
    {
        json.key("name").raw(name.bytes());
    }
    json.end_object().end_object();
}
