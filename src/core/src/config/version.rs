//! Which policy decided: a hash of what the edge was given, and keys that outlive a configuration.

use std::fmt;
use std::io;

use crate::document::Node;

/// The version of a policy: the same for the same content, on every worker and every machine. The tool prints it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// The version of the policy that `root` holds, with the keys that stand in a file of their own.
    pub fn of(root: &Node, keys: Option<&Node>) -> Version {
        let mut hash = Hash::default();
        for document in std::iter::once(root).chain(keys) {
            // A hash takes whatever it is given.
            let _ = serde_json::to_writer(&mut hash, document);
        }
        Version(hash.0)
    }

    /// Adds it to a line: 16 hexadecimal digits.
    pub fn write_to(self, line: &mut String) {
        let mut digits = *b"0000000000000000";
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            let value = (rest & 0xf) as u8;
            *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
            rest >>= 4;
        }
        // In one piece: a line is written for every request.
        line.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What a target is known by beyond the life of one configuration: a hash of its endpoint's name and its id there. A
/// position would mean another target as soon as a line is put into the policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetKey(u64);

impl TargetKey {
    /// The key of the model `id` on the endpoint of that name.
    pub fn of(endpoint: &str, id: &str) -> TargetKey {
        let mut hash = Hash::default();
        hash.add(endpoint.as_bytes());
        // No name holds it.
        hash.add(b"\0");
        hash.add(id.as_bytes());
        TargetKey(hash.0)
    }
}

/// FNV-1a with 64 bits: the same on every machine, which the standard library's hashers are not. It guards against
/// accidents, not against people: whoever writes the policy decides anyway.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    }
}

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::config::parse_json;

    #[wasm_bindgen_test(unsupported = test)]
    fn is_the_hash_that_everyone_computes() {
        let mut hash = Hash::default();
        hash.add(b"foobar");
        assert_eq!(hash.0, 0x8594_4171_f739_67e8, "the published test vector");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn changes_with_the_content_and_not_with_its_layout() {
        let version = |text: &str| Version::of(&parse_json(text.as_bytes()).unwrap(), None).to_string();
        assert_eq!(version(r#"{"a":1}"#), version(r#"{ "a" : 1.0 }"#));
        assert_ne!(version(r#"{"a":1}"#), version(r#"{"a":2}"#));
        assert_eq!(version("{}").len(), 16);
        let mut line = "v=".to_owned();
        Version(0x0123_4567_89ab_cdef).write_to(&mut line);
        assert_eq!(line, format!("v={}", Version(0x0123_4567_89ab_cdef)));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_key_knows_where_the_endpoint_ends() {
        assert_ne!(TargetKey::of("a", "bc"), TargetKey::of("ab", "c"));
    }
}
