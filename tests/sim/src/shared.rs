//! The data that all workers of one Envoy share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values with their versions, as proxy-wasm-cpp-host keeps them: versions are drawn from one sequence that
/// begins at 1, and a key that does not stand yet is set whatever version was asked for.
#[derive(Debug)]
struct Values {
    values: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    next: u32,
}

/// One Envoy's shared data.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<Values>>);

impl Default for Shared {
    fn default() -> Shared {
        Shared(Arc::new(Mutex::new(Values { values: HashMap::new(), next: 1 })))
    }
}

impl Shared {
    /// A value and its version.
    pub fn get(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        self.lock().values.get(key).cloned()
    }

    /// Sets a value; false where `version` is neither 0 nor the one that stands.
    pub fn set(&self, key: &[u8], value: &[u8], version: u32) -> bool {
        let mut shared = self.lock();
        let stands = shared.values.get(key).map(|(_, version)| *version);
        if version != 0 && stands.is_some_and(|stands| stands != version) {
            return false;
        }
        let next = shared.next;
        shared.next += 1;
        shared.values.insert(key.to_vec(), (value.to_vec(), next));
        true
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
