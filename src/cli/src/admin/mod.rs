//! Envoy's admin interface: what a running Envoy says of itself.
//!
//! Plain HTTP, as Envoy serves it, without a proxy of the environment's and without redirects: it stands on the loopback of
//! Envoy's own machine, or behind `kubectl port-forward`.

mod dump;
mod error;
mod stats;

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::version::Version;

pub use dump::{Dump, Resource};
pub use error::AdminError;
pub use stats::Stats;

/// An admin interface that was named, not yet reached.
#[derive(Debug)]
pub struct Admin {
    agent: Agent,
    /// `HOST:PORT`.
    address: String,
}

/// `/server_info`.
#[derive(Debug)]
pub struct Server {
    /// As Envoy names its build.
    pub build: String,
    /// The version in it.
    pub version: Version,
    /// `LIVE`, `DRAINING`, `PRE_INITIALIZING` or `INITIALIZING`.
    pub state: String,
    /// The version of Istio, where it is Istio's proxy.
    pub istio: Option<String>,
}

/// The longest that is waited for one reply, a large `/config_dump` included.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest until there is a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// The most that is read of one reply. An Istio gateway with thousands of routes has some tens of MiB.
const LIMIT: u64 = 256 << 20;

impl Admin {
    /// The interface at `http://HOST:PORT`; the scheme may be left out.
    ///
    /// # Errors
    /// [`AdminError::Address`] for anything else.
    pub fn at(url: &str) -> Result<Admin, AdminError> {
        Admin::with(url, CONNECT, PATIENCE)
    }

    fn with(url: &str, connect: Duration, patience: Duration) -> Result<Admin, AdminError> {
        let wrong = || AdminError::Address { given: url.to_owned() };
        let address = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
        if !is_host || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(connect))
            .timeout_global(Some(patience))
            .user_agent("multihome")
            .build();
        Ok(Admin { agent: config.into(), address: address.to_owned() })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Which Envoy this is, and whether it serves.
    ///
    /// # Errors
    /// What keeps it from being asked. This is where it shows that something is no Envoy.
    pub fn server(&self) -> Result<Server, AdminError> {
        let info = self.json("/server_info", &[])?;
        let text = |path: &str| info.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let build = text("/version").unwrap_or_default();
        let version = Version::of_build(&build).ok_or_else(|| AdminError::NotEnvoy {
            address: self.address.clone(),
            why: "its /server_info names no version of Envoy".to_owned(),
        })?;
        let state = text("/state").unwrap_or_default();
        Ok(Server { build, version, state, istio: text("/node/metadata/ISTIO_VERSION") })
    }

    /// Everything that is configured, with the endpoints that discovery gave.
    ///
    /// # Errors
    /// What keeps it from being asked.
    pub fn dump(&self) -> Result<Dump, AdminError> {
        Ok(Dump::new(self.json("/config_dump", &[("include_eds", "")])?))
    }

    /// The statistics whose names match a regular expression.
    ///
    /// # Errors
    /// What keeps it from being asked.
    pub fn stats(&self, pattern: &str) -> Result<Stats, AdminError> {
        Ok(Stats::new(&self.json("/stats", &[("format", "json"), ("filter", pattern)])?))
    }

    /// `/certs`: the certificates that Envoy holds, with their ends.
    ///
    /// # Errors
    /// What keeps it from being asked.
    pub fn certificates(&self) -> Result<Value, AdminError> {
        self.json("/certs", &[])
    }

    /// `/clusters`: the hosts of each cluster as they are now.
    ///
    /// # Errors
    /// What keeps it from being asked.
    pub fn clusters(&self) -> Result<Value, AdminError> {
        self.json("/clusters", &[("format", "json")])
    }

    fn json(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, AdminError> {
        let body = self.get(path, query, LIMIT)?;
        serde_json::from_slice(&body).map_err(|error| AdminError::NotEnvoy {
            address: self.address.clone(),
            why: format!("its {path} is no JSON ({error})"),
        })
    }

    fn get(&self, path: &str, query: &[(&str, &str)], limit: u64) -> Result<Vec<u8>, AdminError> {
        let failed = |error| AdminError::of(error, &self.address, path);
        let request = self.agent.get(format!("http://{}{path}", self.address));
        let mut response = request.query_pairs(query.iter().copied()).call().map_err(failed)?;
        match response.status().as_u16() {
            200 => response.body_mut().with_config().limit(limit).read_to_vec().map_err(failed),
            status => Err(AdminError::Refused { address: self.address.clone(), path: path.to_owned(), status }),
        }
    }
}

#[cfg(test)]
mod tests;
