//! The items of a request's input as messages.
//!
//! What a model said in one turn are several items, and one message: its texts, and its calls of tools. The results of these
//! follow right behind it.

use std::fmt;

use super::super::call_id;
use super::super::raw::{Raw, given, is, members, unquoted};
use super::super::response;
use super::content::{self, Said, Speaker};
use super::notes::Notes;
use super::tools::Tools;
use crate::json::{Cursor, Malformed, Writer};

/// Writes messages, each with a comma behind it but the last.
pub(super) struct Messages<'o, 'j> {
    out: &'o mut Vec<u8>,
    begin: usize,
    turn: Turn<'j>,
}

/// What the model said in the turn that is being read.
#[derive(Debug, Default)]
struct Turn<'j> {
    said: Vec<Said<'j>>,
    calls: Vec<Call<'j>>,
}

/// A call of a tool, as values of its item.
#[derive(Debug)]
struct Call<'j> {
    custom: bool,
    id: Raw<'j>,
    namespace: Raw<'j>,
    name: Raw<'j>,
    arguments: Raw<'j>,
}

impl<'o, 'j> Messages<'o, 'j> {
    /// Messages behind what `out` holds; the first one stands at `begin`.
    pub(super) fn new(out: &'o mut Vec<u8>, begin: usize) -> Messages<'o, 'j> {
        Messages { out, begin, turn: Turn::default() }
    }

    /// Reads a request's `input`, at which the cursor stands.
    pub(super) fn read(
        &mut self,
        body: &'j [u8],
        cursor: &mut Cursor<'j>,
        tools: &mut Tools<'j>,
        notes: &mut Notes,
    ) -> Result<(), Malformed> {
        if cursor.peek() == Some(b'[') {
            let mut place = 0;
            cursor.array(|cursor| {
                let item = body.get(cursor.skip()?).unwrap_or_default();
                self.item(item, place, tools, notes)?;
                place += 1;
                Ok::<(), Malformed>(())
            })?;
            self.end_turn();
            return Ok(());
        }
        let input = body.get(cursor.skip()?).unwrap_or_default();
        if input.starts_with(b"\"") {
            self.message("user", |json| {
                json.key("content").raw(input);
                Ok(())
            })?;
        } else if given(input).is_some() {
            notes.refuse(format_args!("input"));
        }
        Ok(())
    }

    fn item(&mut self, item: Raw<'j>, place: usize, tools: &mut Tools<'j>, notes: &mut Notes) -> Result<(), Malformed> {
        if item.first() != Some(&b'{') {
            notes.refuse(format_args!("input[{place}]"));
            return Ok(());
        }
        let [kind, role] = members(item, &["type", "role"], |_, _| {})?;
        let at = format_args!("input[{place}]");
        match given(kind) {
            None if given(role).is_some() => self.said(item, at, notes),
            None => reference(item, at, notes),
            Some(kind) if is(kind, "message") => self.said(item, at, notes),
            Some(kind) if is(kind, "function_call") => self.call(item, false, at, notes),
            Some(kind) if is(kind, "custom_tool_call") => self.call(item, true, at, notes),
            Some(kind) if is(kind, "function_call_output") || is(kind, "custom_tool_call_output") => {
                self.result(item, at, notes)
            }
            Some(kind) if is(kind, "reasoning") => reasoning(item, at, notes),
            Some(kind) if is(kind, "item_reference") => reference(item, at, notes),
            Some(kind) if is(kind, "additional_tools") => {
                let [offered] = members(item, &["tools"], |_, _| {})?;
                tools.read(offered, &format!("{at}.tools"), notes)
            }
            Some(kind) => {
                notes.refuse_value(format_args!("{at}.type"), kind);
                Ok(())
            }
        }
    }

    /// A message of anyone's. Its id and status are the cloud's own book-keeping.
    fn said(&mut self, item: Raw<'j>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let names = ["role", "content", "phase", "type", "id", "status"];
        let [role, content, phase, ..] = members(item, &names, |key, value| {
            if given(value).is_some() {
                notes.refuse_member(at, key);
            }
        })?;
        if given(phase).is_some() {
            notes.leave_out("phase");
        }
        if is(role, "assistant") {
            // Texts that follow each other are turns of their own; one behind calls belongs to them, or these would stand
            // without their results.
            if self.turn.calls.is_empty() {
                self.end_turn();
            }
            return content::read_assistant(content, format_args!("{at}.content"), &mut self.turn.said, notes);
        }
        let (role, speaker) = if is(role, "user") {
            ("user", Speaker::User)
        } else if is(role, "system") || is(role, "developer") {
            ("system", Speaker::System)
        } else {
            notes.refuse_value(format_args!("{at}.role"), role);
            return Ok(());
        };
        self.end_turn();
        self.message(role, |json| {
            content::write(content, speaker, format_args!("{at}.content"), json.key("content"), notes)
        })
    }

