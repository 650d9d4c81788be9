//! Microsoft Entra ID's token endpoint: client credentials, with AADSTS errors in the real form.

use super::Outcome;
use crate::answer::request_id;
use crate::clouds::Clouds;
use crate::credentials::{digest, random_hex};
use crate::error::azure;
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request, form_decoded, form_fields};
use crate::tokens::{Failing, TokenSource};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::{Method, StatusCode};
use serde_json::json;
use std::future::pending;
use time::OffsetDateTime;
use time::macros::format_description;

pub fn has_name(host: &str) -> bool {
    matches!(host, "login.microsoftonline.com" | "login.microsoftonline.us")
}

/// Resources a token can be asked for here; the first four are those of Azure OpenAI and Foundry.
const RESOURCES: &[&str] = &[
    "https://cognitiveservices.azure.com",
    "https://ai.azure.com",
    "https://cognitiveservices.azure.us",
    "https://ai.azure.us",
    "https://management.azure.com",
    "https://graph.microsoft.com",
    "https://vault.azure.net",
];

/// An error of the security token service.
struct Aadsts {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: String,
}

impl Aadsts {
    fn new(status: StatusCode, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status, error, code, text: text.into() }
    }

    fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", 900_144, text)
    }

    fn reply(&self, request: &Request) -> Reply {
        let (trace, correlation) = (request_id(request), request_id(request));
        let now = OffsetDateTime::now_utc();
        let stamp =
            now.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z")).unwrap_or_default();
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}", self.code, self.text
            ),
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        Reply::json(self.status, &body).with("cache-control", "no-store, no-cache").with("pragma", "no-cache")
    }
}

pub async fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let Some(tenant) = tenant(&request.path).filter(|_| request.method == Method::POST) else {
        return Outcome::new("not looked at", azure::plain(StatusCode::NOT_FOUND, "404", "Not found"));
    };
    match clouds.tokens.fetched(TokenSource::Entra) {
        Failing::Hang => pending().await,
        Failing::Error => {
            let error = Aadsts::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                90_033,
                "A transient error has occurred. Please try again.",
            );
            return Outcome::new("not looked at", error.reply(request));
        }
        Failing::No => {}
    }
    if let Some(Fault::Status(status, retry_after)) = plan.refusal {
        return Outcome::new("not looked at", azure::fault(status, retry_after));
    }
    match checked(clouds, request, tenant) {
        Ok((how, audience)) => {
            let (token, seconds) = clouds.tokens.issue(TokenSource::Entra, &audience, |seconds| {
                jwt(tenant, &clouds.credentials.entra_client_id, &audience, seconds)
            });
            let body = json!({
                "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
            });
            let reply = Reply::json(StatusCode::OK, &body).with("cache-control", "no-store, no-cache");
            Outcome::new(how, reply.with("pragma", "no-cache"))
        }
        Err(error) => {
            let why = format!("refused: AADSTS{}: {}", error.code, error.text);
            Outcome::new(why, error.reply(request))
        }
    }
}

fn tenant(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token")?;
    (!tenant.is_empty() && !tenant.contains('/')).then_some(tenant)
}

/// How the client proved itself and for which audience it asks.
fn checked(clouds: &Clouds, request: &Request, tenant: &str) -> Result<(&'static str, String), Aadsts> {
    let expected = &clouds.credentials;
    if tenant != expected.entra_tenant {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        return Err(Aadsts::new(StatusCode::BAD_REQUEST, "invalid_request", 90_002, text));
    }
    // Anything but a form has no parameters.
    let declared = request.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    let is_form = declared.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let fields = if is_form { form_fields(&String::from_utf8_lossy(&request.body)) } else { Vec::new() };
    let field = |name: &str| {
        fields.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    };
    let grant = field("grant_type").ok_or_else(|| Aadsts::missing("grant_type"))?;
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(Aadsts::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003, text));
    }
    let basic = basic_credentials(request);
    let (how, id, secret) = match &basic {
        Some((id, secret)) => ("basic", Some(id.as_str()), Some(secret.as_str())),
        None => ("client_secret", field("client_id"), field("client_secret")),
    };
    let id = id.ok_or_else(|| Aadsts::missing("client_id"))?;
    if id != expected.entra_client_id {
        let text = format!("Application with identifier '{id}' was not found in the directory '{tenant}'.");
        return Err(Aadsts::new(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, text));
    }
    let secret = secret.ok_or_else(|| {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Aadsts::new(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_218, text)
    })?;
    if secret != expected.entra_client_secret {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{id}'."
        );
        return Err(Aadsts::new(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, text));
    }
    let scope = field("scope").ok_or_else(|| Aadsts::missing("scope"))?;
    audience(scope, tenant).map(|audience| (how, audience))
}

/// The application of an `Authorization: Basic` header, whose halves are form-encoded (RFC 6749, 2.3.1).
fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

/// A scope of client credentials is one resource with `/.default`.
fn audience(scope: &str, tenant: &str) -> Result<String, Aadsts> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Aadsts::new(StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012, text));
    };
    if !RESOURCES.contains(&resource) {
        let text = format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
        return Err(Aadsts::new(StatusCode::BAD_REQUEST, "invalid_resource", 500_011, text));
    }
    Ok(resource.to_owned())
}

/// A token in the form of Entra's; its signature is noise, as nobody but the issuer looks at it here.
fn jwt(tenant: &str, client: &str, audience: &str, seconds: u64) -> String {
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": digest(&[tenant.as_bytes()])});
    let claims = json!({
        "aud": audience, "iss": format!("https://sts.windows.net/{tenant}/"), "iat": now, "nbf": now,
        "exp": now + seconds, "appid": client, "tid": tenant, "ver": "1.0", "uti": random_hex(22),
    });
    let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encoded(header), encoded(claims), URL_SAFE_NO_PAD.encode(random_hex(64)))
}
