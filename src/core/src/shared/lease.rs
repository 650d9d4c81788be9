//! A lease: of all workers, one at a time does what it is for. Times are milliseconds since 1970.

use super::Store;

/// A lease on one thing.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Its key in the shared data.
    pub key: &'static str,
}

/// A lease that nobody has. It has to stand before the first is taken: only what stands has a version to compare.
const NOBODY: [u8; 8] = [0; 8];

impl Lease {
    /// Lays it down for whoever takes it first.
    pub fn lay_down(self, store: &impl Store) {
        if store.get(self.key).0.is_none() {
            store.put(self.key, &NOBODY, 0);
        }
    }

    /// Takes it for `length`, if nobody has it, or whoever had it is past its time.
    pub fn take(self, store: &impl Store, now: u64, length: u64) -> bool {
        let (held, version) = store.get(self.key);
        is_free(held.as_deref(), now) && store.put(self.key, &until(now, length), version)
    }

    /// Gives it back after another `length`. Only whoever has it may.
    pub fn shorten(self, store: &impl Store, now: u64, length: u64) {
        store.put(self.key, &until(now, length), 0);
    }
}

fn until(now: u64, length: u64) -> [u8; 8] {
    now.saturating_add(length).to_le_bytes()
}

fn is_free(held: Option<&[u8]>, now: u64) -> bool {
    let until = held.and_then(|held| held.first_chunk::<8>()).map_or(0, |until| u64::from_le_bytes(*until));
    now >= until
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::shared::Store;
    use std::cell::RefCell;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Shared(RefCell<HashMap<String, (Vec<u8>, u32)>>);

    impl Store for Shared {
        fn get(&self, key: &str) -> (Option<Vec<u8>>, u32) {
            self.0.borrow().get(key).map_or((None, 0), |(value, version)| (Some(value.clone()), *version))
        }

        fn put(&self, key: &str, value: &[u8], version: u32) -> bool {
            let mut all = self.0.borrow_mut();
            let known = all.get(key).map_or(0, |(_, version)| *version);
            if version != 0 && version != known {
                return false;
            }
            all.insert(key.to_owned(), (value.to_vec(), known + 1));
            true
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn one_at_a_time_has_it() {
        let store = Shared::default();
        let lease = Lease { key: "lease" };
        lease.lay_down(&store);
        assert!(lease.take(&store, 1_000, 500));
        assert!(!lease.take(&store, 1_499, 500), "somebody has it");
        lease.lay_down(&store);
        assert!(!lease.take(&store, 1_499, 500), "it is laid down once");
        assert!(lease.take(&store, 1_500, 500), "it ends by itself");
        lease.shorten(&store, 1_600, 100);
        assert!(!lease.take(&store, 1_699, 500));
        assert!(lease.take(&store, 1_700, 500));
    }

    /// Two workers that look at the same moment: the second one's version is an old one.
    #[wasm_bindgen_test(unsupported = test)]
    fn of_two_that_take_it_at_once_one_has_it() {
        struct Late<'s>(&'s Shared, u32);
        impl Store for Late<'_> {
            fn get(&self, key: &str) -> (Option<Vec<u8>>, u32) {
                (self.0.get(key).0.map(|_| [0; 8].to_vec()), self.1)
            }
            fn put(&self, key: &str, value: &[u8], version: u32) -> bool {
                self.0.put(key, value, version)
            }
        }
        let store = Shared::default();
        let lease = Lease { key: "lease" };
        lease.lay_down(&store);
        let late = Late(&store, store.get("lease").1);
        assert!(lease.take(&store, 1_000, 500));
        assert!(!lease.take(&late, 1_000, 500));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_no_time_is_free() {
        assert!(is_free(None, 5) && is_free(Some(b"odd"), 1));
    }
}
