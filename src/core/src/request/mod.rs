//! One request on its way: which target is being tried, what it is sent, and what its answer leads to.
//!
//! The edge makes a [`Request`], every attempt works on it. All of it can be done again from the beginning
//! for the next target: nothing an attempt does changes what the next one is made from.

mod failure;
pub mod judge;
pub mod splice;

use std::rc::Rc;

use crate::api::Api;
use crate::api::error::ApiError;
use crate::cloud::Cloud;
use crate::config::{Auth, Config, Endpoint, Target};
use crate::name::Named;
use failure::{MostTelling, Told};
use judge::{Cause, FailedResponse, Failure, Verdict};
use splice::Splice;

/// A planned request.
#[derive(Debug)]
pub struct Request {
    config: Rc<Config>,
    api: Api,
    /// Places of targets in the configuration, in the order in which they are tried. Never empty.
    plan: Vec<usize>,
    body: Body,
    /// How many attempts have begun; the latest is the one before it in the plan.
    begun: usize,
    /// The most telling failure so far.
    failure: MostTelling,
    /// What the latest attempt has made of its answer.
    answer: Fate,
    origin: Origin,
}

/// The headers of an answer that reach a client, by name. Nothing of a cloud's account, sessions or hops does.
/// The request id is not among them: see [`request_id_of`].
pub fn passes_back(name: &[u8]) -> bool {
    matches!(
        name,
        b":status"
            | b"content-type"
            | b"content-length"
            | b"content-encoding"
            | b"date"
            | b"retry-after"
            | b"retry-after-ms"
            | b"openai-processing-ms"
    ) || name.starts_with(b"x-ratelimit-")
}

/// The longest id of a request or a call that is kept, in bytes: a UUID has 36, Google's and AWS's have less than 100.
const MOST_ID: usize = 256;

/// Whether an id is kept for as long as its request lives: one that a client or a cloud makes arbitrarily long is not.
pub fn is_kept_id(id: &[u8]) -> bool {
    id.len() <= MOST_ID
}

/// What an attempt has to know of the client's request headers, beside the body.
#[derive(Debug, Default)]
pub struct Origin {
    /// Envoy's id of the request, for answers to which no cloud gave one.
    pub id: Box<[u8]>,
    /// Whether it came by HTTPS.
    pub https: bool,
    /// Whether its content type is as a cloud gets it.
    pub plain: bool,
    /// Whether it said its length.
    pub said_length: bool,
}

/// The headers that every request has: four pseudo headers and the content type.
const ESSENTIAL: usize = 5;

/// What an attempt makes of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is none yet.
    Open,
    /// It asked for the next target. An answer that reaches the client all the same is the cloud's own error.
    MovedOn,
    /// It let it go to the client.
    Passed,
}

/// An error that a cloud answered with, as far as an attempt reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `retry-after`.
    pub retry_after: Option<&'a str>,
    /// The cloud's own header that names the error.
    pub error_type: Option<&'a str>,
    /// The headers that [`judge::says_limits`] knows.
    pub limits: &'a [(&'a str, &'a str)],
    /// The cloud's id of the call.
    pub id: Option<&'a [u8]>,
    /// The body, as far as it is read.
    pub body: &'a [u8],
}

/// What is known of a request's body.
#[derive(Debug)]
pub enum Body {
    /// It passes while it comes. Every target of the plan takes its model from the path.
    Streamed {
        /// Its length, where the client said it.
        length: Option<u64>,
    },
    /// It was held and read.
    Held {
        /// Its length.
        length: u64,
        /// How to put a target's model id in.
        splice: Splice,
    },
}

/// What an attempt sends.
#[derive(Debug, PartialEq)]
pub struct Head<'r> {
    /// `:path`.
    pub path: &'r str,
    /// `:authority`.
    pub host: &'r str,
    /// `:scheme`.
    pub scheme: &'static str,
    /// The body's length, where it is known.
    pub length: Option<u64>,
    /// What of the client's own headers can stay. `None` after the first attempt: what one attempt writes stands
    /// before the next, so that nothing there is the client's own any more, its length for one.
    pub kept: Option<Kept>,
    /// Whether it has to carry Google's access token, which no filter after this one adds.
    pub google_token: bool,
}

/// What can stay of a client's headers, if there are no others than those that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many headers there are then.
    pub count: usize,
    /// Whether the scheme is right.
    pub scheme: bool,
    /// Whether the length is right.
    pub length: bool,
}

