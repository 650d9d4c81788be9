//! `apply`: gives a release to a running Envoy, without a request that is lost.

mod change;
mod update;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::admin::Admin;
use crate::folder::{Applying, Folder, State, Trouble};
use crate::outcome::Outcome;
use crate::render::live::release::Release;
use change::Change;
use update::Watcher;

#[derive(Debug, Args)]
#[command(after_long_help = "\
What it does, with a look at Envoy after each step:
    1. the new clusters beside the former ones, the edge into the free slot, the new listeners beside the former ones
    2. the routes change over: from here on each request goes by the new policy, and to its clusters
    3. what belongs to the former policy alone goes, when its last request has ended
Where Envoy refuses something in step 1 or 2, what serves goes on, and the files are what they were. A change that was
interrupted is ended by the same command.

Examples:
    multihome render envoy policy.yaml --wasm multihome.wasm --listen 127.0.0.1:8080 --admin 127.0.0.1:9901 --out /srv/multihome
    multihome apply /srv/multihome
    multihome apply /srv/multihome --back")]
pub struct Apply {
    /// The folder that `render envoy --out` has written
    folder: PathBuf,
    /// Envoy's admin interface [default: that of the folder's bootstrap]
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
    /// Go back to the release that served before; once more goes forth again
    #[arg(long)]
    back: bool,
    /// No Envoy runs: write the files for one that is started later
    #[arg(long, conflicts_with = "admin")]
    offline: bool,
    /// How long new clusters may connect and fetch tokens before requests go there
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    settle: u64,
    /// The longest to wait for the last requests of the former policy, and for connections of a listener that changed
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    drain: u64,
}

impl Apply {
    /// Does the steps that are left.
    pub fn run(self) -> Result<Outcome, Outcome> {
        let failed = |trouble: Trouble| Outcome::faults(format!("error: {trouble}\n"));
        let folder = Folder::open(&self.folder, false).map_err(failed)?;
        let state = folder.state().map_err(failed)?.ok_or_else(|| {
            failed(format!(
                "nothing was rendered into {0}\n  help: `multihome render envoy POLICY --out {0}`",
                self.folder.display()
            ))
        })?;
        let Some(applying) = self.wanted(&state).map_err(failed)? else {
            return Ok(Outcome::done(format!("{} serves: nothing to apply\n", state.live)));
        };
        let from = folder.release(&applying.from).map_err(failed)?;
        let to = folder.release(&applying.to).map_err(failed)?;
        if to.slot == from.slot {
            return Err(failed(format!(
                "{} was rendered before {} came to serve\n  help: render the policy again",
                to.version, from.version
            )));
        }
        let mut change = Change { folder: &folder, state, applying, from: &from, to: &to };
        let rebooted = if self.offline {
            change.at_once().map_err(failed)?
        } else {
            let admin = self.admin(&from).map_err(failed)?;
            let seconds = Duration::from_secs;
            let watcher = Watcher { admin: &admin, settle: seconds(self.settle), drain: seconds(self.drain) };
            watcher.require_live().map_err(failed)?;
            change.step_by_step(&watcher).map_err(failed)?
        };
        let mut out = format!("{} serves\n", to.version);
        if rebooted {
            out += "  bootstrap.yaml is another one: what differs there takes a restart of Envoy, or a hot restart\n";
        }
        Ok(Outcome::done(out))
    }

    /// What is to be changed: what had begun, or what was asked for.
    fn wanted(&self, state: &State) -> Result<Option<Applying>, Trouble> {
        let change = |from: &str, to: &str| Applying { from: from.to_owned(), to: to.to_owned(), switched: false };
        match (&state.applying, self.back) {
            (Some(begun), false) => Ok(Some(begun.clone())),
            (Some(begun), true) => Ok(Some(change(&begun.to, &begun.from))),
            (None, true) => match &state.former {
                Some(former) => Ok(Some(change(&state.live, former))),
                None => Err("there is no release to go back to: only one has served yet".to_owned()),
            },
            (None, false) => Ok(state.next.as_ref().map(|next| change(&state.live, next))),
        }
    }

    fn admin(&self, from: &Release) -> Result<Admin, Trouble> {
        let url = match &self.admin {
            Some(url) => url.clone(),
            None => {
                let address = from.pieces.bootstrap.pointer("/admin/address/socket_address");
                let text = |key: &str| address.and_then(|address| address.get(key));
                let host = text("address").and_then(Value::as_str).unwrap_or_default();
                let host = match host {
                    "0.0.0.0" => "127.0.0.1".to_owned(),
                    "::" => "[::1]".to_owned(),
                    six if six.contains(':') => format!("[{six}]"),
                    other => other.to_owned(),
                };
                match text("port_value").and_then(Value::as_u64) {
                    Some(port) if port > 0 => format!("http://{host}:{port}"),
                    _ => return Err(
                        "the bootstrap leaves the admin interface's port open\n  help: add `--admin http://HOST:PORT`"
                            .to_owned(),
                    ),
                }
            }
        };
        Admin::at(&url).map_err(|error| error.to_string())
    }
}
