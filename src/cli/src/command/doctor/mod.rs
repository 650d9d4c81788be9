//! `doctor`: whether a running Envoy is armed.
//!
//! Patches that match nothing any more, a part that was not taken over, a secret that never came: nothing of it keeps Envoy
//! from starting. So this looks at what Envoy runs, not at what it was given. One file for each family of findings.

mod cluster;
mod credential;
mod edge;
mod envoy;
mod finding;
mod identity;
mod module;
mod report;
mod route;
mod seen;
mod serving;
#[cfg(test)]
mod tests;
mod time;
mod token;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use multihome_core::config::Config;

use crate::admin::Admin;
use crate::file;
use crate::outcome::{Format, Outcome};
use finding::Finding;
use report::Report;
use seen::{Replies, Seen};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The exit code is 0 where there is no fault (with --strict no warning either), 1 where there is one, or where no Envoy replies.
docs/operate.md lists all findings.

Examples:
    multihome doctor http://127.0.0.1:9901
    multihome doctor http://127.0.0.1:9901 --policy policy.yaml --format json
    kubectl port-forward -n istio-ingress deploy/gateway 15000 & multihome doctor http://127.0.0.1:15000 --listener default")]
pub struct Doctor {
    /// Envoy's admin interface: `http://HOST:PORT`
    admin: String,
    /// The policy that ought to run: a fault if another decides
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Which listener of the policy the parts were rendered for (`render --listen`), where Envoy calls its own otherwise
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Let no warning pass: exit code 1 where there is one
    #[arg(long)]
    strict: bool,
    /// For whom to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Doctor {
    /// Asks, judges, and says what was found.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let wanted = self.policy.as_deref().map(file::read).transpose()?;
        let admin = Admin::at(&self.admin).map_err(|error| Outcome::usage(format!("error: {error}\n")))?;
        let replies = Replies::ask(&admin).map_err(|error| Outcome::faults(format!("error: {error}\n")))?;
        let seen = Seen::of(&replies, self.listener.as_deref());
        let findings = examine(&seen, wanted.as_ref().map(|policy| &policy.config), SystemTime::now());
        let report = Report { address: admin.address(), seen: &seen, findings: &findings };
        let out = match self.format {
            Format::Text => report.text(),
            Format::Json => format!("{:#}\n", report.json()),
        };
        let code = u8::from(report.faults() > 0 || (self.strict && !findings.is_empty()));
        Ok(Outcome { out, err: String::new(), code })
    }
}

/// All that is found, faults first.
fn examine(seen: &Seen<'_>, wanted: Option<&Config>, now: SystemTime) -> Vec<Finding> {
    let mut found = envoy::find(seen);
    found.extend(edge::find(seen));
    found.extend(identity::find(seen));
    found.extend(token::find(seen));
    found.extend(module::find(seen));
    found.extend(cluster::find(seen));
    found.extend(route::find(seen));
    found.extend(credential::find(seen, now));
    found.extend(serving::find(seen, wanted));
    // Stable: within one severity the families keep their order.
    found.sort_by_key(|finding| finding.severity);
    found
}