    fn call(
        &mut self,
        item: Raw<'j>,
        custom: bool,
        at: fmt::Arguments<'_>,
        notes: &mut Notes,
    ) -> Result<(), Malformed> {
        let arguments = if custom { "input" } else { "arguments" };
        let names = ["call_id", "name", arguments, "namespace", "caller", "async", "type", "id", "status"];
        let [id, name, arguments, namespace, caller, later, ..] = members(item, &names, |key, value| {
            if given(value).is_some() {
                notes.refuse_member(at, key);
            }
        })?;
        check_caller(caller, at, notes)?;
        if later == b"true" {
            notes.refuse(format_args!("{at}.async"));
        }
        for (key, value) in [("call_id", id), ("name", name), ("arguments", arguments)] {
            if unquoted(value).is_none() {
                notes.refuse(format_args!("{at}.{key}"));
            }
        }
        self.turn.calls.push(Call { custom, id, namespace, name, arguments });
        Ok(())
    }

    fn result(&mut self, item: Raw<'j>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<(), Malformed> {
        let names = ["call_id", "output", "caller", "type", "id", "status", "name", "namespace"];
        let [id, output, caller, ..] = members(item, &names, |key, value| {
            if given(value).is_some() {
                notes.refuse_member(at, key);
            }
        })?;
        check_caller(caller, at, notes)?;
        let Some(id) = unquoted(id) else {
            notes.refuse(format_args!("{at}.call_id"));
            return Ok(());
        };
        self.end_turn();
        self.message("tool", |json| {
            json.key("tool_call_id").begin_string().raw_text(&call_id::inward(id)).end_string();
            content::write(output, Speaker::Tool, format_args!("{at}.output"), json.key("content"), notes)
        })
    }

    /// Writes what the model said in the turn that ends.
    fn end_turn(&mut self) {
        let Turn { said, calls } = std::mem::take(&mut self.turn);
        if said.is_empty() && calls.is_empty() {
            return;
        }
        let written = self.message("assistant", |json| {
            write_said(&said, json);
            if !calls.is_empty() {
                json.key("tool_calls").begin_array();
                calls.iter().for_each(|call| call.write(json));
                json.end_array();
            }
            Ok(())
        });
        debug_assert!(written.is_ok());
    }

    fn message(
        &mut self,
        role: &str,
        members: impl FnOnce(&mut Writer<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.out.len() > self.begin {
            self.out.push(b',');
        }
        let mut json = Writer::new(self.out);
        json.begin_object().key("role").string(role);
        members(&mut json)?;
        json.end_object();
        Ok(())
    }
}

fn write_said(said: &[Said<'_>], json: &mut Writer<'_>) {
    match said {
        [] => {
            json.key("content").null();
        }
        [Said { refusal: false, text }] => {
            json.key("content").raw(text);
        }
        [Said { refusal: true, text }] => {
            json.key("content").null().key("refusal").raw(text);
        }
        parts => {
            json.key("content").begin_array();
            for Said { refusal, text } in parts {
                let kind = if *refusal { "refusal" } else { "text" };
                json.begin_object().key("type").string(kind).key(kind).raw(text).end_object();
            }
            json.end_array();
        }
    }
}

impl Call<'_> {
    fn write(&self, json: &mut Writer<'_>) {
        let (kind, key) = if self.custom { ("custom", "input") } else { ("function", "arguments") };
        let text = |value| unquoted(value).unwrap_or_default();
        json.begin_object();
        json.key("id").begin_string().raw_text(&call_id::inward(text(self.id))).end_string();
        json.key("type").string(kind).key(kind).begin_object();
        json.key("name");
        Tools::write_name(self.namespace, self.name, json);
        match text(self.arguments) {
            b"" if !self.custom => json.key(key).string("{}"),
            arguments => json.key(key).begin_string().raw_text(arguments).end_string(),
        };
        json.end_object().end_object();
    }
}

/// Reasoning that only the cloud that made it can read, or that it keeps for itself, cannot go to another. What a model
/// thought in plain words is left out: chat completions have no place for it, a model there never sees what it thought in an
/// earlier turn.
fn reasoning(item: Raw<'_>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let [encrypted, id, content] = members(item, &["encrypted_content", "id", "content"], |_, _| {})?;
    if given(encrypted).is_some() {
        notes.refuse(format_args!("{at}.encrypted_content"));
    } else if given(id).is_some_and(|id| !is_of_translation(id)) && given(content).is_none_or(super::is_empty) {
        notes.refuse(format_args!("{at}.id, of reasoning that only the cloud that made it knows"));
    } else {
        notes.leave_out("reasoning");
    }
    Ok(())
}

/// Whether an id is one of reasoning that came out of a translation, which no cloud keeps.
fn is_of_translation(id: Raw<'_>) -> bool {
    unquoted(id).is_some_and(response::is_id_of_reasoning)
}

/// A reference to what a cloud keeps; or, of clients that refer to all reasoning, to what came out of a translation.
fn reference(item: Raw<'_>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let [id] = members(item, &["id"], |_, _| {})?;
    if is_of_translation(id) {
        notes.leave_out("reasoning");
    } else {
        notes.refuse(format_args!("{at}.type: item_reference"));
    }
    Ok(())
}

/// A tool may be called by a program that the cloud runs, which chat completions do not have.
fn check_caller(caller: Raw<'_>, at: fmt::Arguments<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    if let Some(caller) = given(caller) {
        let [kind] = members(notes.object(caller, format_args!("{at}.caller")), &["type"], |_, _| {})?;
        if !is(kind, "direct") {
            notes.refuse_value(format_args!("{at}.caller"), kind);
        }
    }
    Ok(())
}
