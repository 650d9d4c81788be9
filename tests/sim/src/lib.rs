//! Plays whole requests through the SDK's real dispatcher, natively, on a model of Envoy's Wasm host.
//!
//! On a native machine the module's host imports are undefined C symbols. [`abi`] defines them, [`host`] says
//! what Envoy answers, and [`exchange`] calls the module's exports in the order in which Envoy does. A thread
//! is a worker: the SDK's dispatcher and the module's memory are thread-local. No Wasm runtime, so a debugger,
//! a backtrace and fifty thousand requests in seconds.

pub mod abi;
pub mod beside;
pub mod chain;
pub mod exchange;
pub mod headers;
pub mod host;
pub mod message;
pub mod random;
pub mod script;
pub mod shared;
pub mod worker;

#[cfg(test)]
mod tests;
