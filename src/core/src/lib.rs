//! What Multihome decides and how it translates: no host, no clock, no log, no I/O.
//!
//! The modules stand in the order of their floors, the ground first: a module imports what stands above it in this list,
//! never what stands below. A test (`tests/layers.rs`) reads this list and the imports.
#![forbid(unsafe_code)]

pub mod api;
pub mod cloud;
pub mod config;
pub mod contract;
pub mod convert;
pub mod document;
pub mod edge;
pub mod fault;
pub mod form;
pub mod json;
pub mod name;
pub mod plan;
pub mod request;
pub mod shared;
pub mod tenant;
