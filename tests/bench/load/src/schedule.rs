//! When which stream is due, to the microsecond: mio's own timeout counts in milliseconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Wakes the poll that it is registered with.
pub struct Schedule {
    timer: TimerFd,
    due: BinaryHeap<Reverse<(Instant, Token)>>,
}

impl Schedule {
    /// The poll gets an event with `token` when something is due.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Schedule> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        registry.register(&mut SourceFd(&timer.as_fd().as_raw_fd()), token, Interest::READABLE)?;
        Ok(Schedule { timer, due: BinaryHeap::new() })
    }

    pub fn add(&mut self, at: Instant, token: Token) {
        self.due.push(Reverse((at, token)));
    }

    /// Takes what is due by `now`, one a call, and when it was.
    pub fn next(&mut self, now: Instant) -> Option<(Instant, Token)> {
        let Reverse((at, _)) = self.due.peek()?;
        if *at > now {
            return None;
        }
        self.due.pop().map(|Reverse(due)| due)
    }

    /// Sets the timer for what is due first. To be called before the poll whenever something was added or taken.
    pub fn arm(&mut self) -> io::Result<()> {
        let Some(Reverse((at, _))) = self.due.peek() else {
            return Ok(());
        };
        // Zero would disarm it.
        let wait = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        self.timer.set(Expiration::OneShot(TimeSpec::from_duration(wait)), TimerSetTimeFlags::empty())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mio::{Events, Poll};

    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_wakes_the_poll() {
        let mut poll = Poll::new().unwrap();
        let mut schedule = Schedule::new(poll.registry(), Token(7)).unwrap();
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_micros(300), now + Duration::from_micros(600));
        schedule.add(later, Token(2));
        schedule.add(soon, Token(1));
        assert_eq!(schedule.next(now), None);
        let mut taken = Vec::new();
        while taken.len() < 2 {
            schedule.arm().unwrap();
            let mut events = Events::with_capacity(4);
            poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
            assert!(events.iter().all(|event| event.token() == Token(7)) && !events.is_empty());
            taken.extend(std::iter::from_fn(|| schedule.next(Instant::now())));
        }
        assert_eq!(taken, [(soon, Token(1)), (later, Token(2))]);
    }
}
