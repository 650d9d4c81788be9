//! The attempt role: one try of one target, in the upstream chain of its endpoint's cluster.

use std::rc::Rc;

use multihome_core::attempt::{Answerer, Head, Next, Request, passes_back, request_id_of};
use multihome_core::cloud::Cloud;
use multihome_core::header;
use multihome_core::openai::error::ApiError;
use multihome_core::outcome::MOST_BODY;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};

use crate::edge::NEXT;
use crate::host;
use crate::pairs::{Pairs, PairsWriter};
use crate::worker::{self, SharedRequest};

/// Where [`crate::edge::TICKET`] is read: filter state, by its full name, parts ended by zero bytes.
const TICKET_PATH: &str = "filter_state\0wasm.multihome.ticket";

/// One try.
pub struct Attempt {
    /// The name of the endpoint whose cluster this is.
    endpoint: Rc<str>,
    request: Option<SharedRequest>,
    /// What replaces the start of the body, once enough of it is there.
    splice: Option<(usize, Vec<u8>)>,
    answer: State,
}

/// The answer's state.
enum State {
    /// Nothing to do, or nothing yet.
    Idle,
    /// An error is held until its body is there.
    Judging(Pairs),
    /// What is left of a body that has been replaced goes away.
    Swallowing,
}

impl Attempt {
    /// A try of that endpoint.
    pub fn new(endpoint: Rc<str>) -> Attempt {
        Attempt { endpoint, request: None, splice: None, answer: State::Idle }
    }

    /// An attempt without a request, or out of turn, is not made: it would have to guess.
    fn refuse(&self) -> Action {
        let message = format!("The request was lost before target `{}` could be tried.", self.endpoint);
        let error = ApiError::new(503, "request_lost", message);
        let mut headers = PairsWriter::new();
        headers.add("content-type", "application/json");
        host::answer(error.status, &headers, &error.to_json(), "request_lost");
        Action::Pause
    }

    /// Decides on the error that is held, of which `size` bytes of body are there.
    fn judge(&mut self, size: usize, whole: bool) -> Action {
        let State::Judging(head) = std::mem::replace(&mut self.answer, State::Idle) else {
            return Action::Continue;
        };
        let Some(shared) = self.request.clone() else {
            return Action::Continue;
        };
        let mut request = shared.borrow_mut();
        let body = if whole && size > 0 { host::buffer(BufferType::HttpResponseBody, size) } else { Vec::new() };
        let found = Found::read(&head);
        match request.judge(found.status, found.retry_after, found.error_type, &body) {
            Next::Pass if whole => {
                pass_on(&mut request, &head);
                Action::Continue
            }
            Next::MoveOn => {
                host::set_header(MapType::HttpResponseHeaders, header::MOVE_ON, b"1");
                Action::Continue
            }
            Next::Pass => {
                let error =
                    ApiError::new(found.status, "upstream_error", "The upstream's error was too long to pass on.");
                self.tell(&mut request, &error, &head, size)
            }
            Next::Tell(error) => self.tell(&mut request, &error, &head, size),
        }
    }

    /// Puts `error` in place of the answer.
    fn tell(&mut self, request: &mut Request, error: &ApiError, head: &Pairs, size: usize) -> Action {
        request.answer();
        let body = error.to_json();
        let mut headers = PairsWriter::new();
        headers.add("content-type", "application/json");
        if let Some(after) = &error.retry_after {
            headers.add("retry-after", after);
        }
        if let Some(id) = request.cloud().and_then(|cloud| request_id(head, cloud)) {
            headers.add("x-request-id", id);
        }
        if let Some(answerer) = request.failed().or_else(|| request.answerer()) {
            add_answerer(&mut headers, &answerer);
        }
        if size == 0 {
            host::answer(error.status, &headers, &body, error.code.as_deref().unwrap_or("upstream_error"));
            return Action::Pause;
        }
        headers.add(":status", error.status.to_string()).add("content-length", body.len().to_string());
        host::replace_headers(MapType::HttpResponseHeaders, &headers);
        host::replace_start(BufferType::HttpResponseBody, size, &body);
        self.answer = State::Swallowing;
        Action::Continue
    }
}

/// What an error's headers say.
struct Found<'h> {
    status: u16,
    retry_after: Option<&'h str>,
    error_type: Option<&'h str>,
}

