//! Requests, responses and streams, as they go in and come out.

mod cuts;
mod events;
mod reply;
mod request;

use crate::convert::{Asked, Towards};

/// What is left of a request that asks for nothing special.
fn asked(request: &str) -> Asked {
    let body = format!(r#"{{"input":"hi"{request}}}"#);
    super::request(body.as_bytes(), &Towards { model: "m" }, &mut Vec::new()).unwrap().asked
}
