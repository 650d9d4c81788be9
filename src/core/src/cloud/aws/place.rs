//! Bedrock's hosts, paths and regions.
//! Sources: botocore's endpoint rules, AWS "Bedrock endpoints", "Geographic cross-Region inference" and OpenAI's "Amazon
//! Bedrock" guide (2026-11).

use crate::api::feature::{Feature, Features};
use crate::cloud::residency::{Claim, Extent};
use crate::cloud::{Doubt, ModelAddress, Site};
use crate::document::fields::Fields;
use crate::fault::{Faults, closest};
use crate::form::Form;
use crate::name::Named;

/// Bedrock in a region.
#[derive(Debug)]
pub struct Bedrock {
    /// Which of its surfaces.
    pub surface: Surface,
    /// The region.
    pub region: String,
}

/// An API surface of Bedrock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// `bedrock-runtime.{region}`, the OpenAI-shaped part.
    Runtime,
    /// `bedrock-mantle.{region}`.
    Mantle,
}

impl Named for Surface {
    const ALL: &'static [Surface] = &[Surface::Runtime, Surface::Mantle];

    fn name(self) -> &'static str {
        match self {
            Surface::Runtime => "runtime",
            Surface::Mantle => "mantle",
        }
    }
}

impl Surface {
    /// The service that requests are signed for.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Surface::Runtime => "bedrock",
            Surface::Mantle => "bedrock-mantle",
        }
    }
}

/// What neither surface has: of the tools that run at the cloud a few only, no item of Codex' multi-agent sessions, no
/// image that a tool has put out, and no file by its address. Source: litellm 1.110's tables of both (2026-11). Neither is
/// documented to compact or to count.
const LACKING: [Feature; 11] = [
    Feature::CodeInterpreter,
    Feature::FileSearch,
    Feature::ImageGeneration,
    Feature::Shell,
    Feature::OtherTools,
    Feature::AgentItems,
    Feature::ToolImages,
    Feature::FileUrls,
    Feature::DataSources,
    Feature::Compact,
    Feature::InputTokens,
];
/// The runtime is synchronous, keeps no response, searches no web and fetches no images but from S3.
const RUNTIME_LACKS: [Feature; 4] =
    [Feature::Background, Feature::KeptResponses, Feature::WebSearch, Feature::ImageUrls];
/// Mantle has one tier of service and one kind of summary.
const MANTLE_LACKS: [Feature; 4] =
    [Feature::ApplyPatch, Feature::Computer, Feature::ServiceTier, Feature::ReasoningSummary];

impl Site for Bedrock {
    fn region(&self) -> &str {
        &self.region
    }

    fn host(&self) -> String {
        match self.surface {
            Surface::Runtime => format!("bedrock-runtime.{}.{}", self.region, suffix(&self.region)),
            Surface::Mantle => format!("bedrock-mantle.{}.api.aws", self.region),
        }
    }

    /// The runtime is synchronous, runs no tools of its own and fetches no images.
    fn lacks(&self) -> Features {
        let own: &[Feature] = match self.surface {
            Surface::Runtime => &RUNTIME_LACKS,
            Surface::Mantle => &MANTLE_LACKS,
        };
        LACKING.iter().chain(own).copied().collect()
    }

