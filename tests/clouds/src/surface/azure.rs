//! Azure OpenAI: the v1 API and the dated one, by key or by Entra token.

use super::{Outcome, is_label};
use crate::answer::{self, Api, Asked, Flavor, Task};
use crate::catalogue::family;
use crate::clouds::Clouds;
use crate::error::azure as error;
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request};
use crate::sessions::{self, Operation};
use crate::tokens::{Refused, TokenSource};
use crate::validate::{self, Invalid};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value};

const DOMAINS: &[&str] =
    &[".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com"];

/// The resource a host name belongs to.
pub fn resource(host: &str) -> Option<&str> {
    let resource = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain))?;
    is_label(resource).then_some(resource)
}

/// Versions of the dated API that the service knows (Azure's lifecycle page, 2026-09).
const API_VERSIONS: &[&str] = &[
    "2023-05-15",
    "2024-02-01",
    "2024-06-01",
    "2024-10-21",
    "2024-08-01-preview",
    "2024-09-01-preview",
    "2024-10-01-preview",
    "2024-12-01-preview",
    "2025-01-01-preview",
    "2025-02-01-preview",
    "2025-03-01-preview",
    "2025-04-01-preview",
];

/// The first dated version with the Responses API.
const RESPONSES_SINCE: &str = "2025-03-01-preview";

/// What the v1 path takes as `api-version`, if anything.
const V1_VERSIONS: &[&str] = &["v1", "preview", "latest"];

enum Route<'a> {
    V1(Api, Task),
    /// A deployment's name stands in the path.
    Dated(&'a str),
    DatedResponses,
    /// Of a response that is kept; whether by the v1 path.
    Kept(Operation<'a>, bool),
}

fn route(path: &str) -> Option<Route<'_>> {
    let rest = path.strip_prefix("/openai/")?;
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["v1", "chat", "completions"] => Some(Route::V1(Api::Chat, Task::Answer)),
        ["v1", "responses"] => Some(Route::V1(Api::Responses, Task::Answer)),
        ["v1", "responses", "compact"] => Some(Route::V1(Api::Responses, Task::Compact)),
        ["v1", "responses", "input_tokens"] => Some(Route::V1(Api::Responses, Task::CountTokens)),
        ["deployments", deployment, "chat", "completions"] => Some(Route::Dated(deployment)),
        ["responses"] => Some(Route::DatedResponses),
        // The v1 API alone compacts, counts, and has conversations.
        ["responses", "compact" | "input_tokens"] | ["conversations", ..] => None,
        _ => match rest.strip_prefix("v1/") {
            Some(rest) => Some(Route::Kept(Operation::of(rest)?, true)),
            None => Some(Route::Kept(Operation::of(rest)?, false)),
        },
    }
}

pub fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let auth = match authenticate(clouds, request) {
        Ok(auth) => auth,
        Err((why, reply)) => return Outcome::new(format!("refused: {why}"), headed(reply, request)),
    };
    Outcome::new(auth, headed(serve(clouds, request, plan).unwrap_or_else(|refusal| refusal), request))
}

/// The gateway in front of the models numbers every call, whoever answers it.
fn headed(reply: Reply, request: &Request) -> Reply {
    reply.with("apim-request-id", answer::request_id(request))
}

/// A key goes before a token, as at the real front door.
fn authenticate(clouds: &Clouds, request: &Request) -> Result<&'static str, (&'static str, Reply)> {
    if let Some(key) = request.header("api-key") {
        if key == clouds.credentials.azure_api_key {
            return Ok("api_key");
        }
        return Err(("wrong api-key", error::wrong_key()));
    }
    let Some(token) = request.bearer() else {
        return Err(("no credential", error::wrong_token()));
    };
    match clouds.tokens.check(TokenSource::Entra, token) {
        Ok(audience) if accepts(&request.host, &audience) => Ok("bearer"),
        Ok(_) => Err(("the token is for another audience", error::wrong_token())),
        Err(Refused::Expired) => Err(("the token has expired", error::wrong_token())),
        Err(Refused::Unknown) => Err(("no token of this issuer", error::wrong_token())),
    }
}

/// Commercial and government clouds have audiences of their own.
fn accepts(host: &str, audience: &str) -> bool {
    let (cognitive, foundry) = if host.ends_with(".azure.us") {
        ("https://cognitiveservices.azure.us", "https://ai.azure.us")
    } else {
        ("https://cognitiveservices.azure.com", "https://ai.azure.com")
    };
    [cognitive, foundry].contains(&audience)
}

