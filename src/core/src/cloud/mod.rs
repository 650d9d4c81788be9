//! The clouds: for each, its hosts, the paths of the API forms it speaks, what its surfaces lack, and
//! how its errors are to be read. No cloud knows another.

pub mod aws;
pub mod azure;
pub mod gcp;

use crate::api::feature::Features;
use crate::form::Form;
use crate::name::Named;

/// One of the three clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cloud {
    /// Azure OpenAI in Microsoft Foundry.
    Azure,
    /// Amazon Bedrock.
    Aws,
    /// Google Cloud (Vertex AI, since 2026 the Gemini Enterprise Agent Platform).
    Gcp,
}

impl Named for Cloud {
    const ALL: &'static [Cloud] = &[Cloud::Azure, Cloud::Aws, Cloud::Gcp];

    fn name(self) -> &'static str {
        match self {
            Cloud::Azure => "azure",
            Cloud::Aws => "aws",
            Cloud::Gcp => "gcp",
        }
    }
}

/// A set of clouds, in an order that means something where a tenant wrote it.
pub type Clouds = Vec<Cloud>;

/// The API surface of an endpoint, with what its paths are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surface {
    /// `{resource}.openai.azure.com`, v1 and dated.
    AzureOpenAi,
    /// `bedrock-runtime.{region}`, the OpenAI-shaped part.
    BedrockRuntime,
    /// `bedrock-mantle.{region}`.
    BedrockMantle,
    /// `aiplatform`, one project in one location.
    Google {
        /// The project's id.
        project: String,
        /// The location that the path names; the host has to match it.
        location: String,
    },
}

impl Surface {
    /// The cloud it belongs to.
    pub fn cloud(&self) -> Cloud {
        match self {
            Surface::AzureOpenAi => Cloud::Azure,
            Surface::BedrockRuntime | Surface::BedrockMantle => Cloud::Aws,
            Surface::Google { .. } => Cloud::Gcp,
        }
    }

    /// What no model has on this surface.
    pub fn lacks(&self) -> Features {
        match self {
            Surface::BedrockRuntime => aws::runtime_lacks(),
            Surface::BedrockMantle => aws::mantle_lacks(),
            Surface::Google { .. } => gcp::lacks(),
            // Not even S3's images: a body can pass to a dated deployment unread as long as nothing in it decides.
            Surface::AzureOpenAi => Features::default(),
        }
    }

    /// Where `model` answers in `form`. `version` is Azure's dated api-version, `prefix` a Mantle path
    /// prefix other than the one its model family has.
    pub fn address(&self, form: Form, model: &str, version: Option<&str>, prefix: Option<&str>) -> ModelAddress {
        match self {
            Surface::AzureOpenAi => azure::address(form, model, version),
            Surface::BedrockRuntime => aws::runtime_address(form),
            Surface::BedrockMantle => aws::mantle_address(form, model, prefix),
            Surface::Google { project, location } => gcp::address(form, project, location),
        }
    }
}

/// How well `name` serves as the request id that a cloud's support asks for; 0 for not at all.
pub fn request_id_of(cloud: Cloud, name: &[u8]) -> u8 {
    match (cloud, name) {
        (Cloud::Azure, b"apim-request-id") | (Cloud::Aws, b"x-amzn-requestid") => 1,
        (_, b"x-request-id") => 2,
        _ => 0,
    }
}

/// A path, and whether it names the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAddress {
    /// Path and query.
    pub path: String,
    /// Whether the path names the model, so that the body's `model` is ignored by the cloud.
    pub model_in_path: bool,
}

/// Why the declared residency of a target cannot hold, where the cloud's own names tell: the region, the host, and of
/// Amazon's models the inference profile and the ARN. `region` is the endpoint's region or location.
///
/// Only what a name surely says is judged: a `global.` profile or location is processed anywhere, and the
/// labels `us` and `eu` are held against regions that name their continent. Other labels are the
/// operator's word. Source: AWS "geographic cross-Region inference", Google "data residency" (2026-11).
pub fn residency_contradiction(cloud: Cloud, region: &str, host: &str, model: &str, label: &str) -> Option<String> {
    let places = match cloud {
        Cloud::Azure => return None,
        Cloud::Aws => vec![
            ("inference profile", aws::profile(model)),
            ("region", Some(region)),
            ("model's region", aws::arn_region(model)),
            ("host's region", aws::host_region(host)),
        ],
        Cloud::Gcp => vec![("location", Some(region)), ("host's location", gcp::host_location(host))],
    };
    places.into_iter().find_map(|(what, place)| {
        let place = place?;
        if place == "global" {
            let why = || format!("the {what} `{place}` is processed anywhere, residency `{label}` cannot hold");
            return (label != "global").then(why);
        }
        (!is_inside(place, label)).then(|| format!("the {what} `{place}` is outside residency `{label}`"))
    })
}

