//! What Multihome decides and how it translates: no host, no clock, no log, no I/O.
//!
//! Modules import downwards only: words ([`fault`], [`name`], [`json`]), the clients' formats ([`openai`]),
//! the clouds ([`cloud`]), the policy file ([`config`]), what a request may do ([`policy`]), where it goes
//! ([`route`]), how its body changes ([`splice`]), what an answer means ([`outcome`]), and the two machines that a host drives ([`edge`], [`attempt`])
//! with the [`keeper`] beside them.
#![forbid(unsafe_code)]

pub mod attempt;
pub mod cloud;
pub mod config;
pub mod edge;
pub mod fault;
pub mod header;
pub mod json;
pub mod keeper;
pub mod name;
pub mod openai;
pub mod outcome;
pub mod path;
pub mod policy;
pub mod route;
pub mod splice;