impl<'h> Found<'h> {
    fn read(head: &'h Pairs) -> Found<'h> {
        let mut found = Found { status: 0, retry_after: None, error_type: None };
        for (name, value) in head.iter() {
            let text = std::str::from_utf8(value).ok();
            match name {
                b":status" => found.status = text.and_then(|text| text.parse().ok()).unwrap_or(0),
                b"retry-after" => found.retry_after = text,
                b"x-amzn-errortype" => found.error_type = text,
                _ => {}
            }
        }
        found
    }
}

/// Lets an answer go to the client: of its headers those that may pass, and who gave it.
fn pass_on(request: &mut Request, head: &Pairs) {
    request.answer();
    let mut headers = PairsWriter::new();
    for (name, value) in head.iter().filter(|(name, _)| *name == b":status" || passes_back(name)) {
        headers.add(name, value);
    }
    if let Some(answerer) = request.answerer() {
        add_answerer(&mut headers, &answerer);
    }
    if let Some(id) = request.cloud().and_then(|cloud| request_id(head, cloud)) {
        headers.add("x-request-id", id);
    }
    host::replace_headers(MapType::HttpResponseHeaders, &headers);
}

fn add_answerer(headers: &mut PairsWriter, answerer: &Answerer<'_>) {
    headers.add(header::CLOUD, answerer.cloud).add(header::TARGET, answerer.target);
    headers.add(header::ATTEMPTS, answerer.attempts.to_string());
    if !answerer.region.is_empty() {
        headers.add(header::REGION, answerer.region);
    }
}

/// The id by which the cloud's support finds the call.
fn request_id(head: &Pairs, cloud: Cloud) -> Option<&[u8]> {
    head.iter()
        .map(|(name, value)| (request_id_of(cloud, name), value))
        .filter(|(rank, _)| *rank > 0)
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, value)| value)
}

/// Everything that leaves for a cloud: nothing of the client's but the body, and its length.
fn write_head(head: &Head<'_>) -> PairsWriter {
    let mut headers = PairsWriter::new();
    headers.add(":method", "POST").add(":scheme", head.scheme).add(":authority", head.host).add(":path", head.path);
    headers.add("content-type", "application/json").add("accept", "application/json");
    // Compressed, a stream could not be read, nor an error judged.
    headers.add("accept-encoding", "identity").add("user-agent", USER_AGENT);
    if let Some(length) = head.length {
        headers.add("content-length", length.to_string());
    }
    if head.google_token
        && let Some(authorization) = worker::google_authorization()
    {
        headers.add("authorization", authorization);
    }
    headers
}

const USER_AGENT: &str = concat!("multihome/", env!("CARGO_PKG_VERSION"));

impl Context for Attempt {}

impl HttpContext for Attempt {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let Some(shared) = host::filter_state(TICKET_PATH).and_then(|ticket| worker::find(&ticket)) else {
            return self.refuse();
        };
        let mut request = shared.borrow_mut();
        let Ok(head) = request.begin(&self.endpoint) else {
            return self.refuse();
        };
        host::replace_headers(MapType::HttpRequestHeaders, &write_head(&head));
        if let Some(cluster) = head.following {
            host::set_filter_state(NEXT, cluster.as_bytes());
        }
        self.splice = request.splice();
        drop(request);
        self.request = Some(shared);
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        match self.splice.take() {
            Some((until, bytes)) if size >= until => {
                host::replace_start(BufferType::HttpRequestBody, until, &bytes);
                Action::Continue
            }
            // The part to be replaced is not there yet: the start waits for the rest.
            Some(splice) => {
                self.splice = Some(splice);
                Action::Pause
            }
            None => Action::Continue,
        }
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let Some(shared) = &self.request else {
            return Action::Continue;
        };
        let head = host::headers(MapType::HttpResponseHeaders);
        let served = head.iter().any(|(name, value)| name == b":status" && value.first() == Some(&b'2'));
        if served {
            pass_on(&mut shared.borrow_mut(), &head);
            return Action::Continue;
        }
        self.answer = State::Judging(head);
        if end_of_stream { self.judge(0, true) } else { Action::Pause }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match self.answer {
            State::Idle => Action::Continue,
            State::Judging(_) if size > MOST_BODY => self.judge(size, false),
            State::Judging(_) if end_of_stream => self.judge(size, true),
            State::Judging(_) => Action::Pause,
            State::Swallowing => {
                host::replace_start(BufferType::HttpResponseBody, size, b"");
                Action::Continue
            }
        }
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.judge(0, false)
    }
}
