//! Where a session's values come from: the tags that ids and encrypted items carry between a client's requests, so that a
//! later one finds the account that can read them. There is no database: the tag is all that is kept, and the client
//! keeps it.

pub mod calls;
pub mod foreign;
#[cfg(test)]
pub(crate) mod marked;
pub mod origin;
pub mod references;
pub mod tag;
pub mod tagger;

pub use origin::{Keys, Origin, Stranger};
pub use tagger::Tagger;
