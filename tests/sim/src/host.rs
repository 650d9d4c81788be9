//! What Envoy's Wasm host keeps for the module, and what it answers to each call.
//!
//! Statuses and visibility are those of Envoy's `source/extensions/common/wasm/context.cc`: a map or a buffer
//! that is not at hand in this phase is `BadArgument`, a header that does not stand `NotFound`, request headers
//! are out of reach once the headers callback let them go, and a range in the middle of a buffer cannot be set.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use proxy_wasm::types::{BufferType, MapType, Status};

use crate::headers::{Headers, SharedHeaders};
use crate::shared::Shared;

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// The filter state of one stream; its attempts see the same.
pub type FilterState = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

/// One worker's side of the host.
#[derive(Debug, Default)]
pub struct Host {
    /// What this Envoy's workers share.
    pub shared: Shared,
    /// The time in nanoseconds since 1970.
    pub now: u64,
    /// The configuration of the plugin that is being configured.
    pub configuration: Vec<u8>,
    /// The clusters that an HTTP call can go to.
    pub clusters: Vec<String>,
    /// HTTP calls that wait for their answer.
    pub http_calls: Vec<HttpCall>,
    /// The answer of the HTTP call that is being dispatched.
    pub call_answer: Option<(Headers, Vec<u8>)>,
    /// The tick period of each root context, in milliseconds.
    pub ticks: BTreeMap<u32, u32>,
    /// What was logged, with its level.
    pub log: Vec<(u32, String)>,
    /// How often each host call was made.
    pub counts: BTreeMap<&'static str, usize>,
    /// Calls that a real host would have refused, in words.
    pub refused: Vec<String>,
    /// Each metric with its value, by the number that the module has for it.
    pub metrics: Vec<(String, i64)>,
    /// What is printed with a panic, so that it can be found again.
    pub label: String,
    windows: HashMap<u32, Window>,
    current: u32,
    issued_tokens: u32,
}

/// An HTTP call that the module made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// The number by which its answer is dispatched.
    pub token: u32,
    /// The context that made it.
    pub context: u32,
    /// The cluster it went to.
    pub cluster: String,
    /// Its headers.
    pub headers: Headers,
    /// How long it may take, in milliseconds.
    pub timeout: u32,
}

/// What one context can reach at this moment.
#[derive(Debug, Default)]
pub struct Window {
    /// The request's headers, while the context may read and change them.
    pub request_headers: Option<SharedHeaders>,
    /// Its trailers.
    pub request_trailers: Option<SharedHeaders>,
    /// The answer's headers.
    pub response_headers: Option<SharedHeaders>,
    /// Its trailers.
    pub response_trailers: Option<SharedHeaders>,
    /// The part of the request's body that is there.
    pub request_body: Option<Vec<u8>>,
    /// The part of the answer's body that is there.
    pub response_body: Option<Vec<u8>>,
    /// The stream's filter state.
    pub filter_state: FilterState,
    /// An answer that the module gave in this call; Envoy sends it when the call has returned.
    pub local_reply: Option<LocalReply>,
    /// Whether the route has to be chosen anew.
    pub route_cleared: bool,
}

/// An answer that does not come from a cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalReply {
    /// Its status.
    pub status: u16,
    /// Headers beside those that Envoy sets itself.
    pub headers: Headers,
    /// Its body.
    pub body: Vec<u8>,
    /// Why, for the access log.
    pub details: String,
}

/// Lends this thread's host. Not to be held while the module runs.
pub fn with<T>(work: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with(|host| work(&mut host.borrow_mut()))
}

/// The same where somebody else may hold it: a panic is logged from wherever it happens.
pub(crate) fn try_with<T>(work: impl FnOnce(&mut Host) -> T) -> Option<T> {
    HOST.try_with(|host| host.try_borrow_mut().ok().map(|mut host| work(&mut host))).ok().flatten()
}

/// Lends the window of one context.
pub fn with_window<T>(context: u32, work: impl FnOnce(&mut Window) -> T) -> T {
    with(|host| work(host.windows.entry(context).or_default()))
}

/// The calls that return data, by which the host has to call back into the VM for memory.
const RETURNING: [&str; 5] =
    ["get_header_map_pairs", "get_header_map_value", "get_buffer_bytes", "get_property", "get_shared_data"];

impl Host {
    /// Host calls made so far: all, and those that return data.
    pub fn calls(&self) -> (usize, usize) {
        let returning = RETURNING.iter().filter_map(|name| self.counts.get(name)).sum();
        (self.counts.values().sum(), returning)
    }

    /// The module runs for this context from now on.
    pub fn enter(&mut self, context: u32) {
        self.current = context;
    }

    /// The context that the module runs for.
    pub fn current(&self) -> u32 {
        self.current
    }

    /// The context is no more.
    pub fn forget(&mut self, context: u32) {
        self.windows.remove(&context);
    }

    pub(crate) fn count(&mut self, call: &'static str) {
        *self.counts.entry(call).or_default() += 1;
    }

    pub(crate) fn refuse(&mut self, what: impl Into<String>) -> Status {
        self.refused.push(what.into());
        Status::BadArgument
    }

    fn window(&mut self) -> &mut Window {
        self.windows.entry(self.current).or_default()
    }

