//! Which form serves which API, and how.

use crate::api::Api;
use crate::form::Form;

/// How a target's form serves a client's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// It is the API itself: bodies and responses pass as they are.
    Pass,
}

/// How `form` serves `api`; `None` where it does not.
pub fn between(api: Api, form: Form) -> Option<Conversion> {
    match (api, form) {
        (Api::Chat, Form::Chat) | (Api::Responses, Form::Responses) => Some(Conversion::Pass),
        (Api::Chat, Form::Responses) | (Api::Responses, Form::Chat) => None,
    }
}
