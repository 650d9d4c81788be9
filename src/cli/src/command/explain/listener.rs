//! Whether the identity headers of a request survive at a listener, as `render` configures it.

use multihome_core::config::Config;
use multihome_core::fault::instead;
use serde_json::{Value, json};

use super::ask::Asked;
use crate::render::piece::trust::ClientTrust;

/// Where a request comes in.
#[derive(Debug)]
pub(super) struct Entrance {
    name: String,
    /// The headers that Envoy removes from everyone there.
    removes: Vec<String>,
    /// The names of which a client's certificate has to have one, if that is what decides.
    certificates: Option<Vec<String>>,
    /// Whether no header is a source, so that there is none to remove.
    no_header: bool,
    /// Whether an API key or a token names a tenant, here as everywhere.
    takes_credentials: bool,
    /// Which of the two.
    credential: &'static str,
    /// What to do where the file says nothing of the listener.
    help: Option<String>,
}

/// What the file says of a listener.
pub(super) fn entrance(config: &Config, name: &str) -> Entrance {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let (removes, certificates) = match ClientTrust::of(config, name) {
        ClientTrust::Trusted => (Vec::new(), None),
        ClientTrust::Certificates { names, .. } => (Vec::new(), Some(owned(names))),
        ClientTrust::Untrusted { headers } => (owned(headers), None),
    };
    let configured = config.listeners.iter().map(|listener| listener.name.as_str());
    let trusted = config.identity.header().into_iter().flat_map(|header| &header.trust.listeners).map(String::as_str);
    let mut known: Vec<&str> = configured.chain(trusted).chain(["default"]).collect();
    known.sort_unstable();
    known.dedup();
    let help = (!known.contains(&name)).then(|| format!("the file has no listener `{name}`: {}", instead(name, known)));
    Entrance {
        name: name.to_owned(),
        removes,
        certificates,
        no_header: config.identity.header().is_none(),
        takes_credentials: config.identity.takes_credentials(),
        credential: match (config.identity.takes_keys(), config.identity.takes_tokens()) {
            (true, true) => "an API key or a token",
            (false, true) => "a token",
            (_, false) => "an API key",
        },
        help,
    }
}

impl Entrance {
    /// Takes the headers from a request that Envoy would; gives the names of those that it had.
    pub fn remove_from(&self, asked: &mut Asked) -> Vec<String> {
        let removes = |(name, _): &(String, String)| self.removes.contains(name);
        let removed = asked.headers.iter().filter(|header| removes(header)).map(|(name, _)| name.clone()).collect();
        asked.headers.retain(|header| !removes(header));
        removed
    }

    /// Whether nobody there can name a tenant.
    pub fn lets_nobody_in(&self) -> bool {
        !self.removes.is_empty() && !self.takes_credentials
    }

    /// One line, and a help.
    pub fn text(&self) -> String {
        let name = &self.name;
        let mut text = match &self.certificates {
            Some(names) => format!(
                "listener {name}: the identity headers pass if the client's certificate has {}; Envoy removes them from everyone else\n",
                names.join(" or ")
            ),
            None if self.no_header => {
                format!("listener {name}: {} names the tenant, no header does\n", self.credential)
            }
            None if self.removes.is_empty() => {
                format!("listener {name}: trusted, the identity headers pass from whoever reaches it\n")
            }
            None => format!("listener {name}: Envoy removes {} from every request\n", self.removes.join(" and ")),
        };
        if let Some(help) = &self.help {
            text.push_str(&format!("  help: {help}\n"));
        }
        text
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let trust = match &self.certificates {
            Some(_) => "certificates",
            None if self.removes.is_empty() && !self.no_header => "trusted",
            None => "untrusted",
        };
        json!({"name": self.name, "trust": trust, "certificates": self.certificates, "removes": self.removes, "help": self.help})
    }
}
