//! The data that Envoy's workers share, as core asks for them.

use multihome_core::shared::Store;

use crate::host;

/// Envoy's shared data.
pub struct SharedData;

impl Store for SharedData {
    fn get(&self, key: &str) -> (Option<Vec<u8>>, u32) {
        host::shared(key)
    }

    fn put(&self, key: &str, value: &[u8], version: u32) -> bool {
        host::share(key, value, version)
    }
}
