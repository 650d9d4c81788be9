//! proxy-wasm on one side, the core on the other: this crate moves bytes and applies what the core decided.
//!
//! One module, two places: [`edge`] in the listener, [`attempt`] in the upstream chain of every endpoint's
//! cluster. With one `vm_config` both live in one VM per worker and share [`worker`], its memory.

mod attempt;
mod by_headers;
mod edge;
mod failed;
mod google_token;
mod heads;
mod host;
mod in_use;
mod local_reply;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
mod next;
mod pairs;
mod response;
mod root;
mod slots;
mod stalled;
mod store;
mod token;
mod worker;

use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static POOL: memory::Pool = memory::Pool::new();

/// The entry that the host calls: the macro makes it public and leaves it undocumented.
mod entry {
    proxy_wasm::main! {{
        super::start();
    }}
}

/// What the host calls first; a native test calls it itself.
pub fn start() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<root::Root>::default() });
}

/// How many requests this thread's VM has in flight: none may remain when all streams have ended.
pub fn requests_in_flight() -> usize {
    worker::requests_in_flight()
}
