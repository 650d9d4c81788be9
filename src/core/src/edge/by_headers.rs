//! Where Envoy takes a route before it hands out the body, and no cluster has an attempt: the headers choose one target, and
//! the body is held against that choice when it comes.
//!
//! ```text
//! begin_by_headers ──► Found
//!                 ├──► Denied
//!                 └──► Chosen ──finish(body)──► Request with one target, or Denied
//! ```
//!
//! Nothing fails over: the request has left for that cloud, but for its body. What only the body says can refuse a request
//! and cannot move it.

use std::rc::Rc;

use super::{Asked, Denied, Heard, hear, held, origin};
use crate::api::error::ApiError;
use crate::api::feature::Feature;
use crate::api::inbound::{Inbound, Single};
use crate::api::kept::{OnInput, path_of};
use crate::config::{Auth, Config, Endpoint};
use crate::contract;
use crate::plan::{self, Environment, Held, Needs};
use crate::request::{Origin, Record, Request};

/// What the headers lead to.
#[derive(Debug)]
pub enum ByHeaders {
    /// A local reply with status 200 and this JSON.
    Found(Vec<u8>, Box<Record>),
    /// A local reply with an error.
    Denied(Box<Denied>),
    /// A target is chosen.
    Chosen(Box<Chosen>),
}

/// A request whose target is chosen, and whose body has not been read.
#[derive(Debug)]
pub struct Chosen {
    asked: Asked,
    /// Whether a header named the model, and not the path.
    by_header: bool,
    origin: Origin,
    record: Record,
    /// The target's place in the configuration.
    index: usize,
    endpoint: String,
    path: String,
}

/// Reads a request's headers. `model`: the header [`contract::MODEL`].
pub fn begin_by_headers(
    config: &Rc<Config>,
    inbound: &Inbound<'_>,
    model: Single<'_>,
    environment: &mut Environment<'_>,
) -> ByHeaders {
    let mut record = Record::begin(config.version, inbound.request_id);
    choose(config, inbound, model, environment, &mut record).unwrap_or_else(|error| {
        record.failed(&error);
        ByHeaders::Denied(Box::new(Denied { error, record }))
    })
}

fn choose(
    config: &Rc<Config>,
    inbound: &Inbound<'_>,
    model: Single<'_>,
    environment: &mut Environment<'_>,
    record: &mut Record,
) -> Result<ByHeaders, ApiError> {
    let mut asked = match hear(config, inbound, None, environment, record)? {
        Heard::Models(body) => return Ok(ByHeaders::Found(body, Box::new(std::mem::take(record)))),
        Heard::Kept(..) => return Err(no_session("Responses cannot be asked for by their ids")),
        Heard::Asked(asked) => asked,
    };
    let by_header = asked.model.is_none();
    let model = asked.model.take().map_or_else(|| named(model), Ok)?;
    asked.model = Some(model.clone());
    let bytes = inbound.content_length.unwrap_or_default();
    let features = asked.on_input.map(OnInput::feature).into_iter().collect();
    let needs = Needs { api: asked.api, features, bytes, max_tokens: None, held: Held::Free };
    let permit = asked.permit(&model, record)?;
    let mut candidates = plan::consider(&permit, &needs, environment);
    // The head leaves before there is a translation, and with it its length.
    plan::leave_out_translation(&mut candidates, asked.api);
    let mut plan = plan::decide(&permit, &needs, candidates, environment).plan?;
    if let Some(on_input) = asked.on_input {
        plan = plan.below(&path_of(on_input), "");
    }
    // A plan has one target at least.
    let Some(first) = plan.at(0) else { return Err(unnamed()) };
    let (index, endpoint, path) = (first.index, first.endpoint.name.clone(), first.path.to_owned());
    let record = std::mem::take(record);
    Ok(ByHeaders::Chosen(Box::new(Chosen { asked, by_header, origin: origin(inbound), record, index, endpoint, path })))
}

fn named(model: Single<'_>) -> Result<String, ApiError> {
    match model {
        Single::Once(name) => std::str::from_utf8(name).map(str::to_owned).map_err(|_| unnamed()),
        Single::Absent => Err(unnamed()),
        Single::Repeated => {
            let message = format!("Header `{}` stands more than once.", contract::MODEL);
            Err(ApiError::new(400, "invalid_header", message).about(contract::MODEL))
        }
    }
}

/// What only sessions make possible.
fn no_session(what: &str) -> ApiError {
    let message = format!("{what} through this endpoint, which chooses by the headers alone.");
    ApiError::new(400, "unsupported_operation", message)
}

fn unnamed() -> ApiError {
    let message = format!(
        "This endpoint chooses by the headers alone: name the model in header `{}` too, as the body has it.",
        contract::MODEL
    );
    ApiError::new(400, "missing_required_parameter", message).about(contract::MODEL)
}

impl Chosen {
    /// The endpoint that the request goes to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The path by which it is asked there.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether Google's token has to go with it, which no filter behind the module adds.
    pub fn google_token(&self) -> bool {
        let here = |endpoint: &&Endpoint| endpoint.name == self.endpoint;
        self.asked.config.endpoints.iter().find(here).is_some_and(|found| found.auth == Auth::Metadata)
    }

    /// Refuses the request while its body comes.
    pub fn deny(mut self, error: ApiError) -> Denied {
        self.record.failed(&error);
        Denied { error, record: self.record }
    }

    /// Holds the body, behind which there may be trailers, against the choice.
    ///
    /// # Errors
    /// Why the request is denied: policy or the target does not allow what the body asks for, or it names another model.
    pub fn finish(
        self,
        body: Vec<u8>,
        trailers: bool,
        environment: &mut Environment<'_>,
    ) -> Result<Request, Box<Denied>> {
        let Chosen { asked, by_header, origin, mut record, index, .. } = self;
        let planned = asked.read(&body, trailers).and_then(|facts| {
            if by_header && facts.model.as_deref().is_some_and(|model| asked.model.as_deref() != Some(model)) {
                let message = format!("The body's `model` is not the one of header `{}`.", contract::MODEL);
                return Err(ApiError::new(400, "invalid_header", message).about("model"));
            }
            if facts.features.has(Feature::Background) {
                return Err(
                    no_session("A response that is made in the background cannot be asked for").about("background")
                );
            }
            let weighed = asked.weigh(&facts, &body, Some(index), environment, &mut record)?;
            weighed.settle_read(&facts, &mut record)
        });
        held(planned, body, origin, record)
    }
}
