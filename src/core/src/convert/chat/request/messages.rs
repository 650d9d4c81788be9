//! The items of a request's input as messages.
//!
//! What a model said in one turn are several items, and one message: its texts, and its calls of tools. The results of these
//! follow right behind it.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::{Members, Raw};
use super::super::call_id;
use super::super::response;
use super::content::{self, Said, Speaker};
use super::tools::{self, Tools};
use crate::json::{Cursor, Malformed, Writer};

/// Writes messages, each with a comma behind it but the last.
pub(super) struct Messages<'o, 'j> {
    out: &'o mut Vec<u8>,
    /// Where the first one stands.
    begin: usize,
    turn: Turn<'j>,
}

/// What the model said in the turn that is being read.
#[derive(Debug, Default)]
struct Turn<'j> {
    said: Vec<Said<'j>>,
    calls: Vec<Call<'j>>,
}

/// A call of a tool. Texts stand without their quotes.
#[derive(Debug)]
struct Call<'j> {
    custom: bool,
    id: &'j [u8],
    namespace: &'j [u8],
    name: &'j [u8],
    arguments: &'j [u8],
}

impl<'o, 'j> Messages<'o, 'j> {
    /// Messages behind what `out` holds; the first one stands at `begin`.
    pub(super) fn new(out: &'o mut Vec<u8>, begin: usize) -> Messages<'o, 'j> {
        Messages { out, begin, turn: Turn::default() }
    }

    /// Reads a request's `input`, at which the cursor stands.
    pub(super) fn read(
        mut self,
        cursor: &mut Cursor<'j>,
        tools: &mut Tools<'j>,
        notes: &mut Notes,
    ) -> Result<(), Malformed> {
        if cursor.peek() == Some(b'[') {
            let mut index = 0;
            cursor.array(|cursor| {
                self.item(Raw::read(cursor)?, format_args!("input[{index}]"), tools, notes);
                index += 1;
                Ok::<(), Malformed>(())
            })?;
            self.end_turn();
            return Ok(());
        }
        let input = Raw::read(cursor)?;
        if input.is_string() {
            self.message("user", |json| {
                json.key("content").raw(input.bytes());
            });
        } else if !input.is_null() {
            notes.cannot(format_args!("input"));
        }
        Ok(())
    }

    fn item(&mut self, item: Raw<'j>, at: Arguments<'_>, tools: &mut Tools<'j>, notes: &mut Notes) {
        let Some(members) = Members::of(item, &["type", "role"]) else { return notes.cannot(at) };
        let [kind, role] = members.values();
        let kind = match kind {
            Some(kind) => kind,
            None if role.is_some() => return self.said(item, at, notes),
            None => return reference(item, at, notes),
        };
        match &*kind.word() {
            b"message" => self.said(item, at, notes),
            b"function_call" => self.call(item, false, at, notes),
            b"custom_tool_call" => self.call(item, true, at, notes),
            b"function_call_output" | b"custom_tool_call_output" => self.result(item, at, notes),
            b"reasoning" => reasoning(item, at, notes),
            b"item_reference" => reference(item, at, notes),
            b"additional_tools" => {
                if let Some(offered) = Members::of(item, &["tools"]).and_then(|item| item.get("tools")) {
                    tools.read(offered, format_args!("{at}.tools"), notes);
                }
            }
            _ => notes.cannot(format_args!("{at}.type: {kind}")),
        }
    }

    /// A message of anyone's. Its id and status are the cloud's own book-keeping.
    fn said(&mut self, item: Raw<'j>, at: Arguments<'_>, notes: &mut Notes) {
        let names = &["role", "content", "phase", "type", "id", "status"];
        let Some(members) = notes.members_of(item, names, at) else { return };
        let [role, content, phase, ..] = members.values();
        if phase.is_some() {
            notes.leave_out("phase");
        }
        let role = role.unwrap_or(Raw::EMPTY);
        let (chat, speaker) = match &*role.word() {
            b"assistant" => {
                // Texts that follow each other are messages of their own; one behind calls belongs to them, or these would
                // stand without their results.
                if self.turn.calls.is_empty() {
                    self.end_turn();
                }
                return content::read_assistant(content, format_args!("{at}.content"), &mut self.turn.said, notes);
            }
            b"user" => ("user", Speaker::User),
            // Not every model of a chat target knows developers; those that do take the system for one.
            b"system" | b"developer" => ("system", Speaker::System),
            _ => return notes.cannot(format_args!("{at}.role: {role}")),
        };
        self.end_turn();
        self.message(chat, |json| {
            content::write(content, speaker, format_args!("{at}.content"), json.key("content"), notes);
        });
    }

