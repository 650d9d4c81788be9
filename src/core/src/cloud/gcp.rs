//! Google Cloud: OpenAI's models as a publisher (Responses only), and the OpenAI-compatible chat endpoint.
//! Sources: google-genai's `_api_client.py`, Google "OpenAI partner models" and OpenAI's "Google Cloud" guide (2026-11).

use super::{Form, ModelAddress};

/// The host that serves a location; the path has to name the same one.
pub fn host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        // The multi-regions end TLS inside their own jurisdiction.
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-aiplatform.googleapis.com"),
    }
}

pub(super) fn address(form: Form, project: &str, location: &str) -> ModelAddress {
    let operation = match form {
        Form::Chat => "endpoints/openapi/chat/completions",
        Form::Responses => "publishers/openai/v1/responses",
    };
    ModelAddress { path: format!("/v1/projects/{project}/locations/{location}/{operation}"), model_in_path: false }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn every_location_has_its_host() {
        assert_eq!(host("global"), "aiplatform.googleapis.com");
        assert_eq!(host("us"), "aiplatform.us.rep.googleapis.com");
        assert_eq!(host("europe-west4"), "europe-west4-aiplatform.googleapis.com");
    }
}
