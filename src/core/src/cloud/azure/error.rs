//! How Azure says that a call failed. Sources: MicrosoftDocs/azure-ai-docs, "Troubleshoot errors" and "API version
//! lifecycle" (2026-11).

use crate::cloud::error_body::Body;
use crate::cloud::{Blame, CloudError, ErrorResponse};
use crate::json::{Cursor, Malformed};

pub(super) fn read(response: ErrorResponse<'_>) -> CloudError {
    let body = Body::read(response.body);
    if body.message.is_none()
        && response.status == 400
        && let Some(error) = filtered(response.body)
    {
        return error;
    }
    let mut error = body.into_error(None);
    error.blame = of_target(&error).then_some(Blame::Target).or_else(|| error.openai_blame(response.status));
    error
}

/// Whether it says that the deployment, or the api-version that the policy file names, does not serve what was asked of it.
fn of_target(error: &CloudError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    matches!(
        code,
        "DeploymentNotFound" | "OperationNotSupported" | "SpecialFeatureOrQuotaIdRequired" | "UnsupportedApiVersion"
    ) || error.says("api version")
        || error.says("api-version")
}

/// Foundry's way to say that the content filter stopped a completion: 400, and the completion for a body.
fn filtered(body: &[u8]) -> Option<CloudError> {
    let (mut is_completion, mut is_filtered, mut results) = (false, false, None);
    let read: Result<(), Malformed> = Cursor::new(body).object(|cursor, key| {
        match cursor.peek() {
            Some(b'"') if key.is("object") => is_completion = cursor.string("a name")?.starts_with("chat.completion"),
            Some(b'[') if key.is("choices") => {
                cursor.array(|cursor| read_choice(cursor, &mut is_filtered, &mut results))?
            }
            _ => _ = cursor.skip()?,
        }
        Ok(())
    });
    read.ok()?;
    let result =
        results.and_then(|span| body.get(span)).and_then(|json| std::str::from_utf8(json).ok()).unwrap_or("null");
    (is_completion && is_filtered).then(|| CloudError {
        message: Some("The completion was stopped by Azure's content filter.".to_owned()),
        code: Some("content_filter".to_owned()),
        inner: Some(format!(r#"{{"code":"ResponsibleAIPolicyViolation","content_filter_result":{result}}}"#)),
        blame: Some(Blame::Client),
        ..CloudError::default()
    })
}

fn read_choice(
    cursor: &mut Cursor<'_>,
    is_filtered: &mut bool,
    results: &mut Option<std::ops::Range<usize>>,
) -> Result<(), Malformed> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip().map(|_| ());
    }
    cursor.object(|cursor, key| {
        if key.is("finish_reason") && cursor.peek() == Some(b'"') {
            *is_filtered |= cursor.string("a reason")?.is("content_filter");
        } else {
            let span = cursor.skip()?;
            if key.is("content_filter_results") {
                *results = Some(span);
            }
        }
        Ok(())
    })
}
