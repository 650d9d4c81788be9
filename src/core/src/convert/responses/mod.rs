//! Chat clients served by a target that speaks `openai.responses`: the request that way, the response or its stream back.
//!
//! Sources: OpenAI's types of both APIs (openai-python 3.57, `types/chat`, `types/responses`), and what clouds send.

mod annotation;
mod call_id;
mod events;
mod failure;
mod logprobs;
mod output;
mod reply;
mod request;
mod response;

pub use events::Events;
pub use reply::reply;
pub use request::request;

#[cfg(test)]
mod tests;
