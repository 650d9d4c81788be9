//! What a client speaks: OpenAI's APIs, their paths and headers, what of a body decides its way, and the errors they know.

pub mod body;
pub mod error;
pub mod feature;
pub mod inbound;
pub mod kept;
pub mod path;

use crate::name::Named;

/// The API that a client speaks. What a target speaks is a [`Form`](crate::form::Form).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses API.
    Responses,
}

impl Named for Api {
    const ALL: &'static [Api] = &[Api::Chat, Api::Responses];

    fn name(self) -> &'static str {
        match self {
            Api::Chat => "chat",
            Api::Responses => "responses",
        }
    }
}
