//! The edge's machine: from a request's headers and body to a plan, or to a local reply.
//!
//! ```text
//! begin(headers) ──► Found                       the list of models, or one of them
//!               ├──► Denied
//!               ├──► Go(Request)                 every candidate takes its model from the path, or there is no body
//!               └──► Hold(Pending) ──finish(body)──► Request, or Denied
//! ```

mod adapt;
mod by_headers;
mod kept;
mod models;
mod refuse;
mod session;

use std::rc::Rc;

use crate::api::Api;
use crate::api::body::{self, Facts};
use crate::api::error::ApiError;
use crate::api::feature::{Feature, Features};
use crate::api::inbound::{Inbound, Single};
use crate::api::kept::{Kept, OnInput, path_of};
use crate::api::path::{self, Operation};
use crate::config::{Awaited, Config, Order};
use crate::convert::{self, Conversion};
use crate::name::Named;
use crate::plan::{self, Candidate, Decision, Environment, Held, Needs, Plan};
use crate::request::{Edits, Origin, Payload, Record, Request, Translation};
use crate::tenant::{Caller, Permit};
use session::Brought;

pub use adapt::LeftOut;
pub use by_headers::{ByHeaders, Chosen, begin_by_headers};
pub use refuse::{too_large, too_many_held};

/// What the headers lead to.
#[derive(Debug)]
// Where pointers have four bytes, no variant is large enough for the lint.
#[cfg_attr(
    target_pointer_width = "64",
    expect(
        clippy::large_enum_variant,
        reason = "made and taken apart once a request; a box would be one more allocation"
    )
)]
pub enum Begin {
    /// A local reply with status 200 and this JSON.
    Found(Vec<u8>, Record),
    /// A local reply with an error.
    Denied(Box<Denied>),
    /// The request can go as it is.
    Go(Request),
    /// Its body has to be read first.
    Hold(Pending),
}

/// A denied request: what the client reads, and what is written down of it.
#[derive(Debug)]
pub struct Denied {
    /// What the client reads.
    pub error: ApiError,
    /// What is written down.
    pub record: Record,
}

/// A request that waits for its body.
#[derive(Debug)]
pub struct Pending {
    asked: Asked,
    origin: Origin,
    record: Record,
}

/// What a request asks for, before its body is read.
#[derive(Debug)]
struct Asked {
    config: Rc<Config>,
    caller: Caller,
    api: Api,
    /// The model, if the path named it.
    model: Option<String>,
    /// What is asked, where that is not a completion or a response.
    on_input: Option<OnInput>,
}

/// All that was weighed for one request: what `explain` prints.
#[derive(Debug)]
pub struct Weighed<'a> {
    /// What the caller may do.
    pub permit: Permit<'a>,
    /// What the request needs.
    pub needs: Needs,
    /// What the client waits for.
    pub awaited: Awaited,
    /// What was decided.
    pub decision: Decision<'a>,
    /// What of the request cannot be translated, where some target would need that.
    pub untranslatable: Vec<String>,
    /// What is left out of the request, for which targets.
    pub left_out: Vec<LeftOut>,
    /// The request in translation, where some target needs it.
    translation: Option<Translation>,
    /// What it brings back of earlier responses.
    brought: Brought,
    /// What is asked, where that is not a completion or a response.
    pub operation: Option<&'static str>,
}

/// Reads a request's headers.
pub fn begin(config: &Rc<Config>, inbound: &Inbound<'_>, environment: &mut Environment<'_>) -> Begin {
    let mut record = Record::begin(config.version, inbound.request_id);
    start(config, inbound, environment, &mut record).unwrap_or_else(|error| {
        record.failed(&error);
        Begin::Denied(Box::new(Denied { error, record }))
    })
}

