//! The module that Envoy loads: the filter, and nothing else.
pub use multihome_filter as filter;