/// An attempt that must not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTurn;

/// Who answered, for the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Answerer<'r> {
    /// The id by which the cloud's support finds a failed call, if it gave one.
    pub id: Option<&'r [u8]>,
    /// The cloud.
    pub cloud: &'static str,
    /// Its region; empty where the policy file names none.
    pub region: &'r str,
    /// The endpoint.
    pub target: &'r str,
    /// How many attempts were made.
    pub attempts: usize,
}

/// What becomes of an error that a cloud answered with.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// It goes to the client as it is.
    Pass,
    /// The next target is tried.
    MoveOn,
    /// It goes to the client in these words.
    Tell(ApiError),
    /// No target is left: the most telling failure goes to the client, whose it was says [`Request::failed`].
    AllFailed(ApiError),
}

impl Request {
    /// A request with its plan; `None` for a plan without a target.
    pub fn new(config: Rc<Config>, api: Api, plan: Vec<usize>, body: Body, origin: Origin) -> Option<Request> {
        (!plan.is_empty()).then_some(Request {
            config,
            api,
            plan,
            body,
            begun: 0,
            failure: MostTelling::default(),
            answer: Fate::Open,
            origin,
        })
    }

    /// The cluster of the attempt after the latest, if there may be one; of the first, before any has begun.
    pub fn next_cluster(&self) -> Option<&str> {
        self.at(self.begun).map(|(_, endpoint)| endpoint.cluster.as_str())
    }

    /// How many retries Envoy may make.
    pub fn retries(&self) -> usize {
        self.plan.len() - 1
    }

    /// The bytes of the body that are kept at this moment.
    pub fn held_bytes(&self) -> usize {
        match &self.body {
            Body::Streamed { .. } => 0,
            Body::Held { splice, .. } => splice.kept_bytes(),
        }
    }

