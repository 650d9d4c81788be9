mod calls;
mod check;
mod fuzz;
mod golden;
mod google_token;
mod refusal;
mod waiting;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::headers::Headers;
use crate::message::Message;
use crate::script::{Answer, Outcome};

/// 2027-01-15, in nanoseconds.
const NOW: u64 = 1_800_000_000 * 1_000_000_000;

/// The folder of the golden cases.
fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../cases")
}

/// The policy that the cases share.
fn policy() -> Value {
    serde_json::from_slice(&fs::read(cases().join("policy.json")).unwrap()).unwrap()
}

/// A request of tenant `acme`, with its body in one piece.
fn request(path: &str, body: &str) -> Message {
    let headers = Headers::of(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "multihome.example"),
        (":path", path),
        ("x-tenant-id", "acme"),
        ("content-type", "application/json"),
        ("content-length", &body.len().to_string()),
        ("user-agent", "OpenAI/Python 2.54.0"),
        ("authorization", "Bearer sk-of-the-client"),
        ("accept", "application/json"),
        ("x-request-id", "6f4c9a52-0f3e-4e0b-9d0a-3c1f2b7d8e90"),
    ]);
    Message { headers, chunks: vec![body.as_bytes().to_vec()], trailers: None }
}

/// An answer with a JSON body.
fn answer(status: &str, body: &str) -> Answer {
    let headers = Headers::of(&[(":status", status), ("content-type", "application/json")]);
    Answer::of(Outcome::Answered(Message { headers, chunks: vec![body.as_bytes().to_vec()], trailers: None }, None))
}
