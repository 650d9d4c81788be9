//! What all workers of one Envoy share: data that outlive a configuration and a VM that trapped.
//!
//! The rules are here, the data are the host's: [`Store`] is the one way to them.

pub mod lease;
pub mod token;

/// Data that all workers see, each value with a version.
pub trait Store {
    /// The value of `key` and its version; 0 where there is none yet.
    fn get(&self, key: &str) -> (Option<Vec<u8>>, u32);

    /// Sets the value of `key`. With a version other than 0 only where it is still that one; says whether it was set.
    fn put(&self, key: &str, value: &[u8], version: u32) -> bool;
}
