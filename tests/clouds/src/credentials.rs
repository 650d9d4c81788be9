//! The credentials this run of the clouds accepts. They are made at start, so none is worth stealing.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, Hasher, RandomState};

/// What every Google access token begins with, as Google's own do.
pub const GCP_ACCESS_TOKEN_PREFIX: &str = "ya29.";

pub struct Credentials {
    pub azure_api_key: String,
    pub aws_access_key_id: String,
    pub aws_secret_access_key: String,
    pub bedrock_api_key: String,
    pub openai_api_key: String,
    pub openai_organization: String,
    /// A project that keeps its data nowhere in particular.
    pub openai_project: String,
    /// A project that keeps its data in the EU.
    pub openai_project_eu: String,
    pub entra_tenant: String,
    pub entra_client_id: String,
    pub entra_client_secret: String,
}

impl Credentials {
    pub fn generate() -> Self {
        Self {
            azure_api_key: random_hex(32),
            aws_access_key_id: format!("AKIA{}", random_hex(16).to_uppercase()),
            aws_secret_access_key: random_hex(40),
            bedrock_api_key: format!("ABSK{}", random_hex(64)),
            openai_api_key: format!("sk-proj-{}", random_hex(48)),
            openai_organization: format!("org-{}", random_hex(24)),
            openai_project: format!("proj_{}", random_hex(24)),
            openai_project_eu: format!("proj_{}", random_hex(24)),
            entra_tenant: uuid(&random_hex(32)),
            entra_client_id: uuid(&random_hex(32)),
            entra_client_secret: format!("{}~{}", random_hex(5), random_hex(34)),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "azure_api_key": self.azure_api_key,
            "aws_access_key_id": self.aws_access_key_id,
            "aws_secret_access_key": self.aws_secret_access_key,
            "bedrock_api_key": self.bedrock_api_key,
            "openai_api_key": self.openai_api_key,
            "openai_organization": self.openai_organization,
            "openai_project": self.openai_project,
            "openai_project_eu": self.openai_project_eu,
            "entra_tenant": self.entra_tenant,
            "entra_client_id": self.entra_client_id,
            "entra_client_secret": self.entra_client_secret,
            "gcp_access_token_prefix": GCP_ACCESS_TOKEN_PREFIX,
        })
    }
}

/// `length` hexadecimal digits from the operating system's randomness (by way of std's hasher keys).
pub fn random_hex(length: usize) -> String {
    let mut hex = String::new();
    while hex.len() < length {
        hex.push_str(&format!("{:016x}", RandomState::new().build_hasher().finish()));
    }
    hex.truncate(length);
    hex
}

/// The lower-case hexadecimal SHA-256 of the parts, one after the other.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 32 hexadecimal digits of `hex`, hyphenated as a UUID.
pub fn uuid(hex: &str) -> String {
    let groups = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<&str> = groups.iter().filter_map(|&(from, to)| hex.get(from..to)).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphenates_a_uuid() {
        assert_eq!(uuid("0123456789abcdef0123456789abcdef"), "01234567-89ab-cdef-0123-456789abcdef");
    }

    #[test]
    fn no_two_runs_share_a_key() {
        assert_ne!(Credentials::generate().azure_api_key, Credentials::generate().azure_api_key);
        assert_eq!(random_hex(40).len(), 40);
    }
}
