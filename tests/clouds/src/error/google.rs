//! Google's errors: `google.rpc.Status` as JSON, in a one-element list on the OpenAI-compatible chat endpoint.

use super::status_of;
use crate::http::Reply;
use hyper::StatusCode;
use serde_json::{Value, json};

/// Whether the operation of a path wraps its errors in a list.
pub fn wraps(path: &str) -> bool {
    path.contains("/endpoints/openapi/")
}

pub fn status(wrapped: bool, code: u16, status: &str, message: &str, details: Vec<Value>) -> Reply {
    let mut error = json!({"code": code, "message": message, "status": status});
    if let Value::Object(error) = &mut error
        && !details.is_empty()
    {
        error.insert("details".into(), Value::Array(details));
    }
    let body = json!({"error": error});
    let body = if wrapped { Value::Array(vec![body]) } else { body };
    Reply { content_type: "application/json; charset=UTF-8", ..Reply::json(status_of(code), &body) }
}

/// A path or method that Google's front end does not know: a page, not JSON.
pub fn no_such_url(path: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> <ins>That’s an error.</ins>\n  <p>The requested URL <code>{path}</code> was not found on this server.  <ins>That’s all we know.</ins>\n"
    );
    Reply::whole(StatusCode::NOT_FOUND, "text/html; charset=UTF-8", page)
}

pub fn unauthenticated(wrapped: bool, reason: &str) -> Reply {
    let message = if reason == "CREDENTIALS_MISSING" {
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other \
         valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    } else {
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
         authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    };
    let detail = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "aiplatform.googleapis.com", "method": "google.cloud.aiplatform.v1.PredictionService.ChatCompletions"},
    });
    status(wrapped, 401, "UNAUTHENTICATED", message, vec![detail])
        .with("www-authenticate", "Bearer realm=\"https://accounts.google.com/\"")
}

/// A model that is not served in this location.
pub fn precondition(wrapped: bool) -> Reply {
    status(wrapped, 400, "FAILED_PRECONDITION", "The model is not servable in this location.", Vec::new())
}

/// A body that Google's front end does not take: a page too.
fn too_large() -> Reply {
    let page = "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 413 (Request Entity Too Large)!!1</title>\n";
    Reply::whole(status_of(413), "text/html; charset=UTF-8", page)
}

pub fn fault(wrapped: bool, code: u16, retry_after: Option<u64>) -> Reply {
    let (name, message) = match code {
        413 => return too_large(),
        422 => ("INVALID_ARGUMENT", "The request could not be processed."),
        400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        401 => return unauthenticated(wrapped, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        403 => {
            ("PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).")
        }
        404 => ("NOT_FOUND", "Publisher Model was not found or your project does not have access to it."),
        408 => ("DEADLINE_EXCEEDED", "Request timed out."),
        424 => ("FAILED_PRECONDITION", "Precondition check failed."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
        ),
        503 => ("UNAVAILABLE", "The service is currently unavailable."),
        504 => ("DEADLINE_EXCEEDED", "Deadline exceeded."),
        _ => ("INTERNAL", "Internal error encountered."),
    };
    let delay = retry_after.map(
        |seconds| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")}),
    );
    let reply = status(wrapped, code, name, message, delay.into_iter().collect());
    match retry_after {
        Some(seconds) => reply.with("retry-after", seconds.to_string()),
        None => reply,
    }
}
