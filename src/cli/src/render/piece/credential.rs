//! The credential of each endpoint, added by Envoy's own filters after the module, so that no secret enters the module.
//!
//! What happens when a credential is missing, tried on Envoy 1.40.0. In every case the request goes on without it, the
//! cloud answers 401 or 403, and the module moves on to the next target:
//!
//! | credential | missing how | what Envoy does |
//! |---|---|---|
//! | secret file | without the secret, empty, unreadable, another name in it | starts, sends no header; a good file is picked up when it is moved into place |
//! | secret file | no such file | does not start (and `--mode validate` fails): an empty file will do |
//! | Entra ID | token endpoint down, refusing, silent, or no client secret | sends no header; asks again every `token_fetch_retry_interval` |
//! | Entra ID | just started | the first fetch runs before the secret is read and fails: up to one interval without a token |
//! | SigV4 | no keys anywhere | sends the request unsigned |
//! | SigV4 | no keys, and the instance's metadata address takes connections but never answers | for the first 11 s the requests wait for it; the try's timeout moves them on |
//!
//! `allow_request_without_credential` is what makes it so: without it the injector replies 401 itself, and a reply
//! of a filter's own is not retried. Outside AWS, `AWS_EC2_METADATA_DISABLED=true` spares the wait for a metadata server.

use multihome_core::config::{Auth, Endpoint};
use serde_json::{Value, json};

use super::any::{any, extension, put};
use super::policy::Paths;
use super::token::TokenClusters;

/// The filter that adds the endpoint's credential. Google's metadata token is the module's own doing.
pub fn filter(endpoint: &Endpoint, tokens: &TokenClusters, paths: &Paths) -> Option<Value> {
    match &endpoint.auth {
        Auth::Key { sds, header: name, prefix } => Some(header(paths, sds, name, prefix)),
        Auth::ClientCredentials { path, client_id, client_secret_sds, scope, .. } => {
            let token = tokens.for_endpoint(endpoint)?;
            Some(injector(extension(
                "envoy.http.injected_credentials.oauth2",
                "envoy.extensions.http.injected_credentials.oauth2.v3.OAuth2",
                json!({
                    "token_endpoint": {
                        "uri": format!("{}{path}", token.origin()),
                        "cluster": token.cluster,
                        "timeout": "5s",
                    },
                    "scopes": [scope],
                    "client_credentials": {
                        "client_id": client_id,
                        "client_secret": secret(paths, client_secret_sds),
                        "auth_type": "URL_ENCODED_BODY",
                    },
                    "#token_fetch_retry_interval": "The first fetch runs before the secret is read and fails, at each start.",
                    "token_fetch_retry_interval": "1s",
                }),
            )))
        }
        Auth::SigV4 { service } => Some(sigv4(service, &endpoint.region)),
        Auth::Metadata => None,
    }
}

/// Signs the path and body that the module wrote. Of the headers only what AWS asks for: `host`, `x-amz-*` (among them the
/// session token) come by themselves.
fn sigv4(service: &str, region: &str) -> Value {
    extension(
        "envoy.filters.http.aws_request_signing",
        "envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning",
        json!({
            "service_name": service,
            "region": region,
            "#match_included_headers": "Beside `host` and `x-amz-*`. A header that a proxy on the way changes would break the signature.",
            "match_included_headers": [{"exact": "content-type"}],
        }),
    )
}

fn header(paths: &Paths, name: &str, header: &str, prefix: &str) -> Value {
    let mut generic = json!({"credential": secret(paths, name), "header": header});
    put(&mut generic, "header_value_prefix", (!prefix.is_empty()).then(|| json!(prefix)));
    injector(json!({
        "name": "envoy.http.injected_credentials.generic",
        "typed_config": any("envoy.extensions.http.injected_credentials.generic.v3.Generic", generic),
    }))
}

fn injector(credential: Value) -> Value {
    extension(
        "envoy.filters.http.credential_injector",
        "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
        json!({
            "overwrite": true,
            "#allow_request_without_credential": "Without a credential the cloud replies 401 and the next target is tried. Else \
                this filter would reply itself, and Envoy never retries that.",
            "allow_request_without_credential": true,
            "credential": credential,
        }),
    )
}

/// A secret's file, read again whenever something is moved into its folder (a rename, or the symbolic link that Kubernetes
/// swaps; a file written in place is not noticed):
///
/// ```yaml
/// resources:
///   - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
///     name: azure-key
///     generic_secret: {secret: {inline_string: "the key"}}   # or {filename: /run/secrets/azure-key}
/// ```
fn secret(paths: &Paths, name: &str) -> Value {
    let folder = paths.sds_dir.trim_end_matches('/');
    json!({
        "name": name,
        "sds_config": {
            "#path_config_source": "yours: --sds-dir. Read again when a file is moved into the folder.",
            "path_config_source": {"path": format!("{folder}/{name}.yaml"), "watched_directory": {"path": folder}},
            "resource_api_version": "V3",
        },
    })
}
