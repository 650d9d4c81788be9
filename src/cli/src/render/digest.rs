//! Short digests, by which what differs has another name.

use sha2::{Digest, Sha256};

/// The first bytes of the SHA-256, two hexadecimal digits each.
pub fn of(content: impl AsRef<[u8]>, bytes: usize) -> String {
    Sha256::digest(content).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}
