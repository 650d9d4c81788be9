//! Azure OpenAI in Microsoft Foundry.

mod error;
mod place;
mod policy;

use super::{OwnField, Row, Stripped};

pub use place::Resource;

/// All that is known of it.
pub(super) const ROW: Row = Row {
    name: "azure",
    endpoint_fields: &policy::ENDPOINT_FIELDS,
    target_fields: &[OwnField { name: place::API_VERSION, owner: "Azure" }],
    read_endpoint: policy::read,
    read_error: error::read,
    error_type: None,
    // The model's own id; the gateway before it has another.
    call_ids: &["x-request-id", "apim-request-id"],
    stripped: Stripped {
        names: &["azureml-model-session", "azure-openai-deployment-utilization", "cmp-upstream-response-duration"],
        prefixes: &["x-ms-", "x-aml-"],
    },
};
