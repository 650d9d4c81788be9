//! Leaves out what another account encrypted, where a tenant's policy lets a request move without: whole reasoning items,
//! and the ids of what the model made after them. Texts, calls and their results stay whole.
//!
//! A cloud that finds the id of an item that it made looks for the reasoning before it ("Item 'fc_…' was provided without
//! its required 'reasoning' item", 2026-11); without an id, an item stands for itself. `call_id` pairs a call and its
//! result, and stays.

use std::ops::Range;

use crate::json::{Cursor, Malformed};

/// What is taken out of a body, in its order; `None` if something would be left that only its origin can read: a pointer,
/// a compaction, an agent's ciphertext, the call of a tool that a cloud runs, a container.
pub fn cuts(body: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut cuts = Cuts { ranges: Vec::new(), movable: true };
    // What is malformed was refused before.
    let _ = cuts.read(&mut Cursor::new(body));
    cuts.movable.then_some(cuts.ranges)
}

type Read = Result<(), Malformed>;

struct Cuts {
    ranges: Vec<Range<usize>>,
    movable: bool,
}

/// An item, as far as it matters.
#[derive(Default)]
struct Item {
    kind: Kind,
    /// Where its id stands, with its key.
    id: Option<Range<usize>>,
    /// What is taken out of it if its id is.
    id_cut: Option<Range<usize>>,
    /// Whether its origin alone can read some of it.
    bound: bool,
    /// Whether anything stands in it beside its id and its type.
    more: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// A message: the type may be left out.
    #[default]
    Message,
    Reasoning,
    /// A call of a tool of the client's, or its result.
    Call,
    /// What only its origin knows.
    Other,
}

impl Kind {
    fn of(text: &crate::json::Text<'_>) -> Kind {
        let calls = ["function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"];
        match () {
            () if text.is("message") => Kind::Message,
            () if text.is("reasoning") => Kind::Reasoning,
            () if calls.iter().any(|call| text.is(call)) => Kind::Call,
            () => Kind::Other,
        }
    }
}

/// Elements of a list, or members of an object, some of which are taken out with the commas that would be too many.
#[derive(Default)]
struct Listed {
    /// Where the latest one that stays ends.
    kept: Option<usize>,
    /// Where the run of those that are taken out begins, right before the next.
    cut: Option<usize>,
}

impl Listed {
    /// Notes the next one: what is cut before it, if it stays.
    fn next(&mut self, span: &Range<usize>, stays: bool) -> Option<Range<usize>> {
        if !stays {
            self.cut.get_or_insert(span.start);
            return None;
        }
        self.kept = Some(span.end);
        self.cut.take().map(|start| start..span.start)
    }

    /// What is cut behind the last one that stays; the list ends at `end`.
    fn end(self, end: usize) -> Option<Range<usize>> {
        let start = self.cut?;
        Some(self.kept.unwrap_or(start)..end)
    }
}

impl Cuts {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Read {
        cursor.object(|cursor, key| {
            if key.is("input") && cursor.peek() == Some(b'[') {
                return self.items(cursor);
            }
            if key.is("tools") && cursor.peek() == Some(b'[') {
                return cursor.array(|cursor| self.tool(cursor));
            }
            let set = cursor.peek() != Some(b'n');
            self.movable &= !(set && (key.is("previous_response_id") || key.is("conversation") || key.is("prompt")));
            pass(cursor)
        })
    }

    /// A code interpreter may have a container of an earlier response.
    fn tool(&mut self, cursor: &mut Cursor<'_>) -> Read {
        if cursor.peek() != Some(b'{') {
            return pass(cursor);
        }
        cursor.object(|cursor, key| {
            self.movable &= !(key.is("container") && cursor.peek() == Some(b'"'));
            pass(cursor)
        })
    }

    fn items(&mut self, cursor: &mut Cursor<'_>) -> Read {
        let mut items = Listed::default();
        let mut last = 0;
        cursor.array(|cursor| {
            cursor.peek();
            let start = cursor.at();
            let item = if cursor.peek() == Some(b'{') {
                self.item(cursor)?
            } else {
                pass(cursor).map(|()| Item::default())?
            };
            last = cursor.at();
            let leaves = item.kind == Kind::Reasoning && (item.bound || item.id.is_some());
            let bare = item.id.is_some() && !item.more;
            self.movable &= leaves || (item.kind != Kind::Other && !item.bound && !bare);
            self.ranges.extend(items.next(&(start..last), !leaves));
            if !leaves {
                self.ranges.extend(item.id_cut);
            }
            Ok(())
        })?;
        self.ranges.extend(items.end(last));
        Ok(())
    }

