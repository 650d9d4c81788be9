//! The items of a request's input as messages.
//!
//! What a model said in one turn are several items, and one message: its texts, and its calls of tools. The results of these
//! follow right behind it.

use std::fmt::Arguments;

use super::super::super::notes::Notes;
use super::super::super::raw::Raw;
use super::super::call_id;
use super::super::response;
use super::content::{self, Said, Speaker};
use super::object::Object;
use super::tools::{self, Tools};
use crate::json::{Cursor, Malformed, Writer};

/// The members of all items that are translated.
const ITEM: &[&str; 16] = &[
    "type",
    "role",
    "content",
    "id",
    "status",
    "phase",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "input",
    "output",
    "caller",
    "async",
    "encrypted_content",
    "tools",
];

type Item<'j> = Object<'j, 16>;

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
                self.item(Object::read(cursor, ITEM)?, format_args!("input[{index}]"), tools, notes);
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

    fn item(&mut self, item: Option<Item<'j>>, at: Arguments<'_>, tools: &mut Tools<'j>, notes: &mut Notes) {
        let Some(mut item) = item else { return notes.cannot(at) };
        // What a cloud calls an item, and where that stands, is its own book-keeping.
        let (kind, id, role) = (item.take("type"), item.take("id"), item.take("role"));
        item.take("status");
        match (kind.map(Raw::word).as_deref(), role) {
            (None | Some("message"), Some(role)) => self.said(&mut item, role, at, notes),
            (None | Some("item_reference"), _) => reference(id, at, notes),
            (Some("function_call"), _) => self.call(&mut item, false, at, notes),
            (Some("custom_tool_call"), _) => self.call(&mut item, true, at, notes),
            (Some("function_call_output" | "custom_tool_call_output"), _) => self.result(&mut item, at, notes),
            (Some("reasoning"), _) => return reasoning(&mut item, id, at, notes),
            (Some("additional_tools"), _) => {
                if let Some(offered) = item.take("tools") {
                    tools.read(offered, format_args!("{at}.tools"), notes);
                }
            }
            _ => return notes.cannot(format_args!("{at}.type: {}", kind.unwrap_or(Raw::EMPTY))),
        }
        item.left(at, notes);
    }

    /// A message of anyone's.
    fn said(&mut self, item: &mut Item<'j>, role: Raw<'j>, at: Arguments<'_>, notes: &mut Notes) {
        if item.take("phase").is_some() {
            notes.leave_out("phase");
        }
        let content = item.take("content");
        let (chat, speaker) = match &*role.word() {
            "assistant" => {
                // Texts that follow each other are messages of their own; one behind calls belongs to them, or these would
                // stand without their results.
                if self.turn.calls.is_empty() {
                    self.end_turn();
                }
                return content::read_assistant(content, format_args!("{at}.content"), &mut self.turn.said, notes);
            }
            "user" => ("user", Speaker::User),
            // Not every model of a chat target knows developers; those that do take the system for one.
            "system" | "developer" => ("system", Speaker::System),
            _ => return notes.cannot(format_args!("{at}.role: {role}")),
        };
        self.end_turn();
        self.message(chat, |json| {
            content::write(content, speaker, format_args!("{at}.content"), json.key("content"), notes);
        });
    }

    fn call(&mut self, item: &mut Item<'j>, custom: bool, at: Arguments<'_>, notes: &mut Notes) {
        check_caller(item.take("caller"), at, notes);
        if item.take("async").is_some_and(|later| !later.is_false()) {
            notes.cannot(format_args!("{at}.async"));
        }
        let (id, name) = (item.text("call_id", at, notes), item.text("name", at, notes));
        let arguments = item.text(if custom { "input" } else { "arguments" }, at, notes);
        let namespace = item.take("namespace").and_then(Raw::inner).unwrap_or_default();
        self.turn.calls.push(Call { custom, id, namespace, name, arguments });
    }

    /// What came of a call, which tells the tool that was called.
    fn result(&mut self, item: &mut Item<'j>, at: Arguments<'_>, notes: &mut Notes) {
        check_caller(item.take("caller"), at, notes);
        item.take("name");
        item.take("namespace");
        let id = item.text("call_id", at, notes);
        let output = item.take("output");
        self.end_turn();
        self.message("tool", |json| {
            json.key("tool_call_id").begin_string().raw_text(&call_id::inward(id)).end_string();
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
fn reasoning(item: &mut Item<'_>, id: Option<Raw<'_>>, at: Arguments<'_>, notes: &mut Notes) {
    if item.take("encrypted_content").is_some() {
        notes.cannot(format_args!("{at}.encrypted_content"));
    } else if id.is_some_and(|id| !is_of_translation(id)) && item.take("content").is_none_or(Raw::is_empty) {
        notes.cannot(format_args!("{at}.id, of reasoning that only the cloud that made it knows"));
    } else {
        notes.leave_out("reasoning");
    }
}

/// A reference to what a cloud keeps; or, of clients that refer to all reasoning, to what came out of a translation.
fn reference(id: Option<Raw<'_>>, at: Arguments<'_>, notes: &mut Notes) {
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
    let kind = tools::kind(caller);
    if !kind.is("direct") {
        notes.cannot(format_args!("{at}.caller: {kind}"));
    }
}
