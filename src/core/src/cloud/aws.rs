//! Amazon Bedrock: the OpenAI-shaped surface of the runtime, and Mantle.
//! Sources: botocore's endpoint rules, AWS "Bedrock endpoints" and OpenAI's "Amazon Bedrock" guide (2026-11).

use super::ModelAddress;
use crate::api::feature::{Feature, Features};
use crate::form::Form;

/// The runtime's host in a region.
pub fn runtime_host(region: &str) -> String {
    format!("bedrock-runtime.{region}.amazonaws.com")
}

/// Mantle's host in a region.
pub fn mantle_host(region: &str) -> String {
    format!("bedrock-mantle.{region}.api.aws")
}

/// The prefixes of inference profiles: where a request may be processed, whatever region it is sent to.
const PROFILES: [&str; 8] = ["global", "us", "eu", "apac", "jp", "au", "in", "us-gov"];

/// The inference profile that a model id begins with, an ARN's too: `us` of `us.openai.gpt-6.1-sol` and of
/// `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6.1-sol`.
pub fn profile(model: &str) -> Option<&str> {
    let (_, name) = model.rsplit_once('/').unwrap_or(("", model));
    name.split_once('.').map(|(prefix, _)| prefix).filter(|prefix| PROFILES.contains(prefix))
}

/// The region that a model's ARN names: `arn:PARTITION:bedrock:REGION:ACCOUNT:RESOURCE`.
pub fn arn_region(model: &str) -> Option<&str> {
    model.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

/// The region that one of Bedrock's own host names holds, whichever of its services.
pub fn host_region(host: &str) -> Option<&str> {
    let (service, rest) = host.split_once('.')?;
    let own = rest.ends_with(".amazonaws.com") || rest.ends_with(".amazonaws.com.cn") || rest.ends_with(".api.aws");
    (own && service.starts_with("bedrock")).then(|| rest.split_once('.').map_or(rest, |(region, _)| region))
}

/// What neither surface has: of the tools that run at the cloud a few only, no item of Codex' multi-agent sessions, no
/// image that a tool has put out, and no file by its address. Source: litellm 1.110's tables of both (2026-11).
const LACKING: [Feature; 9] = [
    Feature::CodeInterpreter,
    Feature::FileSearch,
    Feature::ImageGeneration,
    Feature::Shell,
    Feature::OtherTools,
    Feature::AgentItems,
    Feature::ToolImages,
    Feature::FileUrls,
    Feature::DataSources,
];

/// The runtime is synchronous, searches no web and fetches no images but from S3.
pub(super) fn runtime_lacks() -> Features {
    LACKING.into_iter().chain([Feature::Background, Feature::WebSearch, Feature::ImageUrls]).collect()
}

/// Mantle has one tier of service and one kind of summary.
pub(super) fn mantle_lacks() -> Features {
    let own = [Feature::ApplyPatch, Feature::Computer, Feature::ServiceTier, Feature::ReasoningSummary];
    LACKING.into_iter().chain(own).collect()
}

pub(super) fn runtime_address(form: Form) -> ModelAddress {
    under("/openai/v1", form)
}

/// Mantle refuses a model under the wrong prefix ("isn't supported on this route"), so `prefix` is there
/// for families newer than [`mantle_prefix`].
pub(super) fn mantle_address(form: Form, model: &str, prefix: Option<&str>) -> ModelAddress {
    under(prefix.unwrap_or_else(|| mantle_prefix(model)), form)
}

/// The path prefixes that Mantle knows.
pub const MANTLE_PREFIXES: [&str; 2] = ["/openai/v1", "/v1"];

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
    ModelAddress { path: format!("{prefix}/{operation}"), model_in_path: false }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn mantle_keeps_each_family_under_its_own_prefix() {
        for (model, prefix) in [
            ("openai.gpt-6.1-sol", "/openai/v1/responses"),
            ("openai.gpt-5.5", "/openai/v1/responses"),
            ("google.gemma-4-27b", "/openai/v1/responses"),
            ("openai.gpt-oss-120b", "/v1/responses"),
            ("openai.gpt-oss-safeguard-20b", "/v1/responses"),
            ("qwen.qwen3-coder", "/v1/responses"),
        ] {
            assert_eq!(mantle_address(Form::Responses, model, None).path, prefix, "{model}");
        }
        assert_eq!(mantle_address(Form::Chat, "new.model", Some("/openai/v1")).path, "/openai/v1/chat/completions");
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
}
