//! Operations on what an account keeps: responses, and conversations.

use super::conversations::{self, Place};
use super::{Entries, Kept, Sessions};
use crate::clouds::locked;
use crate::http::{Reply, Request};
use crate::validate::Invalid;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

/// What a path below an API's prefix is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    Response(&'a str),
    Cancel(&'a str),
    InputItems(&'a str),
    Conversation(Place<'a>),
}

impl<'a> Operation<'a> {
    /// The operation of what follows the prefix of an API: `responses/resp_1/cancel`.
    pub fn of(rest: &'a str) -> Option<Self> {
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            ["responses", id] if !id.is_empty() => Some(Self::Response(id)),
            ["responses", id, "cancel"] => Some(Self::Cancel(id)),
            ["responses", id, "input_items"] => Some(Self::InputItems(id)),
            ["conversations", rest @ ..] => Place::of(rest).map(Self::Conversation),
            _ => None,
        }
    }

    /// A method that it takes.
    pub fn method(self) -> &'static str {
        if self.takes(&Method::GET) { "GET" } else { "POST" }
    }

    pub fn takes(self, method: &Method) -> bool {
        match self {
            Self::Response(_) => matches!(*method, Method::GET | Method::DELETE),
            Self::Cancel(_) => *method == Method::POST,
            Self::InputItems(_) => *method == Method::GET,
            Self::Conversation(place) => place.takes(method),
        }
    }
}

pub(super) fn refused(status: StatusCode, message: String, param: Option<&str>) -> Reply {
    let invalid = Invalid { message, param: param.map(str::to_owned), code: None };
    Reply::json(status, &crate::error::openai(&invalid))
}

pub(super) fn not_found(what: &str, id: &str) -> Reply {
    refused(StatusCode::NOT_FOUND, format!("{what} with id '{id}' not found."), None)
}

/// Serves an operation that takes the request's method.
pub fn serve(sessions: &Sessions, account: &str, operation: Operation<'_>, request: &Request) -> Result<Reply, Reply> {
    let mut entries = locked(&sessions.entries);
    match operation {
        Operation::Conversation(place) => conversations::serve(&sessions.conversations, account, place, request),
        Operation::Response(id) if request.method == Method::DELETE => {
            if !entries.remove(account, id) {
                return Err(not_found("Response", id));
            }
            Ok(Reply::json(StatusCode::OK, &json!({"id": id, "object": "response", "deleted": true})))
        }
        Operation::Response(id) => show(found(&mut entries, account, id)?, request),
        Operation::Cancel(id) => cancel(found(&mut entries, account, id)?),
        Operation::InputItems(id) => {
            // The service knows the items of the conversation by ids; those without one get theirs.
            let kept = found(&mut entries, account, id)?;
            input_items(kept, id, request)
        }
    }
}

fn found<'a>(entries: &'a mut Entries, account: &str, id: &str) -> Result<&'a mut Kept, Reply> {
    entries.find_mut(account, id).ok_or_else(|| not_found("Response", id))
}

/// The object as it stands now.
fn now(kept: &Kept) -> Value {
    let status = match kept.polls {
        _ if kept.cancelled => "cancelled",
        Some(0) => "queued",
        Some(1) => "in_progress",
        _ => return kept.object.clone(),
    };
    let mut object = kept.object.clone();
    if let Value::Object(fields) = &mut object {
        for (name, value) in [
            ("status", json!(status)),
            ("output", json!([])),
            ("usage", Value::Null),
            ("completed_at", Value::Null),
            ("incomplete_details", Value::Null),
        ] {
            fields.insert(name.into(), value);
        }
    }
    object
}

fn show(kept: &mut Kept, request: &Request) -> Result<Reply, Reply> {
    if request.query_value("stream").as_deref() == Some("true") {
        return resume(kept, request);
    }
    if let Some(polls) = &mut kept.polls {
        *polls += 1;
    }
    Ok(Reply::json(StatusCode::OK, &now(kept)))
}

/// The events behind the last one that the client has.
fn resume(kept: &mut Kept, request: &Request) -> Result<Reply, Reply> {
    if kept.events.is_empty() {
        let message =
            "This response cannot be streamed because it was not created with background=true and stream=true.";
        return Err(refused(StatusCode::BAD_REQUEST, message.into(), Some("stream")));
    }
    let after = match request.query_value("starting_after") {
        None => None,
        Some(text) => Some(text.parse::<usize>().map_err(|_| {
            let message = format!("Invalid type for 'starting_after': expected an integer, but got '{text}' instead.");
            refused(StatusCode::BAD_REQUEST, message, Some("starting_after"))
        })?),
    };
    kept.polls = Some(u32::MAX);
    let from = after.map_or(0, |after| after.saturating_add(1));
    Ok(Reply::events(kept.event_stream, kept.events.iter().skip(from).cloned().collect()))
}

fn cancel(kept: &mut Kept) -> Result<Reply, Reply> {
    match kept.polls {
        None => Err(refused(StatusCode::BAD_REQUEST, "Cannot cancel a synchronous response.".into(), None)),
        Some(polls) if polls >= 2 && !kept.cancelled => {
            Err(refused(StatusCode::BAD_REQUEST, "Cannot cancel a completed response.".into(), None))
        }
        Some(_) => {
            kept.cancelled = true;
            Ok(Reply::json(StatusCode::OK, &now(kept)))
        }
    }
}

fn input_items(kept: &Kept, id: &str, request: &Request) -> Result<Reply, Reply> {
    let limit = request.query_value("limit").map_or(Ok(20), |text| text.parse::<usize>());
    let Some(limit) = limit.ok().filter(|limit| (1..=100).contains(limit)) else {
        let message = "Invalid 'limit': expected an integer between 1 and 100.";
        return Err(refused(StatusCode::BAD_REQUEST, message.into(), Some("limit")));
    };
    let named = |(index, item): (usize, &Value)| {
        let mut item = item.clone();
        if let Value::Object(fields) = &mut item {
            fields.entry("id").or_insert_with(|| json!(format!("msg_{}{index:02}", id.trim_start_matches("resp_"))));
            fields.entry("type").or_insert_with(|| json!("message"));
        }
        item
    };
    let mut items: Vec<Value> = kept.input.iter().enumerate().map(named).collect();
    if request.query_value("order").as_deref() != Some("asc") {
        items.reverse();
    }
    let name = |item: &Value| item.get("id").cloned().unwrap_or_default();
    let after = request.query_value("after");
    let from =
        after.and_then(|after| items.iter().position(|item| name(item) == after.as_str())).map_or(0, |at| at + 1);
    let more = items.len() > from + limit;
    let page: Vec<Value> = items.into_iter().skip(from).take(limit).collect();
    let (first, last) = (page.first().map(name), page.last().map(name));
    let body = json!({"object": "list", "data": page, "first_id": first, "last_id": last, "has_more": more});
    Ok(Reply::json(StatusCode::OK, &body))
}
