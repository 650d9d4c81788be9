//! One planned request's life: which target is being tried, what it is sent, and what its response leads to.
//!
//! The edge makes a [`Request`], every attempt works on it, in this order and no other:
//!
//! ```text
//! begin(endpoint) ──► Try ──┬─► served(try)          a response goes to the client
//!      ▲                    ├─► judge(try, error) ──► Next: Pass │ Failover │ Replace
//!      │                    └─► reset(try)            no response, or not all of an error
//!      └─────────────────────────── the next target; or the same, whose connection was lost
//! ```
//!
//! A [`Try`] is given by `begin` alone and taken once: nothing is judged before it began, and nothing twice. All of an
//! attempt can be done again from the beginning for the next target: nothing that one does changes what the next one is
//! made from.

mod edit;
mod failure;
mod head;
pub mod judge;
mod output;
mod payload;
mod record;
mod reply;
mod reset;
mod served;
mod step;
mod tag;
mod translate;
mod translation;
mod watch;

use std::time::Duration;

use crate::api::error::ApiError;
use crate::cloud::Cloud;
use crate::config::{Auth, Awaited};
use crate::convert::{Asked, Conversion};
use crate::form::{Form, Usage};
use crate::plan::{Plan, Stop};
use crate::session::Tagger;
use failure::{Reported, ReportedFailure};
use judge::{Cause, FailedResponse, Failure, Verdict};
use tag::Tag;

pub use edit::{Edit, Edits, Whom};
pub use head::{Head, Origin, ReusableHead, is_kept_id, passes_back};
pub use output::Output;
pub use payload::Payload;
pub use record::{Record, TryEnd};
pub use reply::Reply;
pub use reset::Reset;
pub use served::ServedBy;
pub use step::{Next, NotBegun, Try, TryState, UpstreamResponse, Whose};
pub use translate::Translate;
pub use translation::Translation;
pub use watch::{MOST_HELD, Shape, Watch};

/// A planned request.
///
/// ```
/// # use multihome_core::api::Api;
/// # use multihome_core::api::feature::Features;
/// # use multihome_core::plan::{self, Environment, Held, Needs, WeightedPicks};
/// # use std::rc::Rc;
/// # use multihome_core::api::inbound::{Inbound, Single};
/// # use multihome_core::config;
/// # use multihome_core::tenant::Caller;
/// # let text = br#"{
/// #   "endpoints": {"azure": {"cloud": "azure", "resource": "contoso", "residency": "us", "auth": {"api_key": {"sds": "key"}}},
/// #                 "aws": {"cloud": "aws", "region": "us-east-1", "surface": "runtime", "residency": "us", "auth": "sigv4"}},
/// #   "models": {"gpt-6.1-sol": [{"endpoint": "azure", "id": "sol", "form": "openai.chat"},
/// #                              {"endpoint": "aws", "id": "us.openai.gpt-6.1-sol", "form": "openai.chat"}]},
/// #   "tenants": {"acme": {"clouds": ["azure", "aws"], "residency": ["us"], "models": ["gpt-*"]}},
/// #   "identity": {"trust": {"listeners": ["default"]}}}"#;
/// # let config = Rc::new(config::check(&config::parse_json(text).unwrap()).unwrap());
/// # let inbound = Inbound { tenant: Single::Once(b"acme"), ..Inbound::default() };
/// # let caller = Caller::identify(&config, &inbound, &|| 0).unwrap();
/// # let permit = caller.permit(&config, "gpt-6.1-sol").unwrap();
/// # let needs = Needs { api: Api::Chat, features: Features::default(), removable: Features::default(), bytes: 200, max_tokens: None, held: Held::Free };
/// # let mut environment = Environment { picks: &mut WeightedPicks::default(), google_token: &|| false, now: &|| 0 };
/// # let candidates = plan::consider(&permit, &needs, &environment);
/// # let plan = plan::decide(&permit, &needs, candidates, &mut environment).plan.unwrap();
/// use multihome_core::config::Awaited;
/// use multihome_core::request::{Next, Origin, Payload, Record, Request, UpstreamResponse};
///
/// let payload = Payload::Streamed { length: None };
/// let record = Record::begin(config.version, b"");
/// let mut request = Request::new(plan, payload, Origin::default(), Awaited::Stream, record);
///
/// let (attempt, head) = request.begin("azure").unwrap();
/// assert_eq!(head.host, "contoso.openai.azure.com");
/// let failed = UpstreamResponse { status: 429, ..UpstreamResponse::default() };
/// assert_eq!(request.judge(attempt, failed), Next::Failover);
///
/// let (attempt, _) = request.begin("aws").unwrap();
/// request.served(attempt, 200);
/// assert!(request.record().contains("tries=azure:429>aws:200"));
/// ```
#[derive(Debug)]
pub struct Request {
    plan: Plan,
    payload: Payload,
    origin: Origin,
    awaited: Awaited,
    /// Whether the stream of a chat completion says its usage, as far as is known.
    usage_asked: bool,
    /// Whether the response is made in the background: it has begun when the account knows of it.
    in_background: bool,
    /// How many targets of the plan have been tried; the latest is the one before it in the plan.
    begun: usize,
    /// Whether Envoy's next try goes to the latest target once more.
    again: bool,
    /// Whether the latest attempt ended because its time was up.
    timed_out: bool,
    state: TryState,
    /// The failure that the client reads when all have failed.
    failure: ReportedFailure,
    record: Record,
}

