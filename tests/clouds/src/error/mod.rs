//! The errors of the clouds, in the bodies and with the headers the real ones use.

pub mod aws;
pub mod azure;
pub mod google;
pub mod openai;

use crate::http::{Reply, Request};
use crate::surface::Surface;
use crate::validate::Invalid;
use hyper::StatusCode;
use serde_json::{Value, json};

/// A request whose host is not the name of its TLS connection.
pub fn misdirected(surface: Surface) -> Reply {
    match surface {
        Surface::Azure | Surface::Entra => azure::no_resource(),
        _ => Reply::whole(StatusCode::MISDIRECTED_REQUEST, "text/html; charset=UTF-8", "Misdirected Request\n"),
    }
}

/// The page of a load balancer in front of a cloud.
pub fn html(status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or_default();
    let page = format!(
        "<html>\r\n<head><title>{0} {reason}</title></head>\r\n<body>\r\n<center><h1>{0} {reason}</h1></center>\r\n</body>\r\n</html>\r\n",
        status.as_u16()
    );
    Reply::whole(status, "text/html", page)
}

/// What Envoy's rate limits answer.
pub fn proxy_limit() -> Reply {
    Reply::whole(StatusCode::TOO_MANY_REQUESTS, "text/plain", "local_rate_limited").with("x-envoy-ratelimited", "true")
}

/// An error status of the cloud a request went to.
pub fn fault(request: &Request, status: u16, retry_after: Option<u64>) -> Reply {
    match request.surface {
        Surface::AwsRuntime => aws::fault(aws::Shape::Runtime, status, retry_after),
        Surface::AwsMantle => aws::fault(aws::Shape::Mantle, status, retry_after),
        Surface::Gcp | Surface::Metadata => google::fault(google::wraps(&request.path), status, retry_after),
        Surface::OpenAi => openai::fault(status, retry_after),
        Surface::Azure | Surface::Entra | Surface::Admin => azure::fault(status, retry_after),
    }
}

/// OpenAI's error object, which the clouds' OpenAI surfaces use for faults in a body.
pub fn openai(invalid: &Invalid) -> Value {
    json!({"error": {
        "message": invalid.message, "type": "invalid_request_error", "param": invalid.param, "code": invalid.code,
    }})
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
