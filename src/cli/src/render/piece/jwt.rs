//! Tokens: Envoy verifies them, and leaves what it found where the edge reads it and no client can write.
//!
//! The filter refuses nobody, so that an API key in the same header is no token that fails, and probes and preflights need
//! none. What it found goes from Envoy's metadata, which no header becomes, into filter state. The token itself stays in the
//! request for the edge to see that it is the one credential; the attempt takes it away, as every credential.

use multihome_core::config::{Config, KeySet, KeyUri, Token};
use serde_json::{Map, Value, json};

use super::any::{any, extension, put};
use crate::print::note::{explain, explained};
use crate::render::names::{Names, of_several};
use multihome_core::contract::{CLAIMS, TOKEN_FAULT};

/// Verifies.
const VERIFY_FILTER: &str = "multihome-jwt";
/// Hands on what was found.
const CLAIMS_FILTER: &str = "multihome-claims";
/// Where in its metadata our verifying filter leaves the claims of a token that holds, whoever issued it; its providers have
/// names that begin so.
const OWN: &str = "multihome";
/// How the places are called in which it leaves why a token does not hold, for each provider.
const OWN_FAULT: &str = "multihome_fault";

/// The names of the filters that [`filters`] gives.
pub fn names(config: &Config) -> &'static [&'static str] {
    if config.identity.takes_tokens() { &[VERIFY_FILTER, CLAIMS_FILTER] } else { &[] }
}

/// Both filters, where tokens name tenants. `inside`: whether there are listeners inside this Envoy.
pub fn filters(config: &Config, names: Names, inside: bool) -> Vec<Value> {
    let providers: Vec<Provider<'_>> =
        (1..).zip(config.identity.tokens()).map(|(number, token)| Provider { number, token }).collect();
    if providers.is_empty() {
        return Vec::new();
    }
    vec![verify(&providers, names, inside), claims(&providers)]
}

/// What verifies the tokens of one source.
struct Provider<'c> {
    /// From 1.
    number: usize,
    token: &'c Token,
}

impl Provider<'_> {
    fn name(&self) -> String {
        of_several(OWN.to_owned(), "-", self.number)
    }

    fn fault(&self) -> String {
        of_several(OWN_FAULT.to_owned(), "_", self.number)
    }

    fn render(&self, names: Names, inside: bool) -> Value {
        let Provider { number, token } = self;
        let mut provider = json!({
            "#": format!("policy: {}.jwt", token.place),
            "issuer": token.issuer,
            "audiences": token.audiences,
            "#require_expiration": "A token that never ends could not be taken back.",
            "require_expiration": true,
            "#forward": "The edge sees to it that the token is the one credential of the request; no cloud gets it.",
            "forward": true,
            "from_headers": [
                {"name": "authorization", "value_prefix": "Bearer "},
                {"name": "authorization", "value_prefix": "bearer "},
                {"name": "api-key"},
            ],
            "payload_in_metadata": OWN,
            "failed_status_in_metadata": self.fault(),
        });
        let (kind, keys) = keys(&token.keys, &names.keys(*number), inside);
        put(&mut provider, kind, Some(keys));
        provider
    }
}

/// A token holds for the provider of its own issuer and audience alone, so that one leaves its claims at most.
fn verify(providers: &[Provider<'_>], names: Names, inside: bool) -> Value {
    let rendered: Map<String, Value> =
        providers.iter().map(|provider| (provider.name(), provider.render(names, inside))).collect();
    let each = providers.iter().map(|provider| json!({"provider_name": provider.name()}));
    let any: Vec<Value> = each.chain([json!({"allow_missing_or_failed": {}})]).collect();
    let filter = extension(
        VERIFY_FILTER,
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": rendered,
            "rules": [{
                "match": {"prefix": "/"},
                "#requires": "Refuses nobody: the credential may be an API key, and the edge says why a token does not hold.",
                "requires": {"requires_any": {"requirements": any}},
            }],
        }),
    );
    explained("Verifies tokens: signature, issuer, audience and time.", filter)
}

