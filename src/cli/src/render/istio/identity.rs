//! Who says which tenant asks.
//!
//! Envoy's early mutations, which take the identity headers away in an Envoy of ours, hold for a whole listener, and so for
//! other teams' hosts too. Here a filter does it that is off but for our routes. It stands in front of all filters, so that
//! what a token's claims set later stays.

use serde_json::{Map, Value, json};

use super::options::{Mode, Options};
use crate::render::piece::any::{any, extension};
use crate::render::piece::policy::Policy;
use crate::render::piece::strip;
use crate::render::piece::switch::in_chain;
use crate::render::piece::trust::{ClientTrust, Place};
use multihome_core::config::Header;
use multihome_core::contract::{ENDPOINT, SDK_PREFIX};

/// Takes the identity headers away, and says who calls from the mesh.
pub const IDENTITY_FILTER: &str = "multihome-identity";
/// Gives a caller from the mesh the name of its tenant.
pub const TENANT_FILTER: &str = "multihome-tenant";

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The client's: the policy trusts the listener.
    Client,
    /// A token's.
    Token,
    /// The certificate's by which a workload of the mesh calls.
    Certificate,
    /// That of a filter of the operator's own, or nobody's.
    Nobody,
}

/// Whose word counts here.
pub fn source(policy: &Policy<'_>, options: &Options) -> Source {
    match (options.mode, &options.jwt) {
        (Mode::Egress, _) => Source::Certificate,
        (Mode::Gateway | Mode::Header, Some(_)) => Source::Token,
        (Mode::Gateway | Mode::Header, None) => match ClientTrust::of(policy.config, &options.listener) {
            ClientTrust::Trusted => Source::Client,
            ClientTrust::Certificates { .. } | ClientTrust::Untrusted { .. } => Source::Nobody,
        },
    }
}

/// The filters that come first, in their order.
pub fn first_filters(policy: &Policy<'_>, options: &Options) -> Vec<Value> {
    let header = policy.config.identity.header();
    let source = source(policy, options);
    let mut mutations = vec![strip::by_prefix(SDK_PREFIX)];
    if source != Source::Client {
        mutations.extend(header.into_iter().flat_map(Header::names).map(|name| json!({"remove": name})));
    }
    if options.mode == Mode::Header {
        // By which requests are routed to a cluster with a key.
        mutations.push(json!({"remove": ENDPOINT}));
    }
    let Some(header) = header.filter(|_| source == Source::Certificate) else {
        return vec![in_chain(mutation(IDENTITY_FILTER, mutations), Place::Foreign)];
    };
    // The certificate was verified: the gateway takes no connection without one that the mesh's authority has signed.
    mutations.push(set(&header.name, "%DOWNSTREAM_PEER_URI_SAN%"));
    let mut filters = vec![in_chain(mutation(IDENTITY_FILTER, mutations), Place::Foreign)];
    if !options.tenants.is_empty() {
        filters.push(in_chain(tenant_of_caller(&header.name, &options.tenants), Place::Foreign));
    }
    filters
}

/// Their names.
pub fn filter_names(policy: &Policy<'_>, options: &Options) -> Vec<String> {
    let filters = first_filters(policy, options);
    filters.iter().filter_map(|filter| filter.get("name")?.as_str()).map(str::to_owned).collect()
}

/// Looks the caller's name up in a table. Who is not in it keeps that name as the tenant's.
fn tenant_of_caller(header: &str, tenants: &[(String, String)]) -> Value {
    let callers: Map<String, Value> = tenants
        .iter()
        .map(|(caller, tenant)| {
            let run = extension(
                "tenant",
                "envoy.extensions.filters.http.composite.v3.ExecuteFilterAction",
                json!({"typed_config": mutation("tenant", vec![set(header, &strip::verbatim(tenant))])}),
            );
            (caller.clone(), json!({"action": run}))
        })
        .collect();
    let caller =
        extension("caller", "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", json!({"header_name": header}));
    extension(
        TENANT_FILTER,
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        json!({
            "extension_config": extension(
                "envoy.filters.http.composite",
                "envoy.extensions.filters.http.composite.v3.Composite",
                json!({}),
            ),
            "xds_matcher": {"matcher_tree": {"input": caller, "exact_match_map": {"map": callers}}},
        }),
    )
}

fn set(header: &str, value: &str) -> Value {
    json!({"append": {"header": {"key": header, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}})
}

fn mutation(name: &str, mutations: Vec<Value>) -> Value {
    json!({
        "name": name,
        "typed_config": any(
            "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            json!({"mutations": {"request_mutations": mutations}}),
        ),
    })
}
