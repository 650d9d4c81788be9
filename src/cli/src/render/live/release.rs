//! A release: one rendering of a policy, as it is kept to be given to Envoy, and to go back to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pieces::{Pieces, digest, name};
use super::resource;
use super::slot::Slot;
use super::split::{CLUSTERS, LISTENERS, RUNTIME, route_file};
use crate::render::piece::any::put;

/// One rendering.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    /// The policy's version and a digest of all that was rendered: what Envoy shows as `version_text`.
    pub version: String,
    /// The policy's version, as the log has it.
    pub policy: String,
    /// The release that it takes over from; none for the first.
    pub base: Option<String>,
    /// Which slot its edge is in.
    pub slot: Slot,
    /// Which clusters it has: one whose content differs has another name, and so another number here.
    pub generation: u32,
    /// Since which generation its module is there: what the VM goes by.
    pub vm: u32,
    /// The module, by its digest.
    pub module: String,
    /// What Envoy is given.
    #[serde(flatten)]
    pub pieces: Pieces,
}

impl Release {
    /// The version of a policy of that version, rendered as this whole bootstrap.
    pub fn version_of(policy: &str, whole: &Value) -> String {
        format!("{policy}-{}", digest(whole))
    }

    /// The files of this release alone, in an order in which each names only what is there before it.
    pub fn files(&self) -> Vec<(String, Value)> {
        let file = |resources| resource::file(&self.version, resources);
        let (slot, free) = (self.slot, self.slot.other());
        let mut files = vec![
            (RUNTIME.to_owned(), file(vec![self.pieces.runtime.clone()])),
            (slot.file().to_owned(), self.edge()),
            (free.file().to_owned(), file(vec![free.emptied()])),
            (CLUSTERS.to_owned(), file(self.pieces.clusters.clone())),
        ];
        files.extend(self.pieces.routes.keys().filter_map(|name| self.route(name)));
        files.push((LISTENERS.to_owned(), file(self.pieces.listeners.clone())));
        files
    }

    /// The file of its slot. The edge knows its release by name: no two releases share it in a VM, even where their policy is
    /// the same, and its gauge says when the last request of one has ended.
    pub fn edge(&self) -> Value {
        const CONFIGURATION: &str = "/config/configuration/value";
        let mut edge = self.pieces.edge.clone();
        if let Some(Value::String(text)) = edge.pointer_mut(CONFIGURATION)
            && let Ok(mut configuration) = serde_json::from_str(text)
        {
            put(&mut configuration, "release", Some(Value::from(self.version.as_str())));
            *text = configuration.to_string();
        }
        resource::file(&self.version, vec![self.slot.filled(&edge)])
    }

    /// The file of the routes of that name.
    pub fn route(&self, name: &str) -> Option<(String, Value)> {
        let routes = self.pieces.routes.get(name)?;
        Some((route_file(name), resource::file(&self.version, vec![routes.clone()])))
    }

    /// A file of all resources of this release, and of those of another that are to stay, where no name is among ours.
    pub fn beside(&self, other: &Release, of: fn(&Pieces) -> &[Value], stays: fn(&Value) -> bool) -> Value {
        let ours = of(&self.pieces);
        let is_ours = |theirs: &Value| ours.iter().any(|our| name(our) == name(theirs));
        let others = of(&other.pieces).iter().filter(|theirs| stays(theirs) && !is_ours(theirs));
        let resources = ours.iter().chain(others).cloned().collect();
        resource::file(&format!("{}+{}", self.version, other.version), resources)
    }
}
