//! OpenAI itself.

mod error;
mod place;
mod policy;

use super::{Row, Stripped};

pub use place::{Account, DataResidency};

/// All that is known of it.
pub(super) const ROW: Row = Row {
    name: "openai",
    endpoint_fields: &policy::ENDPOINT_FIELDS,
    target_fields: &[],
    headers: &[&place::HEADERS],
    read_endpoint: policy::read,
    read_error: error::read,
    error_type: None,
    call_ids: &["x-request-id"],
    stripped: Stripped {
        names: &[
            "access-control-expose-headers",
            "openai-organization",
            "openai-project",
            "openai-version",
            "x-openai-proxy-wasm",
        ],
        // Of Cloudflare, which stands before the API.
        prefixes: &["cf-"],
    },
};