impl Request {
    /// A request that goes by this plan.
    pub fn new(plan: Plan, payload: Payload, origin: Origin, awaited: Awaited, mut record: Record) -> Request {
        record.planned(&plan);
        Request {
            plan,
            payload,
            origin,
            awaited,
            usage_asked: true,
            in_background: false,
            begun: 0,
            again: false,
            timed_out: false,
            state: TryState::Pending,
            failure: ReportedFailure::default(),
            record,
        }
    }

    /// The endpoint of the attempt after the latest, if there may be one; of the first, before any has begun.
    pub fn next_endpoint(&self) -> Option<&str> {
        self.plan.at(self.next_position()).map(|next| next.endpoint.name.as_str())
    }

    /// Where in the plan the next attempt is made.
    fn next_position(&self) -> usize {
        self.begun.saturating_sub(usize::from(self.again))
    }

    /// How many retries Envoy may make: the plan's, and one at each target for a lost connection.
    pub fn retries(&self) -> usize {
        (2 * self.plan.tries()).saturating_sub(1)
    }

    /// What the client waits for.
    pub fn awaited(&self) -> Awaited {
        self.awaited
    }

    /// How long a try may wait for its response to begin, where it is not as Envoy's route says.
    pub fn own_try_time(&self) -> Option<Duration> {
        let usual = self.plan.config().timeouts.response(self.awaited);
        Some(self.plan.try_time(self.awaited)).filter(|time| *time != usual)
    }

    /// Whether nothing of a body that the client sends goes on.
    pub fn leaves_out_body(&self) -> bool {
        self.payload.is_absent()
    }

    /// The bytes of the body that are kept at this moment.
    pub fn held_bytes(&self) -> usize {
        self.payload.held_bytes()
    }

    /// Keeps nothing of the body: what is needed of it will be read again.
    pub fn forget_body(&mut self) {
        self.payload.forget();
    }

    /// Begins an attempt at the endpoint of that name.
    ///
    /// # Errors
    /// Where the plan does not have it now.
    pub fn begin(&mut self, endpoint: &str) -> Result<(Try, Head<'_>), NotBegun> {
        let position = self.next_position();
        let Some(stop) = self.plan.at(position) else {
            return Err(NotBegun::NoTargetLeft(if self.timed_out { 504 } else { 503 }));
        };
        if stop.endpoint.name != endpoint {
            return Err(NotBegun::OutOfTurn);
        }
        let first = self.begun == 0;
        let repeated = std::mem::take(&mut self.again);
        self.begun = position + 1;
        self.state = TryState::Pending;
        let reasoning = self.plan.leaves_out(&stop).then_some("reasoning");
        self.record.began(&stop);
        self.record.left_out(self.payload.left_out(&stop), reasoning);
        let length = self.payload.length(&stop);
        let whole = self.payload.replaces(&stop).is_none();
        let https = stop.endpoint.tls.is_some();
        let head = Head {
            method: self.payload.method(),
            path: stop.path,
            host: &stop.endpoint.host,
            scheme: if https { "https" } else { "http" },
            has_body: !self.payload.is_absent(),
            length,
            reusable: (first && !self.payload.is_absent())
                .then(|| self.origin.reusable(https, length.is_none(), whole))
                .flatten(),
            google_token: stop.endpoint.auth == Auth::Metadata,
        };
        Ok((Try { position, repeated }, head))
    }

