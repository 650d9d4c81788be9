//! Events of a `Response`'s stream, as bytes: each has its type and its number, those of an item its item too.

use super::super::completion::Counted;
use super::super::response::{Head, Item, Part, State, write_elements, write_reasoning};
use crate::json::Writer;

/// Writes events and numbers them, from 0 without a gap.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    next: u64,
}

/// An item, and its place in its response's output.
#[derive(Clone, Copy)]
pub(super) struct Placed<'i> {
    pub(super) head: &'i Head,
    pub(super) place: usize,
    pub(super) item: &'i Item<'static>,
}

impl Numbered {
    /// How many events were written.
    pub(super) fn count(&self) -> u64 {
        self.next
    }

    /// Writes an event: `members` are those beside its type and number.
    pub(super) fn emit(&mut self, out: &mut Vec<u8>, name: &str, members: &mut dyn FnMut(&mut Writer<'_>)) {
        for part in ["event: ", name, "\ndata: "] {
            out.extend_from_slice(part.as_bytes());
        }
        let mut json = Writer::new(out);
        json.begin_object().key("type").string(name).key("sequence_number").number(self.next);
        members(&mut json);
        json.end_object();
        out.extend_from_slice(b"\n\n");
        self.next += 1;
    }

    /// An event that holds the whole response.
    pub(super) fn response(
        &mut self,
        out: &mut Vec<u8>,
        name: &str,
        head: &Head,
        state: State<'_>,
        counted: Option<Counted>,
        output: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        self.emit(out, name, &mut |json| head.write(json.key("response"), state, counted, output));
    }

    /// An event that holds a whole item.
    pub(super) fn item(&mut self, out: &mut Vec<u8>, name: &str, placed: Placed<'_>, status: &str) {
        self.emit(out, name, &mut |json| {
            json.key("output_index").number(placed.place as u64);
            placed.head.write_item(json.key("item"), placed.place, placed.item, status);
        });
    }

    /// An event of an item: `members` are those beside its id and place.
    pub(super) fn of_item(
        &mut self,
        out: &mut Vec<u8>,
        name: &str,
        placed: Placed<'_>,
        members: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        self.emit(out, name, &mut |json| {
            json.key("item_id").string(&placed.head.item_id(placed.place, placed.item));
            json.key("output_index").number(placed.place as u64);
            members(json);
        });
    }

    /// An event of the latest part of an item: `members` are those beside its place.
    pub(super) fn of_part(
        &mut self,
        out: &mut Vec<u8>,
        name: &str,
        placed: Placed<'_>,
        members: &mut dyn FnMut(&mut Writer<'_>),
    ) {
        let index = match placed.item {
            Item::Message(parts) => parts.len().saturating_sub(1),
            Item::Reasoning(_) | Item::Call(_) => 0,
        };
        self.of_item(out, name, placed, &mut |json| {
            json.key("content_index").number(index as u64);
            members(json);
        });
    }

    /// A piece of what is written at the moment: the text of the latest part, or the arguments of a call.
    pub(super) fn delta(&mut self, out: &mut Vec<u8>, placed: Placed<'_>, text: &[u8], logprobs: &[u8]) {
        let mut write = |json: &mut Writer<'_>| {
            json.key("delta").begin_string().raw_text(text).end_string();
        };
        match placed.item {
            Item::Call(call) if call.custom => {
                self.of_item(out, "response.custom_tool_call_input.delta", placed, &mut write);
            }
            Item::Call(_) => self.of_item(out, "response.function_call_arguments.delta", placed, &mut write),
            Item::Reasoning(_) => self.of_part(out, "response.reasoning_text.delta", placed, &mut write),
            Item::Message(parts) if parts.last().is_some_and(|part| part.refusal) => {
                self.of_part(out, "response.refusal.delta", placed, &mut write);
            }
            Item::Message(_) => self.of_part(out, "response.output_text.delta", placed, &mut |json| {
                write(json);
                write_elements(json.key("logprobs"), logprobs);
            }),
        }
    }

    /// The latest part begins.
    pub(super) fn part_added(&mut self, out: &mut Vec<u8>, placed: Placed<'_>) {
        self.of_part(out, "response.content_part.added", placed, &mut |json| write_part(json.key("part"), placed.item));
    }

    /// What is written at the moment is whole: the latest part, or a call.
    pub(super) fn whole(&mut self, out: &mut Vec<u8>, placed: Placed<'_>) {
        match placed.item {
            Item::Call(call) if call.custom => {
                self.of_item(out, "response.custom_tool_call_input.done", placed, &mut |json| {
                    json.key("input").begin_string().raw_text(&call.arguments).end_string();
                });
                return;
            }
            Item::Call(call) => {
                self.of_item(out, "response.function_call_arguments.done", placed, &mut |json| {
                    json.key("name").begin_string().raw_text(placed.head.split(&call.name).1).end_string();
                    json.key("arguments").begin_string().raw_text(&call.arguments).end_string();
                });
                return;
            }
            Item::Reasoning(text) => self.of_part(out, "response.reasoning_text.done", placed, &mut |json| {
                json.key("text").begin_string().raw_text(text).end_string();
            }),
            Item::Message(parts) => match parts.last() {
                Some(Part { refusal: true, text, .. }) => {
                    self.of_part(out, "response.refusal.done", placed, &mut |json| {
                        json.key("refusal").begin_string().raw_text(text).end_string();
                    });
                }
                Some(Part { text, logprobs, .. }) => {
                    self.of_part(out, "response.output_text.done", placed, &mut |json| {
                        json.key("text").begin_string().raw_text(text).end_string();
                        write_elements(json.key("logprobs"), logprobs);
                    });
                }
                None => return,
            },
        }
        self.of_part(out, "response.content_part.done", placed, &mut |json| write_part(json.key("part"), placed.item));
    }
}

fn write_part(json: &mut Writer<'_>, item: &Item<'_>) {
    match item {
        Item::Message(parts) => match parts.last() {
            Some(part) => part.write(json),
            None => Part::default().write(json),
        },
        Item::Reasoning(text) => write_reasoning(json, text),
        Item::Call(_) => write_reasoning(json, b""),
    }
}
