//! OpenAI's formats: what of a request decides its way, and what an answer of ours looks like.

pub mod error;
pub mod feature;
pub mod request;
