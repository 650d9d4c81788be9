//! The pieces that every way to run Envoy is rendered from. Each file knows one of them; none imports what it is put into.

pub mod any;
pub mod bounds;
pub mod certificate;
pub mod cluster;
pub mod cors;
pub mod credential;
pub mod filter;
pub mod jwt;
pub mod plugin;
pub mod policy;
pub mod probe;
pub mod refusal;
pub mod reply;
pub mod route;
pub mod strip;
pub mod switch;
pub mod tls;
pub mod token;
pub mod trust;
