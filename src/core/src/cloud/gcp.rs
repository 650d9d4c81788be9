//! Google Cloud: OpenAI's models as a publisher (Responses only), and the OpenAI-compatible chat endpoint.
//! Sources: google-genai's `_api_client.py`, Google "OpenAI partner models" and OpenAI's "Google Cloud" guide (2026-11).

use super::ModelAddress;
use crate::api::feature::{Feature, Features};
use crate::form::Form;

/// The host that serves a location; the path has to name the same one.
pub fn host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        // The multi-regions end TLS inside their own jurisdiction.
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-aiplatform.googleapis.com"),
    }
}

/// The location that such a host serves; the inverse of [`host`].
pub fn host_location(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".googleapis.com")?;
    if name == "aiplatform" {
        return Some("global");
    }
    let multi_region = || name.strip_prefix("aiplatform.")?.strip_suffix(".rep");
    name.strip_suffix("-aiplatform").or_else(multi_region)
}

/// What is another cloud's own.
pub(super) fn lacks() -> Features {
    [Feature::S3Images, Feature::DataSources].into_iter().collect()
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
        for (location, name) in [
            ("global", "aiplatform.googleapis.com"),
            ("us", "aiplatform.us.rep.googleapis.com"),
            ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ] {
            assert_eq!((host(location).as_str(), host_location(name)), (name, Some(location)));
        }
        assert_eq!(host_location("vertex.contoso.com"), None);
    }
}
