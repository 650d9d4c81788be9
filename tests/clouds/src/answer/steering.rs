//! What a test or the comparison with recordings wants the next answer to hold: which output items, in which
//! order. The model's choice is not part of the clouds' contract; the form of each item is.

use crate::clouds::locked;
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

/// `{"on": "HOST", "items": ["reasoning", {"message": "Paris"}, {"call": "get_weather", "arguments": "{}"}]}`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steer {
    /// The host whose next answer this is.
    pub on: String,
    pub items: Vec<SteeredItem>,
    /// Events per text; by default one a word.
    #[serde(default)]
    pub deltas: Option<usize>,
    /// What the request refers to is taken as known: it was recorded at an account that is not emulated.
    #[serde(default)]
    pub trusting: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SteeredItem {
    Reasoning,
    Message(String),
    #[serde(untagged)]
    Call {
        call: String,
        arguments: Option<Value>,
    },
}

#[derive(Default)]
pub struct Steering {
    queue: Mutex<VecDeque<Steer>>,
}

impl Steering {
    /// One order a host; a later one takes the place of an earlier.
    pub fn add(&self, steer: Steer) {
        let mut queue = locked(&self.queue);
        queue.retain(|other| !other.on.eq_ignore_ascii_case(&steer.on));
        queue.push_back(steer);
    }

    /// What was ordered for the next answer of a host.
    pub fn take(&self, host: &str) -> Option<Steer> {
        let mut queue = locked(&self.queue);
        let at = queue.iter().position(|steer| steer.on.eq_ignore_ascii_case(host))?;
        queue.remove(at)
    }
}
