//! What the policy of the cases allows, read a second time and by other means than the module's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::made::Made;
use crate::script::Sent;

/// The policy, as far as it decides where a request may go.
pub struct Targets {
    policy: Value,
}

impl Targets {
    pub fn of(policy: &Value) -> Targets {
        Targets { policy: policy.clone() }
    }

    /// What is wrong with where a request went.
    pub fn judge(&self, made: &Made, tried: &[&Sent]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut met = BTreeSet::new();
        for sent in tried {
            let headers = sent.message.headers.clone().unwrap_or_default();
            let endpoint = &self.policy["endpoints"][&sent.endpoint];
            let mut note = |what: &str| wrong.push(format!("{}: {what}", sent.endpoint));
            if !self.allows(made, &sent.endpoint, endpoint) {
                note("it is not allowed there");
            }
            let (path, host) = (headers.text(":path").unwrap_or_default(), headers.text(":authority"));
            if !self.has_path(&sent.endpoint, path)
                || host != Some(host_of(&sent.endpoint))
                || headers.text(":scheme") != Some("https")
            {
                note(&format!("{path} at {host:?}"));
            }
            if !met.insert((sent.endpoint.clone(), path.to_owned(), sent.message.body.clone())) && sent.message.whole {
                note("it was asked twice");
            }
        }
        let most = if made.carried.is_some() { 2 } else { 3 };
        if tried.len() > most {
            wrong.push(format!("{} attempts", tried.len()));
        }
        wrong
    }

    fn allows(&self, made: &Made, name: &str, endpoint: &Value) -> bool {
        let by = |grant: &Value| {
            let has = |list: &str, word: &Value| grant[list].as_array().is_some_and(|list| list.contains(word));
            has("clouds", &endpoint["cloud"])
                && has("residency", &endpoint["residency"])
                && (grant["targets"].is_null() || name.starts_with("azure-"))
        };
        let tenant =
            made.tenant.as_deref().map(|tenant| &self.policy["tenants"][tenant]).filter(|grant| !grant.is_null());
        let carried: Option<Value> = made.carried.as_ref().and_then(|text| serde_json::from_str(text).ok());
        let narrowed = |header: &Option<String>, word: &Value| match header {
            Some(words) => words.split(',').any(|allowed| Some(allowed.trim()) == word.as_str()),
            None => true,
        };
        (tenant.is_some() || carried.is_some())
            && tenant.is_none_or(by)
            && carried.as_ref().is_none_or(by)
            && narrowed(&made.clouds, &endpoint["cloud"])
    }

    /// The paths that an endpoint's targets have.
    fn has_path(&self, endpoint: &str, path: &str) -> bool {
        let known: &[&str] = match endpoint {
            "azure-eastus2" => &[
                "/openai/v1/chat/completions",
                "/openai/v1/responses",
                "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21",
                "/openai/deployments/gpt41-classic/chat/completions?api-version=2024-10-21",
            ],
            "azure-sweden" => &[
                "/openai/v1/chat/completions",
                "/openai/v1/responses",
                "/openai/deployments/gpt4o-classic/chat/completions?api-version=2024-10-21",
            ],
            "aws-use1" => &["/openai/v1/chat/completions", "/openai/v1/responses"],
            "aws-use1-mantle" => &["/openai/v1/responses", "/v1/chat/completions", "/v1/responses"],
            "gcp-us" => &[
                "/v1/projects/acme-ai/locations/us/publishers/openai/v1/responses",
                "/v1/projects/acme-ai/locations/us/endpoints/openapi/chat/completions",
            ],
            _ => &[],
        };
        known.contains(&path)
    }
}

fn host_of(endpoint: &str) -> &'static str {
    match endpoint {
        "azure-eastus2" => "contoso-eastus2.openai.azure.com",
        "azure-sweden" => "contoso-sweden.openai.azure.com",
        "aws-use1" => "bedrock-runtime.us-east-1.amazonaws.com",
        "aws-use1-mantle" => "bedrock-mantle.us-east-1.api.aws",
        _ => "aiplatform.us.rep.googleapis.com",
    }
}