    /// How many bytes at the beginning of the body are replaced in an attempt; `None` leaves it as it is.
    pub fn replaces(&self, attempt: &Try) -> Option<usize> {
        self.payload.replaces(&self.plan.at(attempt.position)?)
    }

    /// Whether an attempt sends a translation: its head waits for that, and for its length.
    pub fn translates(&self, attempt: &Try) -> bool {
        self.plan.at(attempt.position).is_some_and(|stop| stop.conversion != Conversion::Pass)
    }

    /// What replaces them. `read` reads so many bytes at the beginning of the body: the first attempt that needs them finds
    /// them kept, a later one does not. `None` if it reads fewer.
    pub fn replacement(&mut self, attempt: &Try, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        self.payload.replacement(&self.plan.at(attempt.position)?, read)
    }

    /// An attempt's response goes to the client: nothing is tried after it.
    pub fn served(&mut self, _attempt: Try, status: u16) {
        self.record.ended(TryEnd::Status(status));
        self.mark_served();
    }

    /// Judges an error of an attempt.
    pub fn judge(&mut self, attempt: Try, response: UpstreamResponse<'_>) -> Next {
        let verdict = self.verdict(&attempt, response);
        if matches!(verdict, Verdict::Serve(_))
            && self.failure.is_retryable()
            && self.failed(&attempt, response).is_some_and(judge::is_about_one_account)
        {
            return self.report_earlier(response.status);
        }
        self.act(attempt, response, verdict, TryEnd::Status(response.status))
    }

    /// Judges an error inside a response with a status of 2xx that is held: the cloud failed before there was any of a
    /// completion. `response` has the error for a body.
    pub fn judge_inside(&mut self, attempt: Try, response: UpstreamResponse<'_>) -> Next {
        let Some(failed) = self.failed(&attempt, response) else { return Next::Pass };
        let (verdict, word) = judge::judge_inside(failed);
        self.act(attempt, response, verdict, TryEnd::inside(response.status, word))
    }

    /// An attempt ended while its response, with a status of 2xx, was held: the cloud went silent, or broke off, before there
    /// was any of a completion.
    pub fn broke_off(&mut self, attempt: Try, response: UpstreamResponse<'_>, reset: Reset) {
        self.timed_out = reset.is_timeout(self.plan.try_time(self.awaited));
        let (word, status) = if self.timed_out { ("timeout", 504) } else { ("reset", 502) };
        self.record.ended(TryEnd::Inside(response.status, word.into()));
        if let Verdict::MoveOn(failure) = self.verdict(&attempt, UpstreamResponse { status, ..response }) {
            self.note(&attempt, failure, response.id);
        }
    }

    /// Notes what the completion took.
    pub fn used(&mut self, usage: Usage) {
        self.record.used(usage);
    }

    /// Notes whether the client asks that the stream of a chat completion says its usage; else it is not looked for.
    #[must_use]
    pub fn with_usage(mut self, asked: bool) -> Request {
        self.usage_asked = asked;
        self
    }

    /// Notes whether the response is made in the background.
    #[must_use]
    pub fn with_background(mut self, in_background: bool) -> Request {
        self.in_background = in_background;
        self
    }

