//! The edge's machine: from a request's headers and body to a plan, or to an answer of our own.
//!
//! ```text
//! begin(headers) ──► Answer                      a denial, or the list of models
//!               ├──► Go(Request)                 every candidate takes its model from the path
//!               └──► Hold(Pending) ──finish(body)──► Request, or a denial
//! ```

use std::rc::Rc;

use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::api::inbound::{Inbound, Single};
use crate::api::path::{self, Operation};
use crate::api::{self, Api};
use crate::config::{Auth, Config, Order};
use crate::plan::{self, Considered, Needs, Shares};
use crate::request::splice::{Place, Splice};
use crate::request::{Body, Origin, Request, is_kept_id};
use crate::tenant::Caller;

/// What the headers lead to.
#[derive(Debug)]
pub enum Begin {
    /// An answer of our own.
    Answer(Answer),
    /// The request can go as it is.
    Go(Request),
    /// Its body has to be read first.
    Hold(Pending),
}

/// An answer of our own.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// 200 with a JSON body.
    Found(Vec<u8>),
    /// An error.
    Denied(ApiError),
}

/// What a worker knows beside the configuration.
pub struct Moment<'w> {
    /// The picks of [`Order::Weighted`].
    pub shares: &'w mut Shares,
    /// Tells whether there is a Google access token that is good now. Asked only if a target depends on it.
    pub google_token: &'w dyn Fn() -> bool,
}

/// A request that waits for its body.
#[derive(Debug)]
pub struct Pending {
    config: Rc<Config>,
    caller: Caller,
    api: Api,
    /// The model, if the path named it.
    model: Option<String>,
    origin: Origin,
}

/// Reads a request's headers.
pub fn begin(config: &Rc<Config>, inbound: &Inbound<'_>, moment: Moment<'_>) -> Begin {
    start(config, inbound, moment).unwrap_or_else(|error| Begin::Answer(Answer::Denied(error)))
}

fn start(config: &Rc<Config>, inbound: &Inbound<'_>, moment: Moment<'_>) -> Result<Begin, ApiError> {
    let operation = path::operation(inbound.method, inbound.path)?;
    let caller = Caller::identify(config, inbound)?;
    match operation {
        Operation::ListModels => Ok(Begin::Answer(Answer::Found(list_models(config, &caller)))),
        Operation::ShowModel(model) => {
            show_model(config, &caller, &model).map(|body| Begin::Answer(Answer::Found(body)))
        }
        Operation::Generate(api, model) => {
            check_body_headers(config, inbound)?;
            let unread = Needs {
                api,
                features: Features::default(),
                bytes: inbound.content_length.unwrap_or_default(),
                max_tokens: None,
                google_token: moment.google_token,
            };
            if let Some(name) = &model {
                let permit = caller.permit(config, name)?;
                let considered = plan::consider(&permit, unread);
                if needs_no_body(&considered, api, permit.order()) {
                    let plan = plan::plan(&permit, unread, &considered, moment.shares)?;
                    let body = Body::Streamed { length: inbound.content_length };
                    return Request::new(Rc::clone(config), api, plan, body, origin(inbound))
                        .map(Begin::Go)
                        .ok_or_else(empty_plan);
                }
            }
            Ok(Begin::Hold(Pending { config: Rc::clone(config), caller, api, model, origin: origin(inbound) }))
        }
    }
}

impl Pending {
    /// Reads the body, behind which there may be trailers, and plans.
    ///
    /// # Errors
    /// Why the request is denied.
    pub fn finish(self, body: Vec<u8>, trailers: bool, moment: Moment<'_>) -> Result<Request, ApiError> {
        if body.len() as u64 > self.config.limits.body_bytes {
            return Err(too_large(&self.config));
        }
        let mut facts = api::body::read(&body, self.api)?;
        if trailers {
            facts.features.add(Feature::Trailers);
        }
        let plan = {
            let model = match (&self.model, &facts.model) {
                (Some(model), _) => model,
                (None, Some(model)) => &**model,
                (None, None) => {
                    let message = "The request names no model: set `model`.";
                    return Err(ApiError::new(400, "missing_required_parameter", message).about("model"));
                }
            };
            let needs = Needs {
                api: self.api,
                features: facts.features,
                bytes: body.len() as u64,
                max_tokens: facts.max_tokens,
                google_token: moment.google_token,
            };
            let permit = self.caller.permit(&self.config, model)?;
            plan::plan(&permit, needs, &plan::consider(&permit, needs), moment.shares)?
        };
        let (place, length) = (Place::of(&facts), body.len() as u64);
        let splice = Splice::new(body, place, &plan, &self.config, self.api);
        Request::new(self.config, self.api, plan, Body::Held { length, splice }, self.origin).ok_or_else(empty_plan)
    }
}

