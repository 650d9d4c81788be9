//! OpenAI itself: one host for all, and one for each region where it keeps data. Source: openai-python 3.57 (hosts, headers,
//! codes); the messages are those that users report.

use super::Outcome;
use crate::answer::{self, Api, Asked, Flavor, Task};
use crate::catalogue::family;
use crate::clouds::Clouds;
use crate::error::openai as error;
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request};
use crate::sessions;
use crate::validate;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

/// The regions with a host of their own (`data_residency` in OpenAI's SDKs).
const REGIONS: &[&str] = &["us", "eu", "ae", "au", "in", "jp"];

/// Where a host keeps data: a region, or `global` for nowhere in particular.
pub fn residency(host: &str) -> Option<&str> {
    if host == "api.openai.com" {
        return Some("global");
    }
    host.strip_suffix(".api.openai.com").filter(|region| REGIONS.contains(region))
}

enum Operation<'a> {
    Generate(Api, Task),
    Kept(sessions::Operation<'a>),
    ListModels,
    ShowModel(&'a str),
}

fn operation(path: &str) -> Option<Operation<'_>> {
    let operation = match path.strip_prefix("/v1/")? {
        "chat/completions" => Operation::Generate(Api::Chat, Task::Answer),
        "responses" => Operation::Generate(Api::Responses, Task::Answer),
        "responses/compact" => Operation::Generate(Api::Responses, Task::Compact),
        "responses/input_tokens" => Operation::Generate(Api::Responses, Task::CountTokens),
        "models" => Operation::ListModels,
        rest => match rest.strip_prefix("models/") {
            Some(model) => Operation::ShowModel(model),
            None => Operation::Kept(sessions::Operation::of(rest)?),
        },
    };
    Some(operation)
}

pub fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let headed = |reply: Reply| {
        let id = answer::request_id(request).replace('-', "");
        reply.with("x-request-id", format!("req_{id}")).with("openai-version", "2020-10-01")
    };
    match authenticate(clouds, request) {
        Err((why, refusal)) => Outcome::new(format!("refused: {why}"), headed(refusal)),
        Ok(()) => Outcome::new("bearer", headed(serve(clouds, request, plan).unwrap_or_else(|refusal| refusal))),
    }
}

/// The key, and that organization and project are the key's where a request names them. A project that keeps its data in
/// the EU is served by the EU's host alone.
fn authenticate(clouds: &Clouds, request: &Request) -> Result<(), (&'static str, Reply)> {
    let credentials = &clouds.credentials;
    let Some(key) = request.bearer() else {
        return Err(("no credential", error::no_key()));
    };
    if key != credentials.openai_api_key {
        return Err(("wrong API key", error::wrong_key(key)));
    }
    if request.header("openai-organization").is_some_and(|name| name != credentials.openai_organization) {
        return Err(("another organization", error::mismatched("organization")));
    }
    match request.header("openai-project") {
        None => Ok(()),
        Some(name) if name == credentials.openai_project => Ok(()),
        Some(name) if name == credentials.openai_project_eu => match residency(&request.host) {
            Some("eu") => Ok(()),
            _ => Err(("the project keeps its data elsewhere", error::data_residency_mismatch("eu"))),
        },
        Some(_) => Err(("another project", error::mismatched("project"))),
    }
}

fn serve(clouds: &Clouds, request: &Request, plan: &Plan) -> Result<Reply, Reply> {
    if let Some(reply) = plan.refusal.and_then(|fault| crate::error::alike(request, fault)) {
        return Err(reply);
    }
    match plan.refusal {
        Some(Fault::Target) => return Err(error::data_residency_mismatch("us")),
        Some(Fault::ContentFilter) => return Err(error::flagged_prompt()),
        Some(Fault::Quota) => return Err(error::quota()),
        Some(Fault::Status(status, retry_after)) => return Err(error::fault(status, retry_after)),
        Some(_) => return Err(error::fault(400, None)),
        None => {}
    }
    let unknown = || error::no_operation(request.method.as_str(), &request.path);
    let operation = operation(&request.path).ok_or_else(unknown)?;
    let (taken, method) = match operation {
        Operation::Generate(..) => (request.method == Method::POST, "POST"),
        Operation::Kept(kept) => (kept.takes(&request.method), kept.method()),
        Operation::ListModels | Operation::ShowModel(_) => (request.method == Method::GET, "GET"),
    };
    if !taken {
        return Err(error::wrong_method(request.method.as_str(), &request.path, method));
    }
    match operation {
        Operation::Generate(api, task) => generate(clouds, request, plan, api, task),
        Operation::Kept(kept) => sessions::serve(&clouds.sessions, &account(clouds, request), kept, request),
        Operation::ListModels => {
            let models: Vec<Value> = clouds.catalogue.openai_models().map(shown).collect();
            Ok(Reply::json(StatusCode::OK, &json!({"object": "list", "data": models})))
        }
        Operation::ShowModel(name) => match clouds.catalogue.openai(name) {
            Some(_) => Ok(Reply::json(StatusCode::OK, &shown(name))),
            None => Err(error::no_model(name)),
        },
    }
}

fn shown(model: &str) -> Value {
    json!({"id": model, "object": "model", "created": 1_790_000_000, "owned_by": "system"})
}

/// A project keeps what is its own, in a region or none.
fn account(clouds: &Clouds, request: &Request) -> String {
    let project = request.header("openai-project").unwrap_or(&clouds.credentials.openai_project);
    format!("openai {project} {}", residency(&request.host).unwrap_or_default())
}

fn generate(clouds: &Clouds, request: &Request, plan: &Plan, api: Api, task: Task) -> Result<Reply, Reply> {
    if !request.declares_json() {
        return Err(error::wrong_media_type(request.header("content-type").unwrap_or_default()));
    }
    let body = validate::object(&request.body).map_err(|invalid| error::invalid(&invalid))?;
    let model = validate::model(&body).map_err(|invalid| error::invalid(&invalid))?;
    let served = clouds.catalogue.openai(model).ok_or_else(|| error::no_model(model))?;
    validate::check(Flavor::OpenAi, api, task, &body, family(model)).map_err(|invalid| error::invalid(&invalid))?;
    let asked = Asked {
        api,
        task,
        account: account(clouds, request),
        flavor: Flavor::OpenAi,
        cloud: "openai",
        place: residency(&request.host).unwrap_or_default(),
        model,
        served: &served,
        body: &body,
        request,
        plan,
    };
    let project = request.header("openai-project").unwrap_or(&clouds.credentials.openai_project);
    let reply = answer::reply(clouds, asked)?
        .with("openai-organization", clouds.credentials.openai_organization.clone())
        .with("openai-project", project)
        .with("openai-processing-ms", "42");
    Ok(error::limits(reply, 9999))
}
