//! What a client asks for: the operation that a method and a path name.

use std::borrow::Cow;

use super::Api;
use super::error::{ApiError, shown};
use crate::name;

/// An operation of the client's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A chat completion or a response; the model is named here if the path names it.
    Generate(Api, Option<String>),
    /// The models that the tenant may use.
    ListModels,
    /// One of them.
    ShowModel(String),
}

/// Reads the operation. OpenAI's paths, and Azure's that mean the same: `/openai/v1/…`,
/// `/openai/deployments/{model}/…`, `/openai/responses`, `/openai/models`. A query (Azure's `api-version`)
/// decides nothing: the version that a cloud is asked with is the target's.
///
/// # Errors
/// 404 for a path that is no operation, 405 for a method that it does not have.
pub fn operation(method: &[u8], path: &[u8]) -> Result<Operation, ApiError> {
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    // A base URL that ends in a slash, or a proxy, adds one; Envoy has made one of several.
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let path = std::str::from_utf8(path).ok().and_then(decoded).ok_or_else(|| unknown_path("…"))?;
    let (operation, allowed) = match recognised(&path) {
        Some(Operation::Generate(api, model)) => (Operation::Generate(api, model), "POST"),
        Some(other) => (other, "GET"),
        None => return Err(unknown_path(&path)),
    };
    if method != allowed.as_bytes() {
        let error = ApiError::new(405, "method_not_allowed", format!("{path} takes {allowed}, no other method."));
        return Err(ApiError { allow: Some(allowed), ..error });
    }
    Ok(operation)
}

fn recognised(path: &str) -> Option<Operation> {
    if let Some(rest) = path.strip_prefix("/openai/deployments/") {
        // A model's name may hold a slash, which SDKs encode.
        let (model, api) = match rest.strip_suffix("/chat/completions") {
            Some(model) => (model, Api::Chat),
            None => (rest.strip_suffix("/responses")?, Api::Responses),
        };
        let dots = |part: &str| part.bytes().all(|byte| byte == b'.');
        let named = name::is_model(model) && !model.split('/').any(dots);
        return named.then(|| Operation::Generate(api, Some(model.to_owned())));
    }
    let rest = ["/v1/", "/openai/v1/", "/openai/"].iter().find_map(|prefix| path.strip_prefix(prefix))?;
    match rest {
        // The dated Azure API has chat completions under a deployment only.
        "chat/completions" if path.ends_with("/v1/chat/completions") => Some(Operation::Generate(Api::Chat, None)),
        "responses" => Some(Operation::Generate(Api::Responses, None)),
        "models" => Some(Operation::ListModels),
        _ => rest
            .strip_prefix("models/")
            .filter(|model| !model.is_empty())
            .map(|model| Operation::ShowModel(model.to_owned())),
    }
}

fn unknown_path(path: &str) -> ApiError {
    let shown = shown(path);
    ApiError::new(
        404,
        "unknown_url",
        format!("Unknown request URL: {shown}. This endpoint has /v1/chat/completions, /v1/responses and /v1/models."),
    )
}

/// Undoes percent-encoding once; SDKs encode a model's `/` and `:`. `None` where it is not UTF-8.
fn decoded(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || (rest.next()? as char).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push((high << 4 | low) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn knows_the_operations_of_both_shapes() {
        let model = |name: &str| Some(name.to_owned());
        for (method, path, expected) in [
            ("POST", "/v1/chat/completions", Operation::Generate(Api::Chat, None)),
            ("POST", "/v1/responses", Operation::Generate(Api::Responses, None)),
            ("POST", "/openai/v1/chat/completions", Operation::Generate(Api::Chat, None)),
            ("POST", "/openai/v1/responses?api-version=preview", Operation::Generate(Api::Responses, None)),
            ("POST", "/openai/responses?api-version=2025-04-01-preview", Operation::Generate(Api::Responses, None)),
            (
                "POST",
                "/openai/deployments/gpt-6.1-sol/chat/completions?api-version=2024-10-21",
                Operation::Generate(Api::Chat, model("gpt-6.1-sol")),
            ),
            (
                "POST",
                "/openai/deployments/openai%2Fgpt-oss/chat/completions",
                Operation::Generate(Api::Chat, model("openai/gpt-oss")),
            ),
            ("POST", "/openai/deployments/a%3Ab/responses", Operation::Generate(Api::Responses, model("a:b"))),
            ("POST", "/v1/chat/completions/", Operation::Generate(Api::Chat, None)),
            (
                "POST",
                "/openai/deployments/m/chat/completions/?api-version=1",
                Operation::Generate(Api::Chat, model("m")),
            ),
            ("GET", "/v1/models", Operation::ListModels),
            ("GET", "/v1/models/", Operation::ListModels),
            ("GET", "/v1/models/gpt-6.1-sol/", Operation::ShowModel("gpt-6.1-sol".into())),
            ("GET", "/openai/models?api-version=1", Operation::ListModels),
            ("GET", "/v1/models/openai%2Fgpt-oss", Operation::ShowModel("openai/gpt-oss".into())),
        ] {
            assert_eq!(operation(method.as_bytes(), path.as_bytes()), Ok(expected), "{path}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn refuses_everything_else() {
        for (method, path, status) in [
            ("GET", "/v1/chat/completions", 405),
            ("POST", "/v1/models", 405),
            ("DELETE", "/v1/models/x", 405),
            ("POST", "/", 404),
            ("POST", "/v1/embeddings", 404),
            ("POST", "/v1/chat/completions//", 404),
            ("POST", "/v1/chat/completions%2F", 404),
            ("POST", "/openai/chat/completions", 404),
            ("POST", "/openai/deployments//chat/completions", 404),
            ("POST", "/openai/deployments/a%20b/chat/completions", 404),
            ("POST", "/openai/deployments/..%2f..%2fv1/chat/completions", 404),
            ("POST", "/openai/deployments/a//b/chat/completions", 404),
            ("POST", "/openai/deployments/x/embeddings", 404),
            ("GET", "/v1/models//", 404),
            ("GET", "/v1/models/%ff", 404),
            ("GET", "/v1/models/%f", 404),
        ] {
            let error = operation(method.as_bytes(), path.as_bytes()).unwrap_err();
            let code = if status == 404 { "unknown_url" } else { "method_not_allowed" };
            assert_eq!((error.status, error.code.as_deref()), (status, Some(code)), "{method} {path}");
        }
    }
}