fn start(
    config: &Rc<Config>,
    inbound: &Inbound<'_>,
    environment: &mut Environment<'_>,
    record: &mut Record,
) -> Result<Begin, ApiError> {
    let asked = match hear(config, inbound, None, environment, record)? {
        Heard::Models(body) => return Ok(Begin::Found(body, std::mem::take(record))),
        Heard::Kept(caller, kept) => {
            let weighed = kept::weigh(config, &caller, &kept, environment)?;
            let awaited = weighed.awaited;
            let (plan, payload) = (weighed.settle(record)?, Payload::Absent(kept.verb.method()));
            return Ok(Begin::Go(Request::new(plan, payload, origin(inbound), awaited, std::mem::take(record))));
        }
        Heard::Asked(asked) => asked,
    };
    if let Some(weighed) = asked.weigh_unread(inbound.content_length, environment, record)? {
        let awaited = weighed.awaited;
        let plan = weighed.settle(record)?;
        let payload = Payload::Streamed { length: inbound.content_length };
        return Ok(Begin::Go(Request::new(plan, payload, origin(inbound), awaited, std::mem::take(record))));
    }
    Ok(Begin::Hold(Pending { asked, origin: origin(inbound), record: std::mem::take(record) }))
}

/// What the headers alone say.
enum Heard {
    /// The list of models is asked for, or one of them: this JSON.
    Models(Vec<u8>),
    /// A response that is kept is.
    Kept(Box<Caller>, Kept),
    /// A completion is, or what else takes its body.
    Asked(Asked),
}

/// Finds who asks and for what, however the request goes on. `caller`: who it is, where that is known already.
///
/// # Errors
/// Why the request is denied.
fn hear(
    config: &Rc<Config>,
    inbound: &Inbound<'_>,
    caller: Option<Caller>,
    environment: &Environment<'_>,
    record: &mut Record,
) -> Result<Heard, ApiError> {
    refuse::check_upgrade(inbound)?;
    let operation = path::operation(inbound.method, inbound.path)?;
    let caller = caller.map_or_else(|| Caller::identify(config, inbound, environment.now), Ok)?;
    record.asked_by(caller.tenant());
    record.named_by(caller.named_by());
    let (api, model, on_input) = match operation {
        Operation::ListModels => return Ok(Heard::Models(models::list(config, &caller))),
        Operation::ShowModel(model) => return models::show(config, &caller, &model).map(Heard::Models),
        Operation::Kept(kept) => {
            record.asked_for(Api::Responses);
            record.asked_to(kept.verb.name());
            return Ok(Heard::Kept(Box::new(caller), kept));
        }
        Operation::Generate(api, model) => (api, model, None),
        Operation::OnInput(on_input) => (Api::Responses, None, Some(on_input)),
    };
    record.asked_for(api);
    on_input.iter().for_each(|on_input| record.asked_to(on_input.name()));
    refuse::check_body_headers(config, inbound)?;
    Ok(Heard::Asked(Asked { config: Rc::clone(config), caller, api, model, on_input }))
}

impl Pending {
    /// Refuses the request while it waits.
    pub fn deny(mut self, error: ApiError) -> Denied {
        self.record.failed(&error);
        Denied { error, record: self.record }
    }

    /// Reads the body, behind which there may be trailers, and plans.
    ///
    /// # Errors
    /// Why the request is denied.
    pub fn finish(
        self,
        body: Vec<u8>,
        trailers: bool,
        environment: &mut Environment<'_>,
    ) -> Result<Request, Box<Denied>> {
        let Pending { asked, origin, mut record } = self;
        let planned = asked.read(&body, trailers).and_then(|facts| {
            let weighed = asked.weigh(&facts, &body, None, environment, &mut record)?;
            weighed.settle_read(&facts, &mut record)
        });
        held(planned, body, origin, record)
    }
}

/// A request whose body was read, as it was decided.
struct Settled {
    plan: Plan,
    awaited: Awaited,
    edits: Edits,
    /// Whether it asks for its usage.
    usage: bool,
    /// Whether its response is made in the background.
    in_background: bool,
    translation: Option<Translation>,
}

/// A request whose body was read: with its plan, or denied.
fn held(
    planned: Result<Settled, ApiError>,
    body: Vec<u8>,
    origin: Origin,
    mut record: Record,
) -> Result<Request, Box<Denied>> {
    match planned {
        Ok(Settled { plan, awaited, edits, usage, in_background, translation }) => {
            let payload = Payload::held(body, edits, &plan, translation);
            Ok(Request::new(plan, payload, origin, awaited, record).with_usage(usage).with_background(in_background))
        }
        Err(error) => {
            record.failed(&error);
            Err(Box::new(Denied { error, record }))
        }
    }
}