/// A plan without a target is refused where it is made; this is only what the types leave to say.
fn empty_plan() -> ApiError {
    ApiError::new(503, "no_target", "There is no target for this request.")
}

/// The answer to a body over the limit.
pub fn too_large(config: &Config) -> ApiError {
    let most = config.limits.body_bytes;
    ApiError::new(413, "request_too_large", format!("The request's body is larger than {most} bytes."))
}

/// The answer to a request that would have to wait for its body where as many do already as [`Limits`] allow.
///
/// [`Limits`]: crate::config::Limits
pub fn too_many_held() -> ApiError {
    let message = "This endpoint holds as many unfinished requests as it may. Try again in a second.";
    ApiError { retry_after: Some("1".to_owned()), ..ApiError::new(503, "overloaded", message) }
}

/// Whether nothing that only the body says can change the plan: each candidate takes its model from the path,
/// lacks nothing, and is not ranked by price.
fn needs_no_body(considered: &[Considered<'_>], api: Api, order: Order) -> bool {
    let mut fit = 0;
    for Considered { target, .. } in considered.iter().filter(|considered| considered.unfit.is_none()) {
        fit += 1;
        let in_path = target.address_for(api).is_some_and(|address| address.model_in_path);
        if !in_path || !target.lacks.is_empty() {
            return false;
        }
    }
    fit == 1 || order != Order::Cheapest
}

fn origin(inbound: &Inbound<'_>) -> Origin {
    let plain = inbound.content_type == Single::Once(b"application/json") && inbound.content_encoding == Single::Absent;
    Origin {
        id: if is_kept_id(inbound.request_id) { inbound.request_id.into() } else { Box::default() },
        https: inbound.scheme == b"https",
        plain,
        said_length: inbound.content_length.is_some(),
    }
}

fn check_body_headers(config: &Config, inbound: &Inbound<'_>) -> Result<(), ApiError> {
    match inbound.content_type {
        Single::Once(value) if is_json(value) => {}
        Single::Repeated => return Err(twice("content-type")),
        _ => {
            let message = "The request's `content-type` has to be application/json.";
            return Err(ApiError::new(415, "unsupported_media_type", message).about("content-type"));
        }
    }
    match inbound.content_encoding {
        Single::Absent => {}
        Single::Once(value) if value.eq_ignore_ascii_case(b"identity") => {}
        _ => {
            let message = "The request's body must not be compressed: send no `content-encoding`.";
            return Err(ApiError::new(415, "unsupported_content_encoding", message).about("content-encoding"));
        }
    }
    match inbound.content_length {
        Some(length) if length > config.limits.body_bytes => Err(too_large(config)),
        _ => Ok(()),
    }
}

fn twice(header: &'static str) -> ApiError {
    ApiError::new(400, "invalid_header", format!("Header `{header}` stands more than once.")).about(header)
}

fn is_json(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[derive(Serialize)]
struct ModelList<'c> {
    object: &'static str,
    data: Vec<Model<'c>>,
}

/// A model as OpenAI's API shows it. When it was made is not known here: 0.
#[derive(Serialize)]
struct Model<'c> {
    id: &'c str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl Model<'_> {
    fn named(id: &str) -> Model<'_> {
        Model { id, object: "model", created: 0, owned_by: "multihome" }
    }
}

/// Whether some target of the model may serve the caller, in one form or the other.
fn may_use(config: &Config, caller: &Caller, model: &str) -> bool {
    caller.permit(config, model).is_ok_and(|permit| permit.targets().any(|(_, _, refusal)| refusal.is_none()))
}

fn list_models(config: &Config, caller: &Caller) -> Vec<u8> {
    let mut names: Vec<&str> =
        config.models.keys().map(String::as_str).filter(|name| may_use(config, caller, name)).collect();
    names.sort_unstable();
    let list = ModelList { object: "list", data: names.into_iter().map(Model::named).collect() };
    serde_json::to_vec(&list).unwrap_or_default()
}

fn show_model(config: &Config, caller: &Caller, model: &str) -> Result<Vec<u8>, ApiError> {
    caller.permit(config, model)?;
    if !may_use(config, caller, model) {
        let message = format!("Policy leaves no target for model `{model}`.");
        return Err(ApiError::new(403, "no_target_allowed", message).about("model"));
    }
    Ok(serde_json::to_vec(&Model::named(model)).unwrap_or_default())
}

/// Whether some endpoint needs the keeper.
pub fn needs_keeper(config: &Config) -> bool {
    config.endpoints.iter().any(|endpoint| endpoint.auth == Auth::Metadata)
}

#[cfg(test)]
mod tests;