/// Whether a region, location or profile can be inside a residency.
fn is_inside(place: &str, label: &str) -> bool {
    match label {
        "us" => place == "us" || place.starts_with("us-"),
        // London and Zurich begin with `eu` and are not in the European Union.
        "eu" => {
            (place == "eu" || place.starts_with("eu-") || place.starts_with("europe-"))
                && !matches!(place, "eu-west-2" | "eu-central-2" | "europe-west2" | "europe-west6")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn holds_the_declared_residency_against_the_clouds_own_names() {
        let arn = |region: &str, id: &str| format!("arn:aws:bedrock:{region}:123456789012:inference-profile/{id}");
        for (cloud, region, model, label, holds) in [
            (Cloud::Aws, "us-east-1", "us.openai.gpt-6.1-sol", "us", true),
            (Cloud::Aws, "us-east-1", "global.openai.gpt-6.1-sol", "us", false),
            (Cloud::Aws, "us-east-1", "global.openai.gpt-6.1-sol", "global", true),
            (Cloud::Aws, "eu-west-1", "openai.gpt-oss-120b-1:0", "us", false),
            (Cloud::Aws, "eu-west-2", "openai.gpt-oss-120b-1:0", "eu", false),
            (Cloud::Aws, "eu-west-1", "openai.gpt-oss-120b-1:0", "eu", true),
            (Cloud::Aws, "ap-south-1", "openai.gpt-oss-120b-1:0", "india", true),
            // The profile and the region that it is asked in both have to be inside.
            (Cloud::Aws, "eu-west-2", "eu.openai.gpt-6.1-sol", "eu", false),
            (Cloud::Aws, "eu-west-1", "us.openai.gpt-6.1-sol", "us", false),
            (Cloud::Aws, "us-east-1", &arn("us-east-1", "us.openai.gpt-6.1-sol"), "us", true),
            (Cloud::Aws, "us-east-1", &arn("us-east-1", "global.openai.gpt-6.1-sol"), "us", false),
            (Cloud::Aws, "us-east-1", &arn("eu-west-1", "a1b2c3"), "us", false),
            (Cloud::Gcp, "us", "gpt-6.1-sol", "us", true),
            (Cloud::Gcp, "global", "gpt-6.1-sol", "us", false),
            (Cloud::Gcp, "europe-west4", "gpt-6.1-sol", "eu", true),
            (Cloud::Azure, "eastus2", "gpt6", "eu", true),
        ] {
            let found = residency_contradiction(cloud, region, "a.host", model, label);
            assert_eq!(found.is_none(), holds, "{region} {model} {label}: {found:?}");
        }
        for (cloud, region, host, holds) in [
            (Cloud::Aws, "us-east-1", "bedrock-runtime.us-east-1.amazonaws.com", true),
            (Cloud::Aws, "us-east-1", "bedrock-runtime-fips.us-west-2.amazonaws.com", true),
            (Cloud::Aws, "us-east-1", "bedrock-runtime.eu-west-1.amazonaws.com", false),
            (Cloud::Aws, "us-east-1", "bedrock-mantle.eu-west-1.api.aws", false),
            (Cloud::Gcp, "us", "aiplatform.us.rep.googleapis.com", true),
            (Cloud::Gcp, "us", "aiplatform.googleapis.com", false),
            (Cloud::Gcp, "us", "europe-west4-aiplatform.googleapis.com", false),
        ] {
            let found = residency_contradiction(cloud, region, host, "gpt-6.1-sol", "us");
            assert_eq!(found.is_none(), holds, "{region} {host}: {found:?}");
        }
    }
}
