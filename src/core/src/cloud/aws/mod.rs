//! Amazon Bedrock: the OpenAI-shaped surface of the runtime, and Mantle.

mod error;
mod place;
mod policy;

use super::{OwnField, Row, Stripped};

pub use place::{Bedrock, Surface};

/// All that is known of it.
pub(super) const ROW: Row = Row {
    name: "aws",
    endpoint_fields: &policy::ENDPOINT_FIELDS,
    target_fields: &[OwnField { name: place::PREFIX, owner: "Mantle" }],
    headers: &[&place::RUNTIME_HEADERS, &place::MANTLE_HEADERS],
    read_endpoint: policy::read,
    read_error: error::read,
    error_type: Some("x-amzn-errortype"),
    call_ids: &["x-request-id", "x-amzn-requestid"],
    stripped: Stripped { names: &[], prefixes: &["x-amzn-bedrock-"] },
};
