//! Tokens: a claim becomes the header that names the tenant, and who has no token is refused.

use multihome_core::config::Config;
use serde_json::{Value, json};

use super::object::{Document, labels, object};
use super::options::{Jwt, Keys, Name, Options};
use super::patch::named;
use crate::render::piece::any::put;
use crate::render::piece::{cors, probe};

/// Both objects.
pub fn documents(header: &str, config: &Config, options: &Options, jwt: &Jwt) -> Vec<Document> {
    vec![
        Document::new(
            &format!(
                "The claim `{}` of a token becomes the header `{header}`. This holds for all hosts of these pods: a request to
another host that brings a bearer token of another issuer, or one that is no JWT, gets 401 there too, and loses a header
`{header}` of its own. Where others' clients send these, give Multihome a gateway of its own.",
                jwt.claim
            ),
            authentication(header, options, jwt),
        ),
        Document::new(
            "Who brings no token is refused, on these hosts alone.",
            authorization(config, options),
        ),
    ]
}

fn authentication(header: &str, options: &Options, jwt: &Jwt) -> Value {
    let mut rule = json!({
        "issuer": jwt.issuer,
        // Others' backends on these pods may read the token themselves; the attempt takes it away from what is sent to a cloud.
        "forwardOriginalToken": true,
        "outputClaimToHeaders": [{"header": header, "claim": jwt.claim}],
    });
    let (key, value) = match &jwt.keys {
        Keys::Uri(uri) => ("jwksUri", uri),
        Keys::Set(set) => ("jwks", set),
    };
    put(&mut rule, key, Some(json!(value)));
    put(&mut rule, "audiences", (!jwt.audiences.is_empty()).then(|| json!(jwt.audiences)));
    security("RequestAuthentication", options, json!({"jwtRules": [rule]}))
}

fn authorization(config: &Config, options: &Options) -> Value {
    // `Host` may name a port.
    let hosts: Vec<String> = options.hosts.iter().flat_map(|host| [host.clone(), format!("{host}:*")]).collect();
    // Of bare TCP Istio knows neither token nor host: there a rule without port and name would refuse every connection of
    // others to these pods. Where the pods listen elsewhere than the Gateway says (a Service's `targetPort`) no request is
    // refused here, and the edge refuses who has no tenant.
    let ports = [options.port.to_string()];
    let mut operation = json!({"hosts": hosts, "ports": ports, "notPaths": [probe::ALIVE, probe::READY]});
    // A browser sends no token with its preflight.
    let asks_first = cors::of_route(config, &options.listener).is_some();
    put(&mut operation, "notMethods", asks_first.then(|| json!(["OPTIONS"])));
    let mut rule = json!({"from": [{"source": {"notRequestPrincipals": ["*"]}}], "to": [{"operation": operation}]});
    // Others' TLS may pass through at the same port.
    let named = options.tls_secret.is_some().then(|| json!([{"key": "connection.sni", "values": options.hosts}]));
    put(&mut rule, "when", named);
    security("AuthorizationPolicy", options, json!({"action": "DENY", "rules": [rule]}))
}

fn security(kind: &str, options: &Options, rules: Value) -> Value {
    let mut spec = json!({"selector": {"matchLabels": labels(&options.selector)}});
    if let (Value::Object(spec), Value::Object(rules)) = (&mut spec, rules) {
        spec.extend(rules);
    }
    let name = Name { namespace: options.pods.clone(), name: named(options, "jwt") };
    object("security.istio.io/v1", kind, &name, spec)
}
