//! What a request meets on its way, and what comes of it.

use crate::chain::Piece;
use crate::headers::Headers;
use crate::host::FilterState;
use crate::message::Message;

/// What a cloud does with an attempt.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it goes.
    pub outcome: Outcome,
    /// After how many parts of the request it comes; all of them where there are fewer.
    pub after: usize,
    /// Whether Envoy may retry after it: its circuit breakers may forbid it.
    pub may_retry: bool,
    /// What somebody else writes into the filter state before it comes.
    pub spoils: Option<(&'static str, Vec<u8>)>,
}

/// How an attempt goes.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is answered. With a number, the connection ends before that part of the answer.
    Answered(Message, Option<usize>),
    /// There is no connection, or it ends without an answer.
    Lost,
    /// Nothing comes in time.
    TimedOut,
}

impl Answer {
    /// The usual case: it comes when the request is there.
    pub fn of(outcome: Outcome) -> Answer {
        Answer { outcome, after: usize::MAX, may_retry: true, spoils: None }
    }
}

/// An attempt that is about to be made.
#[derive(Debug)]
pub struct Turn<'e> {
    /// Its number, from 1.
    pub number: usize,
    /// The endpoint whose cluster it goes to.
    pub endpoint: &'e str,
    /// The stream's filter state.
    pub filter_state: &'e FilterState,
}

/// A message as it was seen at one end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its headers; `None` where none came.
    pub headers: Option<Headers>,
    /// Its body, as far as it came.
    pub body: Vec<u8>,
    /// Its trailers.
    pub trailers: Option<Headers>,
    /// Whether all of it came.
    pub whole: bool,
}

/// What an attempt sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The endpoint whose cluster it went to.
    pub endpoint: String,
    /// What went there.
    pub message: Seen,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client has the whole answer.
    Answered,
    /// The connection to the cloud ended in the middle of the answer, and so did the client's.
    Cut,
    /// The client went away.
    Abandoned,
    /// Nothing more would ever happen.
    Hung,
}

/// A request that has been played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The headers with which the request left the edge for Envoy's router; `None` where it did not.
    pub routed: Option<Headers>,
    /// Every attempt.
    pub sent: Vec<Sent>,
    /// The answer.
    pub received: Seen,
    /// How it ended.
    pub end: End,
}

impl Seen {
    /// A part of it is seen.
    pub(crate) fn note(&mut self, piece: Piece) {
        self.whole |= piece.is_last();
        match piece {
            Piece::Headers(headers, _) => self.headers = Some(headers.borrow().clone()),
            Piece::Data(data, _) => self.body.extend_from_slice(&data),
            Piece::Trailers(trailers) => self.trailers = Some(trailers.borrow().clone()),
        }
    }
}