    fn headers(&self) -> &'static [&'static str] {
        match self.surface {
            Surface::Runtime => &RUNTIME_HEADERS,
            Surface::Mantle => &MANTLE_HEADERS,
        }
    }

    /// Mantle refuses a model under the wrong prefix ("isn't supported on this route"), so that a target may name the
    /// prefix of a family newer than [`mantle_prefix`].
    fn addresses(
        &self,
        id: &str,
        forms: &[Form],
        fields: &mut Fields<'_>,
        faults: &mut Faults,
    ) -> Vec<(Form, ModelAddress)> {
        let prefix = match self.surface {
            Surface::Runtime => "/openai/v1",
            Surface::Mantle => read_prefix(fields, faults).unwrap_or_else(|| mantle_prefix(id)),
        };
        forms.iter().map(|form| (*form, under(prefix, *form))).collect()
    }

    fn claims<'s>(&'s self, host: &'s str, model: &'s str) -> Vec<Claim<'s>> {
        let places = [
            ("inference profile", profile(model)),
            ("region", Some(self.region.as_str())),
            ("model's region", arn_region(model)),
            ("host's region", host_region(host)),
        ];
        let claim = |(what, place): (&'static str, Option<&'s str>)| {
            place.map(|place| Claim { what, place, extent: extent_of(place) })
        };
        places.into_iter().filter_map(claim).collect()
    }

    fn doubt(&self) -> Option<Doubt> {
        let region = self.region.as_str();
        (!REGIONS.contains(&region)).then(|| Doubt {
            field: "region",
            message: format!("`{region}` is no region of AWS that this build knows"),
            help: match closest(region, REGIONS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "leave it if AWS has it".to_owned(),
            },
        })
    }

    fn doubt_about(&self, _id: &str, _addresses: &[(Form, ModelAddress)]) -> Option<Doubt> {
        None
    }
}

/// A guardrail, how it is traced, and what is paid for. Source: botocore's service model (2026-11).
pub(super) const RUNTIME_HEADERS: [&str; 5] = [
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-guardrailversion",
    "x-amzn-bedrock-trace",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
];

/// The project that a call is counted for.
pub(super) const MANTLE_HEADERS: [&str; 1] = ["openai-project"];

/// The domains of the partitions, by how the names of their regions begin.
const PARTITIONS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// The domain of the others.
const COMMERCIAL: &str = "amazonaws.com";

/// Domains of hosts that speak IPv6 too, and of Mantle.
const DUAL_STACK: [&str; 3] = ["api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu"];

/// The domain of the runtime's host in a region.
fn suffix(region: &str) -> &'static str {
    PARTITIONS.iter().find(|(begin, _)| region.starts_with(begin)).map_or(COMMERCIAL, |(_, domain)| domain)
}

/// Regions in which Bedrock is, or was when this was written.
const REGIONS: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// The extent of a region or of an inference profile.
fn extent_of(place: &str) -> Extent {
    let begins = |prefix: &str| place.starts_with(prefix);
    match place {
        "global" => Extent::Anywhere,
        "us" => Extent::Us,
        "eu" => Extent::Eu,
        // London and Zurich, and the partition that ends in `uk`: they begin with `eu` and are not in the European Union.
        "eu-west-2" | "eu-central-2" => Extent::Elsewhere,
        _ if begins("eu-isoe-") => Extent::Elsewhere,
        _ if begins("eu-") || begins("eusc-") => Extent::Eu,
        _ if begins("us-") => Extent::Us,
        _ => Extent::Elsewhere,
    }
}

/// The prefixes of inference profiles: where a request may be processed, whatever region it is sent to.
const PROFILES: [&str; 8] = ["global", "us", "eu", "apac", "jp", "au", "in", "us-gov"];

/// The inference profile that a model id begins with, an ARN's too: `us` of `us.openai.gpt-6.1-sol` and of
/// `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6.1-sol`.
fn profile(model: &str) -> Option<&str> {
    let (_, name) = model.rsplit_once('/').unwrap_or(("", model));
    name.split_once('.').map(|(prefix, _)| prefix).filter(|prefix| PROFILES.contains(prefix))
}