fn serve(clouds: &Clouds, request: &Request, plan: &Plan) -> Result<Reply, Reply> {
    if let Some(reply) = plan.refusal.and_then(|fault| crate::error::alike(request, fault)) {
        return Err(reply);
    }
    match plan.refusal {
        Some(Fault::Target) => return Err(error::not_supported()),
        Some(Fault::ContentFilter) => return Err(error::content_filter()),
        Some(Fault::Status(status, retry_after)) => return Err(error::fault(status, retry_after)),
        Some(_) => return Err(error::fault(400, None)),
        None => {}
    }
    let route = route(&request.path).ok_or_else(error::no_resource)?;
    let version = request.query_value("api-version");
    match &route {
        Route::V1(..) | Route::Kept(_, true) => check_v1_version(version.as_deref())?,
        Route::Dated(_) => check_dated_version(version.as_deref())?,
        Route::DatedResponses | Route::Kept(_, false) => check_responses_version(version.as_deref())?,
    }
    let (api, task) = match &route {
        Route::V1(api, task) => (*api, *task),
        Route::Dated(_) => (Api::Chat, Task::Answer),
        Route::DatedResponses | Route::Kept(..) => (Api::Responses, Task::Answer),
    };
    let place = resource(&request.host).unwrap_or_default();
    let account = format!("azure {place}");
    let wrong_method = || error::plain(StatusCode::METHOD_NOT_ALLOWED, "405", "Method Not Allowed");
    if let Route::Kept(operation, _) = route {
        if !operation.takes(&request.method) {
            return Err(wrong_method());
        }
        return sessions::serve(&clouds.sessions, &account, operation, request);
    }
    if request.method != Method::POST {
        return Err(wrong_method());
    }
    if !request.declares_json() {
        return Err(error::wrong_media_type());
    }
    let body = validate::object(&request.body).map_err(|invalid| error::invalid(&invalid))?;
    let deployment = match route {
        Route::Dated(deployment) => deployment.to_owned(),
        _ => named(&body).map_err(|invalid| error::invalid(&invalid))?,
    };
    let served = clouds.catalogue.azure(&deployment).ok_or_else(error::no_deployment)?;
    let in_path = matches!(route, Route::Dated(_));
    let flavor = if in_path { Flavor::AzureDated } else { Flavor::Azure };
    validate::check(flavor, api, task, &body, family(&served)).map_err(|invalid| error::invalid(&invalid))?;
    let asked = Asked {
        api,
        task,
        flavor,
        account,
        cloud: "azure",
        place,
        model: &deployment,
        served: &served,
        body: &body,
        request,
        plan,
    };
    let region = place.rsplit('-').next().unwrap_or_default();
    Ok(answer::reply(clouds, asked)?
        .with("x-request-id", answer::request_id(request))
        .with("x-ms-region", region)
        .with("x-ms-deployment-name", deployment.clone())
        .with("x-ratelimit-limit-requests", "10000")
        .with("x-ratelimit-limit-tokens", "1000000")
        .with("x-ratelimit-remaining-requests", "9999")
        .with("x-ratelimit-remaining-tokens", "999000")
        .with("strict-transport-security", "max-age=31536000; includeSubDomains; preload")
        .with("x-content-type-options", "nosniff"))
}

fn named(body: &Map<String, Value>) -> Result<String, Invalid> {
    validate::model(body).map(str::to_owned)
}

fn check_v1_version(version: Option<&str>) -> Result<(), Reply> {
    match version {
        Some(version) if !V1_VERSIONS.contains(&version) => {
            Err(error::bad_request("api-version query parameter is not allowed when using /v1 path"))
        }
        _ => Ok(()),
    }
}

fn check_dated_version(version: Option<&str>) -> Result<(), Reply> {
    match version {
        None => Err(error::no_resource()),
        Some(version) if API_VERSIONS.contains(&version) => Ok(()),
        Some(_) => Err(error::bad_request("API version not supported")),
    }
}

fn check_responses_version(version: Option<&str>) -> Result<(), Reply> {
    check_dated_version(version)?;
    if version.is_some_and(|version| version < RESPONSES_SINCE) {
        let message = "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later";
        return Err(error::bad_request(message));
    }
    Ok(())
}