    fn map(&mut self, map: MapType) -> Option<SharedHeaders> {
        let window = self.window();
        match map {
            MapType::HttpRequestHeaders => window.request_headers.clone(),
            MapType::HttpRequestTrailers => window.request_trailers.clone(),
            MapType::HttpResponseHeaders => window.response_headers.clone(),
            MapType::HttpResponseTrailers => window.response_trailers.clone(),
            MapType::HttpCallResponseHeaders => {
                self.call_answer.as_ref().map(|(headers, _)| headers.clone().into_shared())
            }
            _ => None,
        }
    }

    pub(crate) fn pairs(&mut self, map: MapType) -> Vec<u8> {
        self.map(map).map(|map| map.borrow().encode()).unwrap_or_else(|| Headers::default().encode())
    }

    pub(crate) fn header(&mut self, map: MapType, name: &[u8]) -> Result<Vec<u8>, Status> {
        let Some(found) = self.map(map) else {
            return Err(self.refuse(format!("header `{}` of {map:?} out of reach", name.escape_ascii())));
        };
        let found = found.borrow();
        found.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_vec()).ok_or(Status::NotFound)
    }

    /// Changes a map. Of a request's headers the route is chosen anew afterwards.
    pub(crate) fn change(&mut self, map: MapType, work: impl FnOnce(&mut Headers)) -> Status {
        if map == MapType::HttpCallResponseHeaders {
            return self.refuse("an answer to a call cannot be changed");
        }
        let Some(found) = self.map(map) else {
            return self.refuse(format!("{map:?} out of reach for a change"));
        };
        work(&mut found.borrow_mut());
        if map == MapType::HttpRequestHeaders {
            self.window().route_cleared = true;
        }
        Status::Ok
    }

    pub(crate) fn buffer(&mut self, buffer: BufferType, start: usize, most: usize) -> Result<Vec<u8>, Status> {
        let bytes = match buffer {
            BufferType::HttpRequestBody => self.window().request_body.as_deref(),
            BufferType::HttpResponseBody => self.window().response_body.as_deref(),
            BufferType::PluginConfiguration => Some(self.configuration.as_slice()),
            BufferType::HttpCallResponseBody => self.call_answer.as_ref().map(|(_, body)| body.as_slice()),
            _ => None,
        };
        let Some(bytes) = bytes else { return Err(Status::NotFound) };
        let end = start.saturating_add(most).min(bytes.len());
        Ok(bytes.get(start..end).unwrap_or_default().to_vec())
    }

    /// Envoy can put bytes in place of a buffer's beginning, or behind its end.
    pub(crate) fn set_buffer(&mut self, buffer: BufferType, start: usize, length: usize, bytes: &[u8]) -> Status {
        let held = match buffer {
            BufferType::HttpRequestBody => &mut self.window().request_body,
            BufferType::HttpResponseBody => &mut self.window().response_body,
            _ => return self.refuse(format!("{buffer:?} cannot be changed")),
        };
        let Some(held) = held else {
            return self.refuse(format!("{buffer:?} out of reach for a change"));
        };
        if start == 0 {
            held.splice(..length.min(held.len()), bytes.iter().copied());
        } else if start >= held.len() {
            held.extend_from_slice(bytes);
        } else {
            return self.refuse(format!("{buffer:?} cannot be changed in the middle"));
        }
        Status::Ok
    }

    /// Reads filter state, by its name without `wasm.`.
    pub(crate) fn property(&mut self, path: &[u8]) -> Result<Vec<u8>, Status> {
        let name = format!("wasm.{}", String::from_utf8_lossy(path));
        self.window().filter_state.borrow().get(&name).cloned().ok_or(Status::NotFound)
    }

    pub(crate) fn set_property(&mut self, path: &[u8], value: &[u8]) -> Status {
        let name = format!("wasm.{}", String::from_utf8_lossy(path));
        self.window().filter_state.borrow_mut().insert(name, value.to_vec());
        Status::Ok
    }

    /// The last answer given in a call counts: Envoy sends it once the call has returned.
    pub(crate) fn send_local_reply(&mut self, reply: LocalReply) -> Status {
        if self.window().local_reply.is_some() {
            return self.refuse("a second answer in one call");
        }
        self.window().local_reply = Some(reply);
        Status::Ok
    }

    pub(crate) fn define_metric(&mut self, name: String) -> u32 {
        self.count("define_metric");
        self.metrics.push((name, 0));
        self.metrics.len() as u32 - 1
    }

    pub(crate) fn increment_metric(&mut self, metric: u32, by: i64) {
        self.count("increment_metric");
        match self.metrics.get_mut(metric as usize) {
            Some((_, value)) => *value += by,
            None => {
                self.refuse(format!("an increment of metric {metric}"));
            }
        }
    }

    pub(crate) fn http_call(&mut self, cluster: &[u8], headers: Headers, timeout: u32) -> Result<u32, Status> {
        let cluster = String::from_utf8_lossy(cluster).into_owned();
        let complete = [":method", ":path", ":authority"].iter().all(|name| headers.get(name).is_some());
        if !complete || !self.clusters.contains(&cluster) {
            return Err(self.refuse(format!("a call to `{cluster}`")));
        }
        self.issued_tokens += 1;
        let token = self.issued_tokens;
        self.http_calls.push(HttpCall { token, context: self.current, cluster, headers, timeout });
        Ok(token)
    }
}
