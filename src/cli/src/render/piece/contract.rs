//! What the module and the Envoy that is rendered for it have to agree on: core's words, and what each cloud's responses are stripped of.

use multihome_core::cloud::Cloud;
pub use multihome_core::contract::*;

/// The same of one cloud: names, and beginnings of names.
pub const fn response_stripped_of(cloud: Cloud) -> (&'static [&'static str], &'static [&'static str]) {
    match cloud {
        Cloud::Azure => (
            &["azureml-model-session", "azure-openai-deployment-utilization", "cmp-upstream-response-duration"],
            &["x-ms-", "x-aml-"],
        ),
        Cloud::Aws => (&[], &["x-amzn-bedrock-"]),
        Cloud::Gcp => (&["server-timing", "x-frame-options", "x-xss-protection"], &[]),
    }
}
