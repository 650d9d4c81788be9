//! What the doctor says, for people and for programs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::seen::Seen;
use super::seen::json::text;
use super::serving::versions;
use crate::finding::counted;

/// The findings, and what was looked at.
#[derive(Debug)]
pub struct Report<'s> {
    /// Where.
    pub address: &'s str,
    /// What was looked at.
    pub seen: &'s Seen<'s>,
    /// The worst first.
    pub findings: &'s [Finding],
}

impl Report<'_> {
    /// How many faults there are.
    pub fn faults(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Fault).count()
    }

    /// For people.
    pub fn text(&self) -> String {
        let server = &self.seen.replies.server;
        let istio = server.istio.as_ref().map(|version| format!(" of Istio {version}")).unwrap_or_default();
        let mut out = format!("{}: Envoy {:#}{istio}, {}\n", self.address, server.version, server.state);
        for (version, listeners) in self.seen.versions() {
            let listeners = Vec::from_iter(listeners).join(", ");
            out.push_str(&format!("  policy {version} decides at {listeners}\n"));
        }
        for module in self.modules() {
            out.push_str(&format!("  module {module}\n"));
        }
        for (source, version) in versions(&self.seen.replies.stats) {
            out.push_str(&format!("  {source}: version {version}\n"));
        }
        self.findings.iter().for_each(|finding| out.push_str(&finding.show()));
        let (faults, warnings) = (self.faults(), self.findings.len() - self.faults());
        let verdict = match (faults, warnings) {
            (0, 0) => "armed".to_owned(),
            (0, warnings) => format!("armed, with {}", counted(warnings, "warning")),
            (faults, warnings) => format!("not armed: {}, {}", counted(faults, "fault"), counted(warnings, "warning")),
        };
        out.push_str(&format!("{}: {verdict}\n", self.address));
        out
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let server = &self.seen.replies.server;
        let policies: Vec<Value> = self
            .seen
            .versions()
            .into_iter()
            .map(|(version, listeners)| json!({"version": version, "listeners": listeners}))
            .collect();
        json!({
            "admin": self.address,
            "armed": self.faults() == 0,
            "envoy": {"version": format!("{:#}", server.version), "build": server.build, "state": server.state, "istio": server.istio},
            "policies": policies,
            "modules": self.modules(),
            "serving": versions(&self.seen.replies.stats),
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }

    /// The files, or the addresses, of the modules that run.
    fn modules(&self) -> BTreeSet<&str> {
        let teams = self.seen.teams();
        let configs = teams.iter().filter_map(|team| team.edge.plugin.as_ref()?.config);
        let places = ["/vm_config/code/local/filename", "/vm_config/code/remote/http_uri/uri"];
        configs
            .flat_map(|config| places.iter().map(move |place| text(config, place)))
            .filter(|name| !name.is_empty())
            .collect()
    }
}
