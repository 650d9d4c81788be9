//! From one release to another, in steps of which each leaves Envoy with something whole.

use serde_json::Value;

use super::update::{Update, Watcher};
use crate::folder::{Applying, Folder, State, Trouble};
use crate::render::live::release::Release;
use crate::render::live::resource;
use crate::render::live::split::{CLUSTERS, LISTENERS, RUNTIME, route_file};

/// A change of releases.
#[derive(Debug)]
pub struct Change<'c> {
    /// Where the files are.
    pub folder: &'c Folder,
    /// Which release is which.
    pub state: State,
    /// What is to be done, and how far it is.
    pub applying: Applying,
    /// The release that serves before it.
    pub from: &'c Release,
    /// The release that serves after it.
    pub to: &'c Release,
}

impl Change<'_> {
    /// For an Envoy that does not run. Says whether the bootstrap is another one.
    pub fn at_once(&mut self) -> Result<bool, Trouble> {
        self.begin()?;
        for (file, value) in self.to.files() {
            self.folder.set_live(&file, &value)?;
        }
        self.switched()?;
        self.end()
    }

    /// For one that runs.
    pub fn step_by_step(&mut self, watcher: &Watcher<'_>) -> Result<bool, Trouble> {
        self.begin()?;
        if !self.applying.switched {
            self.prepare(watcher).and_then(|()| self.switch(watcher)).map_err(|trouble| self.restore(&trouble))?;
            self.switched()?;
        }
        say(&format!("{} serves; waiting for the last requests of {}", self.to.version, self.from.version));
        self.clear(watcher)?;
        self.end()
    }

    /// Step 1: everything new is there, and nothing goes by it.
    fn prepare(&self, watcher: &Watcher<'_>) -> Result<(), Trouble> {
        let (from, to) = (self.from, self.to);
        self.set_runtime(to)?;
        let both = to.beside(from, |pieces| &pieces.clusters, |_| true);
        self.replace(watcher, &Update::Clusters, CLUSTERS, &both)?;
        self.replace(watcher, &Update::Edge(to.slot), to.slot.file(), &to.edge())?;
        // A listener that is new, or changed, has routes of its own, which Envoy looks for as soon as it hears of it.
        for (file, routes) in self.new_routes() {
            self.folder.set_live(&file, &routes)?;
        }
        watcher.settled()?;
        let both = to.beside(from, |pieces| &pieces.listeners, |_| true);
        self.replace(watcher, &Update::Listeners, LISTENERS, &both)
    }

    /// Step 2: listener by listener, requests go by the new release. A listener that changed goes by it already.
    fn switch(&self, watcher: &Watcher<'_>) -> Result<(), Trouble> {
        for name in self.to.pieces.routes.keys().filter(|name| self.from.pieces.routes.contains_key(*name)) {
            let Some((file, routes)) = self.to.route(name) else { continue };
            self.replace(watcher, &Update::Routes(name), &file, &routes)?;
        }
        Ok(())
    }

    /// Step 3: what only the former release needs goes.
    fn clear(&self, watcher: &Watcher<'_>) -> Result<(), Trouble> {
        let (from, to) = (self.from, self.to);
        let late = |what: &str| say(&format!("{what} after the time of `--drain`; they are not waited for any longer"));
        // Those inside Envoy serve requests that are on their way.
        let inside = |listener: &Value| listener.get("internal_listener").is_some();
        let listeners = to.beside(from, |pieces| &pieces.listeners, inside);
        self.replace(watcher, &Update::Listeners, LISTENERS, &listeners)?;
        if !watcher.drained(&self.old_routes())? {
            late("some connections of a changed listener are still open");
        }
        let emptied = resource::file(&to.version, vec![from.slot.emptied()]);
        self.replace(watcher, &Update::Edge(from.slot), from.slot.file(), &emptied)?;
        if !watcher.out_of_use(&from.version)? {
            late("some requests of the former release are still on their way");
        }
        let listeners = resource::file(&to.version, to.pieces.listeners.clone());
        self.replace(watcher, &Update::Listeners, LISTENERS, &listeners)?;
        let clusters = resource::file(&to.version, to.pieces.clusters.clone());
        self.replace(watcher, &Update::Clusters, CLUSTERS, &clusters)
    }

    /// Nothing goes by the new release: the files are again what they were. Gives what is to be said of it.
    fn restore(&mut self, trouble: &str) -> Trouble {
        let (from, to) = (self.from, self.to);
        let restored = || -> Result<(), Trouble> {
            // First of all: no route may lead to a slot that is empty.
            for name in from.pieces.routes.keys() {
                if let Some((file, routes)) = from.route(name) {
                    self.folder.set_live(&file, &routes)?;
                }
            }
            for (file, value) in from.files() {
                self.folder.set_live(&file, &value)?;
            }
            for (file, _) in self.new_routes() {
                self.folder.unset_live(&file);
            }
            Ok(())
        };
        let said = match restored() {
            Ok(()) => format!("{trouble}\n  {} goes on serving, and the files are what they were", from.version),
            Err(another) => format!("{trouble}\n  and what was could not be written back: {another}"),
        };
        self.state.applying = None;
        self.state.next = self.state.next.take().filter(|next| *next != to.version);
        match self.folder.set_state(&self.state) {
            Ok(()) => said,
            Err(another) => format!("{said}\n  {another}"),
        }
    }

    fn begin(&mut self) -> Result<(), Trouble> {
        self.state.applying = Some(self.applying.clone());
        self.folder.set_state(&self.state)
    }

    fn switched(&mut self) -> Result<(), Trouble> {
        self.applying.switched = true;
        self.state.applying = Some(self.applying.clone());
        self.state.former = Some(self.from.version.clone());
        self.state.live = self.to.version.clone();
        self.state.next = self.state.next.take().filter(|next| *next != self.to.version);
        self.folder.set_state(&self.state)
    }

    /// Says whether the bootstrap is another one.
    fn end(&mut self) -> Result<bool, Trouble> {
        for name in self.old_routes() {
            self.folder.unset_live(&route_file(name));
        }
        self.set_runtime(self.to)?;
        let another = self.folder.set_bootstrap(&self.to.pieces.bootstrap)?;
        self.state.applying = None;
        self.folder.set_state(&self.state)?;
        Ok(another)
    }

    fn set_runtime(&self, of: &Release) -> Result<(), Trouble> {
        self.folder.set_live(RUNTIME, &resource::file(&of.version, vec![of.pieces.runtime.clone()]))
    }

    /// Replaces a file and waits until Envoy has taken it.
    fn replace(&self, watcher: &Watcher<'_>, update: &Update<'_>, file: &str, value: &Value) -> Result<(), Trouble> {
        let before = watcher.before(update)?;
        self.folder.set_live(file, value)?;
        let version = value.get("version_info").and_then(Value::as_str).unwrap_or_default();
        watcher.taken(update, version, &before)
    }

    fn new_routes(&self) -> Vec<(String, Value)> {
        let new = self.to.pieces.routes.keys().filter(|name| !self.from.pieces.routes.contains_key(*name));
        new.filter_map(|name| self.to.route(name)).collect()
    }

    /// The routes that only listeners have which are changed or removed.
    fn old_routes(&self) -> Vec<&str> {
        let names = self.from.pieces.routes.keys();
        names.filter(|name| !self.to.pieces.routes.contains_key(*name)).map(String::as_str).collect()
    }
}

/// What happens at this moment; what came of it is the command's outcome.
fn say(line: &str) {
    eprintln!("{line}");
}
