//! What a request's body must be, as OpenAI's API checks it and says it.

mod chat;
mod items;
mod kinds;
mod responses;
#[cfg(test)]
mod tests;
mod vendor;

use crate::answer::{Api, Flavor, Task};
use crate::catalogue::Family;
use serde_json::{Map, Value};

/// A fault in a body, in OpenAI's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub message: String,
    pub param: Option<String>,
    pub code: Option<&'static str>,
}

impl Invalid {
    fn new(code: &'static str, param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), param: Some(param.into()), code: Some(code) }
    }

    fn missing(param: &str) -> Self {
        Self::new("missing_required_parameter", param, format!("Missing required parameter: '{param}'."))
    }

    fn unsupported(param: &str, message: impl Into<String>) -> Self {
        Self::new("unsupported_parameter", param, message)
    }

    fn value(param: &str, message: impl Into<String>) -> Self {
        Self::new("invalid_value", param, message)
    }
}

type Checked = Result<(), Invalid>;

/// The JSON object of a body.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Invalid> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let message =
                format!("Invalid type for request body: expected an object, but got {} instead.", kinds::named(&other));
            Err(Invalid { message, param: None, code: Some("invalid_type") })
        }
        Err(_) => {
            let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                           your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was \
                           not valid JSON.)";
            Err(Invalid { message: message.into(), param: None, code: None })
        }
    }
}

/// The `model` of a body.
pub fn model(body: &Map<String, Value>) -> Result<&str, Invalid> {
    match body.get("model") {
        None | Some(Value::Null) => Err(Invalid::missing("model")),
        Some(value) => kinds::text(value, "model"),
    }
}

/// Checks a body for an operation of a model of that family, as `flavor` takes it.
pub fn check(flavor: Flavor, api: Api, task: Task, body: &Map<String, Value>, family: Family) -> Checked {
    match api {
        Api::Chat => chat::check(body, family)?,
        Api::Responses => responses::check(task, body, family)?,
    }
    vendor::check(flavor, api, body, family)
}