impl Asked {
    /// What only the headers tell is enough where each candidate takes its model from the path, has no rules of its model's
    /// family, lacks nothing but what is another cloud's, is not ranked by price, and one of them is all that would be tried:
    /// nothing that only the body says can change the plan then.
    fn weigh_unread(
        &self,
        length: Option<u64>,
        environment: &mut Environment<'_>,
        record: &mut Record,
    ) -> Result<Option<Weighed<'_>>, ApiError> {
        let Some(model) = &self.model else { return Ok(None) };
        let needs = Needs {
            api: self.api,
            features: Features::default(),
            removable: Features::default(),
            bytes: length.unwrap_or_default(),
            max_tokens: None,
            held: Held::Free,
        };
        let permit = self.permit(model, record)?;
        if self.api == Api::Responses && permit.tags() {
            return Ok(None);
        }
        let candidates = plan::consider(&permit, &needs, environment);
        if !permit.denies().is_empty() || !needs_no_body(&candidates, self.api, permit.max_attempts(), permit.order()) {
            return Ok(None);
        }
        let decision = plan::decide(&permit, &needs, candidates, environment);
        let (untranslatable, translation) = (Vec::new(), None);
        Ok(Some(Weighed {
            permit,
            needs,
            awaited: Awaited::Whole,
            decision,
            operation: None,
            untranslatable,
            translation,
            brought: Brought::default(),
            left_out: Vec::new(),
        }))
    }

    fn permit(&self, model: &str, record: &mut Record) -> Result<Permit<'_>, ApiError> {
        record.named(self.config.model(model).map(|(name, _)| name));
        self.caller.permit(&self.config, model)
    }

    fn read<'b>(&self, body: &'b [u8], trailers: bool) -> Result<Facts<'b>, ApiError> {
        if body.len() as u64 > self.config.limits.body_bytes {
            return Err(too_large(&self.config));
        }
        let mut facts = body::read(body, self.api)?;
        if trailers {
            facts.features.add(Feature::Trailers);
        }
        facts.features.extend(self.on_input.map(OnInput::feature));
        Ok(facts)
    }

    fn weigh(
        &self,
        facts: &Facts<'_>,
        body: &[u8],
        only: Option<usize>,
        environment: &mut Environment<'_>,
        record: &mut Record,
    ) -> Result<Weighed<'_>, ApiError> {
        let permit = self.permit(self.model_of(facts)?, record)?;
        // Where the target was chosen before, nothing that comes back could be tagged.
        let brought = if only.is_none() { Brought::read(&permit, self.api, body)? } else { Brought::default() };
        let needs = self.needs(facts, body, brought.held);
        let mut candidates = plan::consider(&permit, &needs, environment);
        candidates.retain(|candidate| only.is_none_or(|only| only == candidate.index));
        brought.check(&permit, &candidates)?;
        let mut translation = None;
        let untranslatable = plan::try_translation(&mut candidates, self.api, |conversion, id| {
            translation = Some(Translation::of(conversion, body, id)?);
            Ok(())
        });
        let mut decision = plan::decide(&permit, &needs, candidates, environment);
        plan::name_untranslatable(&mut decision, &permit, self.api, &untranslatable);
        plan::name_lacking(&mut decision, &permit, &facts.cuttable);
        let left_out = adapt::left_out(&decision, &needs, facts);
        if let Some(on_input) = self.on_input {
            decision.plan = decision.plan.map(|plan| plan.below(&path_of(on_input), ""));
        }
        let awaited = match self.on_input {
            // A model is asked to shorten; tokens are counted at once.
            None | Some(OnInput::Compact) => Awaited::of(facts.stream),
            Some(OnInput::InputTokens) => Awaited::Stream,
        };
        let operation = self.on_input.map(Named::name);
        Ok(Weighed { permit, needs, awaited, decision, operation, untranslatable, translation, brought, left_out })
    }

    fn model_of<'b>(&'b self, facts: &'b Facts<'_>) -> Result<&'b str, ApiError> {
        self.model.as_deref().or(facts.model.as_deref()).ok_or_else(refuse::no_model)
    }

    fn needs(&self, facts: &Facts<'_>, body: &[u8], held: Held) -> Needs {
        let (features, bytes, max_tokens) = (facts.features, body.len() as u64, facts.max_tokens);
        Needs { api: self.api, features, removable: facts.removable, bytes, max_tokens, held }
    }
}

