//! The HTTP filters of a listener, in front of the router: who may say which tenant asks, browsers,
//! readiness, and the module's edge.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::any::{any, extension, put};
use super::listener::Door;
use super::{Options, Policy, plugin, strip};

/// The edge's name in the filter chain; routes that it has nothing to do with switch it off by this name.
pub const EDGE: &str = "multihome";

/// The filters, in their order.
pub fn before_router(policy: &Policy<'_>, options: &Options, door: &Door<'_>) -> Vec<Value> {
    let mut filters = vec![readiness()];
    filters.extend(door.standing.removal());
    if !cors_origins(policy.config, door.name).is_empty() {
        filters.push(extension("envoy.filters.http.cors", "envoy.extensions.filters.http.cors.v3.Cors", json!({})));
    }
    let mut configuration = json!({"role": "edge", "policy": policy.node});
    put(&mut configuration, "detour", door.detour.map(|cluster| json!(cluster)));
    filters.push(extension(
        EDGE,
        "envoy.extensions.filters.http.wasm.v3.Wasm",
        plugin(options, "edge", &configuration),
    ));
    filters
}

/// The origins that browsers may call a listener from.
pub fn cors_origins<'c>(config: &'c Config, listener: &str) -> &'c [String] {
    let found = config.listeners.iter().find(|known| known.name == listener);
    found.map(|listener| listener.cors_origins.as_slice()).unwrap_or_default()
}

/// `/readyz` passes this filter and is answered by the module (see [`super::reply`]). Once an operator drains Envoy
/// (`POST /healthcheck/fail` at its admin interface) this filter answers 503, and load balancers go elsewhere.
fn readiness() -> Value {
    extension(
        "envoy.filters.http.health_check",
        "envoy.extensions.filters.http.health_check.v3.HealthCheck",
        json!({
            "pass_through_mode": true,
            "headers": [{"name": ":path", "string_match": {"exact": super::route::READY}}],
        }),
    )
}

/// What a listener's clients may say of themselves.
#[derive(Debug)]
pub enum Standing<'c> {
    /// Whoever reaches it may set the identity headers.
    Trusted,
    /// Clients with one of these names in their certificate may.
    Certificates {
        /// The headers.
        headers: Vec<&'c str>,
        /// The URI and DNS names.
        names: &'c [String],
    },
    /// Nobody may.
    Untrusted {
        /// The headers.
        headers: Vec<&'c str>,
    },
}

impl<'c> Standing<'c> {
    /// The standing of the clients of `listener`.
    pub fn of(config: &'c Config, listener: &str) -> Standing<'c> {
        let identity = &config.identity;
        if identity.trust.listeners.iter().any(|name| name == listener) {
            return Standing::Trusted;
        }
        let mut headers = vec![identity.header.as_str()];
        headers.extend(identity.carried.as_ref().map(|carried| carried.header.as_str()));
        let tls =
            config.listeners.iter().find(|known| known.name == listener).and_then(|listener| listener.tls.as_ref());
        let shown = tls.is_some_and(|tls| tls.client_ca_file.is_some());
        let names = identity.trust.client_certificates.as_slice();
        if shown && !names.is_empty() {
            Standing::Certificates { headers, names }
        } else {
            Standing::Untrusted { headers }
        }
    }

    /// Whether the certificate of a client matters here.
    pub fn asks_for_certificates(&self) -> bool {
        matches!(self, Standing::Certificates { .. })
    }

    /// What goes before any filter sees it: where nobody is trusted, the identity headers; and always what OpenAI's SDKs
    /// tell of themselves, ten headers that no cloud gets and that the edge, which reads all there are, would pay for.
    pub fn early_mutations(&self) -> Value {
        let early = |name: &str, mutations: Value| {
            let kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation";
            extension(name, kind, json!({"mutations": mutations}))
        };
        let mut extensions = vec![early("multihome-sdk", json!([strip::by_prefix("x-stainless-")]))];
        if let Standing::Untrusted { headers } = self {
            extensions.push(early("multihome-identity", removals(headers)));
        }
        Value::Array(extensions)
    }

    /// Where certificates decide, two filters do it: RBAC only *judges* the certificate (a shadow rule, which
    /// refuses nobody and leaves its verdict in the dynamic metadata), and a header mutation is skipped for whom it allows.
    ///
    /// RBAC's matcher looks at each name of the certificate by itself. The input `uri_san` would not do: it joins all
    /// names with commas, so that a certificate with two names matches none, or, by a pattern, one with a comma in a name.
    /// No verdict (no certificate, plain HTTP) is no match, and the headers are removed.
    fn removal(&self) -> Vec<Value> {
        let Standing::Certificates { headers, names } = self else { return Vec::new() };
        let principals: Vec<Value> = names.iter().map(|name| certificate_name(name)).collect();
        let judge = extension(
            "envoy.filters.http.rbac",
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
            "multihome-identity",
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
        vec![judge, remove]
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