    /// Begins an attempt at the endpoint of that name.
    ///
    /// # Errors
    /// Where the plan does not have it now.
    pub fn begin(&mut self, endpoint: &str) -> Result<Head<'_>, OutOfTurn> {
        let position = self.begun;
        if self.at(position).is_none_or(|(_, found)| found.name != endpoint) {
            return Err(OutOfTurn);
        }
        self.begun = position + 1;
        self.answer = Fate::Open;
        let (target, endpoint) = self.at(position).ok_or(OutOfTurn)?;
        Ok(Head {
            path: &target.address_for(self.api).ok_or(OutOfTurn)?.path,
            host: &endpoint.host,
            scheme: if endpoint.tls.is_some() { "https" } else { "http" },
            length: self.length(),
            kept: (position == 0 && self.origin.plain).then(|| Kept {
                count: ESSENTIAL + usize::from(self.origin.said_length),
                scheme: endpoint.tls.is_some() == self.origin.https,
                length: self.length().is_none() || (self.origin.said_length && self.splicing().is_none()),
            }),
            google_token: endpoint.auth == Auth::Metadata,
        })
    }

    /// How many bytes at the beginning of the body are replaced in the latest attempt; `None` leaves it as it is.
    pub fn replaces(&self) -> Option<usize> {
        self.splicing().map(|(splice, _)| splice.until())
    }

    /// What replaces them. `read` reads so many bytes at the beginning of the body: the first attempt that needs them finds
    /// them kept, a later one does not. `None` if it reads fewer.
    pub fn replacement(&mut self, read: impl FnOnce(usize) -> Vec<u8>) -> Option<Vec<u8>> {
        let id = self.splicing()?.1.id.clone();
        match &mut self.body {
            Body::Held { splice, .. } => splice.replacement(&id, read),
            Body::Streamed { .. } => None,
        }
    }

    /// Who the latest attempt was made at.
    pub fn answerer(&self) -> Option<Answerer<'_>> {
        self.answerer_at(self.begun.checked_sub(1)?)
    }

    /// The cloud of the latest attempt.
    pub fn cloud(&self) -> Option<Cloud> {
        self.latest().map(|(_, endpoint)| endpoint.cloud)
    }

    /// Envoy's id of the request.
    pub fn id(&self) -> &[u8] {
        &self.origin.id
    }

    /// How many attempts have begun.
    pub fn attempts(&self) -> usize {
        self.begun
    }

    /// The latest attempt's answer goes to the client: nothing is tried after it.
    pub fn answer(&mut self) {
        self.answer = Fate::Passed;
        self.forget_body();
    }

    /// Keeps nothing of the body: what is needed of it will be read again.
    pub fn forget_body(&mut self) {
        if let Body::Held { splice, .. } = &mut self.body {
            splice.forget();
        }
    }

    /// What the latest attempt has made of its answer.
    pub fn fate(&self) -> Fate {
        self.answer
    }

    /// Judges an error of the latest attempt.
    pub fn judge(&mut self, answer: Answer<'_>) -> Next {
        match self.verdict(answer) {
            Verdict::Serve(None) => Next::Pass,
            Verdict::Serve(Some(error)) => Next::Tell(error),
            Verdict::MoveOn(failure) => {
                self.note(failure, answer.id);
                if self.begun < self.plan.len() {
                    self.answer = Fate::MovedOn;
                    Next::MoveOn
                } else {
                    Next::AllFailed(self.failure.error())
                }
            }
        }
    }

    /// Notes an error of the latest attempt whose body will not come: Envoy takes it for one without an answer. Where only
    /// the body says whose fault it is, there is nothing to note.
    pub fn lose(&mut self, answer: Answer<'_>) {
        if let (true, Verdict::MoveOn(failure)) = (!matches!(answer.status, 400 | 404), self.verdict(answer)) {
            self.note(failure, answer.id);
        }
    }

    fn verdict(&self, answer: Answer<'_>) -> Verdict {
        let Some((_, endpoint)) = self.latest() else {
            return Verdict::Serve(None);
        };
        let Answer { status, retry_after, error_type, limits, id: _, body } = answer;
        judge::judge(FailedResponse {
            cloud: endpoint.cloud,
            endpoint: &endpoint.name,
            status,
            retry_after,
            error_type,
            limits,
            body,
        })
    }

    /// What a client is told when Envoy itself gave up, with `status`, after no attempt answered.
    pub fn gave_up(&self, status: u16) -> Next {
        let own = match self.begun {
            0 => "No target could be tried: the first one".to_owned(),
            1 => "The only target that was tried".to_owned(),
            tried => format!("The last of {tried} targets that were tried"),
        };
        let (cause, error) = if status == 504 {
            (Cause::Timeout, ApiError::new(504, "upstream_timeout", format!("{own} did not answer in time.")))
        } else {
            (Cause::ServerError, ApiError::new(503, "upstream_unavailable", format!("{own} could not be reached.")))
        };
        match self.failure.told() {
            // After an attempt that moved on, Envoy found nothing of its own: it had no retry left to make.
            Some(told) if self.answer == Fate::MovedOn || told.failure.cause >= cause => {
                Next::AllFailed(self.failure.error())
            }
            _ => Next::Tell(error),
        }
    }

    /// Whose failure is told, when all failed.
    pub fn failed(&self) -> Option<Answerer<'_>> {
        let told = self.failure.told()?;
        Some(Answerer { id: told.id.as_deref(), ..self.answerer_at(told.position)? })
    }

    fn note(&mut self, failure: Failure, id: Option<&[u8]>) {
        if let Some(position) = self.begun.checked_sub(1) {
            self.failure.note(Told { position, failure, id: id.filter(|id| is_kept_id(id)).map(Box::from) });
        }
    }

    /// Where the latest attempt was made.
    fn latest(&self) -> Option<(&Target, &Endpoint)> {
        self.at(self.begun.checked_sub(1)?)
    }

    fn at(&self, position: usize) -> Option<(&Target, &Endpoint)> {
        let target = self.config.targets.get(*self.plan.get(position)?)?;
        Some((target, self.config.endpoint_of(target)?))
    }

    fn answerer_at(&self, position: usize) -> Option<Answerer<'_>> {
        let (_, endpoint) = self.at(position)?;
        Some(Answerer {
            id: None,
            cloud: endpoint.cloud.name(),
            region: &endpoint.region,
            target: &endpoint.name,
            attempts: self.begun,
        })
    }

    /// How the latest attempt's body differs from the client's, if it does.
    fn splicing(&self) -> Option<(&Splice, &Target)> {
        let Body::Held { splice, .. } = &self.body else { return None };
        let (target, _) = self.latest()?;
        splice.differs(target, self.api).then_some((splice, target))
    }

    fn length(&self) -> Option<u64> {
        match &self.body {
            Body::Streamed { length } => *length,
            Body::Held { length, .. } => Some(match self.splicing() {
                None => *length,
                Some((splice, target)) => splice.length(*length, &target.id),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
