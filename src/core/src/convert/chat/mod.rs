//! A client of the Responses API, served by a target that speaks chat completions.
//!
//! Chat completions keep nothing: a request has to bring its whole conversation, and nothing that only the cloud that made
//! it can read. What has no counterpart there makes a request untranslatable by its name.

mod call_id;
mod completion;
mod events;
mod reply;
mod request;
mod response;

pub use events::{Events, MOST_KEPT};
pub use reply::reply;
pub use request::request;

/// What stands between a namespace and a tool's name in it, where chat completions have but one name.
const SEPARATOR: &str = "__";

#[cfg(test)]
mod tests;
