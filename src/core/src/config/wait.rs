//! How long a request may wait, by what the file says for all endpoints and each says of its own.

use std::time::Duration;

use super::timeouts::Awaited;
use super::{Config, Endpoint};

impl Config {
    /// How long Envoy waits for a connection to an endpoint.
    pub fn connect_time(&self, endpoint: &Endpoint) -> Duration {
        endpoint.timeouts.connect.unwrap_or(self.timeouts.connect)
    }

    /// How long Envoy waits for an endpoint's response to begin.
    pub fn response_time(&self, endpoint: &Endpoint, awaited: Awaited) -> Duration {
        let own = match awaited {
            Awaited::Stream => endpoint.timeouts.first_byte,
            Awaited::Whole => endpoint.timeouts.whole,
        };
        own.unwrap_or_else(|| self.timeouts.response(awaited))
    }

    /// The longest that any request may wait for its response to begin. Envoy knows one time for all tries of a request: the
    /// longest of its plan.
    pub fn longest_wait(&self, awaited: Awaited) -> Duration {
        let grants = self.tenants.values().chain(self.identity.ceilings());
        let allowed = grants.map(|grant| grant.max_attempts).max().unwrap_or(self.defaults.max_attempts);
        let wait = |indices: &Vec<usize>| {
            let tries = u32::try_from(indices.len()).unwrap_or(u32::MAX).min(allowed);
            let endpoints = indices.iter().filter_map(|index| self.endpoint_of(self.targets.get(*index)?));
            let longest = endpoints.map(|endpoint| self.response_time(endpoint, awaited)).max();
            longest.unwrap_or_default().saturating_mul(tries)
        };
        self.models.values().map(wait).max().unwrap_or_default()
    }
}
