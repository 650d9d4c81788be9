//! How OpenAI says that a call failed: the shape and the words that clients know. Sources: openai-python 3.57, and the
//! "Error codes" guide (2026-11).

use crate::cloud::error_body::Body;
use crate::cloud::{Blame, CloudError, ErrorResponse};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let mut error = Body::read(response.body).into_error(None);
    error.blame = match error.code.as_deref() {
        // The account's projects are elsewhere than the host that the policy file names.
        Some("data_residency_mismatch") => Some(Blame::Target),
        Some("mismatched_organization" | "mismatched_project" | "invalid_organization") => Some(Blame::Credential),
        _ => error.openai_blame(response.status),
    };
    without_account(error)
}

/// How the ids of an organization and of a project begin.
const ACCOUNT_IDS: [&str; 2] = ["org-", "proj_"];

/// Messages about limits name the account, which is not the client's: "in organization org-… on requests per min".
fn without_account(mut error: CloudError) -> CloudError {
    let is_id = |word: &str| ACCOUNT_IDS.iter().any(|begin| word.starts_with(begin));
    if let Some(message) = &mut error.message
        && message.split(' ').any(is_id)
    {
        *message = message.split(' ').map(|word| if is_id(word) { "…" } else { word }).collect::<Vec<_>>().join(" ");
        error.whole = false;
    }
    error
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn error(status: u16, code: &str, param: &str) -> CloudError {
        let body = format!(
            r#"{{"error":{{"message":"Of organization org-1 and proj_2: x","type":"t","param":{param},"code":"{code}"}}}}"#
        );
        read(ErrorResponse { status, error_type: None, body: body.as_bytes() })
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn says_whose_fault_it_is() {
        for (status, code, param, blame) in [
            (401, "invalid_api_key", "null", Some(Blame::Credential)),
            (401, "mismatched_organization", "null", Some(Blame::Credential)),
            (401, "mismatched_project", "null", Some(Blame::Credential)),
            (400, "data_residency_mismatch", "null", Some(Blame::Target)),
            (404, "model_not_found", "null", Some(Blame::Target)),
            (400, "model_not_found", "\"model\"", Some(Blame::Target)),
            (429, "insufficient_quota", "null", Some(Blame::Capacity)),
            (429, "rate_limit_exceeded", "null", Some(Blame::Capacity)),
            (400, "unsupported_parameter", "\"temperature\"", Some(Blame::Client)),
            (400, "invalid_prompt", "null", None),
        ] {
            assert_eq!(error(status, code, param).blame, blame, "{status} {code}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn shows_nothing_of_the_account() {
        let error = error(429, "rate_limit_exceeded", "null");
        // `proj_2:` goes with what stands behind it.
        assert_eq!(error.message.as_deref(), Some("Of organization … and … x"));
        assert!(!error.whole);
    }
}
