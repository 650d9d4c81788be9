//! One Envoy and its workers. A worker is a thread with a VM of its own, configured as `render` configures it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::abi::exports;
use crate::beside::Beside;
use crate::chain::Filter;
use crate::headers::Headers;
use crate::host::{self, FilterState, HttpCall};
use crate::shared::Shared;

/// The edge's root context; those of the attempts follow it.
const EDGE: u32 = 1;
/// The cluster of Google's metadata server.
const METADATA: &str = "metadata-server";

/// The SDK sets its logger once for all threads, without asking whether another thread is doing so.
static START: Mutex<()> = Mutex::new(());

/// The VM of this thread.
#[derive(Debug)]
pub struct Vm {
    /// The endpoints, a cluster each, whose attempts have a root context, from the one after [`EDGE`] on.
    endpoints: Vec<Beside>,
    next: std::cell::Cell<u32>,
}

impl Vm {
    /// Starts a VM in this thread.
    ///
    /// # Errors
    /// What the module logged about a policy that it refused.
    pub fn start(shared: &Shared, policy: &Value) -> Result<Vm, String> {
        host::with(|host| host.shared = shared.clone());
        {
            let _turn = START.lock().unwrap_or_else(PoisonError::into_inner);
            multihome_filter::start();
        }
        let endpoints = Beside::all(policy);
        host::with(|host| {
            host.clusters = vec![METADATA.to_owned()];
        });
        let vm = Vm { next: std::cell::Cell::new(EDGE + 1 + endpoints.len() as u32), endpoints };
        vm.configure(EDGE, json!({"role": "edge", "policy": policy, "metadata": METADATA}).to_string().into_bytes())?;
        for (root, Beside { endpoint, .. }) in (EDGE + 1..).zip(&vm.endpoints) {
            vm.configure(root, json!({"role": "attempt", "endpoint": endpoint}).to_string().into_bytes())?;
        }
        Ok(vm)
    }

    /// Makes a root context and configures it.
    ///
    /// # Errors
    /// What the module logged where it refused.
    pub fn configure(&self, root: u32, configuration: Vec<u8>) -> Result<(), String> {
        let size = configuration.len();
        host::with(|host| {
            host.configuration = configuration;
            host.enter(root);
        });
        exports::proxy_on_context_create(root, 0);
        let taken = exports::proxy_on_vm_start(root, 0) && exports::proxy_on_configure(root, size);
        let log = host::with(|host| host.log.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n"));
        if taken { Ok(()) } else { Err(log) }
    }

    /// A context of the edge, for a new stream.
    pub fn edge(&self, filter_state: &FilterState) -> Filter {
        self.filter(EDGE, filter_state)
    }

    /// A context of an attempt at an endpoint's cluster, and what stands beside it; `None` where there is no such endpoint.
    pub fn attempt(&self, endpoint: &str, filter_state: &FilterState) -> Option<(Filter, &Beside)> {
        let (root, beside) = (EDGE + 1..).zip(&self.endpoints).find(|(_, beside)| beside.endpoint == endpoint)?;
        Some((self.filter(root, filter_state), beside))
    }

    /// A context under any root.
    pub fn filter(&self, root: u32, filter_state: &FilterState) -> Filter {
        Filter::create(self.number(), root, filter_state)
    }

    /// A number that no context has had.
    pub fn number(&self) -> u32 {
        self.next.replace(self.next.get().wrapping_add(1))
    }

    /// Whether there is such an endpoint, and so its cluster.
    pub fn has_endpoint(&self, name: &str) -> bool {
        self.endpoints.iter().any(|beside| beside.endpoint == name)
    }

    /// Ticks the edge's root context, if it asked to be ticked.
    pub fn tick(&self) {
        if host::with(|host| host.ticks.contains_key(&EDGE)) {
            host::with(|host| host.enter(EDGE));
            exports::proxy_on_tick(EDGE);
        }
    }

    /// Answers an HTTP call of the module's; `None` as Envoy does when it failed.
    pub fn answer_call(&self, call: &HttpCall, answer: Option<(Headers, Vec<u8>)>) {
        let (count, size) = answer.as_ref().map_or((0, 0), |(headers, body)| (headers.len(), body.len()));
        host::with(|host| {
            host.call_answer = answer;
            host.enter(call.context);
        });
        exports::proxy_on_http_call_response(call.context, call.token, count, size, 0);
        host::with(|host| host.call_answer = None);
    }

    /// Has the module fetch Google's token, if it wants one.
    pub fn fetch_token(&self, token: &str, seconds: u64) {
        self.tick();
        for call in host::with(|host| std::mem::take(&mut host.http_calls)) {
            let body = json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}).to_string();
            self.answer_call(&call, Some((Headers::of(&[(":status", "200")]), body.into_bytes())));
        }
    }
}

type Job = Box<dyn FnOnce(&Vm) + Send>;

/// A thread with a VM, that does what it is told.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
}

impl Worker {
    /// Starts a worker of the Envoy that has this shared data.
    ///
    /// # Errors
    /// What the module logged about a policy that it refused.
    pub fn start(shared: &Shared, policy: &Value) -> Result<Worker, String> {
        let (shared, policy) = (shared.clone(), policy.clone());
        let (jobs, incoming): (_, Receiver<Job>) = channel();
        let (started, outcome) = channel();
        thread::spawn(move || match Vm::start(&shared, &policy) {
            Ok(vm) => {
                let told = started.send(Ok(()));
                debug_assert!(told.is_ok(), "who started this waits for it");
                for job in incoming {
                    if catch_unwind(AssertUnwindSafe(|| job(&vm))).is_err() {
                        // Contexts are left over. Were the thread to end, the memory that they point to could
                        // go before they do, and what is wrong would be lost in an abort.
                        loop {
                            thread::park();
                        }
                    }
                }
            }
            Err(log) => {
                let told = started.send(Err(log));
                debug_assert!(told.is_ok(), "who started this waits for it");
            }
        });
        outcome.recv().unwrap_or_else(|_| Err("the worker ended".to_owned()))?;
        Ok(Worker { jobs })
    }

    /// Has the worker do something, and waits for it. `None` where it panicked.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce(&Vm) -> T + Send + 'static) -> Option<T> {
        let (done, result) = channel();
        let job: Job = Box::new(move |vm| {
            // The other end is gone only if the one that waits has panicked.
            done.send(job(vm)).unwrap_or_default();
        });
        self.jobs.send(job).ok()?;
        result.recv().ok()
    }
}
