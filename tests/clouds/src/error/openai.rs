//! OpenAI's own errors.

use super::status_of;
use crate::http::Reply;
use crate::validate::Invalid;
use hyper::StatusCode;
use serde_json::json;

/// An error object; a `code` that is empty is null.
fn plain(status: u16, kind: &str, code: &str, message: &str) -> Reply {
    let code = if code.is_empty() { json!(null) } else { json!(code) };
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    Reply::json(status_of(status), &body)
}

const REQUEST: &str = "invalid_request_error";

pub fn invalid(invalid: &Invalid) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &super::openai(invalid))
}

pub fn no_key() -> Reply {
    let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                   Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
    plain(401, REQUEST, "", message)
}

/// The beginning and the end of the key are repeated.
pub fn wrong_key(key: &str) -> Reply {
    let shown = match (key.get(..8), key.get(key.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) if key.len() > 12 => format!("{start}{}{end}", "*".repeat(key.len() - 12)),
        _ => "*".repeat(key.len()),
    };
    let message = format!(
        "Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    );
    plain(401, REQUEST, "invalid_api_key", &message)
}

/// `what` is `organization` or `project`.
pub fn mismatched(what: &str) -> Reply {
    let header = if what == "project" { "OpenAI-Project" } else { "OpenAI-Organization" };
    plain(401, REQUEST, &format!("mismatched_{what}"), &format!("{header} header should match {what} for API key"))
}

/// The code is the SDK's, status and words are guesses.
pub fn data_residency_mismatch(region: &str) -> Reply {
    let message = format!(
        "The data residency of this project does not match this endpoint. Use https://{region}.api.openai.com."
    );
    plain(400, REQUEST, "data_residency_mismatch", &message)
}

pub fn no_operation(method: &str, path: &str) -> Reply {
    plain(404, REQUEST, "", &format!("Invalid URL ({method} {path})"))
}

pub fn wrong_method(method: &str, path: &str, allowed: &str) -> Reply {
    let message = format!(
        "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method? It takes {allowed}.)"
    );
    plain(405, REQUEST, "method_not_supported", &message)
}

pub fn wrong_media_type(got: &str) -> Reply {
    let message = format!(
        "Unsupported content type: '{got}'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: {got}'. Please try again with a supported content type."
    );
    plain(400, REQUEST, "unsupported_content_type", &message)
}

pub fn no_model(model: &str) -> Reply {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    plain(404, REQUEST, "model_not_found", &message)
}

pub fn flagged_prompt() -> Reply {
    let message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again \
                   with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting";
    plain(400, REQUEST, "invalid_prompt", message)
}

/// No money left: waiting does not help, though the status says so.
pub fn quota() -> Reply {
    let message = "You exceeded your current quota, please check your plan and billing details. For more information on \
                   this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
    plain(429, "insufficient_quota", "insufficient_quota", message)
}

/// The headers that count requests and tokens.
pub fn limits(reply: Reply, requests_left: u64) -> Reply {
    reply
        .with("x-ratelimit-limit-requests", "10000")
        .with("x-ratelimit-limit-tokens", "1000000")
        .with("x-ratelimit-remaining-requests", requests_left.to_string())
        .with("x-ratelimit-remaining-tokens", "999000")
        .with("x-ratelimit-reset-requests", "6ms")
        .with("x-ratelimit-reset-tokens", "60ms")
}

pub fn fault(status: u16, retry_after: Option<u64>) -> Reply {
    let (kind, code, message) = match status {
        400 => (REQUEST, "", "The request is invalid."),
        401 => return wrong_key("sk-proj-0000000000000000"),
        403 => {
            ("request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported")
        }
        404 => return no_model("gpt-0"),
        408 => ("timeout", "", "Request timed out."),
        413 => (REQUEST, "request_too_large", "The request is too large."),
        422 => (REQUEST, "", "The request could not be processed."),
        429 => (
            "requests",
            "rate_limit_exceeded",
            "Rate limit reached for this model in organization org-emulated on requests per min (RPM): Limit 10000, Used 10000, Requested 1. Please try again in 6ms. Visit https://platform.openai.com/account/rate-limits to learn more.",
        ),
        502 => ("server_error", "", "Bad gateway."),
        503 => (
            "service_unavailable_error",
            "server_is_overloaded",
            "Our servers are currently overloaded. Please try again later.",
        ),
        504 => ("server_error", "", "Gateway timeout."),
        _ => ("server_error", "", "The server had an error while processing your request. Sorry about that!"),
    };
    let reply = plain(status, kind, code, message);
    let reply = if status == 429 { limits(reply, 0) } else { reply };
    match retry_after {
        Some(seconds) => {
            reply.with("retry-after", seconds.to_string()).with("retry-after-ms", (seconds * 1000).to_string())
        }
        None => reply,
    }
}
