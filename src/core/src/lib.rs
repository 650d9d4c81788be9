//! What Multihome decides and how it translates: no host, no clock, no log, no I/O.
//!
//! The rooms stand in the order of their floors, the ground first. A room imports what stands above it in this list, never
//! what stands below; `tests/layers.rs` reads the list and the imports. The blank lines keep rustfmt from sorting it.
#![forbid(unsafe_code)]

pub mod contract;

pub mod name;

pub mod fault;

pub mod key;

pub mod time;

pub mod json;

pub mod stream;

pub mod session;

pub mod shared;

pub mod document;

pub mod form;

pub mod api;

pub mod family;

pub mod cloud;

pub mod convert;

pub mod config;

pub mod tenant;

pub mod plan;

pub mod request;

pub mod edge;
