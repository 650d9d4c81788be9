//! Errors whose body does not come: after a short wait they are acted on without it.
//!
//! An error's body says what the client is to read, and Envoy keeps an HTTP/1.1 connection only if it was read to its end.
//! So an attempt waits for it, and stands on this list; the tick of its root context counts how long. Nothing ticks while
//! nobody waits.

use std::cell::{Cell, RefCell};
use std::rc::Weak;

use crate::host;

/// How often the list is looked at while somebody is on it, in milliseconds.
const TICK: u64 = 100;
/// How many ticks an error's body may take.
const PATIENCE: u32 = 5;

/// An error that is held.
pub trait Held {
    /// Whether it still is.
    fn waits(&self) -> bool;

    /// Acts on it without its body, where that decides nothing. To be called while the attempt's context is acted for.
    fn give_up_on_body(&self);
}

/// The attempts of one root context that wait for an error's body.
#[derive(Default)]
pub struct Stalled {
    waiting: RefCell<Vec<Waiting>>,
    ticking: Cell<bool>,
}

struct Waiting {
    /// The attempt's context.
    context: u32,
    held: Weak<dyn Held>,
    ticks: u32,
}

impl Stalled {
    /// Puts the attempt of that context, for which the module runs, on the list.
    pub fn wait(&self, context: u32, held: Weak<dyn Held>) {
        self.waiting.borrow_mut().push(Waiting { context, held, ticks: 0 });
        // To set the period again would put the tick off.
        if !self.ticking.replace(true) {
            host::tick_every(TICK);
        }
    }

    /// Acts on those that have waited for too long.
    pub fn tick(&self) {
        let due = self.due();
        for Waiting { context, held, .. } in due {
            if let Some(held) = held.upgrade() {
                host::act_for(context);
                held.give_up_on_body();
            }
        }
    }

    fn due(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        // The others' body came, or their stream ended.
        waiting.retain_mut(|one| {
            one.ticks += 1;
            one.held.upgrade().is_some_and(|held| held.waits())
        });
        if waiting.is_empty() {
            self.ticking.set(false);
            host::tick_every(0);
        }
        waiting.extract_if(.., |one| one.ticks > PATIENCE).collect()
    }
}
