//! Bedrock's errors: an exception's name in `x-amzn-errortype`, and a body that differs by surface.

use super::status_of;
use crate::http::Reply;
use crate::validate::Invalid;
use hyper::StatusCode;
use serde_json::json;

/// Whose body it is: the runtime's `{"message"}` or Mantle's OpenAI object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Runtime,
    Mantle,
}

/// An exception of Bedrock's service model (botocore `bedrock-runtime/2023-09-30`) or of AWS's front door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub name: &'static str,
    pub status: u16,
    pub message: String,
}

impl Exception {
    pub fn new(name: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { name, status, message: message.into() }
    }

    pub fn reply(&self, shape: Shape) -> Reply {
        let status = status_of(self.status);
        let body = match shape {
            Shape::Runtime => json!({"message": self.message}),
            Shape::Mantle => {
                let (kind, code) = match self.status {
                    400 | 413 | 422 => ("invalid_request_error", "validation_error"),
                    401 => ("authentication_error", "invalid_api_key"),
                    403 => ("permission_error", "access_denied"),
                    404 => ("invalid_request_error", "not_found"),
                    429 => ("rate_limit_error", "rate_limit_exceeded"),
                    _ => ("server_error", "internal_error"),
                };
                let code = if self.name == "ServiceQuotaExceededException" { "service_quota_exceeded" } else { code };
                json!({"error": {"code": code, "message": self.message, "param": null, "type": kind}})
            }
        };
        Reply::json(status, &body)
            .with("x-amzn-errortype", format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.name))
    }
}

/// A fault in the body: both surfaces answer it in OpenAI's shape.
pub fn invalid(invalid: &Invalid) -> Reply {
    let body = json!({"error": {
        "code": "validation_error", "message": invalid.message, "param": invalid.param, "type": "invalid_request_error",
    }});
    Reply::json(StatusCode::BAD_REQUEST, &body).with("x-amzn-errortype", "ValidationException")
}

/// A path that the service does not have.
pub fn no_operation(shape: Shape) -> Reply {
    match shape {
        Shape::Runtime => {
            let body =
                json!({"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"});
            Reply::json(StatusCode::NOT_FOUND, &body).with("x-amzn-errortype", "UnknownOperationException")
        }
        Shape::Mantle => Exception::new("UnknownOperationException", 404, "Not found").reply(shape),
    }
}

pub fn no_such_model(shape: Shape) -> Reply {
    Exception::new("ValidationException", 400, "The provided model identifier is invalid.").reply(shape)
}

pub fn quota(shape: Shape) -> Reply {
    Exception::new("ServiceQuotaExceededException", 400, "Your account has exceeded a service quota for this model.")
        .reply(shape)
}

pub fn signature(shape: Shape, authorization: &str) -> Reply {
    let message = format!(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization={authorization}"
    );
    Exception::new("IncompleteSignatureException", 400, message).reply(shape)
}

pub fn fault(shape: Shape, status: u16, retry_after: Option<u64>) -> Reply {
    let (name, message) = match status {
        400 => ("ValidationException", "The request is invalid."),
        401 => ("UnrecognizedClientException", "The security token included in the request is invalid."),
        403 => ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
        404 => {
            ("ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier.")
        }
        408 => ("ModelTimeoutException", "Model has timed out in processing the request. Try your request again."),
        413 => ("RequestEntityTooLargeException", "Request is too large."),
        422 => ("UnprocessableEntityException", "The request could not be processed."),
        424 => (
            "ModelErrorException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
        429 => ("ThrottlingException", "Too many requests, please wait before trying again."),
        502 => ("BadGatewayException", "Bad gateway."),
        503 => ("ServiceUnavailableException", "Bedrock is unable to process your request."),
        504 => ("GatewayTimeoutException", "Gateway timeout."),
        _ => (
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
    };
    let reply = Exception::new(name, status, message).reply(shape);
    match retry_after {
        Some(seconds) => reply.with("retry-after", seconds.to_string()),
        None => reply,
    }
}