    fn item(&mut self, cursor: &mut Cursor<'_>) -> Result<Item, Malformed> {
        let mut item = Item::default();
        let mut members = Listed::default();
        let mut last = 0;
        cursor.object(|cursor, key| {
            let start = key.span().start;
            let set = cursor.peek() != Some(b'n');
            let is_id = key.is("id");
            item.more |= set && !is_id && !key.is("type");
            if key.is("type") && cursor.peek() == Some(b'"') {
                item.kind = Kind::of(&cursor.string("a string")?);
            } else {
                item.bound |= set && (key.is("encrypted_content") || key.is("container_id"));
                if (key.is("content") || key.is("output")) && cursor.peek() == Some(b'[') {
                    cursor.array(|cursor| part(cursor, &mut item.bound))?;
                } else {
                    pass(cursor)?;
                }
            }
            last = cursor.at();
            if is_id && set {
                item.id = Some(start..last);
            }
            if let Some(cut) = members.next(&(start..last), !is_id) {
                item.id_cut = Some(cut);
            }
            Ok::<(), Malformed>(())
        })?;
        if let Some(cut) = members.end(last) {
            item.id_cut = Some(cut);
        }
        Ok(item)
    }
}

/// A part may be encrypted, too.
fn part(cursor: &mut Cursor<'_>, bound: &mut bool) -> Read {
    if cursor.peek() != Some(b'{') {
        return pass(cursor);
    }
    cursor.object(|cursor, key| {
        *bound |= key.is("encrypted_content") && cursor.peek() != Some(b'n');
        pass(cursor)
    })
}

fn pass(cursor: &mut Cursor<'_>) -> Read {
    cursor.skip().map(drop)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn left(body: &str) -> Option<String> {
        let mut left = body.to_owned();
        cuts(body.as_bytes())?.iter().rev().for_each(|cut| left.replace_range(cut.clone(), ""));
        assert!(serde_json::from_str::<serde_json::Value>(&left).is_ok(), "{left}");
        Some(left)
    }

    const MOVED: [(&str, &str); 9] = [
        (r#"{"input":"hi"}"#, r#"{"input":"hi"}"#),
        (r#"{"input":[]}"#, r#"{"input":[]}"#),
        (r#"{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"g"}]}"#, r#"{"input":[]}"#),
        (
            r#"{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"g"}, {"role":"user","content":"a"}]}"#,
            r#"{"input":[{"role":"user","content":"a"}]}"#,
        ),
        (
            r#"{"input":[{"role":"user","content":"a"} , {"type":"reasoning","encrypted_content":"g"}, {"type":"reasoning","id":"r"} ]}"#,
            r#"{"input":[{"role":"user","content":"a"} ]}"#,
        ),
        (
            r#"{"input":[{"type":"reasoning","encrypted_content":"g"},{"id":"fc_1","type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"reasoning","encrypted_content":"g"},{"type":"function_call_output","call_id":"c","output":"x"}]}"#,
            r#"{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"x"}]}"#,
        ),
        (
            r#"{"input":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}], "id":"msg_1" }]}"#,
            r#"{"input":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}] }]}"#,
        ),
        (r#"{"input":[{"type":"message","id":"m","content":"x"}]}"#, r#"{"input":[{"type":"message","content":"x"}]}"#),
        (r#"{"previous_response_id":null,"input":[7,null]}"#, r#"{"previous_response_id":null,"input":[7,null]}"#),
    ];

    #[wasm_bindgen_test(unsupported = test)]
    fn reasoning_and_ids_are_taken_out_and_nothing_else() {
        for (body, expected) in MOVED {
            assert_eq!(left(body).as_deref(), Some(expected), "{body}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_only_its_origin_can_read_stays_there() {
        for body in [
            r#"{"previous_response_id":"resp_1"}"#,
            r#"{"conversation":"conv_1"}"#,
            r#"{"prompt":{"id":"pmpt_1"}}"#,
            r#"{"input":[{"type":"compaction","encrypted_content":"g"}]}"#,
            r#"{"input":[{"type":"item_reference","id":"rs_1"}]}"#,
            r#"{"input":[{"id":"msg_1"}]}"#,
            r#"{"input":[{"type":"agent_message","content":[{"type":"encrypted_content","encrypted_content":"g"}]}]}"#,
            r#"{"input":[{"type":"message","content":[{"encrypted_content":"g"}]}]}"#,
            r#"{"input":[{"type":"function_call_output","call_id":"c","output":[{"encrypted_content":"g"}]}]}"#,
            r#"{"input":[{"type":"function_call","call_id":"c","container_id":"cntr_1"}]}"#,
            r#"{"input":[{"type":"message","content":"x"}],"tools":[{"type":"code_interpreter","container":"cntr_1"}]}"#,
            r#"{"input":[{"type":"web_search_call","id":"ws_1","status":"completed"}]}"#,
        ] {
            assert_eq!(left(body), None, "{body}");
        }
    }
}
