//! Azure's errors. `code` is often a number in quotes.

use super::status_of;
use crate::http::Reply;
use crate::validate::Invalid;
use hyper::StatusCode;
use serde_json::json;

pub fn plain(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}

pub fn bad_request(message: &str) -> Reply {
    plain(StatusCode::BAD_REQUEST, "BadRequest", message)
}

/// An unknown path, and a dated path without its version.
pub fn no_resource() -> Reply {
    plain(StatusCode::NOT_FOUND, "404", "Resource not found")
}

pub fn no_deployment() -> Reply {
    let message = "The API deployment for this resource does not exist. If you created the deployment within the \
                   last 5 minutes, please wait a moment and try again.";
    plain(StatusCode::NOT_FOUND, "DeploymentNotFound", message)
}

/// A model that does not do what its deployment is asked for.
pub fn not_supported() -> Reply {
    let message = "The chatCompletion operation does not work with the specified model. Please choose different model \
                   and try again.";
    plain(StatusCode::BAD_REQUEST, "OperationNotSupported", message)
}

pub fn wrong_key() -> Reply {
    let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid \
                   key for an active subscription and use a correct regional API endpoint for your resource.";
    plain(StatusCode::UNAUTHORIZED, "401", message)
}

pub fn wrong_token() -> Reply {
    let message = "Unauthorized. Access token is missing, invalid, audience is incorrect \
                   (https://cognitiveservices.azure.com), or have expired.";
    plain(StatusCode::UNAUTHORIZED, "401", message)
}

pub fn wrong_media_type() -> Reply {
    let message = "Unsupported media type. The request's Content-Type must be application/json.";
    plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "415", message)
}

pub fn invalid(invalid: &Invalid) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &super::openai(invalid))
}

/// A prompt that the content filter refuses.
pub fn content_filter() -> Reply {
    let message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. \
                   Please modify your prompt and retry. To learn more about our content filtering policies please \
                   read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";
    let safe = json!({"filtered": false, "severity": "safe"});
    let body = json!({"error": {
        "message": message, "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": safe, "jailbreak": {"filtered": false, "detected": false}, "self_harm": safe,
                "sexual": safe, "violence": {"filtered": true, "severity": "medium"},
            },
        },
    }});
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

pub fn fault(status: u16, retry_after: Option<u64>) -> Reply {
    let (code, message) = match status {
        400 => ("BadRequest", "The request is invalid."),
        401 => return wrong_key(),
        403 => ("403", "Access denied due to Virtual Network/Firewall rules."),
        404 => return no_deployment(),
        408 => ("Timeout", "The operation was timeout."),
        413 => ("413", "The request is too large."),
        422 => ("422", "The request could not be processed."),
        424 => ("424", "Failed dependency."),
        429 => (
            "RateLimitReached",
            "Requests to the ChatCompletions_Create Operation have exceeded the call rate limit of your current pricing tier. Please retry later.",
        ),
        502 => ("502", "Bad gateway."),
        503 => ("503", "The service is temporarily unable to process your request. Please try again later."),
        504 => ("504", "The request timed out."),
        _ => ("InternalServerError", "The server had an error while processing your request. Sorry about that!"),
    };
    let reply = plain(status_of(status), code, message);
    match retry_after {
        Some(seconds) => {
            reply.with("retry-after", seconds.to_string()).with("retry-after-ms", (seconds * 1000).to_string())
        }
        None => reply,
    }
}
