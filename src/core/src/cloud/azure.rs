//! Azure OpenAI: v1, where the deployment stands in the body, and the dated API, where it stands in the path.
//! Source: MicrosoftDocs/azure-ai-docs, "API version lifecycle" and the OpenAI SDK's `lib/azure.py` (2026-11).

use super::ModelAddress;
use crate::form::Form;

/// The public host of a resource. Government clouds and Foundry hosts are named in full by the policy file.
pub fn host(resource: &str) -> String {
    format!("{resource}.openai.azure.com")
}

/// Where a deployment answers. The dated Responses API has no deployment in its path.
pub(super) fn address(form: Form, deployment: &str, version: Option<&str>) -> ModelAddress {
    match (form, version) {
        (Form::Chat, None) => ModelAddress { path: "/openai/v1/chat/completions".into(), model_in_path: false },
        (Form::Responses, None) => ModelAddress { path: "/openai/v1/responses".into(), model_in_path: false },
        (Form::Chat, Some(version)) => ModelAddress {
            path: format!("/openai/deployments/{deployment}/chat/completions?api-version={version}"),
            model_in_path: true,
        },
        (Form::Responses, Some(version)) => {
            ModelAddress { path: format!("/openai/responses?api-version={version}"), model_in_path: false }
        }
    }
}

/// Whether `text` is an api-version: `2024-10-21`, or with `-preview`.
pub fn is_api_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let mut parts = date.split('-');
    let digits = |part: Option<&str>, length: usize| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(parts.next(), 4) && digits(parts.next(), 2) && digits(parts.next(), 2) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn knows_an_api_version() {
        assert!(is_api_version("2024-10-21"));
        assert!(is_api_version("2025-04-01-preview"));
        for bad in ["", "v1", "2024-10", "2024-10-21&x=y", "2024-10-21-beta"] {
            assert!(!is_api_version(bad), "{bad}");
        }
    }
}