/// The region that a model's ARN names: `arn:PARTITION:bedrock:REGION:ACCOUNT:RESOURCE`.
fn arn_region(model: &str) -> Option<&str> {
    model.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

/// The region that one of Bedrock's own host names holds, whichever of its services, FIPS and private endpoints too: the
/// label after the service's.
fn host_region(host: &str) -> Option<&str> {
    let domains = PARTITIONS.iter().map(|(_, domain)| *domain).chain(DUAL_STACK).chain([COMMERCIAL]);
    let ends = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if !domains.into_iter().any(ends) {
        return None;
    }
    host.split('.').skip_while(|label| !label.starts_with("bedrock")).nth(1)
}

/// The field of a target on Mantle.
pub(super) const PREFIX: &str = "prefix";
/// The path prefixes that Mantle knows.
const MANTLE_PREFIXES: [&str; 2] = ["/openai/v1", "/v1"];

fn read_prefix<'n>(fields: &mut Fields<'n>, faults: &mut Faults) -> Option<&'n str> {
    let text = fields.optional_text(PREFIX, faults)?;
    if !MANTLE_PREFIXES.contains(&text) {
        faults.unknown(&fields.place.key(PREFIX), "path prefix", text, MANTLE_PREFIXES);
    }
    Some(text)
}

/// OpenAI's own models, Gemma 4 and Grok stand under `/openai/v1`; gpt-oss and the other open models under `/v1`.
fn mantle_prefix(model: &str) -> &'static str {
    let open_weights = model.starts_with("openai.gpt-oss");
    let compatible = ["openai.", "google.gemma-4", "xai.grok"].iter().any(|family| model.starts_with(family));
    if compatible && !open_weights { "/openai/v1" } else { "/v1" }
}

fn under(prefix: &str, form: Form) -> ModelAddress {
    let operation = match form {
        Form::Chat => "chat/completions",
        Form::Responses => "responses",
    };
    ModelAddress::plain(format!("{prefix}/{operation}"))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn mantle_keeps_each_family_under_its_own_prefix() {
        for (model, prefix) in [
            ("openai.gpt-6.1-sol", "/openai/v1"),
            ("openai.gpt-5.5", "/openai/v1"),
            ("google.gemma-4-27b", "/openai/v1"),
            ("openai.gpt-oss-120b", "/v1"),
            ("openai.gpt-oss-safeguard-20b", "/v1"),
            ("qwen.qwen3-coder", "/v1"),
        ] {
            assert_eq!(mantle_prefix(model), prefix, "{model}");
        }
        assert_eq!(under("/v1", Form::Responses).path, "/v1/responses");
        assert_eq!(under("/openai/v1", Form::Chat).path, "/openai/v1/chat/completions");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn reads_the_profile_of_a_model_id() {
        assert_eq!(profile("us.openai.gpt-6.1-sol"), Some("us"));
        assert_eq!(profile("openai.gpt-oss-120b-1:0"), None);
        assert_eq!(profile("gpt"), None);
        let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.openai.gpt-6.1-sol";
        assert_eq!((profile(arn), arn_region(arn)), (Some("global"), Some("us-east-1")));
        let arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3";
        assert_eq!((profile(arn), arn_region(arn)), (None, Some("eu-west-1")));
        assert_eq!(arn_region("arn:aws:bedrock::foundation-model/x"), None);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn each_partition_has_its_domain() {
        for (region, surface, host) in [
            ("us-east-1", Surface::Runtime, "bedrock-runtime.us-east-1.amazonaws.com"),
            ("us-gov-west-1", Surface::Runtime, "bedrock-runtime.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", Surface::Runtime, "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", Surface::Runtime, "bedrock-runtime.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", Surface::Runtime, "bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", Surface::Runtime, "bedrock-runtime.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", Surface::Runtime, "bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", Surface::Runtime, "bedrock-runtime.us-isof-south-1.csp.hci.ic.gov"),
            ("us-west-2", Surface::Mantle, "bedrock-mantle.us-west-2.api.aws"),
        ] {
            let site = Bedrock { surface, region: region.to_owned() };
            assert_eq!((site.host().as_str(), host_region(host), site.doubt()), (host, Some(region), None));
        }
        let typo = Bedrock { surface: Surface::Runtime, region: "eu-centrall-1".to_owned() };
        let doubt = typo.doubt().unwrap();
        assert_eq!((doubt.field, doubt.help.as_str()), ("region", "did you mean `eu-central-1`?"));
    }
}
