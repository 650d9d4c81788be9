//! What a client asks for: the operation that a method and a path name.

use std::borrow::Cow;

use super::Api;
use super::error::{ApiError, shown};
use super::kept::{Kept, OnInput, Verb};
use crate::name::{self, Named};

/// An operation of the client's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A chat completion or a response; the model is named here if the path names it.
    Generate(Api, Option<String>),
    /// The models that the tenant may use.
    ListModels,
    /// One of them.
    ShowModel(String),
    /// Something else with the body of a Responses request, which names the model.
    OnInput(OnInput),
    /// Something with a response that an account keeps.
    Kept(Kept),
}

/// Reads the operation. OpenAI's paths, and Azure's that mean the same: `/openai/v1/…`,
/// `/openai/deployments/{model}/…`, `/openai/responses`, `/openai/models`. Azure's `api-version` in the query decides
/// nothing: the version that a cloud is asked with is the target's.
///
/// # Errors
/// 404 for a path that is no operation, 405 for a method that it does not have, 400 for a parameter that makes no sense.
pub fn operation(method: &[u8], path: &[u8]) -> Result<Operation, ApiError> {
    let mut halves = path.splitn(2, |byte| *byte == b'?');
    let (path, query) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    // A base URL that ends in a slash, or a proxy, adds one; Envoy has made one of several.
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let path = std::str::from_utf8(path).ok().and_then(decoded).ok_or_else(|| unknown_path("…"))?;
    let takes = |allowed: &'static str| match method == allowed.as_bytes() {
        true => Ok(()),
        false => Err(wrong_method(&path, allowed)),
    };
    match recognised(&path).ok_or_else(|| unknown_path(&path))? {
        Recognised::Operation(operation @ (Operation::Generate(..) | Operation::OnInput(_))) => {
            takes("POST").map(|()| operation)
        }
        Recognised::Operation(operation) => takes("GET").map(|()| operation),
        Recognised::Kept(verbs, id) => match verbs.iter().find(|verb| method == verb.method().as_bytes()) {
            Some(verb) => Kept::read(*verb, id, query).map(Operation::Kept),
            None if verbs.contains(&Verb::Delete) => Err(wrong_method(&path, "GET, DELETE")),
            None => Err(wrong_method(&path, verbs.first().map_or("GET", |verb| verb.method()))),
        },
    }
}

/// What a path names.
enum Recognised<'p> {
    Operation(Operation),
    /// One of these, with the response of that id: the method tells which.
    Kept(&'static [Verb], &'p str),
}

fn recognised(path: &str) -> Option<Recognised<'_>> {
    if let Some(rest) = path.strip_prefix("/openai/deployments/") {
        // A model's name may hold a slash, which SDKs encode.
        let (model, api) = match rest.strip_suffix("/chat/completions") {
            Some(model) => (model, Api::Chat),
            None => (rest.strip_suffix("/responses")?, Api::Responses),
        };
        let dots = |part: &str| part.bytes().all(|byte| byte == b'.');
        let named = name::is_model(model) && !model.split('/').any(dots);
        return named.then(|| Recognised::Operation(Operation::Generate(api, Some(model.to_owned()))));
    }
    let rest = ["/v1/", "/openai/v1/", "/openai/"].iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let operation = match rest {
        // The dated Azure API has chat completions under a deployment only.
        "chat/completions" if path.ends_with("/v1/chat/completions") => Operation::Generate(Api::Chat, None),
        "responses" => Operation::Generate(Api::Responses, None),
        "models" => Operation::ListModels,
        _ => match rest.strip_prefix("responses/") {
            Some(below) => match OnInput::parse(below) {
                Some(on_input) => Operation::OnInput(on_input),
                None => return Kept::verbs(below).map(|(verbs, id)| Recognised::Kept(verbs, id)),
            },
            None => Operation::ShowModel(rest.strip_prefix("models/").filter(|model| !model.is_empty())?.to_owned()),
        },
    };
    Some(Recognised::Operation(operation))
}

fn wrong_method(path: &str, allowed: &'static str) -> ApiError {
    let message = format!("{} takes {allowed}, no other method.", shown(path));
    ApiError { allow: Some(allowed), ..ApiError::new(405, "method_not_allowed", message) }
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
        let kept = |verb, id: &str| Operation::Kept(Kept::read(verb, id, b"").unwrap());
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
            ("POST", "/v1/responses/compact", Operation::OnInput(OnInput::Compact)),
            ("POST", "/openai/v1/responses/input_tokens?x=y", Operation::OnInput(OnInput::InputTokens)),
            ("POST", "/openai/responses/compact/?api-version=1", Operation::OnInput(OnInput::Compact)),
            ("GET", "/v1/responses/resp_0a-B", kept(Verb::Retrieve, "resp_0a-B")),
            ("GET", "/openai/responses/resp_1?api-version=2025-04-01-preview", kept(Verb::Retrieve, "resp_1")),
            ("DELETE", "/openai/v1/responses/resp_1/", kept(Verb::Delete, "resp_1")),
            ("POST", "/v1/responses/resp_1/cancel", kept(Verb::Cancel, "resp_1")),
            ("GET", "/v1/responses/compact/input_items", kept(Verb::InputItems, "compact")),
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
            ("GET", "/v1/responses", 405),
            ("GET", "/v1/responses/compact", 405),
            ("DELETE", "/v1/responses/input_tokens", 405),
            ("POST", "/v1/responses/resp_1", 405),
            ("GET", "/v1/responses/resp_1/cancel", 405),
            ("DELETE", "/v1/responses/resp_1/input_items", 405),
            ("GET", "/v1/responses//cancel", 404),
            ("GET", "/v1/responses/resp_1/output", 404),
            ("GET", "/v1/responses/resp_1/cancel/now", 404),
        ] {
            let error = operation(method.as_bytes(), path.as_bytes()).unwrap_err();
            let code = if status == 404 { "unknown_url" } else { "method_not_allowed" };
            assert_eq!((error.status, error.code.as_deref()), (status, Some(code)), "{method} {path}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_cannot_be_an_id_is_not_found() {
        for id in ["resp.1", "resp_1%3Fx", "..", "%2e%2e", "resp_%20", "r\u{e4}", &"r".repeat(129)] {
            let error = operation(b"GET", format!("/v1/responses/{id}").as_bytes()).unwrap_err();
            assert_eq!((error.status, error.code.as_deref()), (404, Some("not_found")), "{id}");
        }
    }
}