    fn call(&mut self, item: Raw<'j>, custom: bool, at: Arguments<'_>, notes: &mut Notes) {
        let names = &["call_id", "name", "arguments", "input", "namespace", "caller", "async", "type", "id", "status"];
        let Some(mut members) = notes.members_of(item, names, at) else { return };
        check_caller(members.take("caller"), at, notes);
        if members.take("async").is_some_and(|later| !later.is_false()) {
            notes.cannot(format_args!("{at}.async"));
        }
        let mut text = |name| notes.text(&mut members, name, at).and_then(Raw::inner).unwrap_or_default();
        let (id, name) = (text("call_id"), text("name"));
        let arguments = text(if custom { "input" } else { "arguments" });
        let namespace = members.take("namespace").and_then(Raw::inner).unwrap_or_default();
        self.turn.calls.push(Call { custom, id, namespace, name, arguments });
    }

    fn result(&mut self, item: Raw<'j>, at: Arguments<'_>, notes: &mut Notes) {
        let names = &["call_id", "output", "caller", "type", "id", "status", "name", "namespace"];
        let Some(mut members) = notes.members_of(item, names, at) else { return };
        check_caller(members.take("caller"), at, notes);
        let id = notes.text(&mut members, "call_id", at).and_then(Raw::inner).unwrap_or_default();
        self.end_turn();
        self.message("tool", |json| {
            json.key("tool_call_id").begin_string().raw_text(&call_id::inward(id)).end_string();
            let output = members.take("output");
            content::write(output, Speaker::Tool, format_args!("{at}.output"), json.key("content"), notes);
        });
    }

    /// Writes what the model said in the turn that ends.
    fn end_turn(&mut self) {
        let Turn { said, calls } = std::mem::take(&mut self.turn);
        if said.is_empty() && calls.is_empty() {
            return;
        }
        self.message("assistant", |json| {
            content::write_said(&said, json);
            if !calls.is_empty() {
                json.key("tool_calls").begin_array();
                calls.iter().for_each(|call| call.write(json));
                json.end_array();
            }
        });
    }

    fn message(&mut self, role: &str, members: impl FnOnce(&mut Writer<'_>)) {
        if self.out.len() > self.begin {
            self.out.push(b',');
        }
        let mut json = Writer::new(self.out);
        json.begin_object().key("role").string(role);
        members(&mut json);
        json.end_object();
    }
}

impl Call<'_> {
    fn write(&self, json: &mut Writer<'_>) {
        let (kind, key) = if self.custom { ("custom", "input") } else { ("function", "arguments") };
        json.begin_object();
        json.key("id").begin_string().raw_text(&call_id::inward(self.id)).end_string();
        json.key("type").string(kind).key(kind).begin_object();
        tools::write_name(self.namespace, self.name, json.key("name"));
        let arguments = if self.arguments.is_empty() && !self.custom { b"{}" } else { self.arguments };
        json.key(key).begin_string().raw_text(arguments).end_string();
        json.end_object().end_object();
    }
}

/// Reasoning that only the cloud that made it can read, or that it keeps for itself, cannot go to another. What a model
/// thought in plain words is left out: chat completions have no place for it, a model there never sees what it thought in an
/// earlier turn.
fn reasoning(item: Raw<'_>, at: Arguments<'_>, notes: &mut Notes) {
    let Some(members) = Members::of(item, &["encrypted_content", "id", "content"]) else { return };
    let [encrypted, id, content] = members.values();
    if encrypted.is_some() {
        notes.cannot(format_args!("{at}.encrypted_content"));
    } else if id.is_some_and(|id| !is_of_translation(id)) && content.is_none_or(Raw::is_empty) {
        notes.cannot(format_args!("{at}.id, of reasoning that only the cloud that made it knows"));
    } else {
        notes.leave_out("reasoning");
    }
}

/// A reference to what a cloud keeps; or, of clients that refer to all reasoning, to what came out of a translation.
fn reference(item: Raw<'_>, at: Arguments<'_>, notes: &mut Notes) {
    let id = Members::of(item, &["id"]).and_then(|item| item.get("id"));
    if id.is_some_and(is_of_translation) {
        notes.leave_out("reasoning");
    } else {
        notes.cannot(format_args!("{at}.type: item_reference"));
    }
}

/// Whether an id is one of reasoning that came out of a translation, which no cloud keeps.
fn is_of_translation(id: Raw<'_>) -> bool {
    id.inner().is_some_and(response::is_id_of_reasoning)
}

/// A tool may be called by a program that the cloud runs, which chat completions do not have.
fn check_caller(caller: Option<Raw<'_>>, at: Arguments<'_>, notes: &mut Notes) {
    let Some(caller) = caller else { return };
    let kind = Members::of(caller, &["type"]).and_then(|caller| caller.get("type")).unwrap_or(caller);
    if !kind.is("direct") {
        notes.cannot(format_args!("{at}.caller: {kind}"));
    }
}
