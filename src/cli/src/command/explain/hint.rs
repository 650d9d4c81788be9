//! What an operator reads of a denial and a client never does: who there is, and what was probably meant.

use multihome_core::api::error::ApiError;
use multihome_core::api::path::{self, Operation};
use multihome_core::config::Config;
use multihome_core::fault::instead;

use super::ask::Asked;

/// What to do about a denial, where the file tells. `removed` are the headers that the listener took from the request.
pub(super) fn on(config: &Config, asked: &Asked, removed: &[String], error: &ApiError) -> Option<String> {
    match error.code.as_deref()? {
        "unknown_tenant" => Some(tenant(config, asked, removed)),
        "invalid_api_key" | "expired_api_key" => Some("`multihome key check` says whose a key is".to_owned()),
        "foreign_reference" => tags(config),
        "model_not_found" => model(config, asked, error),
        _ => None,
    }
}

/// The keys of tags are read from the tool's environment, as the module reads them from Envoy's.
fn tags(config: &Config) -> Option<String> {
    let mut unset = config.sessions.key_variables.iter().filter(|name| std::env::var_os(name).is_none());
    unset.next().map(|name| format!("its tags can be told with Envoy's key: set {name} here as it is set there"))
}

fn tenant(config: &Config, asked: &Asked, removed: &[String]) -> String {
    let Some(source) = config.identity.header() else {
        return match asked.token_source(config) {
            Some(token) => match asked.claims.iter().find(|(name, _)| *name == token.tenant_claim) {
                Some((_, given)) => {
                    let given = given.as_str().unwrap_or_default();
                    if !token.may_name(given) {
                        let place = token.place.key("jwt").key("tenants");
                        return format!("`{place}` has no `{given}`: tokens of this issuer cannot name it");
                    }
                    let names = config.tenants.keys().map(|name| &**name);
                    format!("`tenants` has no `{given}`: {}", instead(given, names))
                }
                None => format!("add `--claim {}=NAME` for a request with a token", token.tenant_claim),
            },
            None => "the request has no key: add `--header 'authorization: Bearer KEY'`".to_owned(),
        };
    };
    let header = &source.name;
    if removed.contains(header) {
        let trust = source.place.key("trust");
        return format!("Envoy removes `{header}` there: ask at a listener of `{trust}`, or add this one");
    }
    let mut names: Vec<&str> = config.tenants.keys().map(|name| &**name).collect();
    names.sort_unstable();
    match asked.headers.iter().find(|(name, _)| name == header) {
        None => format!("the request has no header `{header}`: add `--header '{header}: NAME'`"),
        Some((_, given)) => format!("`tenants` has no `{given}`: {}", instead(given, names)),
    }
}

/// A model that the file does not have, told apart from one that this tenant may not use.
fn model(config: &Config, asked: &Asked, error: &ApiError) -> Option<String> {
    let asked = match path::operation(asked.method.as_bytes(), asked.path.as_bytes()) {
        Ok(Operation::Generate(_, Some(model))) => model,
        _ => {
            let body: serde_json::Value = serde_json::from_slice(&asked.body).ok()?;
            body.get("model")?.as_str()?.to_owned()
        }
    };
    if error.rule.is_some() || config.model(&asked).is_some() {
        return Some(format!("the file has `{asked}`: policy's `models` does not match it"));
    }
    let mut names: Vec<&str> = config.models.keys().map(|name| &**name).collect();
    names.sort_unstable();
    Some(format!("`models` has no `{asked}`: {}", instead(&asked, names)))
}