    /// What becomes of the body of the latest attempt's response, with a status of 2xx, that comes in such a shape.
    /// `now` gives the seconds since 1970, and is asked only where something is translated.
    pub fn reply(&self, shape: Option<Shape>, now: impl FnOnce() -> u64) -> Reply {
        let Some(latest) = self.latest() else { return Reply::Pass };
        if latest.conversion != Conversion::Pass {
            let nothing = Asked::default();
            let asked = self.payload.asked().unwrap_or(&nothing);
            let translate = Translate::new(latest.endpoint.cloud, latest.conversion, asked, shape, now());
            return Reply::Translate(Box::new(translate));
        }
        let Some(shape) = shape else { return Reply::Pass };
        let usage = self.usage_asked || latest.form != Form::Chat;
        let watch = match () {
            // What is kept is shown as it stands, failed too, and takes nothing now.
            () if self.payload.is_absent() => None,
            // Its id says where to ask for its output: another target would begin anew.
            () if self.in_background => Some(Watch::new(latest.form, shape, usage).in_background()),
            () => Some(Watch::new(latest.form, shape, usage)),
        };
        match (self.tagger(&latest), watch) {
            (Some(tagger), watch) => Reply::Tag(Box::new(Tag::new(watch, tagger))),
            (None, Some(watch)) => Reply::Watch(Box::new(watch)),
            (None, None) => Reply::Pass,
        }
    }

    /// What tags a response, where its account's are.
    fn tagger(&self, stop: &Stop<'_>) -> Option<Tagger> {
        if stop.form != Form::Responses {
            return None;
        }
        let sessions = &self.plan.config().sessions;
        let account = self.plan.config().account_of(stop.target)?;
        let bind = || sessions.keys().binding(&self.plan.subject().tenant, &stop.endpoint.account);
        sessions.is_tagged(account).then(|| Tagger::new(bind()))
    }

    /// Judges an error whose body does not come, where its head says whose fault it is. What only the body says, the client
    /// does not read then.
    ///
    /// # Errors
    /// The attempt, where only the body says it.
    pub fn judge_by_head(&mut self, attempt: Try, response: UpstreamResponse<'_>) -> Result<Next, Try> {
        let verdict = self.failed(&attempt, response).and_then(judge::verdict_by_head);
        match verdict {
            Some(verdict) => Ok(self.act(attempt, response, verdict, TryEnd::Status(response.status))),
            None => Err(attempt),
        }
    }

    /// This account does not have what an earlier one keeps, which had no capacity just then, or failed: its word helps the
    /// client, who may come back, and a 400 would have it give up.
    fn report_earlier(&mut self, status: u16) -> Next {
        self.record.ended(TryEnd::Status(status));
        let error = self.at_origin(self.failure.error());
        self.record.failed(&error);
        self.mark_served();
        Next::Replace(Box::new(error), Whose::Reported)
    }

    fn act(&mut self, attempt: Try, response: UpstreamResponse<'_>, verdict: Verdict, end: TryEnd) -> Next {
        self.record.ended(end);
        let next = match verdict {
            Verdict::Serve(None) => Next::Pass,
            Verdict::Serve(Some(error)) => Next::Replace(Box::new(error), Whose::Latest),
            Verdict::MoveOn(failure) => {
                self.note(&attempt, failure, response.id);
                if self.begun < self.plan.tries() {
                    self.state = TryState::FailedOver;
                    return Next::Failover;
                }
                Next::Replace(Box::new(self.at_origin(self.failure.error())), Whose::Reported)
            }
        };
        if let Next::Replace(error, _) = &next {
            self.record.failed(error);
        }
        self.mark_served();
        next
    }

    /// An attempt ended without a response, or with an error whose body will not come: Envoy takes it for one without a
    /// response. Where only the body says whose fault it is, there is nothing to note. Where the connection was lost, the
    /// next attempt is made at the same target.
    pub fn reset(&mut self, attempt: Try, response: Option<UpstreamResponse<'_>>, reset: Reset) {
        self.record.ended(response.map_or(TryEnd::Reset, |response| TryEnd::Status(response.status)));
        let most = self.plan.try_time(self.awaited);
        self.timed_out = reset.is_timeout(most);
        self.again = response.is_none() && !attempt.repeated && reset.is_lost_connection(most);
        if let Some(response) = response.filter(|response| !matches!(response.status, 400 | 404))
            && let Verdict::MoveOn(failure) = self.verdict(&attempt, response)
        {
            self.note(&attempt, failure, response.id);
        }
    }

