//! Who may say which tenant asks.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::any::{any, extension};
use super::strip;
use crate::print::note::explained;
use crate::render::names::Names;
use multihome_core::contract::SDK_PREFIX;

/// Where requests come in, as what stands behind it has to know it.
#[derive(Debug)]
pub struct ListenerContext<'p> {
    /// The listener's name.
    pub name: &'p str,
    /// What its clients may say of themselves.
    pub trust: ClientTrust<'p>,
    /// Whether this Envoy has the detour, a listener inside.
    pub detour: bool,
    /// What is made in this Envoy is called.
    pub names: Names,
    /// What else there is around it.
    pub place: Place,
}

impl ListenerContext<'_> {
    /// Whether requests with trailers take the detour: where an endpoint is signed for.
    pub fn trailers_take_detour(&self, config: &Config) -> bool {
        self.detour && config.endpoints.iter().any(|endpoint| endpoint.auth.signs_body())
    }
}

/// Where a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In an Envoy that is rendered as a whole, for clients. All of its requests are ours.
    Own,
    /// In such an Envoy, for its own requests only.
    Inside,
    /// In an Envoy of somebody else's, with other routes: what is rendered must not touch them.
    Foreign,
}

/// What a listener's clients may say of themselves.
#[derive(Debug)]
pub enum ClientTrust<'c> {
    /// Whoever reaches it may set the identity headers.
    Trusted,
    /// Clients with one of these names in their certificate may.
    Certificates {
        /// The headers.
        headers: Vec<&'c str>,
        /// The URI and DNS names.
        names: Vec<&'c str>,
    },
    /// Nobody may.
    Untrusted {
        /// The headers; none where no header is a source.
        headers: Vec<&'c str>,
    },
}

/// Judges certificates.
const JUDGE_FILTER: &str = "multihome-certificates";
/// Takes the identity headers away.
const IDENTITY_FILTER: &str = "multihome-identity";

impl<'c> ClientTrust<'c> {
    /// What the clients of `listener` may say.
    pub fn of(config: &'c Config, listener: &str) -> ClientTrust<'c> {
        let Some(header) = config.identity.header() else {
            return ClientTrust::Untrusted { headers: Vec::new() };
        };
        if header.trust.listeners.iter().any(|name| name == listener) {
            return ClientTrust::Trusted;
        }
        let headers = header.names().collect();
        let tls =
            config.listeners.iter().find(|known| known.name == listener).and_then(|listener| listener.tls.as_ref());
        let shown = tls.is_some_and(|tls| tls.client_ca_file.is_some());
        let names = header.trust.certificate_names(listener);
        if shown && !names.is_empty() {
            ClientTrust::Certificates { headers, names }
        } else {
            ClientTrust::Untrusted { headers }
        }
    }

    /// Whether the certificate of a client matters here.
    pub fn asks_for_certificates(&self) -> bool {
        matches!(self, ClientTrust::Certificates { .. })
    }

    /// The names of the filters that [`ClientTrust::removal`] gives.
    pub fn filters(&self) -> &'static [&'static str] {
        if self.asks_for_certificates() { &[JUDGE_FILTER, IDENTITY_FILTER] } else { &[] }
    }

    /// What goes before any filter sees it: where nobody is trusted, the identity headers; and always what OpenAI's SDKs
    /// tell of themselves, ten headers.
    pub fn early_mutations(&self) -> Value {
        let early = |name: &str, mutations: Value| {
            let kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation";
            extension(name, kind, json!({"mutations": mutations}))
        };
        let sdk = early("multihome-sdk", json!([strip::by_prefix(SDK_PREFIX)]));
        let mut extensions = vec![explained(
            "Before any filter: what OpenAI's SDKs tell of themselves. No cloud gets it, and the edge would have to read it.",
            sdk,
        )];
        if let ClientTrust::Untrusted { headers } = self
            && !headers.is_empty()
        {
            extensions.push(explained(
                "Before any filter: nobody here may say which tenant asks.",
                early(IDENTITY_FILTER, removals(headers)),
            ));
        }
        Value::Array(extensions)
    }

