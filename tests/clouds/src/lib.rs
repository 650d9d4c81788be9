//! The clouds, emulated: Azure OpenAI, Amazon Bedrock (runtime and Mantle), Google Cloud with its metadata
//! server, and Entra ID's token endpoint, each on its own loopback port behind TLS of a CA made at start.
//!
//! A request runs through `server` (TLS, HTTP) -> `exchange` (record, faults) -> `surface` (what that cloud
//! checks, in the order it checks) -> `answer` (the deterministic answer) -> `body` (its pace).

mod admin;
mod answer;
pub mod args;
mod body;
mod catalogue;
mod client;
mod clouds;
mod credentials;
mod error;
mod exchange;
mod fault;
mod http;
mod record;
mod recorded;
mod serve;
mod server;
mod sessions;
mod shared_io;
mod sigv4;
mod surface;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod validate;

pub use recorded::run as recorded;
pub use serve::{Running, run as serve, start};