    /// What a client reads when Envoy itself gave up, with `status`, after no attempt's response was served.
    pub fn gave_up(&mut self, status: u16) -> Next {
        let tried = match self.begun {
            0 => "No target could be tried: the first one".to_owned(),
            1 => "The only target that Envoy tried".to_owned(),
            tried => format!("The last of the {tried} targets that Envoy tried"),
        };
        let (cause, error) = if status == 504 {
            (Cause::Timeout, ApiError::new(504, "upstream_timeout", format!("{tried} did not respond in time.")))
        } else {
            (Cause::ServerError, ApiError::new(503, "upstream_unavailable", format!("{tried} could not be reached.")))
        };
        let (error, whose) = match self.failure.reported() {
            // After an attempt that asked for the next one, Envoy found nothing of its own: it had no retry left to make.
            Some(told) if self.state == TryState::FailedOver || told.failure.cause >= cause => {
                (self.failure.error(), Whose::Reported)
            }
            _ => (error, Whose::Nobody),
        };
        let error = self.at_origin(error);
        self.record.failed(&error);
        Next::Replace(Box::new(error), whose)
    }

    /// A local reply of the edge ends the request while it is on its way.
    pub fn refused(&mut self, error: &ApiError) {
        self.record.failed(error);
    }

    /// What has become of the latest attempt.
    pub fn state(&self) -> TryState {
        self.state
    }

    /// Who the latest attempt was made at.
    pub fn served_by(&self) -> Option<ServedBy<'_>> {
        self.served_by_at(self.begun.checked_sub(1)?)
    }

    /// Whose failure is reported, when all failed.
    pub fn reported(&self) -> Option<ServedBy<'_>> {
        let told = self.failure.reported()?;
        Some(ServedBy { id: told.id.as_deref(), ..self.served_by_at(told.position)? })
    }

    /// The cloud of the latest attempt.
    pub fn cloud(&self) -> Option<Cloud> {
        self.latest().map(|latest| latest.endpoint.cloud)
    }

    /// Envoy's id of the request.
    pub fn id(&self) -> &[u8] {
        self.record.id()
    }

    /// How many attempts have begun.
    pub fn attempts(&self) -> usize {
        self.begun
    }

    /// What happened to it, as a line of text.
    pub fn record(&self) -> String {
        self.record.line(self.plan.config())
    }

    /// What the client reads of a failure, where no other account could have served it.
    fn at_origin(&self, error: ApiError) -> ApiError {
        if self.plan.is_held() { failure::at_origin(error) } else { error }
    }

    fn mark_served(&mut self) {
        self.state = TryState::Served;
        self.payload.forget();
    }

    fn verdict(&self, attempt: &Try, response: UpstreamResponse<'_>) -> Verdict {
        self.failed(attempt, response).map_or(Verdict::Serve(None), judge::judge)
    }

    fn failed<'f>(&'f self, attempt: &Try, response: UpstreamResponse<'f>) -> Option<FailedResponse<'f>> {
        let Stop { endpoint, .. } = self.plan.at(attempt.position)?;
        let UpstreamResponse { status, retry_after, error_type, limits, id: _, body } = response;
        Some(FailedResponse {
            cloud: endpoint.cloud,
            endpoint: &endpoint.name,
            status,
            retry_after,
            error_type,
            limits,
            body,
            is_kept: self.payload.is_absent(),
        })
    }

    fn note(&mut self, attempt: &Try, failure: Failure, id: Option<&[u8]>) {
        let id = id.filter(|id| is_kept_id(id)).map(Box::from);
        self.failure.note(Reported { position: attempt.position, failure, id });
    }

    /// Where the latest attempt was made.
    fn latest(&self) -> Option<Stop<'_>> {
        self.plan.at(self.begun.checked_sub(1)?)
    }

    fn served_by_at(&self, position: usize) -> Option<ServedBy<'_>> {
        let Stop { endpoint, .. } = self.plan.at(position)?;
        Some(ServedBy::of(endpoint, self.begun))
    }
}

#[cfg(test)]
mod tests;