impl Weighed<'_> {
    /// The plan, with what was weighed written down.
    fn settle(self, record: &mut Record) -> Result<Plan, ApiError> {
        record.considered(&self.decision.candidates);
        self.decision.plan
    }

    /// The same for a request whose body was read.
    fn settle_read(mut self, facts: &Facts<'_>, record: &mut Record) -> Result<Settled, ApiError> {
        let (awaited, translation) = (self.awaited, self.translation.take());
        let brought = std::mem::take(&mut self.brought);
        let left_out = std::mem::take(&mut self.left_out);
        let plan = self.settle(record)?;
        let mut edits = Edits::of(facts);
        brought.edit(&plan, &mut edits);
        adapt::edit(left_out, facts, &plan, &mut edits);
        let in_background = facts.features.has(Feature::Background);
        Ok(Settled { plan, awaited, edits, usage: facts.include_usage, in_background, translation })
    }
}

/// Decides on a request as the edge would, and shows all that was weighed. `look` is called where the request came so far
/// that its targets were looked at. With a `tenant`, it is that tenant's request, whoever it says that it is.
///
/// # Errors
/// Why the request is denied.
pub fn explain(
    config: &Rc<Config>,
    inbound: &Inbound<'_>,
    body: &[u8],
    trailers: bool,
    tenant: Option<&str>,
    environment: &mut Environment<'_>,
    look: impl FnOnce(&Weighed<'_>),
) -> Result<(), ApiError> {
    let listed = tenant.and_then(|tenant| Caller::listed(config, tenant, inbound)).transpose()?;
    let mut record = Record::default();
    let asked = match hear(config, inbound, listed, environment, &mut record)? {
        Heard::Models(_) => return Ok(()),
        Heard::Kept(caller, kept) => {
            let weighed = kept::weigh(config, &caller, &kept, environment)?;
            look(&weighed);
            return weighed.decision.plan.map(drop);
        }
        Heard::Asked(asked) => asked,
    };
    let weighed = match asked.weigh_unread(Some(body.len() as u64), environment, &mut record)? {
        Some(weighed) => weighed,
        None => {
            let facts = asked.read(body, trailers)?;
            asked.weigh(&facts, body, None, environment, &mut record)?
        }
    };
    look(&weighed);
    weighed.decision.plan.map(drop)
}

/// See [`Asked::weigh_unread`]. Of several targets that would be tried, the body could say that only the first has what the
/// request refers to. What all lack alike since it is another cloud's own changes no plan: the cloud itself refuses it, in
/// its own words.
fn needs_no_body(candidates: &[Candidate<'_>], api: Api, most: usize, order: Order) -> bool {
    let anothers = Features::OF_RESPONSES.union([Feature::S3Images].into_iter().collect());
    let mut lacks = None;
    let mut fit = 0;
    for (target, form) in candidates.iter().filter_map(|candidate| Some((candidate.target, candidate.fit.ok()?))) {
        fit += 1;
        let in_path = target.address(form).is_some_and(|address| address.model_in_path);
        // What is translated has to be read.
        let passes = convert::between(api, form) == Some(Conversion::Pass);
        let ruled = !target.rules(form).is_empty();
        if !passes
            || !in_path
            || ruled
            || !target.lacks.within(anothers)
            || *lacks.get_or_insert(target.lacks) != target.lacks
        {
            return false;
        }
    }
    fit == 1 || (most == 1 && order != Order::Cheapest)
}

fn origin(inbound: &Inbound<'_>) -> Origin {
    let plain = inbound.content_type == Single::Once(b"application/json") && inbound.content_encoding == Single::Absent;
    Origin { https: inbound.scheme == b"https", plain, said_length: inbound.content_length.is_some() }
}

#[cfg(test)]
mod tests;
