//! The floor of the benchmark: both roles of the design, doing nothing.
//!
//! Every stream enters this module as often as it enters Multihome's (creation, headers, each piece
//! of body, done, log, deletion; once per role), and leaves it at once: each callback is the SDK's
//! default, `Action::Continue`. Built with the same SDK, profile and flags as `multihome.wasm`, so what
//! Multihome costs above it is its own work.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

/// The entry that the host calls: the macro makes it public and leaves it undocumented.
mod entry {
    proxy_wasm::main! {{
        super::start();
    }}
}

fn start() {
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| Box::new(Root));
}

/// One per plugin configuration; which role it is makes no difference here.
struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One per request in the edge role, one per try in the attempt role.
struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {}
