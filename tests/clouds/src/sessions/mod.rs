//! What an account keeps: responses with their items, and which thought an item came from. An account is a resource and its
//! credential; none reads what another one keeps.

mod conversations;
mod operations;
mod seal;
mod turn;

pub use operations::{Operation, serve};
pub use seal::{Form, open, seal};
pub use turn::{Turn, conversation, resolve};

use crate::clouds::locked;
use bytes::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

/// Older ones go first: a load test must not fill the memory.
const MAX_ENTRIES: usize = 4096;
const MAX_BYTES: usize = 64 << 20;

/// A response as it is kept.
#[derive(Clone)]
pub struct Kept {
    /// The object at its end.
    pub object: Value,
    /// What was asked, without what came before it.
    pub input: Vec<Value>,
    pub previous: Option<String>,
    /// In the background: how often it was asked after. Polls move it on: it is in progress at the first, completed at the second.
    pub polls: Option<u32>,
    pub cancelled: bool,
    /// The events of a stream in the background, each at the place of its sequence number.
    pub events: Vec<Bytes>,
    pub event_stream: &'static str,
}

impl Kept {
    fn output(&self) -> impl Iterator<Item = &Value> {
        self.object.get("output").and_then(Value::as_array).into_iter().flatten()
    }
}

/// An item that a response holds, and the thought before it.
#[derive(Clone)]
pub struct Made {
    pub id: String,
    pub reasoning: Option<String>,
}

struct Entry {
    account: String,
    id: String,
    bytes: usize,
    /// None where the request said `store: false`, or the surface keeps nothing.
    kept: Option<Kept>,
    made: Vec<Made>,
}

#[derive(Default)]
struct Entries {
    list: VecDeque<Entry>,
    bytes: usize,
}

impl Entries {
    fn find(&self, account: &str, id: &str) -> Option<&Kept> {
        let mut own = self.list.iter().filter(|entry| entry.account == account && entry.id == id);
        own.find_map(|entry| entry.kept.as_ref())
    }

    fn find_mut(&mut self, account: &str, id: &str) -> Option<&mut Kept> {
        let mut own = self.list.iter_mut().filter(|entry| entry.account == account && entry.id == id);
        own.find_map(|entry| entry.kept.as_mut())
    }

    fn remove(&mut self, account: &str, id: &str) -> bool {
        let Some(at) = self.list.iter().position(|entry| entry.account == account && entry.id == id) else {
            return false;
        };
        self.list.remove(at).is_some_and(|entry| {
            self.bytes -= entry.bytes;
            entry.kept.is_some()
        })
    }
}

#[derive(Default)]
pub struct Sessions {
    entries: Mutex<Entries>,
    pub conversations: conversations::Conversations,
}

impl Sessions {
    /// Notes a response that was made; `bytes` is what it takes about. Equal requests have equal ids: the later one counts.
    pub fn keep(&self, account: &str, id: &str, bytes: usize, kept: Option<Kept>, made: Vec<Made>) {
        let mut entries = locked(&self.entries);
        entries.remove(account, id);
        entries.bytes += bytes;
        entries.list.push_back(Entry { account: account.to_owned(), id: id.to_owned(), bytes, kept, made });
        while entries.list.len() > MAX_ENTRIES || entries.bytes > MAX_BYTES {
            let Some(oldest) = entries.list.pop_front() else { break };
            entries.bytes -= oldest.bytes;
        }
    }

    /// The items of a response's whole conversation: what came before it, what was asked, what was answered.
    fn chain(&self, account: &str, id: &str) -> Option<Vec<Value>> {
        let entries = locked(&self.entries);
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next.take() {
            match entries.find(account, &id) {
                Some(kept) => {
                    chain.push(kept);
                    next.clone_from(&kept.previous);
                }
                None if chain.is_empty() => return None,
                // A response outlives the one before it, which was deleted.
                None => {}
            }
        }
        let items = chain.iter().rev().flat_map(|kept| kept.input.iter().chain(kept.output()));
        Some(items.cloned().collect())
    }

    /// An item of any kept response.
    fn item(&self, account: &str, id: &str) -> Option<Value> {
        let entries = locked(&self.entries);
        let own = entries.list.iter().rev().filter(|entry| entry.account == account);
        let mut items = own.filter_map(|entry| entry.kept.as_ref()).flat_map(|kept| kept.output().chain(&kept.input));
        items.find(|item| item.get("id").is_some_and(|found| found == id)).cloned()
    }

    /// The thought that an item was made after, by whichever account.
    fn thought_before(&self, item: &str) -> Option<String> {
        let entries = locked(&self.entries);
        let mut made = entries.list.iter().rev().flat_map(|entry| &entry.made);
        made.find(|made| made.id == item).and_then(|made| made.reasoning.clone())
    }
}
