//! Azure's resources: v1, where the deployment stands in the body, and the dated API, where it stands in the path.
//! Sources: MicrosoftDocs/azure-ai-docs, "API version lifecycle" and the OpenAI SDK's `lib/azure.py` (2026-11).

use crate::api::feature::{Feature, Features};
use crate::cloud::residency::{Claim, Extent};
use crate::cloud::{Doubt, ModelAddress, Site};
use crate::document::fields::Fields;
use crate::fault::Faults;
use crate::form::Form;
use crate::name;

/// The field of a target.
pub(super) const API_VERSION: &str = "api_version";

/// An Azure OpenAI resource.
#[derive(Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Where it stands; empty where the file does not say it.
    pub region: String,
    /// What stands before its own paths, where a gateway of API Management is in front of it; else empty.
    pub path_prefix: String,
}

impl Site for Resource {
    fn region(&self) -> &str {
        &self.region
    }

    /// The public host. Government clouds and Foundry hosts are named in full by the policy file.
    fn host(&self) -> String {
        format!("{}.openai.azure.com", self.name)
    }

    /// What is another cloud's own.
    fn lacks(&self) -> Features {
        [Feature::S3Images].into_iter().collect()
    }

    fn headers(&self) -> &'static [&'static str] {
        &HEADERS
    }

    fn addresses(
        &self,
        id: &str,
        forms: &[Form],
        fields: &mut Fields<'_>,
        faults: &mut Faults,
    ) -> Vec<(Form, ModelAddress)> {
        let version = fields.optional_text(API_VERSION, faults);
        if let Some(version) = version.filter(|version| !is_api_version(version)) {
            let message = format!("`{version}` is not an api-version");
            let help = "write one such as `2024-10-21`, or leave it out for the v1 API";
            faults.add_with_help(&fields.place.key(API_VERSION), message, help);
        } else if version.is_some() && !name::is_path_segment(id) {
            let message = format!("`{id}` cannot stand in a path, where the dated API wants the deployment");
            faults.add(&fields.place.key("id"), message);
        }
        let address = |form: &Form| {
            let mut address = address(*form, id, version);
            address.path.insert_str(0, &self.path_prefix);
            (*form, address)
        };
        forms.iter().map(address).collect()
    }

    /// A resource's host says nothing of its place, and no deployment says how far it reaches.
    fn claims<'s>(&'s self, _host: &'s str, _model: &'s str) -> Vec<Claim<'s>> {
        let claim = |extent| Claim { what: "region", place: self.region.as_str(), extent };
        extent_of(&self.region).map(claim).into_iter().collect()
    }

    fn doubt(&self) -> Option<Doubt> {
        None
    }

    /// Responses came to the dated API late, and to its previews only.
    fn doubt_about(&self, _id: &str, addresses: &[(Form, ModelAddress)]) -> Option<Doubt> {
        let (_, address) = addresses.iter().find(|(form, _)| *form == Form::Responses)?;
        let (_, version) = address.path.split_once("api-version=")?;
        let has = version.ends_with("-preview") && version >= RESPONSES_SINCE;
        (!has).then(|| Doubt {
            field: API_VERSION,
            message: format!("Azure's api-version `{version}` has no Responses API: the target would be a 404"),
            help: format!("leave `api_version` out, or name a preview from `{RESPONSES_SINCE}` on"),
        })
    }
}

/// The first version of the dated API that has Responses. Versions sort as their dates do.
const RESPONSES_SINCE: &str = "2025-03-01-preview";

/// The deployment that draws the images of a tool, and switches for previews. Source: MicrosoftDocs/azure-ai-docs, "Use
/// the Responses API" and "API version lifecycle" (2026-11).
pub(super) const HEADERS: [&str; 3] = ["x-ms-oai-image-generation-deployment", "x-ms-enable-preview", "aoai-evals"];

/// The v1 API alone compacts and counts. Source: openai-python 3.57 and Azure's versions (2026-11).
const DATED_LACKS: [Feature; 2] = [Feature::Compact, Feature::InputTokens];

/// Where a deployment is asked. The dated Responses API has no deployment in its path.
fn address(form: Form, deployment: &str, version: Option<&str>) -> ModelAddress {
    match (form, version) {
        (Form::Chat, None) => ModelAddress::plain("/openai/v1/chat/completions".to_owned()),
        (Form::Responses, None) => ModelAddress::plain("/openai/v1/responses".to_owned()),
        (Form::Chat, Some(version)) => ModelAddress {
            model_in_path: true,
            ..ModelAddress::plain(format!("/openai/deployments/{deployment}/chat/completions?api-version={version}"))
        },
        (Form::Responses, Some(version)) => ModelAddress {
            lacks: DATED_LACKS.into_iter().collect(),
            ..ModelAddress::plain(format!("/openai/responses?api-version={version}"))
        },
    }
}

/// Whether `text` is an api-version: `2024-10-21`, or with `-preview`.
fn is_api_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let mut parts = date.split('-');
    let digits = |part: Option<&str>, length: usize| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(parts.next(), 4) && digits(parts.next(), 2) && digits(parts.next(), 2) && parts.next().is_none()
}

/// Regions in the United States.
const US: [&str; 11] = [
    "centralus",
    "eastus",
    "eastus2",
    "eastus3",
    "northcentralus",
    "southcentralus",
    "southcentralus2",
    "westcentralus",
    "westus",
    "westus2",
    "westus3",
];

/// Regions in the European Union.
const EU: [&str; 13] = [
    "austriaeast",
    "belgiumcentral",
    "denmarkeast",
    "francecentral",
    "francesouth",
    "germanynorth",
    "germanywestcentral",
    "italynorth",
    "northeurope",
    "polandcentral",
    "spaincentral",
    "swedencentral",
    "westeurope",
];

/// How the names of regions begin that are in neither.
const ELSEWHERE: [&str; 22] = [
    "australia",
    "brazil",
    "canada",
    "centralindia",
    "chile",
    "china",
    "eastasia",
    "indonesia",
    "israel",
    "japan",
    "jio",
    "korea",
    "malaysia",
    "mexico",
    "newzealand",
    "norway",
    "qatar",
    "southafrica",
    "southeastasia",
    "southindia",
    "switzerland",
    "taiwan",
];

/// The extent of a region; `None` where no list knows it. Source: Microsoft "List of Azure regions" (2026-11).
fn extent_of(region: &str) -> Option<Extent> {
    if US.contains(&region) || region.starts_with("usgov") || region.starts_with("usdod") {
        Some(Extent::Us)
    } else if EU.contains(&region) {
        Some(Extent::Eu)
    } else {
        let begins = |name: &&str| region.starts_with(*name);
        // `uk` and `uae` are short: what begins so is the whole of their names.
        let elsewhere = ELSEWHERE.iter().any(begins)
            || ["uksouth", "ukwest", "uaenorth", "uaecentral", "westindia"].contains(&region);
        elsewhere.then_some(Extent::Elsewhere)
    }
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
