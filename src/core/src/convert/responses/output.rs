//! Items of a response's output: texts, refusals and calls. Chat shows no other: what a model thought, and what the cloud
//! did by itself.

use super::super::raw::{Members, Raw};

/// An item.
#[derive(Debug)]
pub(super) enum Item<'j> {
    /// The list of a message's parts.
    Message(Raw<'j>),
    /// A call of a tool.
    Call(Call<'j>),
    /// Something that chat does not show.
    Other,
}

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'j> {
    /// Whether the tool is a custom one, not a function.
    pub(super) custom: bool,
    /// The id that its result names.
    pub(super) id: Raw<'j>,
    /// The tool's name.
    pub(super) name: Raw<'j>,
    /// Arguments or input, as they stand between the quotes.
    pub(super) input: &'j [u8],
}

impl Call<'_> {
    /// Chat's names for what is called, and for what it is given.
    pub(super) fn names(custom: bool) -> (&'static str, &'static str) {
        if custom { ("custom", "input") } else { ("function", "arguments") }
    }
}

impl<'j> Item<'j> {
    /// Reads an item.
    pub(super) fn of(value: Raw<'j>) -> Item<'j> {
        let names = &["type", "content", "call_id", "name", "arguments", "input"];
        let Some(members) = Members::of(value, names) else { return Item::Other };
        let custom = match &*members.get("type").map(Raw::word).unwrap_or_default() {
            "message" => return members.get("content").map_or(Item::Other, Item::Message),
            "function_call" => false,
            "custom_tool_call" => true,
            _ => return Item::Other,
        };
        let string = |name| members.get(name).filter(|value| value.is_string());
        let (Some(id), Some(name)) = (string("call_id"), string("name")) else { return Item::Other };
        let input = string(Call::names(custom).1).and_then(Raw::inner).unwrap_or_default();
        Item::Call(Call { custom, id, name, input })
    }
}

/// A part of a message.
#[derive(Debug)]
pub(super) enum Part<'j> {
    /// What the model says.
    Text {
        /// As it stands between the quotes.
        text: &'j [u8],
        /// The list of its citations.
        annotations: Option<Raw<'j>>,
        /// The list of its tokens' probabilities, if it has some.
        logprobs: Option<Raw<'j>>,
    },
    /// That and why it does not: as it stands between the quotes.
    Refusal(&'j [u8]),
}

impl<'j> Part<'j> {
    /// Reads a part; `None` for one that is not known.
    pub(super) fn of(value: Raw<'j>) -> Option<Part<'j>> {
        let members = Members::of(value, &["type", "text", "refusal", "annotations", "logprobs"])?;
        let inner = |name| members.get(name).and_then(Raw::inner).unwrap_or_default();
        match &*members.get("type")?.word() {
            "output_text" => Some(Part::Text {
                text: inner("text"),
                annotations: members.get("annotations"),
                logprobs: members.get("logprobs").filter(|logprobs| !logprobs.is_empty()),
            }),
            "refusal" => Some(Part::Refusal(inner("refusal"))),
            _ => None,
        }
    }
}
