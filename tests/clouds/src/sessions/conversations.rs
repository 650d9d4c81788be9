//! Conversations: what is said in one is kept under its id, at the account that made it.

use super::operations::{not_found, refused};
use crate::clouds::locked;
use crate::credentials::random_hex;
use crate::http::{Reply, Request};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;

const MAX_CONVERSATIONS: usize = 1024;
const MAX_ITEMS: usize = 10_000;

struct Conversation {
    account: String,
    id: String,
    metadata: Value,
    items: Vec<Value>,
}

impl Conversation {
    fn shown(&self) -> Value {
        json!({
            "id": self.id, "object": "conversation", "created_at": crate::answer::CREATED, "metadata": self.metadata,
        })
    }
}

#[derive(Default)]
pub struct Conversations {
    list: Mutex<VecDeque<Conversation>>,
}

impl Conversations {
    fn find<T>(&self, account: &str, id: &str, then: impl FnOnce(&mut Conversation) -> T) -> Option<T> {
        let mut list = locked(&self.list);
        let mut own = list.iter_mut().filter(|conversation| conversation.account == account);
        own.find(|conversation| conversation.id == id).map(then)
    }

    /// What was said so far.
    pub fn items(&self, account: &str, id: &str) -> Option<Vec<Value>> {
        self.find(account, id, |conversation| conversation.items.clone())
    }

    /// Notes what was asked and what was answered.
    pub fn add(&self, account: &str, id: &str, items: impl Iterator<Item = Value>) {
        self.find(account, id, |conversation| {
            let room = MAX_ITEMS.saturating_sub(conversation.items.len());
            conversation.items.extend(items.take(room));
        });
    }
}

/// What a path is about: all conversations, or one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    All,
    One(&'a str),
    Items(&'a str),
}

impl<'a> Place<'a> {
    pub fn of(parts: &[&'a str]) -> Option<Self> {
        match parts {
            [] => Some(Self::All),
            [id] if !id.is_empty() => Some(Self::One(id)),
            [id, "items"] => Some(Self::Items(id)),
            _ => None,
        }
    }

    pub fn takes(self, method: &Method) -> bool {
        match self {
            Self::All => *method == Method::POST,
            Self::One(_) => matches!(*method, Method::GET | Method::DELETE),
            Self::Items(_) => *method == Method::GET,
        }
    }
}

/// Serves an operation that takes the request's method.
pub fn serve(all: &Conversations, account: &str, place: Place<'_>, request: &Request) -> Result<Reply, Reply> {
    let body = match place {
        Place::All => create(all, account, request)?,
        Place::One(id) if request.method == Method::DELETE => {
            let mut list = locked(&all.list);
            let at = list.iter().position(|known| known.account == account && known.id == id);
            at.and_then(|at| list.remove(at)).ok_or_else(|| not_found("Conversation", id))?;
            json!({"id": id, "object": "conversation.deleted", "deleted": true})
        }
        Place::One(id) => all.find(account, id, |found| found.shown()).ok_or_else(|| not_found("Conversation", id))?,
        Place::Items(id) => {
            let items = all.items(account, id).ok_or_else(|| not_found("Conversation", id))?;
            let name = |item: Option<&Value>| item.and_then(|item| item.get("id")).cloned().unwrap_or_default();
            let (first, last) = (name(items.first()), name(items.last()));
            json!({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": false})
        }
    };
    Ok(Reply::json(StatusCode::OK, &body))
}

fn create(all: &Conversations, account: &str, request: &Request) -> Result<Value, Reply> {
    let body: Value = match request.body.is_empty() {
        true => json!({}),
        false => serde_json::from_slice(&request.body).map_err(|_| {
            refused(StatusCode::BAD_REQUEST, "We could not parse the JSON body of your request.".into(), None)
        })?,
    };
    let items = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let metadata = body.get("metadata").filter(|metadata| metadata.is_object()).cloned().unwrap_or_else(|| json!({}));
    let id = format!("conv_{}", random_hex(50));
    let made = Conversation { account: account.to_owned(), id, metadata, items };
    let shown = made.shown();
    let mut list = locked(&all.list);
    list.push_back(made);
    if list.len() > MAX_CONVERSATIONS {
        list.pop_front();
    }
    Ok(shown)
}
