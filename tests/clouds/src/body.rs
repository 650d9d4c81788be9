//! The body of an answer: its pieces, its pace, and where it is cut.

use crate::fault::Plan;
use crate::record::Open;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long what was sent before a cut gets to leave the socket.
const FLUSH: Duration = Duration::from_millis(20);

enum Step {
    Send(Bytes),
    Wait(Duration),
    Cut,
}

/// How a stream ends: after its last event, or after so many, by a cut or in silence.
#[derive(Clone, Copy)]
pub enum Ending {
    Whole,
    Cut(usize),
    Silence(usize),
}

impl Ending {
    /// The ending that the faults of a request ask for.
    pub fn of(plan: &Plan) -> Self {
        match (plan.stall, plan.cut) {
            (Some(after), _) => Self::Silence(after),
            (None, Some(after)) => Self::Cut(after),
            (None, None) => Self::Whole,
        }
    }
}

pub struct AnswerBody {
    steps: VecDeque<Step>,
    /// The declared length, where the answer is not chunked.
    length: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    open: Option<Open>,
}

impl AnswerBody {
    pub fn whole(bytes: Bytes, open: Open) -> Self {
        Self::new([Step::Send(bytes.clone())].into(), Some(bytes.len() as u64), open)
    }

    /// The first half of `bytes`, though all of it is declared.
    pub fn half(bytes: &Bytes, open: Open) -> Self {
        let half = bytes.slice(..bytes.len() / 2);
        Self::new([Step::Send(half), Step::Wait(FLUSH), Step::Cut].into(), Some(bytes.len() as u64), open)
    }

    /// Nothing of the declared length, ever.
    pub fn stalled(length: Option<u64>, open: Open) -> Self {
        Self::new([Step::Wait(Duration::MAX)].into(), length, open)
    }

    /// Events with a pause between them, up to where they end.
    pub fn events(events: Vec<Bytes>, pause: Option<Duration>, ending: Ending, open: Open) -> Self {
        let mut steps = VecDeque::new();
        let sent = match ending {
            Ending::Whole => events.len(),
            Ending::Cut(after) | Ending::Silence(after) => after.min(events.len()),
        };
        for (index, event) in events.into_iter().take(sent).enumerate() {
            if let Some(pause) = pause.filter(|_| index > 0) {
                steps.push_back(Step::Wait(pause));
            }
            steps.push_back(Step::Send(event));
        }
        match ending {
            Ending::Whole => {}
            Ending::Cut(_) => steps.extend([Step::Wait(FLUSH), Step::Cut]),
            Ending::Silence(_) => steps.push_back(Step::Wait(Duration::MAX)),
        }
        Self::new(steps, None, open)
    }

    fn new(steps: VecDeque<Step>, length: Option<u64>, mut open: Open) -> Self {
        if length == Some(0) {
            open.answered();
        }
        Self { steps, length, sleep: None, open: Some(open) }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if let Some(pause) = &mut self.sleep {
                if pause.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.sleep = None;
            }
            match self.steps.pop_front() {
                Some(Step::Wait(pause)) => self.sleep = Some(Box::pin(sleep(pause))),
                Some(Step::Send(bytes)) => {
                    if self.steps.is_empty()
                        && let Some(open) = &mut self.open
                    {
                        open.answered();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Cut) => {
                    if let Some(open) = &mut self.open {
                        open.cut();
                    }
                    return Poll::Ready(Some(Err(io::Error::other("cut off on purpose"))));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
