//! Where the names of regions, hosts and models say that data is processed, held against the operator's label.
//!
//! Only what a name surely says is judged: what is processed anywhere, and the labels `us` and `eu`. Other labels are the
//! operator's word.

/// The extent of a place, as far as the labels that are judged go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Anywhere in the world.
    Anywhere,
    /// In the United States.
    Us,
    /// In the European Union.
    Eu,
    /// In neither.
    Elsewhere,
}

/// A place that a name tells.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'s> {
    /// What tells it, for a message.
    pub what: &'static str,
    /// The place, as it is written there.
    pub place: &'s str,
    /// Its extent.
    pub extent: Extent,
}

/// Why the declared residency of a target cannot hold, where one of the claims that the cloud's own names make tells.
pub fn contradiction(claims: &[Claim<'_>], label: &str) -> Option<String> {
    claims.iter().find_map(|&Claim { what, place, extent }| {
        let holds = match (extent, label) {
            (Extent::Anywhere, label) => label == "global",
            (extent, "us") => extent == Extent::Us,
            (extent, "eu") => extent == Extent::Eu,
            _ => true,
        };
        match extent {
            _ if holds => None,
            Extent::Anywhere => {
                Some(format!("the {what} `{place}` is processed anywhere, residency `{label}` cannot hold"))
            }
            _ => Some(format!("the {what} `{place}` is outside residency `{label}`")),
        }
    })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::cloud::Site;
    use crate::cloud::aws::{Bedrock, Surface};
    use crate::cloud::azure::Resource;
    use crate::cloud::gcp::Location;

    fn aws(region: &str) -> Box<dyn Site> {
        Box::new(Bedrock { surface: Surface::Runtime, region: region.to_owned() })
    }

    fn gcp(location: &str) -> Box<dyn Site> {
        Box::new(Location { project: "p".to_owned(), location: location.to_owned() })
    }

    fn azure(region: &str) -> Box<dyn Site> {
        Box::new(Resource { name: "r".to_owned(), region: region.to_owned(), path_prefix: String::new() })
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn holds_the_declared_residency_against_the_clouds_own_names() {
        let arn = |region: &str, id: &str| format!("arn:aws:bedrock:{region}:123456789012:inference-profile/{id}");
        for (site, model, label, holds) in [
            (aws("us-east-1"), "us.openai.gpt-6.1-sol", "us", true),
            (aws("us-east-1"), "global.openai.gpt-6.1-sol", "us", false),
            (aws("us-east-1"), "global.openai.gpt-6.1-sol", "global", true),
            (aws("eu-west-1"), "openai.gpt-oss-120b-1:0", "us", false),
            (aws("eu-west-2"), "openai.gpt-oss-120b-1:0", "eu", false),
            (aws("eu-west-1"), "openai.gpt-oss-120b-1:0", "eu", true),
            (aws("ap-south-1"), "openai.gpt-oss-120b-1:0", "india", true),
            // The profile and the region that it is asked in both have to be inside.
            (aws("eu-west-2"), "eu.openai.gpt-6.1-sol", "eu", false),
            (aws("eu-west-1"), "us.openai.gpt-6.1-sol", "us", false),
            (aws("us-east-1"), &arn("us-east-1", "us.openai.gpt-6.1-sol"), "us", true),
            (aws("us-east-1"), &arn("us-east-1", "global.openai.gpt-6.1-sol"), "us", false),
            (aws("us-east-1"), &arn("eu-west-1", "a1b2c3"), "us", false),
            // Partitions of their own: the sovereign cloud is in the Union, the one that begins with `eu-iso` is in London.
            (aws("eusc-de-east-1"), "openai.gpt-oss-120b-1:0", "eu", true),
            (aws("eusc-de-east-1"), "openai.gpt-oss-120b-1:0", "us", false),
            (aws("eu-isoe-west-1"), "openai.gpt-oss-120b-1:0", "eu", false),
            (aws("us-gov-west-1"), "us-gov.openai.gpt-oss-120b-1:0", "us", true),
            (aws("us-iso-east-1"), "openai.gpt-oss-120b-1:0", "us", true),
            (aws("cn-north-1"), "openai.gpt-oss-120b-1:0", "eu", false),
            (gcp("us"), "gpt-6.1-sol", "us", true),
            (gcp("global"), "gpt-6.1-sol", "us", false),
            (gcp("europe-west4"), "gpt-6.1-sol", "eu", true),
            (gcp("europe-west2"), "gpt-6.1-sol", "eu", false),
            (azure("eastus2"), "gpt6", "us", true),
            (azure("eastus2"), "gpt6", "eu", false),
            (azure("swedencentral"), "gpt6", "eu", true),
            (azure("swedencentral"), "gpt6", "us", false),
            (azure("uksouth"), "gpt6", "eu", false),
            (azure("usgovvirginia"), "gpt6", "us", true),
            // What no list has may be new, and a resource says nothing of its place.
            (azure("atlantiscentral"), "gpt6", "eu", true),
            (azure(""), "gpt6", "eu", true),
        ] {
            let found = contradiction(&site.claims("a.host", model), label);
            assert_eq!(found.is_none(), holds, "{site:?} {model} {label}: {found:?}");
        }
        for (site, host, label, holds) in [
            (aws("us-east-1"), "bedrock-runtime.us-east-1.amazonaws.com", "us", true),
            (aws("us-east-1"), "bedrock-runtime-fips.us-west-2.amazonaws.com", "us", true),
            (aws("us-east-1"), "bedrock-runtime-fips.us-gov-west-1.api.aws", "us", true),
            (aws("us-east-1"), "bedrock-runtime.eu-west-1.amazonaws.com", "us", false),
            (aws("us-east-1"), "bedrock-runtime-fips.ca-central-1.amazonaws.com", "us", false),
            (aws("us-east-1"), "bedrock-mantle.eu-west-1.api.aws", "us", false),
            (aws("us-east-1"), "bedrock-runtime.eusc-de-east-1.amazonaws.eu", "us", false),
            (aws("us-east-1"), "bedrock-runtime.eusc-de-east-1.api.amazonwebservices.eu", "us", false),
            (aws("us-east-1"), "vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "us", false),
            (aws("us-east-1"), "bedrock-runtime.eu-west-1.contoso.com", "us", true),
            (aws("eusc-de-east-1"), "bedrock-runtime.eusc-de-east-1.amazonaws.eu", "eu", true),
            (gcp("us"), "aiplatform.us.rep.googleapis.com", "us", true),
            (gcp("us"), "us-aiplatform.googleapis.com", "us", true),
            (gcp("us"), "aiplatform.googleapis.com", "us", false),
            (gcp("us"), "europe-west4-aiplatform.googleapis.com", "us", false),
            (gcp("us"), "aiplatform.europe-west4.p.rep.googleapis.com", "us", false),
        ] {
            let found = contradiction(&site.claims(host, "gpt-6.1-sol"), label);
            assert_eq!(found.is_none(), holds, "{site:?} {host}: {found:?}");
        }
    }
}
