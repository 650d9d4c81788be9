//! What a target speaks: the wire formats of the clouds' surfaces. What a client speaks is an [`Api`](crate::api::Api).

mod beginning;
pub mod usage;

use crate::name::Named;

pub use beginning::Beginning;
pub use usage::Usage;

/// The wire format that a target speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses API.
    Responses,
}

impl Named for Form {
    const ALL: &'static [Form] = &[Form::Chat, Form::Responses];

    fn name(self) -> &'static str {
        match self {
            Form::Chat => "openai.chat",
            Form::Responses => "openai.responses",
        }
    }
}
