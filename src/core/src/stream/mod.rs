//! Streams: from bytes, cut anywhere, to events.

pub mod sse;