/// `cluster`: where they come from; the listener inside this Envoy that hands out a file of them has its name.
fn keys(keys: &KeySet, cluster: &str, inside: bool) -> (&'static str, Value) {
    match keys {
        KeySet::Uri(KeyUri { uri, .. }) => {
            let mut remote = remote(uri, cluster, "60s");
            explain(
                &mut remote,
                "cache_duration",
                "How soon a new key of the issuer's counts, and one that it took back no more.",
            );
            put(
                &mut remote,
                "async_fetch",
                Some(json!({
                    "#": "In the background: no request waits, and while the issuer is not there the keys of before count.",
                    "failed_refetch_duration": "1s",
                })),
            );
            ("remote_jwks", remote)
        }
        KeySet::File(_) if inside => {
            let mut remote = remote("http://multihome/keys", cluster, "5s");
            explain(
                &mut remote,
                "http_uri",
                "The listener inside this Envoy that hands out the file: it is watched there. A file that this filter names itself \
                    Envoy reads once (1.40).",
            );
            ("remote_jwks", remote)
        }
        KeySet::File(file) => ("local_jwks", json!({"filename": file})),
    }
}

fn remote(uri: &str, cluster: &str, cache: &str) -> Value {
    json!({"http_uri": {"uri": uri, "cluster": cluster, "timeout": "5s"}, "cache_duration": cache})
}

/// Writes the claims, and why a token does not hold, into filter state as the module reads it: for each provider a line.
fn claims(providers: &[Provider<'_>]) -> Value {
    const METADATA: &str = "envoy.filters.http.jwt_authn";
    let value = |name: &str, format: &str| {
        json!({
            "object_key": name,
            "factory_key": "envoy.string",
            "format_string": {"text_format_source": {"inline_string": format}, "omit_empty_values": true},
            "skip_if_empty": true,
        })
    };
    let found = format!("%DYNAMIC_METADATA({METADATA}:{OWN})%");
    let fault = |provider: &Provider<'_>| format!("%DYNAMIC_METADATA({METADATA}:{}:message)%", provider.fault());
    let faults: Vec<String> = providers.iter().map(fault).collect();
    let filter = extension(
        CLAIMS_FILTER,
        "envoy.extensions.filters.http.set_filter_state.v3.Config",
        json!({"on_request_headers": [value(CLAIMS, &found), value(TOKEN_FAULT, &faults.join("\n"))]}),
    );
    explained("Leaves for the edge what the filter above found: as filter state, which no client can write.", filter)
}

/// The listeners inside this Envoy that hand out files of keys, read again whenever another is moved into its place.
pub fn key_listeners(config: &Config, names: Names) -> Vec<Value> {
    let of_file = |(number, token): (usize, &Token)| match &token.keys {
        KeySet::File(file) => Some(key_listener(file, &names.keys(number))),
        KeySet::Uri(_) => None,
    };
    (1..).zip(config.identity.tokens()).filter_map(of_file).collect()
}

fn key_listener(file: &str, name: &str) -> Value {
    let folder = match file.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => ".",
    };
    let router = any("envoy.extensions.filters.http.router.v3.Router", json!({}));
    let manager = json!({
        "stat_prefix": name,
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        "route_config": {"name": name, "virtual_hosts": [{"name": name, "domains": ["*"], "routes": [{
            "match": {"prefix": "/"},
            "direct_response": {"status": 200, "body": {
                "filename": file,
                "#watched_directory": "Read again when something is moved into this folder.",
                "watched_directory": {"path": folder},
            }},
        }]}]},
    });
    json!({
        "#": "Inside this Envoy: hands the file of the issuer's keys to the filter that verifies tokens.",
        "name": name,
        "internal_listener": {},
        "ignore_global_conn_limit": true,
        "filter_chains": [{"filters": [extension(
            "envoy.filters.network.http_connection_manager",
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            manager,
        )]}],
    })
}
