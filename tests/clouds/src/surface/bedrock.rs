//! Amazon Bedrock's OpenAI surfaces: the runtime and Mantle, by SigV4 or by Bedrock API key.

use super::{Outcome, Surface, is_label};
use crate::answer::{self, Api, Asked, Flavor, Task};
use crate::catalogue::family;
use crate::clouds::Clouds;
use crate::error::aws::{self as error, Exception, Shape};
use crate::fault::{Fault, Plan};
use crate::http::{Reply, Request};
use crate::sessions;
use crate::sigv4;
use crate::validate::{self, Invalid};
use hyper::{Method, StatusCode};
use std::time::SystemTime;

/// The region a host name of the surface belongs to.
pub fn region(surface: Surface, host: &str) -> Option<&str> {
    let (service, rest) = host.split_once('.')?;
    let (region, domain) = rest.split_once('.')?;
    let real = match surface {
        Surface::AwsRuntime => {
            matches!(service, "bedrock-runtime" | "bedrock-runtime-fips")
                && matches!(domain, "amazonaws.com" | "api.aws")
        }
        Surface::AwsMantle => service == "bedrock-mantle" && domain == "api.aws",
        _ => false,
    };
    (real && is_label(region) && region.contains('-')).then_some(region)
}

struct Operation<'a> {
    prefix: &'static str,
    api: Api,
    /// Of a response that is kept.
    kept: Option<sessions::Operation<'a>>,
}

impl Operation<'_> {
    fn takes(&self, method: &Method) -> bool {
        self.kept.map_or(*method == Method::POST, |kept| kept.takes(method))
    }
}

fn operation(surface: Surface, path: &str) -> Option<Operation<'_>> {
    let (prefix, rest) = match path.strip_prefix("/openai/v1/") {
        Some(rest) => ("/openai/v1", rest),
        None if surface == Surface::AwsMantle => ("/v1", path.strip_prefix("/v1/")?),
        None => return None,
    };
    let (api, kept) = match rest {
        "chat/completions" => (Api::Chat, None),
        "responses" => (Api::Responses, None),
        // Neither surface is known to compact or to count; Mantle keeps responses, the runtime does not.
        "responses/compact" | "responses/input_tokens" => return None,
        rest if rest.starts_with("conversations") => return None,
        rest if surface == Surface::AwsMantle => (Api::Responses, Some(sessions::Operation::of(rest)?)),
        _ => return None,
    };
    Some(Operation { prefix, api, kept })
}

pub fn answer(clouds: &Clouds, request: &Request, plan: &Plan) -> Outcome {
    let shape = if request.surface == Surface::AwsRuntime { Shape::Runtime } else { Shape::Mantle };
    let Some(operation) =
        operation(request.surface, &request.path).filter(|operation| operation.takes(&request.method))
    else {
        return Outcome::new("not looked at", error::no_operation(shape));
    };
    let region = region(request.surface, &request.host).unwrap_or_default();
    let auth = match authenticate(clouds, request, region) {
        Ok(auth) => auth,
        Err(exception) => {
            let why = format!("refused: {}: {}", exception.name, exception.message);
            return Outcome::new(why, headed(exception.reply(shape), request));
        }
    };
    let reply = serve(clouds, request, plan, &operation, region, shape).unwrap_or_else(|refusal| refusal);
    Outcome::new(auth, headed(reply, request))
}

fn headed(reply: Reply, request: &Request) -> Reply {
    let reply = reply.with("x-amzn-requestid", answer::request_id(request));
    if request.surface == Surface::AwsMantle {
        return reply.with("vary", "origin, access-control-request-method, access-control-request-headers");
    }
    reply
}

fn authenticate(clouds: &Clouds, request: &Request, region: &str) -> Result<&'static str, Exception> {
    if let Some(key) = request.bearer() {
        if key == clouds.credentials.bedrock_api_key {
            return Ok("api_key");
        }
        let message = "Authentication failed: Please make sure your API Key is valid.";
        return Err(Exception::new("AccessDeniedException", 403, message));
    }
    let expected = sigv4::Expected {
        access_key_id: &clouds.credentials.aws_access_key_id,
        secret_access_key: &clouds.credentials.aws_secret_access_key,
        service: if request.surface == Surface::AwsRuntime { "bedrock" } else { "bedrock-mantle" },
        region,
        now: SystemTime::now(),
    };
    sigv4::verify(request, &expected).map(|()| "sigv4")
}

fn serve(
    clouds: &Clouds,
    request: &Request,
    plan: &Plan,
    operation: &Operation<'_>,
    region: &str,
    shape: Shape,
) -> Result<Reply, Reply> {
    if let Some(reply) = plan.refusal.and_then(|fault| crate::error::alike(request, fault)) {
        return Err(reply);
    }
    match plan.refusal {
        Some(Fault::Target) => return Err(error::no_such_model(shape)),
        Some(Fault::Quota) => return Err(error::quota(shape)),
        Some(Fault::Signature) => {
            return Err(error::signature(shape, request.header("authorization").unwrap_or_default()));
        }
        Some(Fault::Status(status, retry_after)) => return Err(error::fault(shape, status, retry_after)),
        Some(_) => return Err(error::fault(shape, 400, None)),
        None => {}
    }
    let account = format!("{} {region}", request.surface.name());
    if let Some(kept) = operation.kept {
        return sessions::serve(&clouds.sessions, &account, kept, request);
    }
    if !request.declares_json() {
        let message = "Expected request with `Content-Type: application/json`";
        return Err(Exception::new("UnsupportedMediaTypeException", 415, message).reply(shape));
    }
    let body = validate::object(&request.body).map_err(|invalid| error::invalid(&invalid))?;
    let model = validate::model(&body).map_err(|invalid| error::invalid(&invalid))?;
    check_model(clouds, request.surface, operation, model)?;
    let flavor = match (request.surface, operation.prefix) {
        (Surface::AwsRuntime, _) => Flavor::BedrockRuntime,
        (_, "/v1") => Flavor::MantleOpen,
        _ => Flavor::Mantle,
    };
    validate::check(flavor, operation.api, Task::Answer, &body, family(model))
        .map_err(|invalid| error::invalid(&invalid))?;
    let asked = Asked {
        api: operation.api,
        task: Task::Answer,
        flavor,
        account,
        cloud: "aws",
        place: region,
        model,
        served: model,
        body: &body,
        request,
        plan,
    };
    answer::reply(clouds, asked)
}

/// The model exists, and on Mantle it lives under the prefix that was used.
fn check_model(clouds: &Clouds, surface: Surface, operation: &Operation<'_>, model: &str) -> Result<(), Reply> {
    let api = operation.api.path();
    let wrong = |message: String| error::invalid(&Invalid { message, param: None, code: None });
    if surface == Surface::AwsRuntime {
        if clouds.catalogue.runtime(model) {
            return Ok(());
        }
        return Err(wrong("The provided model identifier is invalid.".into()));
    }
    match clouds.catalogue.mantle(model) {
        Some(prefix) if prefix == operation.prefix => Ok(()),
        Some("/v1") => Err(wrong(format!("model `{model}` isn't supported on this route"))),
        Some(_) => Err(wrong(format!("The model '{model}' does not support the '/v1/{api}' API"))),
        None => {
            let message = format!("The model '{model}' does not exist or you do not have access to it.");
            let body = serde_json::json!({"error": {
                "code": "model_not_found", "message": message, "param": null, "type": "invalid_request_error",
            }});
            Err(Reply::json(StatusCode::NOT_FOUND, &body))
        }
    }
}
