//! The errors of the clouds, in the bodies and with the headers the real ones use.

pub mod aws;
pub mod azure;
pub mod google;
pub mod openai;

use crate::fault::Fault;
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

/// The faults that every cloud answers alike, once it knows who asks.
pub fn alike(request: &Request, fault: Fault) -> Option<Reply> {
    let (status, body) = match fault {
        Fault::Reference => {
            let message = "Conversation with id 'conv_68f0a1b2' not found.";
            (404, json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}))
        }
        Fault::Encrypted => {
            let message = "The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be decrypted or parsed.";
            let error = json!({
                "message": message, "type": "invalid_request_error", "param": null, "code": "invalid_encrypted_content",
            });
            (400, json!({ "error": error }))
        }
        Fault::Text => (400, json!({"error": "Tools are not taken here."})),
        Fault::Secret => {
            let credential = request.header("authorization").or(request.header("api-key")).unwrap_or_default();
            (
                500,
                json!({"error": {"message": format!("no backend took api-key {credential}"), "type": "server_error"}}),
            )
        }
        _ => return None,
    };
    Some(Reply::json(status_of(status), &body))
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
