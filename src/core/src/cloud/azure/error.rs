//! How Azure says that a call failed. Source: MicrosoftDocs/azure-ai-docs, "Troubleshoot errors" (2026-11).

use crate::cloud::error::Body;
use crate::cloud::{CloudError, ErrorResponse};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let mut error = Body::read(response.body).into_error(None);
    error.blame = error.openai_blame(response.status);
    error
}
