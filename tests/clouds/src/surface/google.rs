//! Google Cloud: OpenAI's models behind `publishers/openai`, and the OpenAI-compatible chat endpoint.

use super::{Outcome, is_label};
use crate::answer::{self, Api, Asked, Flavor, Task};
use crate::catalogue::{GCP_PROJECT, family};
use crate::clouds::Clouds;
use crate::error::google as error;
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request};
use crate::tokens::{Refused, TokenSource};
use crate::validate::{self, Invalid};
use hyper::{Method, StatusCode};
use serde_json::json;

/// The location a host name serves. The multi-regions `us` and `eu` have names of their own form; OpenAI's SDKs call `us`
/// as if it were a region.
pub fn location(host: &str) -> Option<&str> {
    if host == "aiplatform.googleapis.com" {
        return Some("global");
    }
    if let Some(location) = host.strip_suffix("-aiplatform.googleapis.com") {
        return (location == "us" || (is_label(location) && location.contains('-'))).then_some(location);
    }
    let location = host.strip_prefix("aiplatform.")?.strip_suffix(".rep.googleapis.com")?;
    (matches!(location, "us" | "eu") || (is_label(location) && location.contains('-'))).then_some(location)
}

struct Operation<'a> {
    project: &'a str,
    location: &'a str,
    api: Api,
    task: Task,
}

fn operation(path: &str) -> Option<Operation<'_>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let ["v1" | "v1beta1", "projects", project, "locations", location, rest @ ..] = parts.as_slice() else {
        return None;
    };
    let (api, task) = match rest {
        ["publishers", "openai", "v1", "responses"] => (Api::Responses, Task::Answer),
        ["publishers", "openai", "v1", "responses", "compact"] => (Api::Responses, Task::Compact),
        ["endpoints", "openapi", "chat", "completions"] => (Api::Chat, Task::Answer),
        _ => return None,
    };
    Some(Operation { project, location, api, task })
}

pub fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let Some(operation) = operation(&request.path).filter(|_| request.method == Method::POST) else {
        return Outcome::new("not looked at", error::no_such_url(&request.path));
    };
    let wrapped = error::wraps(&request.path);
    let refused = |why: &str, reason| Outcome::new(format!("refused: {why}"), error::unauthenticated(wrapped, reason));
    let Some(token) = request.bearer() else {
        return refused("no credential", "CREDENTIALS_MISSING");
    };
    match clouds.tokens.check(TokenSource::Metadata, token) {
        Ok(_) => {}
        Err(Refused::Expired) => return refused("the token has expired", "ACCESS_TOKEN_EXPIRED"),
        Err(Refused::Unknown) => return refused("no token of the metadata server", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
    }
    let reply = serve(clouds, request, plan, &operation, wrapped).unwrap_or_else(|refusal| refusal);
    let reply = reply.with("vary", "Origin, X-Origin, Referer").with("server", "scaffolding on HTTPServer2");
    Outcome::new("bearer", reply.with("x-content-type-options", "nosniff"))
}

fn serve(
    clouds: &Clouds,
    request: &Request,
    plan: &Plan,
    operation: &Operation<'_>,
    wrapped: bool,
) -> Result<Reply, Reply> {
    if let Some(reply) = plan.refusal.and_then(|fault| crate::error::alike(request, fault)) {
        return Err(reply);
    }
    match plan.refusal {
        Some(Fault::Target) => return Err(error::precondition(wrapped)),
        Some(Fault::Status(status, retry_after)) => return Err(error::fault(wrapped, status, retry_after)),
        Some(_) => return Err(error::fault(wrapped, 400, None)),
        None => {}
    }
    let &Operation { project, location: place, api, task } = operation;
    if project != GCP_PROJECT {
        return Err(denied(wrapped, project, place));
    }
    if location(&request.host) != Some(place) {
        let message = format!("Location '{place}' is not served by the endpoint '{}'.", request.host);
        return Err(error::status(wrapped, 400, "INVALID_ARGUMENT", &message, vec![]));
    }
    if !request.declares_json() {
        let message = "Content-Type must be application/json.";
        return Err(error::status(wrapped, 400, "INVALID_ARGUMENT", message, vec![]));
    }
    let bad = |invalid: &Invalid| invalid_body(api, invalid);
    let body = validate::object(&request.body).map_err(|invalid| bad(&invalid))?;
    let model = validate::model(&body).map_err(|invalid| bad(&invalid))?;
    let (exists, publisher) = match api {
        Api::Responses => (clouds.catalogue.gcp_publisher(model, place), "openai"),
        Api::Chat => (clouds.catalogue.gcp_openapi(model), model.split('/').next().unwrap_or_default()),
    };
    if !exists {
        let name = model.rsplit('/').next().unwrap_or_default();
        let message = format!(
            "Publisher Model `projects/{project}/locations/{place}/publishers/{publisher}/models/{name}` was not \
             found or your project does not have access to it. Please ensure you are using a valid model version."
        );
        return Err(error::status(wrapped, 404, "NOT_FOUND", &message, vec![]));
    }
    let flavor = if api == Api::Chat { Flavor::GoogleOpenapi } else { Flavor::GooglePublisher };
    validate::check(flavor, api, task, &body, family(model)).map_err(|invalid| bad(&invalid))?;
    let asked = Asked {
        api,
        task,
        flavor,
        account: format!("gcp {project} {place}"),
        cloud: "gcp",
        place,
        model,
        served: model,
        body: &body,
        request,
        plan,
    };
    answer::reply(clouds, asked)
}

fn denied(wrapped: bool, project: &str, place: &str) -> Reply {
    let resource = format!("projects/{project}/locations/{place}");
    let message = format!(
        "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/{resource}' (or it may not exist)."
    );
    let detail = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED",
        "domain": "aiplatform.googleapis.com",
        "metadata": {"resource": resource, "permission": "aiplatform.endpoints.predict"},
    });
    error::status(wrapped, 403, "PERMISSION_DENIED", &message, vec![detail])
}

/// The partner's models answer faults of a body in their own shape, the chat endpoint in Google's.
fn invalid_body(api: Api, invalid: &Invalid) -> Reply {
    match api {
        Api::Responses => Reply::json(StatusCode::BAD_REQUEST, &crate::error::openai(invalid)),
        Api::Chat => {
            let violation = json!({"field": invalid.param, "description": invalid.message});
            let detail = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]});
            error::status(true, 400, "INVALID_ARGUMENT", &invalid.message, vec![detail])
        }
    }
}
