//! A policy, and whether it is in use: a gauge says in how many workers requests were decided by it, and still are or may be.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use multihome_core::config::Config;

use crate::host;

/// A policy. It is counted from a worker's first stream under it until the last one has ended and no more can come.
pub struct InUse {
    config: Rc<Config>,
    /// The release that it is part of, or the policy's own version.
    version: String,
    /// The gauge's number in this VM, once it is counted. The VMs that serve no stream keep what they have read for ever.
    gauge: OnceCell<Option<u32>>,
}

impl InUse {
    /// A policy that decides nothing yet.
    pub fn new(config: Config, release: Option<String>) -> InUse {
        let version = release.unwrap_or_else(|| config.version.to_string());
        InUse { config: Rc::new(config), version, gauge: OnceCell::new() }
    }

    /// A stream begins under it.
    pub fn count(&self) {
        self.gauge.get_or_init(|| {
            let gauge = host::define_gauge(&format!("{GAUGE}{}", self.version));
            gauge.inspect(|gauge| host::add_to_gauge(*gauge, 1))
        });
    }
}

/// Without the version. Envoy's statistics have `wasmcustom.` before it.
const GAUGE: &str = "multihome.policy.version=";

impl Deref for InUse {
    type Target = Rc<Config>;

    fn deref(&self) -> &Rc<Config> {
        &self.config
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(Some(gauge)) = self.gauge.get() {
            host::add_to_gauge(*gauge, -1);
        }
    }
}
