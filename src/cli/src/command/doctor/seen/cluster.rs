//! A cluster: its upstream filters, where it leads to, and whether there is anybody.

use serde_json::Value;

use super::filter::{Discoveries, Filter, Role};
use super::json::{list, members, message, text};
use crate::admin::Resource;

/// One cluster.
#[derive(Debug)]
pub struct Cluster<'s> {
    /// Its name.
    pub name: &'s str,
    /// The message.
    pub body: &'s Value,
    /// Whether it serves.
    pub is_active: bool,
    /// What runs for each attempt.
    pub filters: Vec<Filter<'s>>,
    /// The addresses of its hosts, as configured or discovered.
    pub addresses: Vec<&'s Value>,
    /// Its hosts as they are now; none where `/clusters` does not list it.
    pub hosts: Vec<&'s Value>,
}

impl<'s> Cluster<'s> {
    /// Reads one.
    pub fn of(
        found: Resource<'s>,
        discovered: &Discoveries<'s>,
        assignments: &[&'s Value],
        statuses: &'s Value,
    ) -> Cluster<'s> {
        let options = members(found.body, "/typed_extension_protocol_options")
            .find(|(_, any)| message(any) == "envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
        let filters = options.map(|(_, options)| list(options, "/http_filters")).unwrap_or_default();
        let service = text(found.body, "/eds_cluster_config/service_name");
        let is_its = |assignment: &&&Value| {
            let name = text(assignment, "/cluster_name");
            name == found.name || (!service.is_empty() && name == service)
        };
        let own = found.body.get("load_assignment");
        let assigned = assignments.iter().filter(is_its).copied().chain(own);
        let hosts = assigned.flat_map(|of| list(of, "/endpoints")).flat_map(|of| list(of, "/lb_endpoints"));
        let status = list(statuses, "/cluster_statuses").iter().find(|status| text(status, "/name") == found.name);
        Cluster {
            name: found.name,
            body: found.body,
            is_active: found.is_active,
            filters: filters.iter().map(|entry| Filter::of(entry, discovered)).collect(),
            addresses: hosts.filter_map(|host| host.pointer("/endpoint/address")).collect(),
            hosts: status.map(|status| list(status, "/host_statuses").iter().collect()).unwrap_or_default(),
        }
    }

    /// The place of the attempt among the filters.
    pub fn attempt(&self) -> Option<usize> {
        self.filters.iter().position(|filter| filter.is(Role::Attempt))
    }

    /// The place of the first filter that adds a credential.
    pub fn credential(&self) -> Option<usize> {
        self.filters.iter().position(Filter::is_credential)
    }

    /// The listener inside Envoy that it leads to.
    pub fn internal_listener(&self) -> Option<&'s str> {
        let names = self.addresses.iter().map(|address| text(address, "/envoy_internal_address/server_listener_name"));
        names.into_iter().find(|name| !name.is_empty())
    }

    /// Whether it leads to an address that is nobody's: what a mesh has to be told where a filter chooses.
    pub fn is_placeholder(&self) -> bool {
        self.addresses.iter().any(|address| text(address, "/socket_address/address").starts_with(DOCUMENTATION))
    }
}

/// TEST-NET-1 (RFC 5737).
const DOCUMENTATION: &str = "192.0.2.";
