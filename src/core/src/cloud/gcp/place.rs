//! Google Cloud's locations: OpenAI's models as a publisher (Responses only), and the OpenAI-compatible chat endpoint.
//! Sources: google-genai's `_api_client.py`, Google "OpenAI partner models" and "Data residency", OpenAI's "Google Cloud"
//! guide (2026-11).

use crate::api::feature::{Feature, Features};
use crate::cloud::residency::{Claim, Extent};
use crate::cloud::{Doubt, ModelAddress, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::form::Form;

/// One project in one location.
#[derive(Debug)]
pub struct Location {
    /// The project's id.
    pub project: String,
    /// The location that the path names; the host has to match it.
    pub location: String,
}

impl Site for Location {
    fn region(&self) -> &str {
        &self.location
    }

    fn host(&self) -> String {
        host(&self.location)
    }

    fn lacks(&self) -> Features {
        LACKING.into_iter().collect()
    }

    fn headers(&self) -> &'static [&'static str] {
        &HEADERS
    }

    fn addresses(
        &self,
        _id: &str,
        forms: &[Form],
        _fields: &mut Fields<'_>,
        _faults: &mut Faults,
    ) -> Vec<(Form, ModelAddress)> {
        forms.iter().map(|form| (*form, self.address(*form))).collect()
    }

    fn claims<'s>(&'s self, host: &'s str, _model: &'s str) -> Vec<Claim<'s>> {
        let claim = |what, place| Claim { what, place, extent: extent_of(place) };
        let host = host_location(host).map(|place| claim("host's location", place));
        [claim("location", self.location.as_str())].into_iter().chain(host).collect()
    }

    fn doubt(&self) -> Option<Doubt> {
        None
    }

    /// Responses at Google is the publisher `openai`, which has two locations. Chat completions are for the models of other
    /// publishers, whose ids name them: `openai/gpt-oss-120b-maas`.
    fn doubt_about(&self, id: &str, addresses: &[(Form, ModelAddress)]) -> Option<Doubt> {
        let speaks = |form| addresses.iter().any(|(spoken, _)| *spoken == form);
        let location = &self.location;
        if speaks(Form::Responses) && !matches!(location.as_str(), "global" | "us") {
            return Some(Doubt {
                field: "endpoint",
                message: format!("Google serves no OpenAI model at location `{location}`"),
                help: "use an endpoint at `global` or `us`".to_owned(),
            });
        }
        (speaks(Form::Chat) && !id.contains('/')).then(|| Doubt {
            field: "form",
            message: format!("Google's chat completions have no model `{id}`: there an id names its publisher"),
            help: "write `form: openai.responses` for OpenAI's own models, or an id such as `openai/gpt-oss-120b-maas`"
                .to_owned(),
        })
    }
}

/// What is another cloud's own, and what Google documents nowhere: it keeps no response (2026-11).
const LACKING: [Feature; 5] =
    [Feature::S3Images, Feature::DataSources, Feature::Background, Feature::KeptResponses, Feature::InputTokens];

/// The project that a call is counted for, and whether it draws on provisioned throughput. Sources: google-auth, Google
/// "Use Provisioned Throughput" and "Priority PayGo" (2026-11).
pub(super) const HEADERS: [&str; 3] =
    ["x-goog-user-project", "x-vertex-ai-llm-request-type", "x-vertex-ai-llm-shared-request-type"];

impl Location {
    fn address(&self, form: Form) -> ModelAddress {
        let operation = match form {
            Form::Chat => "endpoints/openapi/chat/completions",
            Form::Responses => "publishers/openai/v1/responses",
        };
        let Location { project, location } = self;
        ModelAddress::plain(format!("/v1/projects/{project}/locations/{location}/{operation}"))
    }
}

/// The host that serves a location; the path has to name the same one.
fn host(location: &str) -> String {
    match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        // The multi-regions end TLS inside their own jurisdiction.
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-aiplatform.googleapis.com"),
    }
}

/// The location that one of Google's host names serves: the inverse of [`host`], and regional and private endpoints.
fn host_location(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".googleapis.com")?;
    if name == "aiplatform" {
        return Some("global");
    }
    let own_endpoint = || {
        let name = name.strip_prefix("aiplatform.")?.strip_suffix(".rep")?;
        Some(name.strip_suffix(".p").unwrap_or(name))
    };
    name.strip_suffix("-aiplatform").or_else(own_endpoint)
}

/// The extent of a location.
fn extent_of(location: &str) -> Extent {
    match location {
        "global" => Extent::Anywhere,
        "us" => Extent::Us,
        "eu" => Extent::Eu,
        // London and Zurich are in Europe and not in the European Union.
        "europe-west2" | "europe-west6" => Extent::Elsewhere,
        _ if location.starts_with("europe-") => Extent::Eu,
        _ if location.starts_with("us-") => Extent::Us,
        _ => Extent::Elsewhere,
    }
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