    /// Where certificates decide, two filters do it: RBAC only *judges* the certificate (a shadow rule, which
    /// refuses nobody and leaves its verdict in the dynamic metadata), and a header mutation is skipped for whom it allows.
    ///
    /// RBAC's matcher looks at each name of the certificate by itself. The input `uri_san` would not do: it joins all
    /// names with commas, so that a certificate with two names matches none, or, by a pattern, one with a comma in a name.
    /// No verdict (no certificate, plain HTTP) is no match, and the headers are removed.
    pub fn removal(&self) -> Vec<Value> {
        let ClientTrust::Certificates { headers, names } = self else { return Vec::new() };
        let principals: Vec<Value> = names.iter().map(|name| certificate_name(name)).collect();
        let judge = extension(
            JUDGE_FILTER,
            "envoy.extensions.filters.http.rbac.v3.RBAC",
            json!({
                "shadow_rules": {"action": "ALLOW", "policies": {
                    "trusted": {"permissions": [{"any": true}], "principals": principals},
                }},
                "shadow_rules_stat_prefix": "multihome_",
            }),
        );
        let verdict = extension(
            "verdict",
            "envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput",
            json!({"filter": "envoy.filters.http.rbac", "path": [{"key": "multihome_shadow_engine_result"}]}),
        );
        let allowed = extension(
            "allowed",
            "envoy.extensions.matching.input_matchers.metadata.v3.Metadata",
            json!({"value": {"string_match": {"exact": "allowed"}}}),
        );
        let skip = extension("skip", "envoy.extensions.filters.common.matcher.action.v3.SkipFilter", json!({}));
        let remove = extension(
            IDENTITY_FILTER,
            "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
            json!({
                "extension_config": extension(
                    "envoy.filters.http.header_mutation",
                    "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
                    json!({"mutations": {"request_mutations": removals(headers)}}),
                ),
                "xds_matcher": {"matcher_list": {"matchers": [{
                    "predicate": {"single_predicate": {"input": verdict, "custom_match": allowed}},
                    "on_match": {"action": skip},
                }]}},
            }),
        );
        vec![
            explained(
                "Refuses nobody: a shadow rule leaves in the dynamic metadata whether the certificate has a listed name.",
                judge,
            ),
            explained(
                "Removes the headers that say which tenant asks, unless the verdict of the filter above is `allowed`.",
                remove,
            ),
        ]
    }
}

fn removals(headers: &[&str]) -> Value {
    headers.iter().map(|header| json!({"remove": header})).collect()
}

/// A DNS name has no colon, every URI has one.
fn certificate_name(name: &str) -> Value {
    let (kind, matcher) = match name.contains(':') {
        true => ("URI", json!({"exact": name})),
        false => ("DNS", json!({"safe_regex": {"regex": same_dns_name(name)}})),
    };
    json!({"custom": {
        "name": "envoy.rbac.principals.mtls_authenticated",
        "typed_config": any(
            "envoy.extensions.rbac.principals.mtls_authenticated.v3.Config",
            json!({"san_matcher": {"san_type": kind, "matcher": matcher}}),
        ),
    }})
}

/// This DNS name and no other, in upper or lower case. Envoy's exact match of DNS names takes the wildcard of a certificate
/// (`*.contoso.com`) for each name under it, as for a server's; nobody has listed such a client.
fn same_dns_name(name: &str) -> String {
    let mut regex = "(?i)".to_owned();
    for letter in name.chars() {
        if letter.is_ascii_punctuation() {
            regex.push('\\');
        }
        regex.push(letter);
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_name_stands_for_itself() {
        assert_eq!(same_dns_name("edge-1.contoso.com"), r"(?i)edge\-1\.contoso\.com");
        assert_eq!(same_dns_name("*.contoso.com"), r"(?i)\*\.contoso\.com");
    }
}
