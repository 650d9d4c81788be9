//! Whether Envoy has taken what a file says.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::admin::{Admin, Dump, Stats};
use crate::folder::Trouble;
use crate::render::live::slot::Slot;

/// An Envoy that is looked at, and how long it is waited for.
#[derive(Debug)]
pub struct Watcher<'w> {
    /// Its admin interface.
    pub admin: &'w Admin,
    /// How long what is new may get ready.
    pub settle: Duration,
    /// How long what is old may end.
    pub drain: Duration,
}

/// A file that Envoy watches, as its statistics know it.
#[derive(Clone, Debug)]
pub enum Update<'u> {
    /// All clusters.
    Clusters,
    /// All listeners.
    Listeners,
    /// The edge in a slot.
    Edge(Slot),
    /// The routes of that name.
    Routes(&'u str),
}

/// How often Envoy had refused something when a file was replaced.
#[derive(Debug)]
pub struct Before {
    refused: u64,
}

/// The longest until Envoy has read a file: it is told by the system, and reads at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);

impl Watcher<'_> {
    /// Refuses an Envoy that does not serve.
    pub fn require_live(&self) -> Result<(), Trouble> {
        let server = self.admin.server().map_err(|error| error.to_string())?;
        match server.state.as_str() {
            "LIVE" => Ok(()),
            state => Err(format!(
                "Envoy at {} does not serve ({state})\n  help: wait until it does; `--offline` writes the files for one that is started later",
                self.admin.address()
            )),
        }
    }

    /// What is to be remembered before a file is replaced.
    pub fn before(&self, update: &Update<'_>) -> Result<Before, Trouble> {
        Ok(Before { refused: update.refused(&self.stats(&update.pattern())?) })
    }

    /// Waits until Envoy has taken this version, or has refused it.
    pub fn taken(&self, update: &Update<'_>, version: &str, before: &Before) -> Result<(), Trouble> {
        let (start, pattern) = (Instant::now(), update.pattern());
        loop {
            let stats = self.stats(&pattern)?;
            if stats.texts().any(|(name, text)| name.ends_with(".version_text") && text == version) {
                return Ok(());
            }
            if update.refused(&stats) > before.refused {
                return Err(format!("Envoy refuses {}: {}", update.what(), self.why(version)));
            }
            if start.elapsed() > PATIENCE {
                return Err(format!(
                    "Envoy at {} has not taken {} within {} s\n  help: look whether it was started with this folder's bootstrap.yaml",
                    self.admin.address(),
                    update.what(),
                    PATIENCE.as_secs()
                ));
            }
            sleep(PAUSE);
        }
    }

    /// Waits until no cluster warms any more, and then for as long as new ones may take to connect.
    pub fn settled(&self) -> Result<(), Trouble> {
        const WARMING: &str = "cluster_manager.warming_clusters";
        let start = Instant::now();
        while self.stats(WARMING)?.number(WARMING) > 0 {
            if start.elapsed() > PATIENCE {
                return Err(
                    "new clusters do not become ready\n  help: `multihome doctor` says what they wait for".to_owned()
                );
            }
            sleep(PAUSE);
        }
        sleep(self.settle);
        Ok(())
    }

    /// Waits until no connection is left that goes by routes of these names; says whether there is none. Envoy keeps a
    /// listener's routes until its last connection has drained.
    pub fn drained(&self, routes: &[&str]) -> Result<bool, Trouble> {
        let known = |dump: &Dump| dump.route_configs().iter().any(|known| routes.contains(&known.name));
        self.until(|| Ok(routes.is_empty() || !known(&self.admin.dump().map_err(|error| error.to_string())?)))
    }

    /// Waits until no worker has a request of a release any more; says whether it came to that.
    pub fn out_of_use(&self, release: &str) -> Result<bool, Trouble> {
        let name = format!("{GAUGE}{release}");
        self.until(|| Ok(self.stats(&name.replace('.', r"\."))?.number(&name) == 0))
    }

    fn until(&self, met: impl Fn() -> Result<bool, Trouble>) -> Result<bool, Trouble> {
        let start = Instant::now();
        loop {
            if met()? {
                return Ok(true);
            }
            if start.elapsed() > self.drain {
                return Ok(false);
            }
            sleep(PAUSE);
        }
    }

    /// Envoy's reason, where it keeps one.
    fn why(&self, version: &str) -> String {
        let dump = self.admin.dump().ok();
        let rejected = dump.iter().flat_map(|dump| dump.rejected());
        let why: Vec<String> = rejected
            .filter(|rejected| rejected.refused == version)
            .map(|rejected| format!("{} `{}`: {}", rejected.kind, rejected.name, rejected.why))
            .collect();
        if why.is_empty() { "its log says why".to_owned() } else { why.join("; ") }
    }

    fn stats(&self, pattern: &str) -> Result<Stats, Trouble> {
        self.admin.stats(pattern).map_err(|error| error.to_string())
    }
}

/// The module's gauge of the workers that have to do with a release, without its version.
const GAUGE: &str = "wasmcustom.multihome.policy.version=";

impl Update<'_> {
    fn pattern(&self) -> String {
        match self {
            Update::Clusters => r"^cluster_manager\.cds\.".to_owned(),
            Update::Listeners => r"^listener_manager\.lds\.".to_owned(),
            Update::Edge(slot) => format!(r"extension_config_discovery\.http_filter\.{}\.", slot.filter()),
            Update::Routes(name) => format!(r"\.rds\.{name}\."),
        }
    }

    fn refused(&self, stats: &Stats) -> u64 {
        let refusals =
            stats.numbers().filter(|(name, _)| name.ends_with(".update_rejected") || name.ends_with(".config_fail"));
        refusals.map(|(_, count)| count).sum()
    }

    fn what(&self) -> String {
        match self {
            Update::Clusters => "the clusters".to_owned(),
            Update::Listeners => "the listeners".to_owned(),
            Update::Edge(_) => "the policy".to_owned(),
            Update::Routes(name) => format!("the routes `{name}`"),
        }
    }
}
